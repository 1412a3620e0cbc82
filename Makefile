# Everything starts here. Each target makes the environment that it needs; see README.md.
# PYTHON chooses the interpreter: make run PYTHON=python3.13

BIN := .venv/bin
TESTS ?= tests
# What fails once is tried again and named in the summary.
TRIES ?= --reruns 1
export PYTHON

.PHONY: help install dev run test lint format bench shots migration constraints clean

help:
	@echo "make run        start Wapto with a sandbox and sample data"
	@echo "make test       run every test, on SQLite and on PostgreSQL with Redis"
	@echo "make lint       formatting, rules, types, architecture"
	@echo "make bench      measure; prints tables, writes bench/results/"
	@echo "make shots      take the screenshots of the guide"
	@echo "make migration m='what changes'   write the migration for changed models"
	@echo "make constraints                  choose the newest versions of all libraries"

install:
	@scripts/install run

run: install
	@$(BIN)/wapto run --demo

dev:
	@scripts/install dev

test: dev
	@scripts/test-tools
	$(BIN)/pytest $(TRIES) -n 2 --ignore tests/e2e $(TESTS)
	$(BIN)/pytest $(TRIES) -n 2 --dist loadfile tests/e2e
	$(BIN)/python scripts/with_services.py $(BIN)/pytest $(TRIES) -n 2 --backend postgresql \
		--ignore tests/e2e --ignore tests/integrations $(TESTS)

lint: dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: dev
	@$(BIN)/python -m bench

shots: dev
	@$(BIN)/python scripts/shots.py

migration: dev
	@folder=$$(mktemp -d) && trap 'rm -r "$$folder"' EXIT \
	&& export WAPTO_DATABASE_URL="sqlite:///$$folder/wapto.sqlite3" \
	&& $(BIN)/alembic upgrade head && $(BIN)/alembic revision --autogenerate -m "$(m)"

constraints:
	@scripts/constraints

clean:
	rm -rf .venv .web .mypy_cache .pytest_cache .ruff_cache .import_linter_cache assets/external
