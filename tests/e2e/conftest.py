"""The product as it is shipped: ``wapto run`` in a fresh data folder, the sandbox beside it, Chromium in front."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

CHROMIUM = os.environ.get("WAPTO_TEST_CHROMIUM", "/usr/bin/chromium")
# How much slower than this machine the browser's processor pretends to be: what holds at 4 holds on a busy machine.
SLOWER = float(os.environ.get("WAPTO_TEST_SLOWER", "1"))
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A microphone that beeps, and nobody who is asked for it.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)
# The first build on a fresh machine installs the page's libraries.
_START_SECONDS = 420.0
_SANDBOX_SECONDS = 60.0
_SETUP_LINK = re.compile(r"/setup\?token=\S+")

NewPage = Callable[..., Page]

# Two servers and two browsers may share two slow cores: whoever waits for a condition waits long enough. It costs
# nothing where the condition comes true.
PATIENCE = 45_000
expect.set_options(timeout=PATIENCE)
# Some shells forbid it; then every server that is started here would compile a thousand modules anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/e2e" in str(item.path):
            item.add_marker(pytest.mark.timeout(600))
            # One process: they share the machine's cores with the servers that they start.
            item.add_marker(pytest.mark.xdist_group("e2e"))


@dataclass
class Server:
    """A running ``wapto run``."""

    url: str
    data_dir: Path
    log: Path
    process: subprocess.Popen[bytes]

    def setup_link(self) -> str:
        found = _SETUP_LINK.search(self.log.read_text())
        assert found, self.log.read_text()
        return self.url + found[0]

    def sql(self, statement: str) -> list[Any]:
        """What the database of the running server says to it, or does."""
        with closing(sqlite3.connect(self.data_dir / "wapto.sqlite3", timeout=60)) as database, database:
            return database.execute(statement).fetchall()

    def sends_at_once(self) -> None:
        """Nobody waits for the seconds in which a message could be taken back."""
        self.sql("INSERT OR REPLACE INTO composer_choice (account_id, undo_send) SELECT id, 0 FROM account")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(data_dir: Path, **environment: str) -> Iterator[Server]:
    """``wapto run`` on a free port, until the block ends."""
    port, log = free_port(), data_dir.with_suffix(".log")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WAPTO_")}
    env = clean | {"WAPTO_DATA_DIR": str(data_dir), "WAPTO_PORT": str(port)} | environment
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", "from wapto_app.cli import main; main()", "run"],
            env=env,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    server = Server(f"http://127.0.0.1:{port}", data_dir, log, process)
    try:
        _wait_until_alive(server)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _wait_until_alive(server: Server) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        assert server.process.poll() is None, server.log.read_text()
        try:
            if httpx.get(f"{server.url}/readyz", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"no answer in {_START_SECONDS:.0f} s\n{server.log.read_text()}")


@dataclass
class Meta:
    """The sandbox in a process of its own, and the phone of its first customer."""

    url: str
    config: dict[str, str]

    def control(self, path: str, body: dict[str, Any]) -> Any:
        answer = httpx.post(f"{self.url}/control/{path}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def customers(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = httpx.get(f"{self.url}/phone/customers").json()["customers"]
        return found

    def says(self, customer: str, message: dict[str, Any]) -> dict[str, Any]:
        answer = httpx.post(f"{self.url}/phone/customers/{customer}/messages", json=message, timeout=10)
        assert answer.status_code < 300, answer.text
        result: dict[str, Any] = answer.json()
        return result

    def opens(self, customer: str) -> None:
        httpx.post(f"{self.url}/phone/customers/{customer}/open", timeout=10).raise_for_status()

    def chat(self, customer: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = httpx.get(f"{self.url}/phone/customers/{customer}/messages").json()[
            "messages"
        ]
        return found


_CONFIG = {
    "token": "EAAtestsystemusertoken0123456789",
    "app_secret": "0123456789abcdef0123456789abcdef",
    "verify_token": "tests-verify-token",
    "phone_number_id": "106540352242922",
    "waba_id": "102290129340398",
}


@contextmanager
def sandbox_for(url: str, port: int) -> Iterator[Meta]:
    """A sandbox on this port whose webhooks go to the server, which needs it as ``WAPTO_GRAPH_BASE_URL``."""
    command = [sys.executable, "-m", "integrations.sandbox", "--port", str(port)]
    for name in ("token", "app_secret", "verify_token"):
        command += [f"--{name.replace('_', '-')}", _CONFIG[name]]
    process = subprocess.Popen(
        [*command, "--webhook-url", f"{url}/webhooks/whatsapp"], stdout=subprocess.DEVNULL
    )
    meta = Meta(f"http://127.0.0.1:{port}", _CONFIG)
    try:
        _wait_for_sandbox(meta)
        yield meta
    finally:
        process.terminate()
        process.wait(60)


def _wait_for_sandbox(meta: Meta) -> None:
    deadline = time.monotonic() + _SANDBOX_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{meta.url}/control/state", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("the sandbox does not answer")


@pytest.fixture(scope="module")
def meta_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, meta_port: int) -> Iterator[Server]:
    """A fresh server of this file's own, whose Meta is ``meta``."""
    data_dir = tmp_path_factory.mktemp("data") / "data"
    with started(data_dir, WAPTO_GRAPH_BASE_URL=f"http://127.0.0.1:{meta_port}") as running:
        yield running


@pytest.fixture(scope="module")
def meta(server: Server, meta_port: int) -> Iterator[Meta]:
    with sandbox_for(server.url, meta_port) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_FLAGS))
        yield running
        running.close()


def fresh_page(browser: Browser, base_url: str, **options: Any) -> Page:
    """A page of a browser context of its own, at a desk unless the options say otherwise."""
    context = browser.new_context(base_url=base_url, **{"viewport": DESKTOP, **options})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    if SLOWER > 1:
        context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    return page


@pytest.fixture
def new_page(browser: Browser) -> Iterator[NewPage]:
    """A page of its own browser context; fails the test when the page's script threw."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def make(base_url: str, **options: Any) -> Page:
        page = fresh_page(browser, base_url, **options)
        contexts.append(page.context)
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    assert not errors, errors
