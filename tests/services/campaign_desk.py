"""What tests of campaigns begin with: a number, a template, tagged people and a draft for them."""

from __future__ import annotations

from typing import Any

from sqlmodel import select

from tests import meta
from tests.services.crowd import make_contact
from wapto_app.models import AddressKind, Campaign, ContactAddress, ContactTag, Tag, Template
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services.campaigns import audience, drafts
from wapto_app.services.campaigns.drafts import AudienceForm, ContentForm, TimingForm, VariantForm

BODY = "Hello {{1}}, a flat in {{2}} is free."


async def make_template(runtime: Runtime, name: str = "flat", **more: Any) -> int:
    values: dict[str, Any] = {
        "waba_id": meta.WABA,
        "language": "en_US",
        "status": "APPROVED",
        "category": "MARKETING",
        "components": [{"type": "BODY", "text": BODY}],
        "meta_id": name,
    }
    async with runtime.db.write() as session:
        there = (await session.exec(select(Template.id).where(Template.name == name))).first()
        if there is not None:
            return there
        template = Template(**(values | {"name": name} | more))
        session.add(template)
    return template.id or 0


async def make_person(runtime: Runtime, name: str = "Ada", phone: str = "", **more: Any) -> int:
    """A contact with a number; ``phone`` "-" for none."""
    contact_id = await make_contact(runtime, name, **more)
    number = phone or f"+1650555{contact_id:04d}"
    if number != "-":
        async with runtime.db.write() as session:
            session.add(ContactAddress(contact_id=contact_id, kind=AddressKind.PHONE, value=number))
    return contact_id


async def make_tag(runtime: Runtime, name: str, *contact_ids: int) -> int:
    tag = Tag(name=name, key=name.casefold(), colour="green")
    async with runtime.db.write() as session:
        session.add(tag)
        await session.flush()
        assert tag.id is not None
        session.add_all(ContactTag(contact_id=each, tag_id=tag.id) for each in contact_ids)
    return tag.id


def wanted(**more: Any) -> audience.Audience:
    return audience.Audience(**(audience.nobody() | more))  # type: ignore[typeddict-item]


def fixed(text: str) -> Any:
    return {"source": "fixed", "name": text, "fallback": ""}


def of_contact(name: str, fallback: str = "") -> Any:
    return {"source": "contact", "name": name, "fallback": fallback}


async def version(runtime: Runtime, actor: Actor, campaign_id: int) -> str:
    async with runtime.db.read() as session:
        return (await drafts.draft(session, actor, campaign_id))["version"]


async def choose(runtime: Runtime, actor: Actor, campaign_id: int, **more: Any) -> str:
    """Save the audience."""
    form = AudienceForm(version=await version(runtime, actor, campaign_id), audience=wanted(**more))
    async with runtime.db.write() as session:
        return await drafts.save_audience(session, actor, campaign_id, form)


def variant(template_id: int, **more: Any) -> VariantForm:
    mapping = {"body.1": of_contact("first_name", "friend"), "body.2": fixed("Lisbon")}
    form: dict[str, Any] = {
        "label": "A",
        "template_id": template_id,
        "file_key": "",
        "card_files": {},
        "mapping": mapping,
        "share": 100,
    }
    return VariantForm(**(form | more))  # type: ignore[typeddict-item]


async def say(
    runtime: Runtime, actor: Actor, campaign_id: int, channel_id: int, *variants: VariantForm, **more: Any
) -> str:
    """Save the content."""
    form: dict[str, Any] = {
        "version": await version(runtime, actor, campaign_id),
        "channel_id": channel_id,
        "variants": list(variants),
        "test_share": 100,
        "winner_by": "",
        "decide_after": 0,
    }
    async with runtime.db.write() as session:
        return await drafts.save_content(session, actor, campaign_id, ContentForm(**(form | more)))  # type: ignore[typeddict-item]


async def at(runtime: Runtime, actor: Actor, campaign_id: int, **more: Any) -> str:
    """Save the timing."""
    form: dict[str, Any] = {
        "version": await version(runtime, actor, campaign_id),
        "run_at": "",
        "time_zone": "UTC",
        "is_local": False,
        "quiet_from": "",
        "quiet_until": "",
        "late_policy": "send",
        "rate": 0.0,
    }
    async with runtime.db.write() as session:
        return await drafts.save_timing(session, actor, campaign_id, TimingForm(**(form | more)))  # type: ignore[typeddict-item]


async def make_campaign(
    runtime: Runtime, actor: Actor, channel_id: int, template_id: int = 0, **audience_parts: Any
) -> int:
    """A draft that lacks nothing."""
    async with runtime.db.write() as session:
        campaign_id = await drafts.create(session, actor, "Spring")
    await choose(runtime, actor, campaign_id, **(audience_parts or {"everyone": True}))
    await say(runtime, actor, campaign_id, channel_id, variant(template_id or await make_template(runtime)))
    return campaign_id


async def campaign_of(runtime: Runtime, campaign_id: int) -> Campaign:
    async with runtime.db.read() as session:
        return await session.get_one(Campaign, campaign_id)
