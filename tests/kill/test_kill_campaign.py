"""SIGKILL in the middle of a campaign, from writing its recipients down on: nobody is lost, nobody gets it twice.

On PostgreSQL also of one of two processes that share the work.

The long run: ``WAPTO_KILL_ROUNDS=20 WAPTO_KILL_RECIPIENTS=25000``.
"""

from __future__ import annotations

import asyncio
import collections
import os

import httpx
import pytest
import sqlalchemy as sa

from integrations.sandbox.config import SandboxConfig
from tests import campaigns as desk
from tests import meta
from tests.kill.conftest import ROUNDS, NewVictim, Victim, at_random_moments, free_port
from tests.kill.test_kill import _nothing_on_its_way, ask, assert_sound, new_channel, until
from tests.services.library import added, photo
from wapto_app.clock import utcnow
from wapto_app.db import make_sync_engine
from wapto_app.models import AddressKind, CampaignState, CampaignVariant, Contact, ContactAddress
from wapto_app.models.base import table_of
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor

RECIPIENTS = int(os.environ.get("WAPTO_KILL_RECIPIENTS", "2500"))
pytestmark = [pytest.mark.slow, pytest.mark.timeout(180 + 60 * ROUNDS + RECIPIENTS // 50)]
HELLO = [{"type": "BODY", "text": "Welcome and congratulations!!"}]


def people(url: str, count: int) -> None:
    now = utcnow()
    person = Contact(name="Customer", created_at=now, updated_at=now).model_dump(exclude={"id"})
    ids = range(1, count + 1)
    address = {"kind": AddressKind.PHONE, "created_at": now}
    engine = make_sync_engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(table_of(Contact).insert(), [person | {"id": n} for n in ids])
            connection.execute(
                table_of(ContactAddress).insert(),
                [address | {"contact_id": n, "value": desk.phone(n)} for n in ids],
            )
            if connection.dialect.name == "postgresql":
                connection.execute(
                    sa.text(f"SELECT setval(pg_get_serial_sequence('contact', 'id'), {count})")
                )
    finally:
        engine.dispose()


async def with_cards(
    runtime: Runtime, channel_id: int, campaign_id: int, url: str, config: SandboxConfig
) -> None:
    """A tenth gets a second variant: the sandbox's own carousel, whose files are at Meta before a message leaves."""
    async with httpx.AsyncClient(base_url=url, headers={"authorization": f"Bearer {config.token}"}) as graph:
        answer = await graph.get(f"/v23.0/{config.waba_id}/message_templates", params={"limit": 100})
    [found] = [each for each in answer.json()["data"] if each["name"] == "new_homes_carousel"]
    template_id = await desk.new_template(
        runtime, channel_id, name=found["name"], category="MARKETING", components=found["components"]
    )
    first, second = [(await added(runtime, Actor.system(), photo(seed=seed)))["key"] for seed in (1, 2)]
    async with runtime.db.write() as session:
        await session.exec(sa.update(CampaignVariant).values(share=90))
        session.add(
            CampaignVariant(
                campaign_id=campaign_id,
                label="B",
                template_id=template_id,
                mapping=desk.CARD_RULES,
                card_files={"cards.0": first, "cards.1": second, "cards.2": first},
                share=10,
            )
        )


@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=pytest.mark.postgres_only)])
async def test_a_killed_campaign_is_finished_by_the_next_process(
    runtime: Runtime, server: Victim, second: Victim, new_victim: NewVictim, processes: int
) -> None:
    victims = [server, second][:processes]
    url, port = runtime.settings.database, free_port()
    config = SandboxConfig(token="EAAcampaign", app_secret=meta.APP_SECRET)
    arguments = ["integrations.sandbox", "--port", str(port), "--no-window", "--token", config.token]
    arguments += ["--app-secret", config.app_secret, "--webhook-url", f"{server.url}/webhooks/whatsapp"]
    sandbox = new_victim("sandbox", arguments, port, "/control/state")
    await sandbox.start()
    channel_id = await new_channel(
        runtime,
        phone_number_id=config.phone_number_id,
        waba_id=config.waba_id,
        base_url=sandbox.url,
        access_token=config.token,
        app_secret=config.app_secret,
        health={"throughput": "HIGH", "messaging_limit": "TIER_UNLIMITED"},
    )
    people(url, RECIPIENTS)
    template_id = await desk.new_template(runtime, channel_id, name="hello_world", components=HELLO)
    # A rate that leaves something to do for every life.
    rate = RECIPIENTS / (ROUNDS * 0.8)
    campaign_id = await desk.new_campaign(
        runtime,
        channel_id,
        template_id,
        [],
        state=CampaignState.BUILDING,
        audience={"everyone": True},
        rate=rate,
        test_share=100,
    )
    await with_cards(runtime, channel_id, campaign_id, sandbox.url, config)
    async with httpx.AsyncClient(base_url=sandbox.url, timeout=60) as control:
        faults = {
            "latency_ms": 110,
            "latency_jitter_ms": 30,
            "error_rate": 0.005,
            "timeout_after_accept": 0.002,
            "duplicate_webhooks": 0.05,
            "reorder_webhooks": 0.05,
        }
        (await control.post("/control/faults", json=faults)).raise_for_status()
        number = {"throughput": "HIGH", "messaging_limit": "TIER_UNLIMITED"}
        (await control.post(f"/control/numbers/{config.phone_number_id}", json=number)).raise_for_status()
        with at_random_moments(*victims, seed=5) as rounds:
            async for _ in rounds():
                await asyncio.sleep(1.6)  # until the leases of the dead one have expired
        if server.process is None:
            await server.start()
        await until(url, "SELECT state FROM campaign", [("finished",)], 120 + RECIPIENTS / 40)
        accepted = (await control.get("/control/accepted", params={"limit": 1_000_000})).json()
        await _nothing_on_its_way(control)
        await until(url, "SELECT count(*) FROM webhook_event WHERE state <> 'done'", [(0,)])
        await until(url, "SELECT count(*) FROM campaign_change", [(0,)])
    for victim in victims:
        victim.stop()

    # The stand-in remembers the last ten thousand whole, and the number of all.
    taken = collections.Counter(row["callback"].partition(".")[0] for row in accepted["messages"])
    assert accepted["duplicates"] == {}
    assert max(taken.values()) == 1, "a message was accepted twice"
    ours = ask(url, "SELECT id, contact_id, state, message_id FROM campaign_recipient")
    assert len(ours) == len({contact_id for _id, contact_id, _state, _message in ours}) == RECIPIENTS
    assert len({message_id for *_rest, message_id in ours}) == RECIPIENTS
    assert ask(url, "SELECT count(*) FROM message") == [(RECIPIENTS,)]
    assert {state for _id, _contact, state, _message in ours} <= {"sent", "delivered", "read", "unconfirmed"}
    unconfirmed = {message_id for *_rest, state, message_id in ours if state == "unconfirmed"}
    # Whatever Meta accepted and reported is settled; the rest is listed as unconfirmed and was never sent again.
    assert accepted["count"] == RECIPIENTS - len(unconfirmed)
    assert {f"m{message_id}" for message_id in unconfirmed}.isdisjoint(taken)
    # Whatever has cards has all their files.
    cards = ask(url, "SELECT count(*) FROM message_file GROUP BY message_id")
    assert len(cards) > RECIPIENTS // 20
    assert set(cards) == {(3,)}
    await desk.assert_exact(runtime, campaign_id)
    assert_sound(url)
