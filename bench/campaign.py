"""A whole campaign through one number: messages per second, what one costs, and how soon the first one leaves.

The stand-in for Meta runs in its own process and answers after a while, as Meta does. Wapto's side is the product:
feeder, lease, durable claim, gate, request, durable result, and the recipients, counters and chart that follow. Beside
it a bare loop of the same client, and pywa's, which send prepared values and write nothing down.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import httpx
import sqlalchemy as sa

from bench import common, dispatch, processes, rows
from bench.common import Report
from bench.dispatch import Progress, StandIn, Wrong, watch
from bench.install import ACCESS_TOKEN, APP_SECRET, CHANNEL, PHONE_NUMBER_ID, WABA_ID, Install, new_install
from bench.segments import on_server
from integrations.whatsapp.graph import GraphClient
from integrations.whatsapp.messages.envelope import envelope
from integrations.whatsapp.network import new_http_client
from wapto_app import runtime
from wapto_app.clock import utcnow
from wapto_app.jobs import campaigns
from wapto_app.jobs import dispatch as senders
from wapto_app.models import (
    AddressKind,
    Campaign,
    CampaignRecipient,
    CampaignState,
    CampaignTally,
    CampaignVariant,
    Contact,
    ContactAddress,
    RecipientState,
    Template,
)
from wapto_app.models.base import table_of
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services.campaigns import lifecycle

COLUMNS = (
    "sender",
    "recipients",
    "messages/s",
    "steady/s",
    "CPU µs/message",
    "first message ms",
    "memory MiB",
)
_BODY = "Welcome and congratulations!! This message demonstrates your ability to send a WhatsApp message."
_ORDER = "Hello {{1}}, your order {{2}} is on its way and arrives on {{3}}. Thank you for choosing us!"
_COMPONENTS: list[dict[str, Any]] = [
    {"type": "HEADER", "format": "TEXT", "text": "Order update"},
    {"type": "BODY", "text": _ORDER},
    {"type": "FOOTER", "text": "Harbour Homes"},
    {
        "type": "BUTTONS",
        "buttons": [
            {"type": "URL", "text": "Track order", "url": "https://harbourhomes.example/o/{{1}}"},
        ],
    },
]
_MAPPING = {
    "body.1": {"source": "contact", "name": "name", "fallback": "there"},
    "body.2": {"source": "fixed", "name": "#1042", "fallback": ""},
    "body.3": {"source": "fixed", "name": "Friday", "fallback": ""},
    "button.0": {"source": "contact", "name": "first_name", "fallback": "1042"},
}
_TEMPLATE, _CAMPAIGN, _VARIANT = 1, 1, 1
_LEFT = (RecipientState.WAITING, RecipientState.QUEUED)

recipient, campaign = table_of(CampaignRecipient), table_of(Campaign)


def values(n: int) -> list[str]:
    return [rows.name_of(n), "#1042", "Friday"]


def template_object(n: int) -> dict[str, Any]:
    """What Meta gets for a recipient."""
    texts = [{"type": "text", "text": value} for value in values(n)]
    button = {"type": "button", "sub_type": "url", "index": "0"}
    first = rows.name_of(n).partition(" ")[0]
    return {
        "name": "order_update",
        "language": {"code": "en_US"},
        "components": [
            {"type": "body", "parameters": texts},
            button | {"parameters": [{"type": "text", "text": first}]},
        ],
    }


def fill(install: Install, count: int, *, as_draft: bool) -> None:
    """A paused campaign whose recipients are written down, or a draft for everybody."""
    now = utcnow()
    with install.connection() as connection:
        _people(connection, count, now)
        template = Template(
            id=_TEMPLATE,
            waba_id=WABA_ID,
            name="order_update",
            language="en_US",
            category="UTILITY",
            status="APPROVED",
            components=_COMPONENTS,
        )
        rows.insert(connection, Template, [template.model_dump()])
        made = Campaign(
            id=_CAMPAIGN,
            name="Bench",
            state=CampaignState.DRAFT if as_draft else CampaignState.PAUSED,
            channel_id=CHANNEL,
            audience={"everyone": True},
        )
        rows.insert(connection, Campaign, [made.model_dump()])
        variant = CampaignVariant(
            id=_VARIANT, campaign_id=_CAMPAIGN, label="A", template_id=_TEMPLATE, mapping=_MAPPING
        )
        rows.insert(connection, CampaignVariant, [variant.model_dump()])
        if as_draft:
            return
        row = rows._defaults(CampaignRecipient(campaign_id=_CAMPAIGN, variant_id=_VARIANT, due_at=now))
        rows.insert(connection, CampaignRecipient, (row | {"contact_id": n} for n in range(1, count + 1)))
        tally = {"campaign_id": _CAMPAIGN, "variant_id": _VARIANT, "state": "waiting", "count": count}
        rows.insert(connection, CampaignTally, [tally])


def _people(connection: sa.Connection, count: int, now: datetime) -> None:
    person = rows._defaults(Contact(created_at=now, updated_at=now))
    address = rows._defaults(ContactAddress(contact_id=0, kind=AddressKind.PHONE, value="", created_at=now))
    ids = range(1, count + 1)
    rows.insert(connection, Contact, (person | {"id": n, "name": rows.name_of(n)} for n in ids))
    rows.insert(
        connection, ContactAddress, (address | {"contact_id": n, "value": f"+{rows.digits(n)}"} for n in ids)
    )


# --- senders


async def bare(meta: StandIn, install: Install, count: int) -> tuple[Progress, float]:
    """The client of the product in a loop, as many requests in flight as the product allows itself."""
    return await _bare(meta, install, count, new_http_client(), senders.MAX_IN_FLIGHT)


async def bare_on_httpx(meta: StandIn, install: Install, count: int) -> tuple[Progress, float]:
    """The same with httpx's own transport instead of aiohttp's, 25 requests at once: with more it slows down."""
    http = httpx.AsyncClient(trust_env=False, timeout=30, limits=httpx.Limits(max_connections=25))
    return await _bare(meta, install, count, http, 25)


async def _bare(
    meta: StandIn, install: Install, count: int, http: httpx.AsyncClient, at_once: int
) -> tuple[Progress, float]:
    client = GraphClient(ACCESS_TOKEN, http=http, base_url=install.graph_url, app_secret=APP_SECRET)

    async def send(n: int) -> None:
        address = {"to": f"+{rows.digits(n)}", "callback_data": f"bare{n}"}
        await client.send_message(PHONE_NUMBER_ID, envelope("template", template_object(n), address))  # type: ignore[arg-type]

    try:
        return await _loop(meta, count, send, at_once)
    finally:
        await http.aclose()


async def pywa(meta: StandIn, install: Install, count: int) -> tuple[Progress, float]:
    """pywa's own client, 25 requests at once: with more, httpx slows down (see docs/performance.md)."""
    from pywa.types.templates import TemplateLanguage
    from pywa_async import WhatsApp
    from pywa_async.types.templates import BodyText, URLButton

    client = WhatsApp(phone_id=PHONE_NUMBER_ID, token=ACCESS_TOKEN)
    client.api._base_url = install.graph_url  # type: ignore[attr-defined]
    client.api._session.base_url = httpx.URL(f"{install.graph_url}/v23.0/")  # type: ignore[attr-defined]

    async def send(n: int) -> None:
        await client.send_template(
            to=rows.digits(n),
            name="order_update",
            language=TemplateLanguage.ENGLISH_US,
            params=[
                BodyText.params(*values(n)),
                URLButton.params(url_variable=rows.name_of(n).partition(" ")[0], index=0),
            ],
            tracker=f"pywa{n}",
        )

    return await _loop(meta, count, send, 25)


