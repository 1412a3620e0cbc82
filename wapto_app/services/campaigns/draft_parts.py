"""What keeping a draft consists of: who may change it, what its variants may be, and who changed it last."""

from __future__ import annotations

import re
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import TypedDict  # what pydantic validates, below Python 3.12

from wapto_app.clock import utcnow
from wapto_app.models import Account, Campaign, CampaignState, CampaignVariant, Visibility
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import sessions
from wapto_app.services.campaigns import rules
from wapto_app.services.campaigns.audience import Audience
from wapto_app.services.campaigns.rules import Rule
from wapto_app.services.errors import Conflict, Invalid, NotFound

LABELS = ("A", "B", "C", "D")
WINNERS = ("read", "reply")
MINUTES_MAX = 7 * 24 * 60
_KEY_MAX = 32
_CARD = re.compile(r"cards\.[0-9]")
_SEEN_BY, _EDITED_BY = "seen_by", "edited_by"


class VariantForm(TypedDict):
    """What is sent. ``file_key`` is a file of the library for the header, ``card_files`` are those of the cards by
    their places (``cards.0`` …); ``share`` in percent of the test.
    """

    label: str
    template_id: int
    file_key: str
    card_files: dict[str, str]
    mapping: dict[str, Rule]
    share: int


async def of_id(session: AsyncSession, campaign_id: int, *, lock: bool = False) -> Campaign:
    """The campaign, with ``lock`` until the transaction ends. Raises NotFound."""
    query = select(Campaign).where(Campaign.id == campaign_id)
    found = (await session.exec(query.with_for_update() if lock else query)).first()
    if found is None:
        raise NotFound("campaign")
    return found


async def open_draft(session: AsyncSession, campaign_id: int, version: str) -> Campaign:
    """The draft to change, locked.

    Raises:
        Conflict: it is no draft any more, or somebody changed it since ``version``, and who.
        NotFound: it is gone.
    """
    campaign = await of_id(session, campaign_id, lock=True)
    if campaign.state is CampaignState.SCHEDULED:
        raise Conflict("This campaign is scheduled. Take it off the schedule to change it.")
    if campaign.state is not CampaignState.DRAFT:
        raise Conflict("This campaign was started already. Duplicate it to send it with changes.")
    if version != version_of(campaign):
        name = await editor(session, campaign) or "Somebody"
        raise Conflict(f"{name} has changed this campaign meanwhile. Load it again, so that nothing is lost.")
    return campaign


def version_of(campaign: Campaign) -> str:
    """Changes with every change of the draft."""
    return campaign.updated_at.isoformat()


def note_edit(campaign: Campaign, actor: Actor) -> None:
    """Give the draft a new version, and remember by whom."""
    campaign.audience = {**campaign.audience, _EDITED_BY: actor.account_id}
    campaign.updated_at = max(utcnow(), campaign.updated_at + campaign.updated_at.resolution)


async def editor(session: AsyncSession, campaign: Campaign) -> str:
    """The name of who changed it last; empty when they are gone."""
    account = await session.get(Account, campaign.audience.get(_EDITED_BY) or 0)
    return account.name if account is not None else ""


def stored(actor: Actor, audience: Audience) -> dict[str, Any]:
    """The audience as it is kept: with through whose eyes it is seen, when these do not see everybody."""
    seen_by = 0 if actor.visibility is Visibility.ALL else actor.account_id
    return {**audience, _SEEN_BY: seen_by, _EDITED_BY: actor.account_id}


async def chooser(session: AsyncSession, campaign: Campaign) -> Actor | None:
    """Through whose eyes the audience is seen; None sees everybody.

    Raises:
        Conflict: whoever chose it did not see everybody, and is gone or may not send campaigns any more.
    """
    account_id = campaign.audience.get(_SEEN_BY) or 0
    if not account_id:
        return None
    actor = await sessions.actor_of_account(session, account_id)
    if actor is None or not actor.may(Permission.CAMPAIGNS_DO):
        raise Conflict("Whoever chose the audience may not send campaigns any more. Choose it anew.")
    return actor


async def variants(session: AsyncSession, campaign_id: int) -> list[CampaignVariant]:
    """Those of a campaign by their label."""
    query = select(CampaignVariant).where(CampaignVariant.campaign_id == campaign_id)
    return list(await session.exec(query.order_by(col(CampaignVariant.label))))


def variant_form(variant: CampaignVariant) -> VariantForm:
    return VariantForm(
        label=variant.label,
        template_id=variant.template_id or 0,
        file_key=variant.file_key,
        card_files=dict(variant.card_files),
        mapping=rules.read(variant.mapping),
        share=variant.share,
    )


def checked_variants(given: list[VariantForm]) -> list[VariantForm]:
    """As they are stored: labelled in their order.

    Raises:
        Invalid: there are none or too many, a rule makes no sense (``A.body.1``), or the shares are not 100 together.
    """
    if not 1 <= len(given) <= len(LABELS):
        raise Invalid("variants", f"A campaign has one to {len(LABELS)} variants.")
    found = [_checked(label, each) for label, each in zip(LABELS, given, strict=False)]
    if len(found) == 1:
        found[0]["share"] = 100
    if any(each["share"] < 1 for each in found) or sum(each["share"] for each in found) != 100:
        raise Invalid("shares", "The shares of the variants must be 100 percent together.")
    return found


def _checked(label: str, given: VariantForm) -> VariantForm:
    if len(given["file_key"]) > _KEY_MAX:
        raise Invalid(f"{label}.media", "Choose a file of the library.")
    for place, key in given["card_files"].items():
        if not _CARD.fullmatch(place) or len(key) > _KEY_MAX:
            raise Invalid(f"{label}.{place[:_KEY_MAX]}.media", "Choose a file of the library.")
    try:
        mapping = rules.read(given["mapping"])
    except Invalid as error:
        raise Invalid(f"{label}.{error.field}", error.message) from None
    return VariantForm(
        label=label,
        template_id=given["template_id"],
        file_key=given["file_key"],
        card_files={place: key for place, key in given["card_files"].items() if key},
        mapping=mapping,
        share=given["share"],
    )


def check_test(test_share: int, winner_by: str, decide_after: int) -> None:
    """Raises Invalid for a test of variants that cannot be held."""
    if not 1 <= test_share <= 100:
        raise Invalid("test_share", "Write how many percent take part in the test, from 1 to 100.")
    if test_share < 100 and winner_by not in WINNERS:
        raise Invalid("winner_by", "Choose what decides: who reads it, or who replies.")
    if test_share < 100 and not 1 <= decide_after <= MINUTES_MAX:
        raise Invalid("decide_after", "Decide after a minute at the earliest and seven days at the latest.")


async def store_variants(session: AsyncSession, campaign_id: int, wanted: list[VariantForm]) -> None:
    """Replace what the campaign has by these."""
    there = {each.label: each for each in await variants(session, campaign_id)}
    for form in wanted:
        row = there.pop(form["label"], None) or CampaignVariant(campaign_id=campaign_id, label=form["label"])
        row.template_id = form["template_id"] or None
        row.mapping, row.share = dict(form["mapping"]), form["share"]
        row.file_key, row.card_files = form["file_key"], form["card_files"]
        session.add(row)
    for row in there.values():
        await session.delete(row)
