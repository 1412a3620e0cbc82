"""What import-linter's contracts do not say: no two modules need each other, and no module outgrows its reader."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("wapto_app", "pages", "state", "integrations")
LONGEST = 400


def test_no_module_needs_itself_through_others() -> None:
    graph = grimp.build_graph(*ROOMS, exclude_type_checking_imports=True)
    needs = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as circle:
        pytest.fail(" → ".join(circle.args[1]))


@pytest.mark.parametrize("room", ROOMS)
def test_every_module_can_be_read_in_one_sitting(room: str) -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in (ROOT / room).rglob("*.py")}
    assert [str(path.relative_to(ROOT)) for path, lines in lengths.items() if lines > LONGEST] == []


def test_the_folder_of_migrations_does_not_hide_the_library() -> None:
    assert not (ROOT / "alembic" / "__init__.py").exists()