async def _loop(
    meta: StandIn, count: int, send: Callable[[int], Awaitable[None]], at_once: int
) -> tuple[Progress, float]:
    left = iter(range(1, count + 1))

    async def work() -> None:
        for n in left:
            await send(n)

    watching = asyncio.create_task(watch(meta, count))
    await asyncio.gather(*(work() for _ in range(at_once)))
    return await watching, 0.0


async def wapto(meta: StandIn, install: Install, count: int) -> tuple[Progress, float]:
    """The product, from *Resume* until every recipient has followed its message."""
    return await _product(meta, install, count, lifecycle.resume)


async def wapto_from_draft(meta: StandIn, install: Install, count: int) -> tuple[Progress, float]:
    """The product, from *Send* on: the recipients are written down first."""
    return await _product(meta, install, count, lifecycle.start)


async def _product(
    meta: StandIn, install: Install, count: int, press: Callable[..., Awaitable[None]]
) -> tuple[Progress, float]:
    async with runtime.running(install.settings) as process, _at_work(process):
        await asyncio.sleep(1.5)  # the sender has its lease, as it has in a server that runs
        first = asyncio.create_task(_first(meta))
        began = time.perf_counter()
        async with process.db.write() as session:
            await press(session, Actor.system(), _CAMPAIGN)
        progress = await watch(meta, count)
        await _until_followed(install)
        return progress, (await first - began) * 1000


