"""``python -m bench``: every measurement, one after another. ``python -m bench ingest live``: only these.

Options of a single one: ``python -m bench.ingest --help``.
"""

from __future__ import annotations

import argparse
from importlib import import_module

ALL = (
    "ingest",
    "dispatch",
    "inbox",
    "contacts",
    "segments",
    "audience",
    "imports",
    "review",
    "live",
    "start",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "which", nargs="*", metavar="NAME", help=f"of {', '.join(ALL)}; all when none is named"
    )
    chosen = parser.parse_args().which or ALL
    for name in chosen:
        if name not in ALL:
            parser.error(f"there is no {name}; there are {', '.join(ALL)}")
    for name in chosen:
        import_module(f"bench.{name}").main([])


if __name__ == "__main__":
    main()
