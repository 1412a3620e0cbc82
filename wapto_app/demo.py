"""``wapto run --demo``: a sandbox with a phone in the same server, two accounts, and a few customers who write.

Everything takes the real way: the number is connected over HTTP, and the sample messages arrive as signed webhooks.
"""

from __future__ import annotations

import asyncio
import secrets

import httpx
from pydantic import SecretStr
from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.sandbox.config import SandboxConfig
from integrations.sandbox.sandbox import Sandbox
from integrations.sandbox.stripe import StripeConfig, StripeSandbox
from wapto_app import (
    demo_campaigns,
    demo_contacts,
    demo_customers,
    demo_import,
    demo_library,
    demo_templates,
    demo_writing,
)
from wapto_app.log import get_logger
from wapto_app.models import AssignmentStrategy, ChannelKind, Visibility
from wapto_app.runtime import Runtime
from wapto_app.security import passwords
from wapto_app.security.permissions import Actor
from wapto_app.services import accounts, agents, channels, teams
from wapto_app.services.accounts import Person
from wapto_app.services.channels import ConnectForm
from wapto_app.services.plans import Gate, catalog
from wapto_app.services.plans.catalog import PlanForm
from wapto_app.settings import Settings

log = get_logger(__name__)

PREFIX = "/sandbox"
STRIPE_PREFIX = "/sandbox/stripe"
_OWNER = "owner@demo.example"
_AGENT = "agent@demo.example"
_TEAMS = (
    teams.Draft(
        "Sales Team",
        "Answers enquiries and runs campaigns.",
        frozenset(
            {"inbox.do", "contacts.do", "campaigns.do", "templates.see", "media.do", "tags.do", "reports.see"}
        ),
        visibility=Visibility.TEAM,
        strategy=AssignmentStrategy.ROUND_ROBIN,
        takes_new=True,
    ),
    teams.Draft(
        "Customer Success",
        "Looks after tenants and buyers once they have signed.",
        frozenset({"inbox.do", "contacts.do", "tags.see", "reports.see"}),
        visibility=Visibility.TEAM,
    ),
)
_SAMPLES = (
    "Hello! Is the flat on Harbour Street still free?",
    "Could I come and see it on *Saturday*?",
    "Thanks for the brochure 👍 What is the monthly rent?",
)
_START_SECONDS = 30.0

_sandbox: Sandbox | None = None
_stripe: StripeSandbox | None = None


def _own_url(settings: Settings) -> str:
    host = settings.host if settings.host not in ("0.0.0.0", "::", "") else "127.0.0.1"
    return f"http://{host}:{settings.port}"


def sandbox(settings: Settings) -> Sandbox | None:
    """The sandbox of this server; None unless it was started with ``--demo``."""
    global _sandbox
    if not settings.demo:
        return None
    if _sandbox is None:
        own = _own_url(settings)
        _sandbox = Sandbox(
            SandboxConfig(
                data=settings.data_dir / "sandbox.sqlite3",
                webhook_url=f"{own}/webhooks/whatsapp",
                public_url=f"{own}{PREFIX}",
            )
        )
    return _sandbox


def stripe(settings: Settings) -> StripeSandbox | None:
    """Stripe's stand-in, with test cards to pay with; None without ``--demo``, or when a real key is set."""
    global _stripe
    if not settings.demo or (_stripe is None and settings.stripe_secret_key.get_secret_value()):
        return None
    if _stripe is None:
        own = _own_url(settings)
        config = StripeConfig(
            webhook_url=f"{own}/webhooks/stripe", public_url=f"{settings.base_url}{STRIPE_PREFIX}"
        )
        _stripe = StripeSandbox(config)
        settings.stripe_api_base = f"{own}{STRIPE_PREFIX}"
        settings.stripe_secret_key = SecretStr(config.secret_key)
        settings.stripe_webhook_secret = SecretStr(config.webhook_secret)
    return _stripe


