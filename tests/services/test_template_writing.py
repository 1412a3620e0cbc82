"""Templates from the first word to Meta's decision and to their end, against the sandbox."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
import sqlalchemy as sa
import stamina
import time_machine

from integrations.sandbox.config import SandboxConfig
from integrations.sandbox.graph import template_review
from integrations.sandbox.sandbox import Sandbox
from integrations.whatsapp.errors import Ambiguous
from integrations.whatsapp.templates import TemplateCalls
from tests.jobs.conftest import Network, form_of
from tests.meta import webhook
from tests.services.conftest import Book, Meta
from tests.services.library import photo, put
from tests.services.plans import limited
from tests.services.test_template_rules import body, buttons, card, cards, form, media, quick
from wapto_app.clock import utcnow
from wapto_app.models import (
    Campaign,
    CampaignState,
    CampaignTally,
    CampaignVariant,
    Template,
)
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import channels, notifications, templates
from wapto_app.services.errors import Conflict, Forbidden, Invalid, LimitReached, NotConnected, NotFound
from wapto_app.services.templates import TemplateForm, submitting


@pytest.fixture(autouse=True)
def without_pauses() -> Iterator[None]:
    with stamina.set_testing(True):
        yield


@pytest.fixture
def config(config: SandboxConfig) -> SandboxConfig:
    return replace(config, template_review_seconds=0.01)


@pytest.fixture
async def connected(runtime: Runtime, owner: Actor, sandbox: Sandbox, network: Network) -> int:
    return await channels.connect(runtime.db, owner, runtime.gateway, form_of(sandbox))


def words(text: str = "Hi {{1}}, your order is on its way.", **more: Any) -> TemplateForm:
    values = {"name": "a_new_one", "category": "UTILITY", **more}
    return form(body(text, *(["Ann"] if "{{1}}" in text else [])), **values)


async def new(runtime: Runtime, actor: Actor, given: TemplateForm) -> int:
    async with runtime.db.write() as session:
        return await templates.create(session, actor, given)


async def save(runtime: Runtime, actor: Actor, template_id: int, given: TemplateForm) -> None:
    async with runtime.db.write() as session:
        await templates.save(session, actor, template_id, given)


async def submit(runtime: Runtime, actor: Actor, template_id: int) -> None:
    await templates.submit(runtime.db, actor, runtime.gateway, runtime.settings.media_dir, template_id)


async def row(runtime: Runtime, template_id: int) -> Template:
    async with runtime.db.read() as session:
        found = await session.get(Template, template_id)
        assert found is not None
        return found


async def told(runtime: Runtime, actor: Actor) -> list[str]:
    async with runtime.db.read() as session:
        rows: Any = await notifications.listing(session, actor)
        return [each["args"]["what"] for each in rows if each["kind"] == "template_news"]


async def decided(sandbox: Sandbox, meta_says: Meta) -> None:
    """Meta has reviewed, and its webhooks are applied."""
    await sandbox.settle()
    await meta_says.apply()


async def details(runtime: Runtime, actor: Actor, template_id: int) -> templates.Details:
    async with runtime.db.read() as session:
        return await templates.details(session, actor, template_id)


# --- drafts


async def test_a_draft_is_kept_as_it_is_and_comes_back(
    runtime: Runtime, owner: Actor, connected: int
) -> None:
    parts = {"type": "BODY", "text": "Hi {{1}}"}, {"type": "FOOTER", "text": ""}
    unfinished = form(*parts, category="", name="unfinished")
    template_id = await new(runtime, owner, unfinished)
    async with runtime.db.read() as session:
        kept = await templates.form_of_draft(session, owner, template_id)
    assert kept["components"] == unfinished["components"]
    assert kept["waba_id"] == (await row(runtime, template_id)).waba_id != ""
    await save(runtime, owner, template_id, words(name="other_name", language="es"))
    draft = await row(runtime, template_id)
    assert (draft.name, draft.language, draft.status) == ("other_name", "es", "DRAFT")
    assert (await details(runtime, owner, template_id))["may"]["submit"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (words(name=""), "name"),
        (words(name="Not So"), "name"),
        (words(language="qq"), "language"),
        (words(name="order_update", language="es"), "name"),
        (form(media("IMAGE"), body(), name="pic", sample_files={"header": "gone"}), "header.file"),
    ],
)
async def test_a_draft_needs_a_name_of_its_own(
    runtime: Runtime, owner: Actor, connected: int, wrong: TemplateForm, field: str
) -> None:
    await templates.sync(runtime.db, owner, runtime.gateway)
    with pytest.raises(Invalid) as raised:
        await new(runtime, owner, wrong)
    assert raised.value.field == field


async def test_without_a_number_or_permission_there_is_no_draft(
    runtime: Runtime, owner: Actor, agent: Actor
) -> None:
    with pytest.raises(NotConnected):
        await new(runtime, owner, words())
    with pytest.raises(Forbidden):
        await new(runtime, agent, words())


async def test_two_at_once_do_not_get_the_same_name(runtime: Runtime, owner: Actor, connected: int) -> None:
    outcomes = await asyncio.gather(
        *(new(runtime, owner, words(name="twice")) for _ in range(3)), return_exceptions=True
    )
    assert sum(isinstance(each, int) for each in outcomes) == 1
    assert sum(isinstance(each, Invalid) for each in outcomes) == 2


async def test_the_plan_limits_templates(
    runtime: Runtime, owner: Actor, admin: Actor, connected: int
) -> None:
    async with runtime.db.read() as session:
        there = (await templates.standing(session, owner))["used"]
    await limited(runtime.db, admin, templates=there + 1)
    await new(runtime, owner, words(name="one"))
    with pytest.raises(LimitReached, match="templates"):
        await new(runtime, owner, words(name="two"))


async def test_duplicates_and_translations(runtime: Runtime, owner: Actor, connected: int) -> None:
    template_id = await new(runtime, owner, words(name="greeting"))
    async with runtime.db.write() as session:
        again = await templates.duplicate(session, owner, template_id)
        third = await templates.duplicate(session, owner, template_id)
        spanish = await templates.duplicate(session, owner, template_id, "es")
        with pytest.raises(Invalid) as raised:
            await templates.duplicate(session, owner, template_id, "es")
    assert raised.value.field == "language"
    rows = [await row(runtime, each) for each in (again, third, spanish)]
    assert [(each.name, each.language) for each in rows] == [
        ("greeting_copy", "en_US"),
        ("greeting_copy_2", "en_US"),
        ("greeting", "es"),
    ]
    assert rows[2].components == words()["components"]
    siblings = (await details(runtime, owner, template_id))["siblings"]
    assert [each["language"] for each in siblings] == ["es"]


# --- to Meta


async def test_from_draft_to_approved(
    runtime: Runtime, owner: Actor, connected: int, sandbox: Sandbox, meta_says: Meta
) -> None:
    template_id = await new(runtime, owner, words(name="on_its_way"))
    await submit(runtime, owner, template_id)
    mine = await row(runtime, template_id)
    assert (mine.status, mine.category, mine.draft_components) == ("PENDING", "UTILITY", None)
    with pytest.raises(Conflict, match="reviewing"):
        await save(runtime, owner, template_id, words(name="on_its_way"))
    await decided(sandbox, meta_says)
    assert (await row(runtime, template_id)).status == "APPROVED"
    assert await told(runtime, owner) == ["status.approved"]
    events = (await details(runtime, owner, template_id))["events"]
    assert [(each["kind"], each["after"], each["by"]) for each in events] == [
        ("status", "APPROVED", ""),
        ("submitted", "PENDING", owner.name),
    ]
    await templates.sync(runtime.db, owner, runtime.gateway)
    assert len((await details(runtime, owner, template_id))["events"]) == 2, "a sync tells nothing twice"


async def test_what_breaks_a_rule_does_not_leave(
    runtime: Runtime, owner: Actor, connected: int, network: Network
) -> None:
    template_id = await new(runtime, owner, words("Hi {{1}}"))
    before = network.requests
    with pytest.raises(Invalid) as raised:
        await submit(runtime, owner, template_id)
    assert raised.value.field == "body"
    assert network.requests == before


async def test_rejected_with_reason_and_advice_then_edited_and_approved(
    runtime: Runtime, owner: Actor, connected: int, sandbox: Sandbox, meta_says: Meta
) -> None:
    template_id = await new(
        runtime, owner, words("Please send us your password now, dear customer.", name="pay")
    )
    await submit(runtime, owner, template_id)
    await decided(sandbox, meta_says)
    found = await details(runtime, owner, template_id)
    assert found["row"]["status"] == "REJECTED"
    advice = found["advice"][0]
    assert (advice["kind"], advice["title"]) == ("danger", "Rejected")
    assert "passwords" in advice["todo"]
    assert advice["meta"].startswith("The template asks for data")
    assert await told(runtime, owner) == ["status.rejected"]
    with pytest.raises(Conflict, match="Nothing was changed"):
        await submit(runtime, owner, template_id)
    await save(runtime, owner, template_id, words("Please come and pay at our desk soon.", name="pay"))
    assert (await row(runtime, template_id)).components[0]["text"].startswith("Please send"), (
        "Meta has the old one"
    )
    await submit(runtime, owner, template_id)
    await decided(sandbox, meta_says)
    mine = await row(runtime, template_id)
    assert (mine.status, mine.rejected_reason) == ("APPROVED", "")
    assert mine.components[0]["text"].startswith("Please come")


async def test_what_promotes_becomes_marketing(
    runtime: Runtime, owner: Actor, connected: int, sandbox: Sandbox, meta_says: Meta
) -> None:
    template_id = await new(runtime, owner, words("Our summer sale begins today, come and see it."))
    await submit(runtime, owner, template_id)
    await decided(sandbox, meta_says)
    mine = await row(runtime, template_id)
    assert (mine.category, mine.previous_category) == ("MARKETING", "UTILITY")
    titles = [each["title"] for each in (await details(runtime, owner, template_id))["advice"]]
    assert titles == ["Category was changed"]


async def test_an_approved_one_is_edited_once_a_day_and_keeps_its_category(
    runtime: Runtime, owner: Actor, connected: int, sandbox: Sandbox, meta_says: Meta
) -> None:
    template_id = await new(runtime, owner, words(name="daily"))
    await submit(runtime, owner, template_id)
    await decided(sandbox, meta_says)
    for wrong, field in ((form(body(), name="daily"), "category"), (words(name="other"), "name")):
        with pytest.raises(Invalid) as raised:
            await save(runtime, owner, template_id, wrong)
        assert raised.value.field == field
    await save(runtime, owner, template_id, words("Hello {{1}}, it is on its way.", name="daily"))
    # Two decisions in one second would be the same webhook.
    with time_machine.travel(utcnow() + timedelta(seconds=2)):
        await submit(runtime, owner, template_id)
        await decided(sandbox, meta_says)
    assert (await row(runtime, template_id)).status == "APPROVED"
    await save(runtime, owner, template_id, words("Bye {{1}}, it is on its way.", name="daily"))
    with pytest.raises(Conflict, match="one edit of an approved template a day"):
        await submit(runtime, owner, template_id)
    assert (await details(runtime, owner, template_id))["row"]["has_edit"], "nothing is lost"
    with time_machine.travel(utcnow() + timedelta(days=1, minutes=1)):
        await submit(runtime, owner, template_id)


async def test_samples_go_up_for_header_and_cards(
    runtime: Runtime, owner: Actor, connected: int, sandbox: Sandbox, meta_says: Meta
) -> None:
    keys = [(await put(runtime, owner, photo(seed=seed)))["file"]["key"] for seed in (1, 2)]
    with_header = form(media("IMAGE"), body(), name="with_picture", sample_files={"header": keys[0]})
    a_card = card(media("IMAGE"), body("A fine home."), buttons(quick("More")))
    files = {"cards.0": keys[0], "cards.1": keys[1], "cards.7": "nowhere"}
    with_cards = form(body(), cards(a_card, a_card), name="with_cards", sample_files=files)
    for given in (with_header, with_cards):
        template_id = await new(runtime, owner, given)
        await submit(runtime, owner, template_id)
        await decided(sandbox, meta_says)
        assert (await row(runtime, template_id)).status == "APPROVED"
    made = sandbox.store.find_template("with_cards", "en_US")
    assert made is not None
    handles = [each["components"][0]["example"]["header_handle"][0] for each in made.components[1]["cards"]]
    assert len(set(handles)) == 2
    await templates.sync(runtime.db, owner, runtime.gateway)
    async with runtime.db.read() as session:
        again = await templates.form_of_draft(session, owner, template_id)
    assert "header_handle" not in str(again["components"]), "Meta's links cannot be submitted again"
    assert again["sample_files"] == {"cards.0": keys[0], "cards.1": keys[1]}
    assert templates.problems(again) == {}


async def test_two_clicks_submit_once(
    runtime: Runtime, owner: Actor, connected: int, sandbox: Sandbox
) -> None:
    template_id = await new(runtime, owner, words(name="clicked"))
    outcomes = await asyncio.gather(
        *(submit(runtime, owner, template_id) for _ in range(3)), return_exceptions=True
    )
    assert sum(each is None for each in outcomes) == 1
    assert all(isinstance(each, Conflict) for each in outcomes if each is not None)
    assert sum(each.name == "clicked" for each in sandbox.store.templates.values()) == 1


async def test_a_crash_after_metas_answer_is_healed_by_a_sync(
    runtime: Runtime, owner: Actor, connected: int, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    template_id = await new(runtime, owner, words(name="crashed"))

    async def crash(*_: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(submitting, "_settle", crash)
        with pytest.raises(SystemExit):
            await submit(runtime, owner, template_id)
    assert (await row(runtime, template_id)).status == "DRAFT"
    with pytest.raises(Conflict, match="being submitted"):
        await submit(runtime, owner, template_id)
    await sandbox.settle()
    await templates.sync(runtime.db, owner, runtime.gateway)
    mine = await row(runtime, template_id)
    assert (mine.status, mine.submitting_at, mine.draft_components) == ("APPROVED", None, None)
    assert mine.submitted_at is not None


async def test_when_the_answer_is_lost_meta_is_asked_whether_it_has_it(
    runtime: Runtime, owner: Actor, connected: int, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    template_id = await new(runtime, owner, words(name="silent"))
    real = TemplateCalls.create_template

    async def lose(self: TemplateCalls, *args: Any, **more: Any) -> Any:
        await real(self, *args, **more)
        raise Ambiguous("lost")

    monkeypatch.setattr(TemplateCalls, "create_template", lose)
    await submit(runtime, owner, template_id)
    made = sandbox.store.find_template("silent", "en_US")
    assert made is not None
    assert (await row(runtime, template_id)).meta_id == made.id


def made_elsewhere(sandbox: Sandbox, name: str) -> None:
    there = sandbox.store.find_template("hello_world", "en_US")
    assert there is not None
    sandbox.store.add_template(replace(there, id="4242", name=name))


async def test_meta_refuses_and_nothing_is_lost(
    runtime: Runtime, owner: Actor, connected: int, sandbox: Sandbox, network: Network
) -> None:
    made_elsewhere(sandbox, "taken")
    template_id = await new(runtime, owner, words(name="taken"))
    with pytest.raises(Invalid) as raised:
        await submit(runtime, owner, template_id)
    assert raised.value.field == "name", "one of that name was made elsewhere"
    network.is_down = True
    with pytest.raises(Conflict, match="could not be reached"):
        await submit(runtime, owner, template_id)
    network.is_down = False
    await save(runtime, owner, template_id, words(name="hello_there"))
    await submit(runtime, owner, template_id)


async def test_a_draft_whose_name_was_taken_elsewhere_waits_as_an_edit(
    runtime: Runtime, owner: Actor, connected: int, sandbox: Sandbox
) -> None:
    made_elsewhere(sandbox, "taken")
    mine = words(name="taken")
    template_id = await new(runtime, owner, mine)
    await templates.sync(runtime.db, owner, runtime.gateway)
    adopted = await row(runtime, template_id)
    assert adopted.status == "APPROVED"
    assert adopted.draft_components == mine["components"]


async def test_a_sync_leaves_drafts_and_edits_alone(runtime: Runtime, owner: Actor, connected: int) -> None:
    await templates.sync(runtime.db, owner, runtime.gateway)
    template_id = await new(runtime, owner, words(name="mine"))
    async with runtime.db.read() as session:
        page = await templates.listing(session, owner, {"search": "summer_open"})
        other = page["rows"][0]["id"]
        edit = await templates.form_of_draft(session, owner, other)
    edit["components"][1]["text"] = (
        "Hello {{1}}! On {{2}} we show you {{3}} new homes, all of them in the sun."
    )
    edit["sample_files"] = {"header": (await put(runtime, owner, photo()))["file"]["key"]}
    await save(runtime, owner, other, edit)
    synced = await templates.sync(runtime.db, owner, runtime.gateway)
    assert synced.gone == 0
    assert (await row(runtime, template_id)).status == "DRAFT"
    assert (await row(runtime, other)).draft_components == edit["components"]


# --- what Meta says later


async def test_low_quality_pauses_twice_and_then_it_is_over(
    runtime: Runtime, owner: Actor, connected: int, sandbox: Sandbox, meta_says: Meta
) -> None:
    template_id = await new(runtime, owner, words(name="unloved"))
    await submit(runtime, owner, template_id)
    await decided(sandbox, meta_says)
    made = sandbox.store.find_template("unloved", "en_US")
    assert made is not None
    now, hours = utcnow(), 0
    for number, expected in enumerate(("PAUSED", "PAUSED", "DISABLED"), 1):
        with time_machine.travel(now + timedelta(hours=10 * number)):
            template_review.set_quality(sandbox, made, "RED")
            await decided(sandbox, meta_says)
            mine = await row(runtime, template_id)
            assert (mine.status, mine.quality) == (expected, "RED")
            if expected == "PAUSED":
                hours += 3
                assert mine.paused_until is not None
                left = mine.paused_until - utcnow()
                assert timedelta(hours=hours, minutes=-1) < left <= timedelta(hours=hours)
                assert (await details(runtime, owner, template_id))["advice"][0]["until"] != ""
        with time_machine.travel(now + timedelta(hours=10 * number + 7)):
            template_review.end_pauses(sandbox)
            await decided(sandbox, meta_says)
            mine = await row(runtime, template_id)
            assert mine.status == ("DISABLED" if expected == "DISABLED" else "APPROVED")
            assert mine.paused_until is None
            template_review.set_quality(sandbox, made, "GREEN")
            await decided(sandbox, meta_says)
    assert (await told(runtime, owner)).count("status.paused") == 2
    assert "status.disabled" in await told(runtime, owner)
    assert (await details(runtime, owner, template_id))["may"] == {
        "edit": False,
        "submit": False,
        "delete": False,
        "edit_why": "WhatsApp lets nobody edit this template any more. Duplicate it and edit the copy.",
    }


def said(row_: Template, seconds: int, field: str = "message_template_status_update", **value: Any) -> Any:
    who = {"message_template_id": row_.meta_id, "message_template_name": row_.name}
    who["message_template_language"] = row_.language
    entry = webhook(
        {"field": field, "value": {**who, **value}},
        time=(row_.submitted_at or utcnow()) + timedelta(seconds=seconds),
    )
    entry["entry"][0]["id"] = row_.waba_id
    return entry


async def test_news_are_applied_in_the_order_in_which_meta_said_them(
    runtime: Runtime, owner: Actor, connected: int, meta_says: Meta, sandbox: Sandbox
) -> None:
    template_id = await new(runtime, owner, words(name="late_news"))
    await submit(runtime, owner, template_id)
    await sandbox.settle()
    mine = await row(runtime, template_id)
    assert mine.status == "PENDING", "nothing was applied yet"
    await meta_says.says(said(mine, 40, event="PAUSED", other_info={"title": "FIRST_PAUSE"}))
    await meta_says.says(said(mine, 30, event="APPROVED"))
    assert (await row(runtime, template_id)).status == "PAUSED", "the older one came later"
    await meta_says.says(said(mine, 20, "message_template_quality_update", new_quality_score="GREEN"))
    assert (await row(runtime, template_id)).quality == "GREEN", "of something else, nothing newer was said"
    await meta_says.says(said(mine, -60, event="REJECTED"))
    assert (await row(runtime, template_id)).status == "PAUSED", "it was about an earlier submission"
    await meta_says.says(said(mine, 50, event="FLAGGED", disable_info={"disable_date": "2026-12-01"}))
    assert (await row(runtime, template_id)).status == "PAUSED"
    await meta_says.says(
        said(mine, 60, "template_category_update", new_category="UTILITY", correct_category="MARKETING")
    )
    titles = [each["title"] for each in (await details(runtime, owner, template_id))["advice"]]
    assert titles == ["Paused", "Category is going to change"]
    kinds = [(each["kind"], each["after"]) for each in (await details(runtime, owner, template_id))["events"]]
    assert kinds == [
        ("status", "FLAGGED"),
        ("quality", "GREEN"),
        ("status", "PAUSED"),
        ("status", "APPROVED"),
        ("submitted", "PENDING"),
    ]


async def test_a_webhook_faster_than_our_own_note_is_kept(
    runtime: Runtime,
    owner: Actor,
    connected: int,
    meta_says: Meta,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    template_id = await new(runtime, owner, words(name="fast"))
    settle = submitting._settle

    async def late(session: Any, *more: Any) -> None:
        await settle(session, *more)

    real = submitting._hand_over

    async def hand_over(*args: Any) -> Any:
        created = await real(*args)
        await decided(sandbox, meta_says)
        return created

    monkeypatch.setattr(submitting, "_settle", late)
    monkeypatch.setattr(submitting, "_hand_over", hand_over)
    await submit(runtime, owner, template_id)
    mine = await row(runtime, template_id)
    made = sandbox.store.find_template("fast", "en_US")
    assert made is not None
    assert (mine.status, mine.meta_id) == ("APPROVED", made.id)


# --- the end


async def test_usage_and_deletion(
    runtime: Runtime, owner: Actor, connected: int, sandbox: Sandbox, meta_says: Meta, book: Book
) -> None:
    template_id = await new(runtime, owner, words(name="used"))
    await submit(runtime, owner, template_id)
    await decided(sandbox, meta_says)
    async with runtime.db.write() as session:
        spanish = await templates.duplicate(session, owner, template_id, "es")
        campaign = Campaign(name="Spring", state=CampaignState.RUNNING, started_at=utcnow())
        draft = Campaign(name="Later")
        session.add_all([campaign, draft])
        await session.flush()
        variants = [
            CampaignVariant(campaign_id=each.id or 0, label="A", template_id=template_id)
            for each in (campaign, draft)
        ]
        session.add_all(variants)
        await session.flush()
        for state, count in (("sent", 5), ("read", 3), ("failed", 2)):
            session.add(
                CampaignTally(
                    campaign_id=campaign.id or 0, variant_id=variants[0].id or 0, state=state, count=count
                )
            )
    async with runtime.db.read() as session:
        usage = await templates.usage(session, owner, template_id)
        page = await templates.listing(session, owner, {"search": "used"})
    assert (usage["running"], usage["drafts"], usage["sent_lately"]) == (1, 1, 8)
    assert [each["name"] for each in usage["campaigns"]] == ["Spring", "Later"]
    assert (usage["languages"], usage["at_meta"]) == (["es"], True)
    assert {each["language"]: each["used_by"] for each in page["rows"]} == {"en_US": 2, "es": 0}
    assert (await details(runtime, owner, template_id))["lately"] == {"sent": 8, "delivered": 3, "read": 3}

    async def delete(**more: Any) -> int:
        return await templates.delete(runtime.db, owner, runtime.gateway, template_id, **more)

    with pytest.raises(Conflict, match="“Spring” is sending"):
        await delete()
    async with runtime.db.write() as session:
        await session.exec(sa.update(Campaign).values(state=CampaignState.FINISHED))
    assert await delete(all_languages=True) == 2
    assert sandbox.store.find_template("used", "en_US") is None
    assert (await row(runtime, template_id)).gone_at is not None
    async with runtime.db.read() as session:
        assert await session.get(Template, spanish) is None, "a draft leaves no trace"
    with pytest.raises(NotFound):
        await delete()
    with pytest.raises(Invalid, match="blocks the name"):
        await new(runtime, owner, words(name="used"))
    with time_machine.travel(utcnow() + timedelta(days=31)):
        again = await new(runtime, owner, words(name="used"))
    assert again == template_id, "the row of the old one, which its messages name"
    await templates.sync(runtime.db, owner, runtime.gateway)
    assert (await row(runtime, again)).status == "DRAFT"


async def test_deleting_what_is_gone_at_meta_already(
    runtime: Runtime, owner: Actor, connected: int, sandbox: Sandbox, network: Network
) -> None:
    await templates.sync(runtime.db, owner, runtime.gateway)
    async with runtime.db.read() as session:
        template_id = (await templates.listing(session, owner, {"search": "hello_world"}))["rows"][0]["id"]
    network.is_down = True
    with pytest.raises(Conflict, match="could not be reached"):
        await templates.delete(runtime.db, owner, runtime.gateway, template_id)
    assert (await row(runtime, template_id)).gone_at is None
    network.is_down = False
    made = sandbox.store.find_template("hello_world", "en_US")
    assert made is not None
    sandbox.store.remove_template(made)
    assert await templates.delete(runtime.db, owner, runtime.gateway, template_id) == 1


# --- the list


async def test_the_list_filters_sorts_and_pages(
    runtime: Runtime, owner: Actor, connected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    await templates.sync(runtime.db, owner, runtime.gateway)
    for number in range(5):
        await new(runtime, owner, words(f"Café number {number} is open.", name=f"cafe_{number}"))
    monkeypatch.setattr(sys.modules["wapto_app.services.templates.listing"], "PAGE", 3)

    async def everything(**wanted: Any) -> list[str]:
        names: list[str] = []
        after = ""
        async with runtime.db.read() as session:
            while True:
                page = await templates.listing(session, owner, cast(templates.TemplateFilter, wanted), after)
                names += [each["name"] for each in page["rows"]]
                after = page["end"]
                if not after:
                    assert len(names) == page["total"]
                    return names

    for sort in ("name", "newest", "used", "nonsense"):
        found = await everything(sort=sort)
        assert len(found) == len(set(found)) + len([each for each in found if found.count(each) > 1]) / 2
        assert set(found) >= {"cafe_0", "hello_world", "free_money"}
    assert (await everything(sort="newest"))[:5] == [f"cafe_{number}" for number in (4, 3, 2, 1, 0)]
    assert await everything(search="CAFÉ number 3") == ["cafe_3"]
    assert set(await everything(statuses=["REJECTED", "PAUSED"])) == {"free_money", "flash_sale"}
    assert await everything(statuses=["DRAFT"], languages=["es"]) == []
    assert await everything(qualities=["RED"]) == ["flash_sale"]
    async with runtime.db.read() as session:
        page = await templates.listing(session, owner, {}, '["\\u0000"]')
        assert len(page["rows"]) == 3, "a mark that somebody made up begins at the front"
        standing = await templates.standing(session, owner)
        languages = dict(await templates.languages_used(session, owner))
    assert (standing["connected"], standing["drafts"]) == (True, 5)
    assert standing["total"] == standing["used"]
    assert languages["es"] == "Spanish"


async def test_a_starter_becomes_a_draft(
    runtime: Runtime, owner: Actor, connected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    starter = {
        "key": "viewing",
        "sector": "homes",
        "category": "UTILITY",
        "parameter_format": "POSITIONAL",
        "title": {"en": "Viewing"},
        "about": {"en": "…"},
        "languages": ["en"],
        "components": {"en": [body()]},
    }
    monkeypatch.setattr("wapto_app.services.templates.starters._starters", lambda: [starter])
    async with runtime.db.write() as session:
        first = await templates.create_from(session, owner, "viewing", "en")
        second = await templates.create_from(session, owner, "viewing", "en")
        with pytest.raises(Invalid):
            await templates.create_from(session, owner, "viewing", "es")
        with pytest.raises(NotFound):
            await templates.create_from(session, owner, "nothing", "en")
    assert [(await row(runtime, each)).name for each in (first, second)] == ["viewing", "viewing_2"]