@asynccontextmanager
async def _at_work(process: Runtime) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(job.run(process)) for job in (senders, campaigns)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _first(meta: StandIn) -> float:
    while not await meta.count():  # noqa: ASYNC110
        await asyncio.sleep(0.002)
    return time.perf_counter()


async def _until_followed(install: Install) -> None:
    def left() -> bool:
        with install.connection() as connection:
            state = connection.execute(sa.select(campaign.c.state)).scalar_one()
            return bool(state is not CampaignState.FINISHED)

    while await asyncio.to_thread(left):  # noqa: ASYNC110
        await asyncio.sleep(0.2)


Sender = Callable[[StandIn, Install, int], Awaitable[tuple[Progress, float]]]
_SENDERS: dict[str, tuple[str, Sender]] = {
    "bare": (f"bare loop, {senders.MAX_IN_FLIGHT} in flight", bare),
    "httpx": ("bare loop on httpx's own transport, 25 in flight", bare_on_httpx),
    "pywa": ("pywa, 25 in flight", pywa),
    "paced": ("Wapto, at Meta's level HIGH", wapto),
    "lifted": ("Wapto, pacing lifted", wapto),
    "send": ("Wapto, from Send, pacing lifted", wapto_from_draft),
}
_OURS = (wapto, wapto_from_draft)


async def measure(name: str, count: int, options: argparse.Namespace) -> tuple[common.Cell, ...]:
    """One sender against a fresh stand-in; the row of the table.

    Raises:
        Wrong: when a message was lost, doubled, or its recipient has not followed.
    """
    label, send = _SENDERS[name]
    port = processes.free_port()
    database = on_server(options.postgres, "wapto_bench_campaign") if options.postgres else ""
    with new_install(graph_url=f"http://127.0.0.1:{port}", database_url=database) as install:
        if send in _OURS:
            await asyncio.to_thread(fill, install, count, as_draft=send is wapto_from_draft)
        async with dispatch.stand_in(port, install.folder / "sandbox.log", options) as meta:
            runtime.collect_seldom()  # as the server does
            cpu = time.process_time()
            with dispatch.pacing(lifted=name in ("lifted", "send")):
                progress, first = await send(meta, install, count)
            cpu = time.process_time() - cpu
            await _check(meta, count)
        if send in _OURS:
            _check_recipients(install, count)
    return (
        label,
        count,
        progress.rate(),
        progress.steady(),
        cpu / count * 1e6,
        first or None,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


async def _check(meta: StandIn, expected: int) -> None:
    found = await meta.accepted()
    if found != (expected, expected, 0):
        raise Wrong(f"Accepted {found[0]}, of which {found[1]} different; expected {expected}.")


def _check_recipients(install: Install, count: int) -> None:
    with install.connection() as connection:
        sent = rows.count(connection, CampaignRecipient, recipient.c.state == RecipientState.SENT)
        tally = table_of(CampaignTally)
        counted = connection.execute(
            sa.select(tally.c.count).where(tally.c.state == RecipientState.SENT.value)
        ).scalar()
    if (sent, counted) != (count, count):
        raise Wrong(f"{sent} of {count} recipients are sent; the counter says {counted}.")


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = common.parser(__doc__)
    parser.add_argument("--recipients", default="20000", help="sizes of the campaign, by comma")
    parser.add_argument("--latency", type=float, default=100, help="milliseconds until the stand-in answers")
    parser.add_argument("--jitter", type=float, default=50, help="milliseconds more or less than that")
    parser.add_argument("--sender", default="bare,httpx,pywa,paced,lifted,send", help="which ones to measure")
    parser.add_argument("--most", type=int, default=20_000, help="for bare loop and pywa: not more than that")
    parser.add_argument("--postgres", default="", help="on this server (postgresql://…) instead of SQLite")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    options = options_of(arguments)
    title = f"Campaign; answers after {options.latency:.0f} ± {options.jitter:.0f} ms"
    report = Report("campaign", title, COLUMNS)
    for sender in options.sender.split(","):
        for count in common.numbers(options.recipients):
            if _SENDERS[sender][1] in _OURS or count <= options.most:
                report.add(*common.run(measure(sender, count, options)))
    report.notes.append(
        "The stand-in accepted every message exactly once; every recipient and the counter followed."
    )
    report.notes.append("Memory is the highest of the process so far: larger campaigns come last.")
    report.finish(options)


if __name__ == "__main__":
    main()
