"""What every measurement shares: options, percentiles, the machine, the table and the JSON."""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import platform
import sqlite3
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import psutil
import uvloop
from rich import box
from rich.console import Console
from rich.table import Table as RichTable

RESULTS = Path(__file__).resolve().parent / "results"
QUIET_LOAD = 1.5
"""Above this load average (one minute) a measurement says more about the neighbours than about us."""

Result = TypeVar("Result")
Cell = str | int | float | None


@dataclass(slots=True)
class Report:
    """One table: a row per variant, a column per figure. ``notes`` say what the figures do not."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: list[tuple[Cell, ...]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    load_before: float = field(default_factory=lambda: os.getloadavg()[0])

    def add(self, *cells: Cell) -> None:
        self.rows.append(cells)

    def finish(self, options: argparse.Namespace) -> None:
        """Print the table and write ``bench/results/NAME.json``."""
        self._print()
        RESULTS.mkdir(exist_ok=True)
        written = {
            "title": self.title,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine(),
            "load_before": round(self.load_before, 2),
            "options": {name: str(value) for name, value in vars(options).items()},
            "rows": [dict(zip(self.columns, row, strict=True)) for row in self.rows],
            "notes": self.notes,
        }
        (RESULTS / f"{self.name}.json").write_text(json.dumps(written, indent=1) + "\n")

    def _print(self) -> None:
        first, *others = self.columns
        table = RichTable(title=self.title, title_justify="left", box=box.SIMPLE_HEAD)
        table.add_column(first, no_wrap=True)
        for column in others:
            table.add_column(column, justify="right")
        for row in self.rows:
            table.add_row(*map(shown, row))
        console = Console(highlight=False, width=max(Console().width, 130))
        console.print(table)
        for note in self.notes:
            console.print(f"  {note}")
        console.print(f"  {machine()['text']}; load before: {self.load_before:.2f}")
        if self.load_before > QUIET_LOAD:
            console.print(f"  [bold]The machine was busy (load above {QUIET_LOAD}).[/]")


def shown(cell: Cell) -> str:
    """A figure with as many digits as it deserves."""
    if cell is None:
        return "–"
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 100 else f"{cell:,.1f}" if abs(cell) >= 10 else f"{cell:,.2f}"
    return f"{cell:,}" if isinstance(cell, int) else cell


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile.

    Raises:
        ValueError: when there are no values.
    """
    if not values:
        raise ValueError("Nothing was measured.")
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, max(0, math.ceil(percent / 100 * len(ranked)) - 1))]


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    memory = psutil.virtual_memory().total / 2**30
    model = _processor()
    text = (
        f"{os.cpu_count()} × {model}, {memory:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )
    return {"text": text, "processors": os.cpu_count(), "model": model, "memory_gib": round(memory, 1)}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def parser(description: str | None) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )


def numbers(text: str) -> list[int]:
    """``1,20,100`` as an option's value."""
    return [int(part) for part in text.split(",") if part.strip()]


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """On the event loop that the server uses, too."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)
