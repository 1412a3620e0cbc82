"""What goes to Meta about a template, and what its refusals mean for the fields of our form."""

from __future__ import annotations

from sqlmodel import col, select

from integrations.whatsapp.errors import Ambiguous, GraphError, NoAnswer
from integrations.whatsapp.graph import GraphClient
from wapto_app.db import Database
from wapto_app.models import Channel, ChannelStatus
from wapto_app.security.secrets import SecretsUnreadable
from wapto_app.services.errors import Conflict, DomainError, Invalid, NotConnected
from wapto_app.services.gateway import Gateway
from wapto_app.services.templates.words import say

EXISTS = 2388024
NAME_BLOCKED = 2388023
NOT_THERE = 2593002
# Meta: subcodes of the calls about templates, and the field of our form that each is about.
_FIELDS = {
    2388050: "name",
    2388051: "language",
    NAME_BLOCKED: "name",
    EXISTS: "name",
    2388047: "header.text",
    2388273: "header.file",
    2388072: "body",
    2388293: "body",
    2388299: "body",
    2388073: "footer",
    2593003: "category",
}
# Words of Meta's sentence that tell the field when the code does not.
_WORDS = (
    ("header", "header"),
    ("footer", "footer"),
    ("button", "buttons"),
    ("carousel", "cards"),
    ("card", "cards"),
    ("category", "category"),
    ("language", "language"),
    ("example", "body"),
    ("body", "body"),
    ("name", "name"),
)
_OVER = {
    2388019: say(
        "The account has as many templates as WhatsApp allows. Delete some that nobody uses, and try again."
    ),
    2388039: say(
        "WhatsApp takes one edit of an approved template a day, and ten in 30 days. Your edit is kept; submit "
        "it tomorrow."
    ),
    NAME_BLOCKED: say("WhatsApp blocks the name of a deleted template for 30 days. Choose another name."),
}
_NO_ANSWER = say("WhatsApp could not be reached. What you wrote is kept; try again in a minute.")


async def graph_of(db: Database, gateway: Gateway, waba_id: str) -> GraphClient:
    """A client with the token of a connected number of this account.

    Raises:
        NotConnected: there is none.
        Conflict: its token cannot be read.
    """
    async with db.read() as session:
        query = select(Channel).where(Channel.status == ChannelStatus.CONNECTED, Channel.waba_id == waba_id)
        channel = (await session.exec(query.order_by(col(Channel.id)).limit(1))).first()
    if channel is None:
        raise NotConnected
    try:
        return gateway.number(channel).graph
    except SecretsUnreadable:
        raise Conflict("The access token cannot be read. Reconnect the number under Integrations.") from None


def refusal(error: GraphError | NoAnswer) -> DomainError:
    """Meta's answer as one of our errors; ``field`` is a key of ``rules.problems`` where it names a part."""
    if isinstance(error, Ambiguous):
        return Conflict(
            "WhatsApp did not answer in time and may have taken it. Wait a minute, press Sync, and look at its status."
        )
    if isinstance(error, NoAnswer):
        return Conflict(_NO_ANSWER)
    if error.is_auth:
        return Conflict("WhatsApp refused the access token. Reconnect the number under Integrations.")
    told = _OVER.get(error.subcode or 0, "")
    sentence = error.user_message or error.details or error.message or error.info.meaning
    field = field_of(error.subcode or 0, f"{error.user_title} {sentence}")
    if field:
        return Invalid(field, told or f"WhatsApp refused it: {sentence}")
    return Conflict(told or f"WhatsApp refused it: {sentence}")


def field_of(subcode: int, sentence: str) -> str:
    """Which field of our form Meta speaks of; empty for none."""
    if subcode in _FIELDS:
        return _FIELDS[subcode]
    if subcode in _OVER:
        return ""
    low = sentence.lower()
    return next((field for word, field in _WORDS if word in low), "")
