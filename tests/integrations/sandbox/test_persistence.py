"""The data file: chats and secrets survive, and the sandbox runs mounted."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount

from integrations.sandbox import Sandbox, SandboxConfig, create_app

from .conftest import Bench, Business, quick_config


async def test_a_restart_keeps_chats_files_templates_and_secrets(data_file: Path) -> None:
    config = quick_config(data=data_file, webhook_url=None)
    async with Sandbox(config) as sandbox:
        bench = Bench(sandbox, Business("x"))
        wamid = (await bench.write(type="image", sample=True))["wamid"]
        await bench.write(text="gone")
        await bench.hello()
        await bench.settle()
        person = {"name": "Ada", "number": "+491713920099"}
        await bench.http.post("phone/customers", json=person)
        image = (await bench.thread())[0]["view"]["media"]["url"]
        picture = (await bench.http.get(image)).content
        before = await bench.thread()
    assert data_file.stat().st_mode & 0o777 == 0o600
    again = SandboxConfig(data=data_file)
    assert (again.token, again.app_secret) == (config.token, config.app_secret)
    async with Sandbox(again) as sandbox:
        bench = Bench(sandbox, Business("x"))
        assert await bench.thread() == before
        assert before[0]["wamid"] == wamid
        assert (await bench.http.get(image)).content == picture
        assert (await bench.send()).status_code == 200
        assert (await bench.http.get("phone/customers/491713920099")).json()["name"] == "Ada"


async def test_statuses_go_on_after_a_restart(data_file: Path) -> None:
    async with Sandbox(quick_config(data=data_file, delivered_delay_ms=5000)) as sandbox:
        await Bench(sandbox, Business("x")).hello()
        await asyncio.sleep(0.05)
    config = quick_config(data=data_file)
    business = Business(config.verify_token)
    async with Sandbox(config, transport=httpx.ASGITransport(app=business.app)) as sandbox:
        await sandbox.settle()
    assert [status["status"] for status in business.statuses] == ["delivered"]


async def test_a_reset_empties_the_data_file_too(data_file: Path) -> None:
    async with Sandbox(quick_config(data=data_file)) as sandbox:
        await Bench(sandbox, Business("x")).write()
        sandbox.reset()
    async with Sandbox(SandboxConfig(data=data_file)) as sandbox:
        assert sandbox.store.messages == {}
        assert len(sandbox.store.customers) == 6


async def test_changes_reach_the_disk_within_a_second(data_file: Path) -> None:
    async with Sandbox(quick_config(data=data_file)) as sandbox:
        await Bench(sandbox, Business("x")).write(text="safe?")
        journal = sandbox.store.journal
        assert journal is not None
        await journal.flush()
        kinds = [kind for kind, _, _ in journal.load()]
        assert "message" in kinds
        assert "chat" in kinds


def test_secrets_are_random_and_ids_fixed() -> None:
    one, two = SandboxConfig(), SandboxConfig()
    assert one.token != two.token
    assert one.app_secret != two.app_secret
    assert one.phone_number_id == two.phone_number_id


async def test_it_works_mounted_under_a_prefix() -> None:
    sandbox = Sandbox(quick_config(webhook_url=None))
    outer = Starlette(routes=[Mount("/sandbox", app=sandbox.app)])
    async with (
        sandbox,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app=outer), base_url="http://host/sandbox/"
        ) as client,
    ):
        page = await client.get("")
        assert page.status_code == 200
        assert 'href="/' not in page.text
        assert 'src="/' not in page.text
        assert (await client.get("page/phone.js")).headers["content-type"].startswith("text/javascript")
        auth = {"Authorization": f"Bearer {sandbox.config.token}"}
        await client.post("phone/customers/c1/messages", json={"type": "image", "sample": True})
        media = next(iter(sandbox.store.media))
        url = (await client.get(f"v25.0/{media}", headers=auth)).json()["url"]
        assert url.startswith("http://host/sandbox/v25.0/lookaside/")
        assert (await client.get(url, headers=auth)).status_code == 200


async def test_create_app_carries_its_sandbox() -> None:
    app = create_app(quick_config())
    assert isinstance(app.state.sandbox, Sandbox)


def test_the_page_has_no_inline_script_or_style() -> None:
    folder = Path(__file__).parents[3] / "integrations" / "sandbox" / "page"
    page = (folder / "index.html").read_text()
    assert "<style" not in page
    assert " style=" not in page
    for script in folder.glob("*.js"):
        assert "innerHTML" not in script.read_text().replace("Never innerHTML", "")
