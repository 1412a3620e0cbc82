"""The admin's forms with secrets and files, and the public face of the install, over HTTP."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable

import httpx
import pytest
from PIL import Image
from sqlmodel import select

from tests.conftest import NewClient, SignIn
from wapto_app.db import Database
from wapto_app.models import AuditEntry, Preference
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import backup, branding
from wapto_app.web import admin_settings
from wapto_app.web import branding as brand_routes

ROUTES = [*admin_settings.routes, *brand_routes.routes]
MAIL = {
    "host": "smtp.example.com",
    "port": "587",
    "scheme": "smtp+starttls",
    "username": "shop",
    "password": "hunter2-of-mail",
    "sender": "shop@example.com",
}
STRIPE = {"secret_key": "sk_live_0123456789abcdefWXYZ", "webhook_secret": "whsec_0123456789abcdef"}
META = {"app_id": "123456789", "config_id": "987654321", "app_secret": "0123456789abcdef0123456789abcdef"}
FORMS = {
    "/admin/save/branding": {"name": "Shop", "accent": "#1d5fc2"},
    "/admin/save/mail": MAIL,
    "/admin/save/stripe": STRIPE,
    "/admin/save/meta-app": META,
}


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 64), (1, 2, 3)).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
async def browser(
    runtime: Runtime, new_client: NewClient, admin: Actor, sign_in: SignIn
) -> httpx.AsyncClient:
    return new_client(ROUTES, cookie=await sign_in(admin))


@pytest.mark.parametrize("path", [*FORMS, "/admin/save/logo"])
async def test_strangers_owners_and_agents_are_refused(
    runtime: Runtime, new_client: NewClient, owner: Actor, agent: Actor, sign_in: SignIn, path: str
) -> None:
    async def send(cookie: str) -> int:
        client = new_client(ROUTES, cookie=cookie)
        body = {"json": FORMS[path]} if path in FORMS else {"content": png()}
        return (await client.post(path, **body)).status_code  # type: ignore[arg-type]

    assert await send("") == 401
    assert await send(await sign_in(owner)) in (400, 403)
    assert await send(await sign_in(agent)) in (400, 403)
    async with runtime.db.read() as session:
        assert (await session.exec(select(Preference))).all() == []


@pytest.mark.parametrize("path", [*FORMS, "/admin/save/logo"])
async def test_another_site_cannot_send_them(browser: httpx.AsyncClient, path: str) -> None:
    answer = await browser.post(path, json=FORMS.get(path, {}), headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


async def test_secrets_are_sealed_and_come_back_nowhere(
    browser: httpx.AsyncClient, runtime: Runtime, capfd: pytest.CaptureFixture[str]
) -> None:
    for path, form in FORMS.items():
        answer = await browser.post(path, json=form)
        assert answer.status_code == 200, answer.text
        assert not any(secret in answer.text for secret in (MAIL["password"], *STRIPE.values()))
    async with runtime.db.read() as session:
        kept = json.dumps([row.value for row in (await session.exec(select(Preference))).all()])
        noted = json.dumps([row.detail for row in (await session.exec(select(AuditEntry))).all()])
        stripe = (await session.exec(select(Preference.value).where(Preference.name == "stripe"))).one()
    said = "".join(capfd.readouterr())
    for secret in (MAIL["password"], *STRIPE.values(), META["app_secret"]):
        assert secret not in kept + noted + said
    assert runtime.secrets.open(stripe["secret_key"]) == STRIPE["secret_key"]


async def test_empty_secret_keeps_the_stored_one(browser: httpx.AsyncClient, runtime: Runtime) -> None:
    await browser.post("/admin/save/stripe", json=STRIPE)
    await browser.post("/admin/save/stripe", json={"secret_key": "", "webhook_secret": "whsec_another00000"})
    async with runtime.db.read() as session:
        stored = (await session.exec(select(Preference.value).where(Preference.name == "stripe"))).one()
    assert runtime.secrets.open(stored["secret_key"]) == STRIPE["secret_key"]
    assert runtime.secrets.open(stored["webhook_secret"]) == "whsec_another00000"
    await browser.post("/admin/save/meta-app", json=META)
    other = await browser.post("/admin/save/meta-app", json=META | {"app_id": "555555", "app_secret": ""})
    assert other.json()["errors"] == {"app_secret": "Type the secret of this app."}


@pytest.mark.parametrize(
    ("path", "field", "value"),
    [
        ("/admin/save/stripe", "secret_key", "pk_live_0123456789abcdef"),
        ("/admin/save/stripe", "webhook_secret", "sk_live_0123456789abcdef"),
        ("/admin/save/meta-app", "app_id", "abc"),
        ("/admin/save/meta-app", "config_id", ""),
        ("/admin/save/meta-app", "app_secret", "short"),
        ("/admin/save/branding", "accent", "red;}"),
        ("/admin/save/mail", "host", "a/b"),
    ],
)
async def test_refusals_stand_beside_their_field(
    browser: httpx.AsyncClient, path: str, field: str, value: str
) -> None:
    answer = await browser.post(path, json=FORMS[path] | {field: value})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])


async def test_logo_is_shown_to_everybody_and_can_be_taken_away(
    browser: httpx.AsyncClient, new_client: NewClient
) -> None:
    assert (await browser.post("/admin/save/logo", content=png())).status_code == 204
    stranger = new_client(ROUTES)
    shown = await stranger.get("/brand/logo")
    assert (shown.headers["content-type"], shown.headers["cache-control"]) == ("image/png", "no-cache")
    again = await stranger.get("/brand/logo", headers={"if-none-match": shown.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert (await browser.post("/admin/save/logo", content=b"")).status_code == 204
    own = await stranger.get("/brand/logo", headers={"if-none-match": shown.headers["etag"]})
    assert (own.status_code, own.headers["content-type"]) == (200, "image/svg+xml")


async def test_logo_of_a_mail_stays_where_it_was(
    browser: httpx.AsyncClient, new_client: NewClient, db: Database
) -> None:
    await browser.post("/admin/save/logo", content=png())
    async with db.read() as session:
        path = (await branding.load(session)).logo_path
    await browser.post("/admin/save/logo", content=b"")
    shown = await new_client(ROUTES).get(path)
    assert shown.status_code == 200
    assert "immutable" in shown.headers["cache-control"]
    for wrong in ("0" * 32, "..%2f..%2fsecret.key", "x"):
        assert (await new_client(ROUTES).get(f"/brand/logo/{wrong}.png")).status_code == 404


async def test_bad_logo_is_refused_with_a_sentence(browser: httpx.AsyncClient) -> None:
    for content in (b"<svg/>", b"x" * (branding.LOGO_BYTES + 1)):
        answer = await browser.post("/admin/save/logo", content=content)
        assert answer.status_code == 422
        assert answer.json()["field"] == "logo"


async def test_brand_is_empty_until_it_is_chosen_and_cannot_break_out(
    browser: httpx.AsyncClient, new_client: NewClient
) -> None:
    stranger = new_client(ROUTES)
    assert (await stranger.get("/brand.css")).text.strip() == ""
    hostile = '</script><b>"\u2028'
    refused = await browser.post("/admin/save/branding", json={"name": hostile, "accent": "#1d5fc2"})
    assert refused.status_code == 200
    script = (await stranger.get("/brand.js")).text
    assert script.isascii()
    assert json.loads(script.partition("= ")[2].partition(";\n")[0]) == {"name": '</script><b>"'}
    style = (await stranger.get("/brand.css")).text
    assert ":root{--color-accent:#1d5fc2;" in style
    assert ".dark{--color-accent:#" in style


async def test_backup_is_given_to_admins_only_and_its_taking_is_noted(
    browser: httpx.AsyncClient,
    runtime: Runtime,
    new_client: NewClient,
    owner: Actor,
    sign_in: Callable[[Actor], object],
) -> None:
    made = await backup.make(runtime.settings, "manual", lambda _topics: None)
    path = f"/admin/backups/{made.path.name}"
    taken = await browser.get(path)
    assert taken.content == await asyncio.to_thread(made.path.read_bytes)
    assert taken.headers["content-disposition"] == f'attachment; filename="{made.path.name}"'
    assert (await new_client(ROUTES).get(path)).status_code == 401
    assert (await new_client(ROUTES, cookie=await sign_in(owner)).get(path)).status_code == 403  # type: ignore[misc]
    for name in ("..%2fwapto.sqlite3", "wapto-20260101-000000-manual.tar.gz", ".lock"):
        assert (await browser.get(f"/admin/backups/{name}")).status_code == 404
    async with runtime.db.read() as session:
        noted = (
            await session.exec(select(AuditEntry.target).where(AuditEntry.action == "backup.downloaded"))
        ).all()
    assert noted == [made.path.name]
