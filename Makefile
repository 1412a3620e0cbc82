migration:
	@folder=$$(mktemp -d) && trap 'rm -r "$$folder"' EXIT && export WAPTO_DATABASE_URL="sqlite:///$$folder/wapto.sqlite3" \
	&& .venv/bin/alembic upgrade head && .venv/bin/alembic revision --autogenerate -m "$(m)"
