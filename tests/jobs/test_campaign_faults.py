"""A campaign on Meta's bad days, and on ours: nobody is lost, nobody gets it twice, and the page says what is the case.

Meta's stand-in and our webhooks are real servers here, and its switches are moved over HTTP as anybody would.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
import structlog
from sqlmodel import select
from starlette.applications import Starlette

from integrations.sandbox.config import SandboxConfig
from integrations.sandbox.sandbox import Sandbox
from tests import campaigns as desk
from tests.jobs.conftest import Eventually, form_of
from tests.serving import free_port, listening
from wapto_app import full_disk
from wapto_app.jobs import campaigns, dispatch, sending
from wapto_app.models import CampaignState, Channel, NotificationKind, RecipientState
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import channels, notifications
from wapto_app.services.campaigns import lifecycle, listing, recipients, report
from wapto_app.services.campaigns.listing import CampaignRow
from wapto_app.services.campaigns.recipients import EVERYBODY
from wapto_app.web import webhooks

S, R = CampaignState, RecipientState
pytestmark = pytest.mark.usefixtures("engine")


@dataclass
class Meta:
    """The stand-in, from outside."""

    http: httpx.AsyncClient
    port: int
    line: AsyncExitStack

    async def control(self, path: str, **values: Any) -> None:
        answer = await self.http.post(f"/control/{path}", json=values)
        assert answer.status_code == 200, answer.text

    async def faults(self, **values: Any) -> None:
        await self.control("faults", **values)

    async def goes_away(self) -> None:
        """Nobody listens at its address any more."""
        await self.line.aclose()


@pytest.fixture
async def sandbox(runtime: Runtime, config: SandboxConfig) -> AsyncIterator[Sandbox]:
    """Its webhooks come over HTTP."""
    webhooks.keys.forget()
    async with listening(Starlette(routes=webhooks.routes)) as ours:
        config.webhook_url = f"{ours}/webhooks/whatsapp"
        config.webhook_retry_base_seconds = 0.1
        async with Sandbox(config) as running:
            yield running


@pytest.fixture
async def meta(sandbox: Sandbox) -> AsyncIterator[Meta]:
    port = free_port()
    async with AsyncExitStack() as line:
        url = await line.enter_async_context(listening(sandbox.app, port))
        async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
            yield Meta(http, port, line)


@pytest.fixture
async def network(runtime: Runtime, meta: Meta) -> Meta:
    """The process's own HTTP client, as it is shipped."""
    return meta


@pytest.fixture
async def channel_id(runtime: Runtime, sandbox: Sandbox, meta: Meta, owner: Actor) -> int:
    form = form_of(sandbox, base_url=f"http://127.0.0.1:{meta.port}")
    return await channels.connect(runtime.db, owner, runtime.gateway, form)


@dataclass
class Page:
    """What somebody reads who has the page of a campaign open."""

    runtime: Runtime
    actor: Actor
    sandbox: Sandbox
    channel_id: int
    template_id: int
    eventually: Eventually
    campaign_id: int = 0

    async def starts(self, people: int, **more: Any) -> None:
        them = await desk.new_people(self.runtime, people)
        more |= {"created_by": self.actor.account_id}
        self.campaign_id = await desk.new_campaign(
            self.runtime, self.channel_id, self.template_id, them, **more
        )

    async def head(self) -> CampaignRow:
        is_full = self.runtime.writer.disk.is_full
        async with self.runtime.db.read() as session:
            return await listing.one(session, self.actor, self.campaign_id, has_full_disk=is_full)

    async def says(self, words: str, advice: str) -> None:
        async def so() -> bool:
            row = await self.head()
            return words in row["pause_words"] and advice in row["pause_advice"]

        await self.eventually(so)

    async def says_of_people(self, words: str) -> None:
        async def so() -> bool:
            async with self.runtime.db.read() as session:
                found = await recipients.recipients(session, self.actor, self.campaign_id, EVERYBODY)
            return any(words in row["why"] for row in found.rows)

        await self.eventually(so)

    async def has_begun(self) -> None:
        async def some() -> bool:
            return desk.accepted(self.sandbox) > 3

        await self.eventually(some)

    async def rests(self) -> None:
        """So slow now that nothing is on its way to Meta while something else happens there."""
        await desk.change_campaign(self.runtime, self.campaign_id, rate=0.001)
        await asyncio.sleep(1.5)  # a new limit lets one pass
        await self.has_nothing_on_its_way()

    async def has_nothing_on_its_way(self) -> None:
        async def nothing_is_queued() -> bool:
            return R.QUEUED not in await self.states()

        await self.eventually(nothing_is_queued)

    async def resumes(self) -> None:
        async with self.runtime.db.write() as session:
            await lifecycle.resume(session, self.actor, self.campaign_id)

    async def ends(self, state: S = S.FINISHED) -> None:
        await desk.ends(self.runtime, self.campaign_id, self.eventually, state)

    async def states(self) -> list[RecipientState]:
        return await desk.states(self.runtime, self.campaign_id)

    async def everybody_got_it_once(self, people: int) -> None:
        """And nothing is left on the page."""
        await self.ends()

        async def all_have() -> bool:
            return set(await self.states()) <= desk.DONE

        await self.eventually(all_have)
        assert desk.accepted(self.sandbox) == people
        await desk.assert_exact(self.runtime, self.campaign_id)
        assert (await self.head())["pause_words"] == ""


