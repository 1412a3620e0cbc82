"""A campaign that ``wapto run --demo`` really sends through the sandbox: to the guests of the open day.

Another one, with cards, is a draft that lacks nothing.
"""

from __future__ import annotations

import asyncio

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.models import Channel, Contact, LibraryFile, Template
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import segments
from wapto_app.services.campaigns import drafts, lifecycle
from wapto_app.services.campaigns.audience import nobody
from wapto_app.services.campaigns.drafts import AudienceForm, ContentForm, VariantForm
from wapto_app.services.campaigns.rules import CONTACT, FIXED, Rule

_NAME = "After the open day"
_TEMPLATE = "viewing_reminder"
_CARDS = "new_homes_carousel"
_HOMES = (("Harbour Street 12", "$1,450"), ("Lake view", "$1,120"), ("Garden flat", "$1,890"))
"""As their pictures are called in the library, with the rent."""
_PATIENCE_SECONDS = 30.0


async def send(runtime: Runtime, emails: tuple[str, ...]) -> None:
    """To the contacts with these addresses, as soon as the templates are there."""
    actor = Actor.system()
    template_id = await _template(runtime, _TEMPLATE)
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
        silent = {"field": "campaign", "op": "not_answered", "items": [campaign_id]}
        await segments.save(
            session, actor, "No answer after the open day", {"join": "and", "rules": [silent]}
        )


async def write(runtime: Runtime) -> None:
    """The draft: three homes with their pictures, for everybody."""
    actor = Actor.system()
    template_id = await _template(runtime, _CARDS)
    async with runtime.db.write() as session:
        campaign_id = await drafts.create(session, actor, "Three new homes")
        audience = nobody()
        audience["everyone"] = True
        version = await drafts.save_audience(
            session,
            actor,
            campaign_id,
            AudienceForm(version=await _version(session, campaign_id), audience=audience),
        )
        variant = VariantForm(
            label="A",
            template_id=template_id,
            file_key="",
            card_files=await _pictures(session),
            mapping=_card_rules(),
            share=100,
        )
        await drafts.save_content(session, actor, campaign_id, await _form(session, version, variant))


async def _pictures(session: AsyncSession) -> dict[str, str]:
    found = await session.exec(select(LibraryFile.name, LibraryFile.key))
    keys = {name.rpartition(".")[0]: key for name, key in found}
    return {f"cards.{at}": keys[name] for at, (name, _rent) in enumerate(_HOMES) if name in keys}


def _card_rules() -> dict[str, Rule]:
    rules = {"body.1": Rule(source=CONTACT, name="first_name", fallback="there")}
    for at, (name, rent) in enumerate(_HOMES):
        texts = {"body.1": name, "body.2": rent, "button.1": name.lower().replace(" ", "-")}
        rules |= {
            f"cards.{at}.{key}": Rule(source=FIXED, name=text, fallback="") for key, text in texts.items()
        }
    return rules


async def _content(session: AsyncSession, campaign_id: int, template_id: int) -> ContentForm:
    mapping = {
        "body.first_name": Rule(source=CONTACT, name="first_name", fallback="friend"),
        "body.home": Rule(source=FIXED, name="Quay Street 12", fallback=""),
        "body.day": Rule(source=FIXED, name="Friday at 3 pm", fallback=""),
    }
    variant = VariantForm(
        label="A", template_id=template_id, file_key="", card_files={}, mapping=mapping, share=100
    )
    return await _form(session, await _version(session, campaign_id), variant)


async def _form(session: AsyncSession, version: str, variant: VariantForm) -> ContentForm:
    channel_id = (await session.exec(select(Channel.id).limit(1))).one()
    return ContentForm(
        version=version,
        channel_id=channel_id or 0,
        variants=[variant],
        test_share=0,
        winner_by="",
        decide_after=0,
    )


async def _version(session: AsyncSession, campaign_id: int) -> str:
    return (await drafts.draft(session, Actor.system(), campaign_id))["version"]


async def _template(runtime: Runtime, name: str) -> int:
    """The background fetches them, as it does for everybody."""
    query = select(Template.id).where(Template.name == name, Template.status == "APPROVED")
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            async with runtime.db.read() as session:
                if found := (await session.exec(query)).first():
                    return found
            await asyncio.sleep(0.1)
