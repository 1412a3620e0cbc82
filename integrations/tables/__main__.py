"""``python -m integrations.tables``: converts one file, told on standard input, within bounds that it cannot leave."""

from __future__ import annotations

import json
import resource
import sys
from dataclasses import asdict
from pathlib import Path

from integrations.tables.converting import Options, Unreadable, convert

_MEMORY = 2 * 1024**3
_PROCESSOR_SECONDS = 150


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_PROCESSOR_SECONDS, _PROCESSOR_SECONDS))
    order = json.load(sys.stdin)
    try:
        found = convert(Path(order["source"]), Path(order["target"]), Options(**order["options"]))
        answer = asdict(found)
    except Unreadable as error:
        answer = {"refused": str(error)}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