@pytest.fixture
def page(
    runtime: Runtime,
    owner: Actor,
    sandbox: Sandbox,
    channel_id: int,
    template_id: int,
    eventually: Eventually,
) -> Page:
    return Page(runtime, owner, sandbox, channel_id, template_id, eventually)


async def test_a_throttle_storm_slows_it_down(page: Page, meta: Meta) -> None:
    await meta.faults(throttle_every=1)
    await page.starts(20)
    await page.says("asks this number to send more slowly", "Nobody is left out")
    await page.says_of_people("asks this number to send more slowly")
    assert (await page.head())["state"] == S.RUNNING
    await meta.faults(throttle_every=7)
    await page.everybody_got_it_once(20)
    assert {each.refusals for each in await desk.messages(page.runtime)} == {0}


async def test_a_limit_of_requests_costs_nobody_the_message(page: Page, meta: Meta) -> None:
    """More refusals than a message may have: they are about the account and not about it."""
    await meta.faults(send_errors=[80007] * (sending.MAX_REFUSALS + 2))
    await page.starts(1)
    await page.says("no more requests from this business", "within an hour")
    await page.everybody_got_it_once(1)
    (message,) = await desk.messages(page.runtime)
    assert message.attempt == sending.MAX_REFUSALS + 3


async def test_who_got_many_messages_waits_and_the_others_do_not(
    page: Page, meta: Meta, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "pair_backoff", lambda _attempt: timedelta(seconds=1.5))
    await meta.faults(send_errors=[131056])
    await page.starts(6)
    await page.says("Some people have just got many messages", "some minutes later, and the others now")

    async def the_others() -> bool:
        return (await page.states()).count(R.QUEUED) == 1 and desk.accepted(page.sandbox) == 5

    await page.eventually(the_others)
    await page.says_of_people("have just got many messages")
    await page.everybody_got_it_once(6)


async def test_trouble_at_meta_that_passes_is_waited_for(
    page: Page, meta: Meta, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "backoff", lambda *_a, **_k: timedelta(seconds=0.4))
    await meta.faults(error_rate=1)
    await page.starts(10)
    await page.says("WhatsApp has a problem", "tried up to five times")
    await meta.faults(error_rate=0)
    await page.everybody_got_it_once(10)


async def test_trouble_at_meta_that_stays_stops_it_and_who_failed_gets_it_later(
    page: Page, meta: Meta
) -> None:
    await meta.faults(error_rate=1)
    await page.starts(70)
    await page.ends(S.PAUSED)
    await page.says("Too many messages failed: 50 of the last 50", "Look at the reasons below")
    await page.has_nothing_on_its_way()
    async with page.runtime.db.read() as session:
        (why,) = await report.failures(session, page.actor, page.campaign_id)
    assert (why["code"], why["meaning"]) == (131000, "WhatsApp could not handle the message.")
    assert desk.accepted(page.sandbox) == 0
    await meta.faults(error_rate=0)
    which = lifecycle.Which(recipients=[], everybody=True, code=131000, reason="")
    async with page.runtime.db.write() as session:
        assert (await lifecycle.retry(session, page.actor, page.campaign_id, which))["again"] >= 50
    await page.resumes()
    await page.everybody_got_it_once(70)


async def test_a_lost_answer_is_told_settled_by_the_webhook_and_never_repeated(
    page: Page, meta: Meta
) -> None:
    await meta.faults(timeout_after_accept_next=3, delay_webhooks_ms=1500)
    await page.starts(10)

    async def in_doubt() -> bool:
        return (await page.head())["unconfirmed"] == 3

    await page.eventually(in_doubt)
    await page.says_of_people("WhatsApp did not answer in time")
    await page.everybody_got_it_once(10)


async def test_a_line_that_is_down_costs_nothing_but_time(page: Page, meta: Meta) -> None:
    await meta.goes_away()
    await page.starts(10)
    await page.says("WhatsApp cannot be reached", "connection to the internet")
    await page.says_of_people("WhatsApp cannot be reached")
    async with listening(page.sandbox.app, meta.port):
        await page.everybody_got_it_once(10)


