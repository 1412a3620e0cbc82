"""``wapto backup`` and ``wapto restore``: what they say. What they do is in ``services.backup``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from rich.console import Console

from wapto_app import checks
from wapto_app.jobs import scheduler
from wapto_app.security.secrets import BadKey, SecretsUnreadable
from wapto_app.services.backup import archive, create, database
from wapto_app.services.backup import restore as restoring
from wapto_app.services.backup.create import Report, readable_bytes
from wapto_app.settings import Settings

MISTAKES = (archive.BadBackup, create.NotMade, restoring.NotRestored)
"""What the user can mend by another file, folder or option."""
FAILURES = (database.DatabaseNotCopied,)
_WORDS = {"database": "Copying the database", "files": "Files", "checking": "Checking"}


def backup(settings: Settings, file: Path, *, with_key: bool, out: Console) -> None:
    """Raises what ``create.make`` raises."""
    with _progress(out) as report:
        made = create.make(settings, file, with_key=with_key, report=report)
    out.print(
        f"{made.path}: {readable_bytes(made.bytes)}, the database and {made.files:,} files, checked.",
        soft_wrap=True,
    )
    if made.has_key:
        out.print("The secret key is in it: whoever has this file can use your numbers.", soft_wrap=True)
    else:
        where = (
            "WAPTO_SECRET_KEY"
            if settings.secret_key.get_secret_value()
            else str(settings.data_dir / "secret.key")
        )
        out.print(
            f"The secret key is not in it. Keep {where} elsewhere too: without it the tokens of your numbers "
            "and other stored secrets cannot be opened.",
            soft_wrap=True,
        )


def restore(settings: Settings, file: Path, *, replace: bool, out: Console) -> None:
    """Raises what ``restoring.restore`` raises."""
    with scheduler.alone(settings) as is_alone:
        if not is_alone:
            raise restoring.NotRestored(f"Wapto runs on {settings.data_dir}. Stop it first, workers too.")
        with _progress(out) as report:
            done = restoring.restore(settings, file, replace=replace, report=report)
    made_at = datetime.fromisoformat(done.head.made_at).strftime("%Y-%m-%d %H:%M UTC")
    out.print(f"Restored what was saved on {made_at}: the database and {done.files:,} files.", soft_wrap=True)
    if done.parked:
        out.print(
            f"{done.parked:,} messages waited to be sent then. They may have been sent since, so they now stand in "
            "their chats as not confirmed, with “Send again”.",
            soft_wrap=True,
        )
    _tell_about_key(settings, out)
    out.print("Start Wapto, and see what wapto doctor says.")


def _tell_about_key(settings: Settings, out: Console) -> None:
    try:
        checks.check_key(settings)
    except (BadKey, SecretsUnreadable, checks.KeyMissing) as error:
        out.print(f"But: {error}", soft_wrap=True)


@contextmanager
def _progress(out: Console) -> Iterator[Report]:
    """A line that changes, on a terminal; nothing elsewhere."""
    with out.status("Starting") as status:

        def report(what: str, share: float) -> None:
            status.update(f"{_WORDS[what]} {share:.0%}")

        yield report
