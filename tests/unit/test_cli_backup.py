"""What ``wapto backup`` and ``wapto restore`` say and how they end, as somebody types them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from wapto_app import migrations


def wapto(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from wapto_app.cli import main; main()", *arguments],
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "WAPTO_DATA_DIR": str(cwd / "data")},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.mark.sqlite_only
def test_backup_and_restore_end_with_what_happened(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    migrations.upgrade(f"sqlite:///{data / 'wapto.sqlite3'}")
    made = wapto("backup", "b.tar.gz", cwd=tmp_path)
    assert (made.returncode, made.stderr) == (0, "")
    assert "the database and 0 files, checked." in made.stdout
    assert "The secret key is not in it." in made.stdout
    refused = wapto("restore", "b.tar.gz", cwd=tmp_path)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "--replace" in refused.stderr
    restored = wapto("restore", "b.tar.gz", "--replace", cwd=tmp_path)
    assert (restored.returncode, restored.stderr) == (0, "")
    (data / "wapto.sqlite3").write_bytes(b"not a database, but as long as one" * 500)
    broken = wapto("backup", "c.tar.gz", cwd=tmp_path)
    assert (broken.returncode, broken.stderr.count("\n")) == (2, 1)
    assert not (tmp_path / "c.tar.gz").exists()
