"""A conversation as a file, to keep or to hand on: plain text, a page to print, or a table."""

from __future__ import annotations

import html
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import TypedDict
from zoneinfo import ZoneInfo

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import Database
from wapto_app.models import Account
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, inbox, spreadsheet
from wapto_app.services.errors import Invalid
from wapto_app.services.inbox import MessageRow
from wapto_app.services.previews import preview_of

FORMATS = {"txt": "text/plain", "html": "text/html", "csv": "text/csv"}
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}"
    "p{margin:.6rem 0;padding:.5rem .8rem;border-radius:.5rem;background:#f2f4f3;white-space:pre-wrap;"
    "overflow-wrap:anywhere}p.out{background:#dff3e6}p.note{background:#fcf2da}small{color:#555;display:block}"
)


class TranscriptFile(TypedDict):
    """``lines`` reads page by page while the file is being fetched, so its length does not matter."""

    name: str
    media_type: str
    lines: AsyncIterator[str]


class _Said(TypedDict):
    at: datetime
    side: str
    who: str
    text: str
    status: str


async def transcript(
    db: Database, actor: Actor, conversation_id: int, *, form: str, with_notes: bool
) -> TranscriptFile:
    """The whole conversation, oldest first, as the actor may see it; who took it is noted.

    Raises:
        NotFound: the conversation is not there or not visible.
        Invalid: there is no such form.
    """
    actor.require(Permission.INBOX_SEE)
    actor.require(Permission.EXPORT_DO)
    if form not in FORMATS:
        raise Invalid("format", "Choose plain text, a page or a table.")
    async with db.write() as session:
        header = await inbox.header(session, actor, conversation_id)
        zone = await _zone(session, actor)
        audit.record(
            session,
            actor,
            "conversation.exported",
            f"conversation:{conversation_id}",
            form=form,
            notes=with_notes,
        )
    said = _said(db, actor, conversation_id, header["name"], zone, with_notes=with_notes)
    writers: dict[str, Callable[[str, AsyncIterator[_Said]], AsyncIterator[str]]] = {
        "txt": _as_text,
        "html": _as_page,
        "csv": _as_table,
    }
    return TranscriptFile(
        name=f"conversation-{conversation_id}.{form}",
        media_type=FORMATS[form],
        lines=writers[form](header["name"], said),
    )


async def _zone(session: AsyncSession, actor: Actor) -> ZoneInfo:
    found = (await session.exec(select(Account.time_zone).where(Account.id == actor.account_id))).first()
    try:
        return ZoneInfo(found or "UTC")
    except (KeyError, ValueError):
        return ZoneInfo("UTC")


async def _said(
    db: Database, actor: Actor, conversation_id: int, customer: str, zone: ZoneInfo, *, with_notes: bool
) -> AsyncIterator[_Said]:
    """Page by page, each in a transaction of its own: a slow reader holds nothing up."""
    last = 0
    while True:
        async with db.read() as session:
            page = await inbox.newer(session, actor, conversation_id, after_id=last)
        for row in page["messages"]:
            if row["kind"] == "event" or (row["kind"] == "note" and not with_notes):
                continue
            yield _line(row, customer, zone)
        if not page["messages"] or not page["has_newer"]:
            return
        last = page["messages"][-1]["id"]


def _line(row: MessageRow, customer: str, zone: ZoneInfo) -> _Said:
    side = "out" if row["outbound"] else "note" if row["kind"] == "note" else "in"
    ours = row["author"] or "We"
    return _Said(
        at=datetime.fromisoformat(row["at"]).astimezone(zone),
        side=side,
        who=customer if side == "in" else ours,
        text=_text(row),
        status=row["status"],
    )


def _text(row: MessageRow) -> str:
    """All of a text; of anything else what it is, its words and the name of its file."""
    if row["kind"] in ("text", "note", "system"):
        return row["body"]
    name = row["file"]["filename"] if row["file"] else ""
    what = preview_of(row["type"], "", row["content"])
    return " · ".join(dict.fromkeys(part for part in (what, name, row["body"]) if part))


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M")


async def _as_text(title: str, said: AsyncIterator[_Said]) -> AsyncIterator[str]:
    yield f"{title}\n\n"
    async for each in said:
        mark = " (note)" if each["side"] == "note" else ""
        yield f"[{_stamp(each['at'])}] {each['who']}{mark}: {each['text']}\n"


async def _as_page(title: str, said: AsyncIterator[_Said]) -> AsyncIterator[str]:
    name = html.escape(title)
    yield (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{name}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style><h1 dir="auto">{name}</h1>\n'
    )
    async for each in said:
        who, text = html.escape(each["who"]), html.escape(each["text"])
        mark = " · note" if each["side"] == "note" else ""
        yield (
            f'<p class="{each["side"]}" dir="auto"><small>{_stamp(each["at"])} · {who}{mark}</small>{text}</p>\n'
        )
    yield "</html>\n"


async def _as_table(_title: str, said: AsyncIterator[_Said]) -> AsyncIterator[str]:
    for line in spreadsheet.lines(["Time", "Direction", "From", "Text", "Status"], []):
        yield line
    words = {"in": "received", "out": "sent", "note": "note"}
    async for each in said:
        row = [each["at"].isoformat(), words[each["side"]], each["who"], each["text"], each["status"]]
        for line in spreadsheet.records([row]):
            yield line
