"""A campaign that ``wapto run --demo`` really sends through the sandbox: to the guests of the open day."""

from __future__ import annotations

import asyncio

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.models import Channel, Contact, Template
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services.campaigns import drafts, lifecycle
from wapto_app.services.campaigns.audience import nobody
from wapto_app.services.campaigns.drafts import AudienceForm, ContentForm, VariantForm
from wapto_app.services.campaigns.rules import CONTACT, FIXED, Rule

_NAME = "After the open day"
_TEMPLATE = "viewing_reminder"
_PATIENCE_SECONDS = 30.0


async def send(runtime: Runtime, emails: tuple[str, ...]) -> None:
    """To the contacts with these addresses, as soon as the templates are there."""
    actor = Actor.system()
    template_id = await _template(runtime)
    async with runtime.db.write() as session:
        campaign_id = await drafts.create(session, actor, _NAME)
        guests = await session.exec(select(Contact.id).where(col(Contact.email).in_(emails)))
        audience = nobody()
        audience["contacts"] = [each for each in guests if each is not None]
        await drafts.save_audience(
            session,
            actor,
            campaign_id,
            AudienceForm(version=await _version(session, campaign_id), audience=audience),
        )
        await drafts.save_content(
            session, actor, campaign_id, await _content(session, campaign_id, template_id)
        )
        await lifecycle.start(session, actor, campaign_id)


async def _content(session: AsyncSession, campaign_id: int, template_id: int) -> ContentForm:
    channel_id = (await session.exec(select(Channel.id).limit(1))).one()
    mapping = {
        "body.first_name": Rule(source=CONTACT, name="first_name", fallback="friend"),
        "body.home": Rule(source=FIXED, name="Quay Street 12", fallback=""),
        "body.day": Rule(source=FIXED, name="Friday at 3 pm", fallback=""),
    }
    variant = VariantForm(
        label="A", template_id=template_id, file_key="", card_files={}, mapping=mapping, share=100
    )
    return ContentForm(
        version=await _version(session, campaign_id),
        channel_id=channel_id or 0,
        variants=[variant],
        test_share=0,
        winner_by="",
        decide_after=0,
    )


async def _version(session: AsyncSession, campaign_id: int) -> str:
    return (await drafts.draft(session, Actor.system(), campaign_id))["version"]


async def _template(runtime: Runtime) -> int:
    """The background fetches them, as it does for everybody."""
    query = select(Template.id).where(Template.name == _TEMPLATE, Template.status == "APPROVED")
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            async with runtime.db.read() as session:
                if found := (await session.exec(query)).first():
                    return found
            await asyncio.sleep(0.1)
