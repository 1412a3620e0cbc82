"""Messages with something to tap: reply buttons, lists, links, and the request for a place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import TypedDict

from integrations.whatsapp import messages
from integrations.whatsapp.errors import InvalidMessage
from integrations.whatsapp.messages import Frame, ListRow, ListSection, Payload
from integrations.whatsapp.webhooks.decoding import clean_text
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import Invalid
from wapto_app.services.inbox.commands import AT_ONCE, answered_wamid
from wapto_app.services.outbox import Draft, enqueue
from wapto_app.services.visibility import conversation_for

# The builders want somebody to send to; what is stored is the message alone, and the outbox addresses it.
_NOBODY = "US.0"
# Where each part that a builder complains about stands in the form.
_FIELDS = {
    "button title": "buttons",
    "button id": "buttons",
    "display_text": "button",
    "rows": "sections",
    "row id": "sections",
    "row title": "sections",
    "row description": "sections",
    "section title": "sections",
}


class InteractiveRow(TypedDict):
    """One choice of a list."""

    title: str
    description: str


class InteractiveSection(TypedDict):
    """Choices of a list under one title, which may be empty when there is only one section."""

    title: str
    rows: list[InteractiveRow]


class Interactive(TypedDict):
    """``kind`` is ``buttons``, ``list``, ``link`` or ``ask_location``.

    ``button`` is the label of a list or link, ``buttons`` are the replies to choose from. What a kind does not have
    is left empty.
    """

    kind: str
    body: str
    header: str
    footer: str
    buttons: list[str]
    button: str
    url: str
    sections: list[InteractiveSection]


async def send_interactive(
    session: AsyncSession,
    actor: Actor,
    conversation_id: int,
    asked: Interactive,
    *,
    reply_to: int = 0,
    hold: timedelta = AT_ONCE,
) -> int:
    """Send something to tap.

    Raises:
        Invalid: WhatsApp would refuse it; ``field`` is ``interactive.<part>``.
        The errors of ``outbox.enqueue``.
    """
    actor.require(Permission.INBOX_DO)
    interactive = _built(asked)
    await conversation_for(session, actor, conversation_id)
    draft = Draft(
        "interactive",
        str(interactive["body"]["text"]),
        {"kind": "interactive", "interactive": interactive},
        reply_to_wamid=await answered_wamid(session, conversation_id, reply_to),
        hold=hold,
    )
    return await enqueue(session, actor, conversation_id, draft)


def _built(asked: Interactive) -> dict[str, Any]:
    builder = _BUILDERS.get(asked["kind"])
    if builder is None:
        raise Invalid("interactive.kind", "Choose what the customer can tap.")
    try:
        found: dict[str, Any] = builder(asked)["interactive"]
    except InvalidMessage as error:
        field = _FIELDS.get(error.field, error.field)
        raise Invalid(f"interactive.{field}", error.message) from None
    return found


def _clean(text: str) -> str:
    return clean_text(text).strip()


def _frame(asked: Interactive) -> Frame:
    return {
        "recipient": _NOBODY,
        "header": _clean(asked["header"]) or None,
        "footer": _clean(asked["footer"]) or None,
    }


def _buttons(asked: Interactive) -> Payload:
    titles = [title for each in asked["buttons"] if (title := _clean(each))]
    buttons = [(f"reply-{number}", title) for number, title in enumerate(titles, 1)]
    return messages.reply_buttons(_clean(asked["body"]), buttons, **_frame(asked))


def _list(asked: Interactive) -> Payload:
    sections: list[ListSection] = []
    number = 0
    for section in asked["sections"]:
        rows: list[ListRow] = []
        for row in section["rows"]:
            number += 1
            rows.append(_row(number, row))
        sections.append({"title": _clean(section["title"]) or None, "rows": rows})
    return messages.list_menu(_clean(asked["body"]), _clean(asked["button"]), sections, **_frame(asked))


def _row(number: int, row: InteractiveRow) -> ListRow:
    description = _clean(row["description"]) or None
    return {"id": f"row-{number}", "title": _clean(row["title"]), "description": description}


def _link(asked: Interactive) -> Payload:
    return messages.cta_url(
        _clean(asked["body"]), _clean(asked["button"]), asked["url"].strip(), **_frame(asked)
    )


def _ask_location(asked: Interactive) -> Payload:
    return messages.location_request(_clean(asked["body"]), recipient=_NOBODY)


_BUILDERS: dict[str, Callable[[Interactive], Payload]] = {
    "buttons": _buttons,
    "list": _list,
    "link": _link,
    "ask_location": _ask_location,
}
