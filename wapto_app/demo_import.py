"""A finished import in the history of ``wapto run --demo``: with a row that could not be taken, and an undo to try."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from wapto_app.models import ImportState
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import imports
from wapto_app.services.imports import PlanForm, Target

_NAME = "open day guests.csv"
_FILE = """name,phone,email
Ngozi Adeyemi,+2348035550101,ngozi@example.com
Hugo Martin,+33612345601,hugo@example.com
Sofia Rossi,+393331234501,sofia@example.com
Left at the door,12,
"""
GUESTS = ("ngozi@example.com", "hugo@example.com", "sofia@example.com")
"""The addresses of those whom it brings in."""
_PATIENCE_SECONDS = 30.0


async def bring_in(runtime: Runtime) -> None:
    actor, media_dir = Actor.system(), runtime.settings.media_dir
    path = await asyncio.to_thread(_written, media_dir)
    try:
        key, found = await imports.read(actor, media_dir, path)
    finally:
        await asyncio.to_thread(path.unlink, missing_ok=True)
    async with runtime.db.write() as session:
        import_id = await imports.keep(session, actor, key, _NAME, len(_FILE), found)
        shown = await imports.detail(session, actor, import_id)
        targets = [Target(target=c["target"], label=c["label"], kind=c["kind"]) for c in shown["columns"]]
        plan = PlanForm(targets=targets, region="GB", policy="skip", tags=[])
        await imports.plan(session, actor, import_id, plan)
    await _until(runtime, import_id, ImportState.CHECKED)
    async with runtime.db.write() as session:
        await imports.start(session, actor, import_id)
    await _until(runtime, import_id, ImportState.DONE)


async def _until(runtime: Runtime, import_id: int, state: ImportState) -> None:
    """The background does the work, as it does for everybody."""
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            async with runtime.db.read() as session:
                if (await imports.head(session, Actor.system(), import_id))["state"] == state:
                    return
            await asyncio.sleep(0.1)


def _written(media_dir: Path) -> Path:
    media_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", dir=media_dir, suffix=".csv", delete=False, encoding="utf-8"
    ) as file:
        file.write(_FILE)
        return Path(file.name)