async def test_a_revoked_token_stops_it_until_somebody_connects_again(page: Page, meta: Meta) -> None:
    await page.starts(60)
    await page.has_begun()
    await meta.faults(revoked_token=True)
    await page.ends(S.PAUSED)
    await page.says("refused the access token", "Reconnect the number under Integrations")
    assert R.FAILED not in await page.states()
    async with page.runtime.db.read() as session:
        told = [row["kind"] for row in await notifications.listing(session, page.actor)]
    assert NotificationKind.CAMPAIGN_STOPPED.value in told
    with pytest.raises(lifecycle.NotConnected):
        await page.resumes()
    await meta.faults(revoked_token=False)
    async with page.runtime.db.write() as session:
        await session.exec(sa.update(Channel).values(status="connected"))
    page.runtime.hub.publish(frozenset({"channels"}))
    await page.resumes()
    await page.everybody_got_it_once(60)


async def test_a_template_that_customers_dislike_stops_it_before_meta_refuses_anything(
    page: Page, meta: Meta, sandbox: Sandbox
) -> None:
    known = next(each for each in sandbox.store.templates.values() if each.name == "order_update")
    await page.starts(120, rate=20.0)
    await page.has_begun()
    await page.rests()
    await meta.control(f"templates/{known.id}/quality", quality="RED")
    await page.ends(S.PAUSED)
    await page.says("paused the template “order_update”", "Wait until WhatsApp ends the pause")
    assert {R.FAILED, R.SKIPPED}.isdisjoint(await page.states())
    assert desk.accepted(sandbox) < 120
    with pytest.raises(lifecycle.Conflict):
        await page.resumes()
    await meta.control(f"templates/{known.id}/status", status="APPROVED")
    await desk.change_campaign(page.runtime, page.campaign_id, rate=None)

    async def may_be_sent() -> bool:
        try:
            await page.resumes()
        except lifecycle.Conflict:
            return False
        return True

    await page.eventually(may_be_sent)
    await page.everybody_got_it_once(120)


async def test_at_the_end_of_the_tier_it_waits_and_says_until_when(
    page: Page, meta: Meta, sandbox: Sandbox
) -> None:
    await meta.control(f"numbers/{sandbox.config.phone_number_id}", messaging_limit="TIER_50")

    async def is_known() -> bool:
        async with page.runtime.db.read() as session:
            health = (await session.exec(select(Channel.health))).one()
        return bool(health.get("messaging_limit") == "TIER_50")

    await page.eventually(is_known)
    await page.starts(70)
    await page.says("as many people in 24 hours as WhatsApp allows (50)", "It goes on by itself")
    head = await page.head()
    assert head["state"] == S.RUNNING
    first = min(
        each.queued_at
        for each in await desk.recipients(page.runtime, page.campaign_id)
        if each.queued_at is not None
    )
    assert head["waiting_until"] >= (first + campaigns._SPAM_REST).isoformat()

    async def all_out() -> bool:
        return R.QUEUED not in await page.states()

    await page.eventually(all_out)
    assert desk.accepted(sandbox) == 50
    assert (await page.states()).count(R.WAITING) == 20


@contextmanager
def no_room(runtime: Runtime) -> Iterator[None]:
    """The database may not grow: what SQLite says then is what it says on a full disk."""
    engine = runtime.writer._engine

    def fill(connection: sa.Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    def make_room(connection: sa.Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 1073741823")

    sa.event.listen(engine, "begin", fill)
    # Every refusal is told at length; drawing that would take longer than the test.
    with structlog.testing.capture_logs():
        yield
    sa.event.remove(engine, "begin", fill)
    sa.event.listen(engine, "begin", make_room)


@pytest.mark.sqlite_only
async def test_a_full_disk_stops_the_sending_and_costs_nobody_the_message(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of a campaign: what was sent meanwhile is settled by webhooks, which are refused and come again."""
    monkeypatch.setattr(dispatch, "_RECORD_AGAIN_SECONDS", (0.05, 0.1))
    monkeypatch.setattr(full_disk, "_FRESH_SECONDS", 1.5)
    told: set[str] = set()
    await page.starts(300)
    await page.has_begun()
    with no_room(page.runtime), page.runtime.hub.listening(told.update):
        await page.says("disk is full", "Ask whoever runs the server to make room")
        assert (await page.head())["state"] == S.RUNNING

        async def open_pages_hear_of_it() -> bool:
            return f"campaign:{page.campaign_id}" in told

        await page.eventually(open_pages_hear_of_it)
    await page.ends()

    async def has_passed() -> bool:
        return not page.runtime.writer.disk.is_full

    await page.eventually(has_passed)
    await page.everybody_got_it_once(300)


def test_only_a_full_disk_is_called_one() -> None:
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL
    locked = sqlite3.OperationalError("database is locked")
    locked.sqlite_errorcode = sqlite3.SQLITE_BUSY
    assert full_disk.says_so(sa.exc.OperationalError("INSERT", {}, full))
    assert not full_disk.says_so(sa.exc.OperationalError("INSERT", {}, locked))
    assert not full_disk.says_so(RuntimeError("database or disk is full"))
