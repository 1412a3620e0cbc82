"""Templates of ``wapto run --demo`` that somebody is about to write; the sandbox brings those that WhatsApp knows."""

from __future__ import annotations

from sqlmodel import col, select

from wapto_app.models import LibraryFile
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import templates

_PICTURES = ("Harbour Street 12.jpg", "Lake view.jpg", "Garden flat.jpg")


async def fill(runtime: Runtime) -> None:
    """One that is ready to be submitted, with pictures of the library, and one in another language."""
    async with runtime.db.write() as session:
        named = select(LibraryFile.name, LibraryFile.key).where(col(LibraryFile.name).in_(_PICTURES))
        keys = dict((await session.exec(named)).all())
        actor = Actor.system()
        homes = await templates.create_from(session, actor, "homes_of_the_week", "en")
        form = await templates.form_of_draft(session, actor, homes)
        form["sample_files"] = {
            f"cards.{place}": keys[name] for place, name in enumerate(_PICTURES) if name in keys
        }
        await templates.save(session, actor, homes, form)
        await templates.create_from(session, actor, "viewing_confirmed", "es")
