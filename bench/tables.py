"""``python -m bench.tables``: the newest results as Markdown, for docs/performance.md."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.common import RESULTS, shown


def markdown(result: dict[str, Any]) -> Iterator[str]:
    """One result: its title, its table, and when and on what it was measured."""
    columns = list(result["rows"][0])
    yield f"### {result['title']}\n"
    yield _line(columns)
    yield _line(["---", *("---:" for _ in columns[1:])])
    for row in result["rows"]:
        yield _line([shown(row[column]) for column in columns])
    yield ""
    for note in result["notes"]:
        yield f"- {note}"
    yield f"- {result['at'][:16].replace('T', ' ')} UTC, load before {result['load_before']}; {_options(result)}"
    yield f"- {result['machine']['text']}\n"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _options(result: dict[str, Any]) -> str:
    shown_ones = (
        f"{name} {value}" for name, value in result["options"].items() if value not in ("", "False")
    )
    return ", ".join(shown_ones)


def main() -> None:
    for path in sorted(Path(RESULTS).glob("*.json")):
        print("\n".join(markdown(json.loads(path.read_text()))))


if __name__ == "__main__":
    main()
