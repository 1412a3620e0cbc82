"""A message of a campaign to oneself before everybody gets it: an ordinary template message, nobody's recipient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.whatsapp.phones import canonical_phone
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, inbox, library, plans
from wapto_app.services.campaigns import mapping, template_files
from wapto_app.services.campaigns.draft_parts import of_id
from wapto_app.services.contacts import find_or_create, start_chat
from wapto_app.services.contacts.region import default_region
from wapto_app.services.errors import Invalid


async def send_test(
    session: AsyncSession,
    actor: Actor,
    campaign_id: int,
    label: str,
    phone: str = "",
    *,
    contact_id: int = 0,
    like: tuple[int, int] = (0, 0),
) -> int:
    """Send the message of a variant to a number or to a contact; the id of the message.

    It holds the values of ``like``, a contact or a line of a file (``preview_people``), or of the audience's first when
    both are 0. What is hidden from the actor stays hidden in it. A number that is no contact yet becomes one.

    Raises:
        Invalid: there is neither a number nor a contact, the campaign has no number that sends, or a value is missing.
        NotFound: the campaign, the template or the contact is not there or not visible.
        Conflict: another team talks to this contact.
        The errors of ``outbox.enqueue``.
    """
    actor.require(Permission.CAMPAIGNS_DO)
    campaign = await of_id(session, campaign_id)
    if campaign.channel_id is None:
        raise Invalid("channel", "Choose the number that sends first.")
    whose = like if any(like) else (contact_id, 0)
    shown = await mapping.preview(session, actor, campaign_id, label, *whose)
    if shown["problem"]:
        raise Invalid("mapping", shown["problem"])
    variant, template = await mapping.variant_of(session, campaign_id, label)
    # Whoever may write to thousands may write to one of them.
    sender = replace(actor, permissions=actor.permissions | {Permission.INBOX_SEE, Permission.INBOX_DO})
    to = contact_id or await _contact(session, sender, phone)
    conversation_id = await start_chat(session, sender, to, campaign.channel_id)
    files = await _attached(session, sender, template_files.keys_of(variant))
    media = files.pop(template_files.HEADER, "")
    values = {each["key"]: each["value"] for each in shown["values"]}
    message_id = await inbox.send_template(
        session, sender, conversation_id, template.id or 0, values, media, files
    )
    audit.record(session, actor, "campaign.tested", f"campaign:{campaign_id}", message=message_id)
    return message_id


async def _attached(session: AsyncSession, sender: Actor, files: Mapping[str, str]) -> dict[str, str]:
    """Files of the library made ready to be sent, by their places; one that several cards show only once."""
    keys = list(dict.fromkeys(files.values()))
    ready = dict(zip(keys, await library.attach(session, sender, keys), strict=True))
    return {place: ready[key] for place, key in files.items()}


async def _contact(session: AsyncSession, actor: Actor, phone: str) -> int:
    number = canonical_phone(phone, await default_region(session))
    if number is None:
        raise Invalid("phone", "Write a phone number with its country code, such as +49 151 12345678.")
    met = await find_or_create(session, phone=number, source="manual")
    if met.is_new:
        await plans.ensure_room(session, plans.Limit.CONTACTS, 0)
    return met.id