def connect_form(settings: Settings) -> ConnectForm | None:
    """What connects the sandbox's number; None without a sandbox."""
    running = sandbox(settings)
    if running is None:
        return None
    config = running.config
    return ConnectForm(
        phone_number_id=config.phone_number_id,
        waba_id=config.waba_id,
        access_token=config.token,
        app_secret=config.app_secret,
        verify_token=config.verify_token,
        kind=ChannelKind.SANDBOX,
        base_url=f"{_own_url(settings)}{PREFIX}",
    )


async def prepare(runtime: Runtime) -> list[str]:
    """Make the demo's accounts on the first start; the lines that tell their passwords, once."""
    phone = f"Phone of the customers (after sign-in): {runtime.settings.base_url}{PREFIX}/"
    async with runtime.db.read() as session:
        if not (await accounts.access(session))["setup_needed"]:
            return [phone]
    owner_password, agent_password = secrets.token_urlsafe(9), secrets.token_urlsafe(9)
    owner = Person("Olivia Owner", _OWNER, await passwords.hashed(owner_password))
    agent = Person("Amir Agent", _AGENT, await passwords.hashed(agent_password))
    async with runtime.db.write() as session:
        await accounts.create_admin(session, owner)
        sales, _care = [await teams.save(session, Actor.system(), team) for team in _TEAMS]
        path = await agents.invite(session, Actor.system(), _AGENT, agents.Draft(sales))
        await accounts.accept_invitation(session, path.rsplit("/", 1)[-1], agent)
        await demo_customers.prepare(session)
        await demo_writing.prepare(session)
        if stripe(runtime.settings) is not None:
            await _offer_plans(session)
        await demo_contacts.write_down(session)
    return [
        f"User login:   {_OWNER}   password: {owner_password}",
        f"Agent login:  {_AGENT}   password: {agent_password}",
        phone,
    ]


async def _offer_plans(session: AsyncSession) -> None:
    """Something to pay for with a test card."""
    for name, price, contacts, seats in (("Starter", "19", "500", "2"), ("Pro", "49", "5000", "10")):
        form = PlanForm(
            name=name,
            slug="",
            description="A sample plan. Pay for it with a test card.",
            price=price,
            currency="USD",
            cycle="monthly",
            trial_days="",
            limits={"contacts": contacts, "seats": seats},
            gates=[gate.value for gate in Gate],
        )
        await catalog.create_plan(session, Actor.system(), form)


async def fill(runtime: Runtime) -> None:
    """On the first start connect the sandbox and let its customers write; harmless afterwards."""
    try:
        await _fill(runtime)
    except Exception:
        log.exception("demo.not_filled")


async def _fill(runtime: Runtime) -> None:
    form = connect_form(runtime.settings)
    running = sandbox(runtime.settings)
    if form is None or running is None:
        return
    async with runtime.db.read() as session:
        if await channels.listing(session, Actor.system()):
            return
    async with httpx.AsyncClient(base_url=_own_url(runtime.settings), trust_env=False) as own:
        await _wait_for(own)
    await channels.connect(runtime.db, Actor.system(), runtime.gateway, form)
    await demo_library.fill(runtime)
    await demo_templates.fill(runtime)
    transport = httpx.ASGITransport(app=running.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as phone:
        customers = (await phone.get("/phone/customers")).json()["customers"]
        for customer, text in zip(customers, _SAMPLES, strict=False):
            await phone.post(
                f"/phone/customers/{customer['id']}/messages", json={"type": "text", "text": text}
            )
    await demo_customers.describe(runtime)
    await demo_import.bring_in(runtime)
    await demo_campaigns.send(runtime, demo_import.GUESTS)
    await demo_campaigns.write(runtime)


async def _wait_for(own: httpx.AsyncClient) -> None:
    """The sandbox answers only once this very server does."""
    async with asyncio.timeout(_START_SECONDS):
        while True:
            try:
                (await own.get("/healthz")).raise_for_status()
            except httpx.HTTPError:
                await asyncio.sleep(0.1)
            else:
                return
