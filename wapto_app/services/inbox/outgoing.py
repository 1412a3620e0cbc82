"""What the composer hands over, now or for later: one shape for everything that can be sent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NotRequired, Required

from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import TypedDict

from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.inbox.cards import OutgoingCard, send_cards
from wapto_app.services.inbox.commands import AT_ONCE, OutgoingFile, send, send_location
from wapto_app.services.inbox.interactive import Interactive, send_interactive
from wapto_app.services.inbox.templates import send_template


class OutgoingPlace(TypedDict):
    """A place in degrees, with what it is called and where it is, both may be empty."""

    latitude: float
    longitude: float
    name: str
    address: str


class OutgoingTemplate(TypedDict):
    """See ``send_template``."""

    id: int
    values: dict[str, str]
    media_key: str
    files: NotRequired[dict[str, str]]


class Outgoing(TypedDict, total=False):
    """A message as it was composed: one of text with files, ``interactive``, ``place``, ``cards`` and ``template``.

    ``reply_to`` is the id of the message that it answers, 0 for none. It holds only what JSON knows, so that it can
    wait in a table until its time comes.
    """

    text: str
    files: list[OutgoingFile]
    reply_to: Required[int]
    interactive: Interactive
    place: OutgoingPlace
    cards: list[OutgoingCard]
    template: OutgoingTemplate


async def deliver(
    session: AsyncSession,
    actor: Actor,
    conversation_id: int,
    message: Outgoing,
    *,
    hold: timedelta = AT_ONCE,
) -> list[int]:
    """Queue it and return the ids of the messages that it became, in their order.

    Raises:
        Invalid: something is missing or too long; ``field`` names it. Nothing is sent then.
        The errors of ``outbox.enqueue``.
    """
    actor.require(Permission.INBOX_DO)
    wait: Any = {"reply_to": message["reply_to"], "hold": hold}
    if interactive := message.get("interactive"):
        return [await send_interactive(session, actor, conversation_id, interactive, **wait)]
    if place := message.get("place"):
        return [await send_location(session, actor, conversation_id, **place, **wait)]
    if cards := message.get("cards"):
        return [await send_cards(session, actor, conversation_id, cards, **wait)]
    if template := message.get("template"):
        return [await _send_template(session, actor, conversation_id, template, hold)]
    text, files = message.get("text", ""), message.get("files", [])
    return await send(session, actor, conversation_id, text=text, files=files, **wait)


async def _send_template(
    session: AsyncSession, actor: Actor, conversation_id: int, template: OutgoingTemplate, hold: timedelta
) -> int:
    return await send_template(
        session,
        actor,
        conversation_id,
        template["id"],
        template["values"],
        template["media_key"],
        template.get("files"),
        hold=hold,
    )
