"""The files of an import: as it was uploaded, its rows, and the rows ready to be stored."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from wapto_app.services.errors import NotFound

_KEY = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Files:
    """Whatever process works on an import finds its files under the media folder, which all of them share."""

    source: Path
    rows: Path
    ready: Path

    def remove(self) -> None:
        for path in (self.source, self.rows, self.ready):
            path.unlink(missing_ok=True)


def files_of(media_dir: Path, key: str) -> Files:
    """Raises NotFound for what is no key."""
    if not _KEY.fullmatch(key):
        raise NotFound("import")
    folder = media_dir / "imports"
    folder.mkdir(parents=True, exist_ok=True)
    return Files(folder / f"{key}.source", folder / f"{key}.rows", folder / f"{key}.ready")
