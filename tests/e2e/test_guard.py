"""The event guard of a running server, from the other end of the websocket, and the page's files."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import threading
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
import socketio
from reflex_base.registry import RegistrationContext

from state.accounts import Accounts
from state.base import Feedback
from state.inbox import ContactPanel, InboxList, OpenConversation
from state.integrations import Integrations
from state.profile import Profile
from state.shell import Shell
from tests.e2e.conftest import PATIENCE, Server, started
from tests.pipeline.rows import ACCESS_TOKEN, APP_SECRET, VERIFY_TOKEN, workspace
from wapto_app import bundle
from wapto_app import runtime as process
from wapto_app.app import app
from wapto_app.models import Account, Role, Team
from wapto_app.security import cookies
from wapto_app.security.policy import HYDRATE
from wapto_app.services import sessions
from wapto_app.settings import Settings

assert app is not None
Result = TypeVar("Result")
SECRET_KEY = "pRmgMa8T0INjEAfksaq2aafzoZXEuwKI7wDe4c1F8AY="
MAIL_PASSWORD = "mailbox-password-0123456789"
OWNER, CUSTOMER = "Olga Owner", "Carla Customer"


@dataclass
class Install:
    """A running server and who is signed in there."""

    server: Server
    owner: str
    agent: str
    conversation: int

    @property
    def known(self) -> list[str]:
        """What only somebody who is signed in may read."""
        return [OWNER, CUSTOMER, "Harbour Homes", VERIFY_TOKEN, ACCESS_TOKEN, APP_SECRET]


def apart(work: Callable[[], Awaitable[Result]]) -> Result:
    """Run it on an event loop of its own: the browser of the other tests has taken this thread's."""
    outcome: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(asyncio.run(work()))  # type: ignore[arg-type]
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return outcome[0]


async def _fill(server: Server) -> Install:
    settings = Settings(_env_file=None, data_dir=server.data_dir, secret_key=SECRET_KEY)  # type: ignore[call-arg]
    async with process.running(settings) as running:
        work = await workspace(running)
        conversation = await work.conversation(CUSTOMER)
        owner = await _signed_in(running, OWNER, Role.OWNER)
        agent = await _signed_in(running, "Ben Agent", Role.AGENT)
    return Install(server, owner, agent, conversation)


async def _signed_in(running: process.Runtime, name: str, role: Role) -> str:
    async with running.db.write() as session:
        account = Account(name=name, email=f"{role}@example.com", password_hash="", role=role)
        if role is Role.AGENT:
            team = Team(name="Support", permissions=["inbox.do", "contacts.do"])
            session.add(team)
            await session.flush()
            account.team_id = team.id
        session.add(account)
        await session.flush()
        assert account.id is not None
        token = await sessions.open_session(session, account.id, address="127.0.0.1", user_agent="tests")
    return f"{cookies.COOKIE}={token}"


@pytest.fixture(scope="module")
def install(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Install]:
    mail = f"smtp://wapto:{MAIL_PASSWORD}@127.0.0.1:1"
    folder = tmp_path_factory.mktemp("guard") / "data"
    with started(folder, WAPTO_SECRET_KEY=SECRET_KEY, WAPTO_SMTP_URL=mail) as server:
        yield apart(lambda: _fill(server))


@dataclass
class Tab:
    """Speaks the protocol of Reflex's ``state.js``."""

    url: str
    cookie: str = ""
    path: str = "/inbox"
    token: str = field(default_factory=lambda: str(uuid.uuid4()))
    updates: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._socket = socketio.AsyncClient(reconnection=False)
        self._socket.on("event", self._on_event, namespace="/_event")
        self._socket.on("new_token", self._on_new_token, namespace="/_event")

    async def _on_event(self, update: Any) -> None:
        self.updates.append(json.loads(update) if isinstance(update, str) else update)

    async def _on_new_token(self, token: str) -> None:
        self.token = token

    @property
    def route(self) -> dict[str, str]:
        return {"pathname": self.path, "asPath": self.path}

    async def connect(self, *, boot: bool = True, origin: str = "") -> None:
        headers = {"Cookie": self.cookie} if self.cookie else {}
        headers |= {"Origin": origin} if origin else {}
        first = {"name": HYDRATE, "payload": {}, "router_data": self.route}
        await self._socket.connect(
            f"{self.url}?token={self.token}",
            socketio_path="/_event",
            namespaces=["/_event"],
            transports=["websocket"],
            headers=headers,
            auth={"event": first} if boot else None,
        )

    async def send(self, name: str, payload: Any = None) -> None:
        await self.raw({"name": name, "payload": payload or {}, "router_data": self.route})

    async def raw(self, data: Any) -> None:
        await self.say("event", data)

    async def say(self, name: str, data: Any) -> None:
        await self._socket.emit(name, data, namespace="/_event")

    async def close(self) -> None:
        await self._socket.disconnect()

    def vars(self, state: Any) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for update in self.updates:
            merged |= (update.get("delta") or {}).get(state.get_full_name(), {})
        return {name.removesuffix("_rx_state_"): value for name, value in merged.items()}

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for update in self.updates for event in update.get("events") or []]

    @property
    def told(self) -> str:
        return json.dumps(self.updates, ensure_ascii=False)

    async def until(self, condition: Callable[[], Any], seconds: float = PATIENCE / 1000) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.02)


@asynccontextmanager
async def opened(
    install: Install, cookie: str = "", path: str = "/inbox", **options: Any
) -> AsyncIterator[Tab]:
    """A tab whose page has loaded."""
    tab = Tab(install.server.url, cookie, path, **options)
    await tab.connect()
    try:
        await tab.until(lambda: tab.vars(Shell).get("loaded") or tab.events or not cookie)
        yield tab
    finally:
        await tab.close()


async def renamed(install: Install, name: str) -> None:
    """Have the server wake every tab that shows the customer."""
    path = f"/inbox/{install.conversation}"
    async with opened(install, install.owner, path) as tab:
        await tab.until(lambda: tab.vars(ContactPanel).get("card", {}).get("id"))
        await tab.send(f"{ContactPanel.get_full_name()}.put", {"field": "name", "text": name})
        await tab.until(lambda: tab.vars(ContactPanel)["card"]["name"] == name)


def log_of(install: Install) -> str:
    return install.server.log.read_text()


def test_a_page_of_the_owner_gets_its_data(install: Install) -> None:
    async def work() -> str:
        async with opened(install, install.owner, f"/inbox/{install.conversation}") as tab:
            await tab.until(lambda: tab.vars(OpenConversation).get("messages"))
            return tab.told

    told = apart(work)
    assert OWNER in told
    assert f"Hello from {CUSTOMER}" in told
    assert ACCESS_TOKEN not in told
    assert install.owner.partition("=")[2] not in told


GUESSES: tuple[dict[str, Any], ...] = (
    {},
    {"form": {}, "account_id": 1, "session_id": 1, "channel_id": 1, "message_id": 1, "message": {}},
    {"text": "x", "field": "y", "level": "info"},
    {"only": True, "shown": True, "active": True, "account_id": 1, "name": "x", "email": "x"},
    {"var_name": "permissions", "value": ["admin"]},
    {"vars": {f"{Shell.get_full_name()}.is_admin_rx_state_": True}},
    {"self": 1, "actor": {"role": "owner"}, "is_admin": True},
)


def test_a_stranger_who_calls_every_handler_learns_nothing(install: Install) -> None:
    names = list(RegistrationContext.get().event_handlers)
    names += [f"{Shell.get_full_name()}.{name}" for name in ("_show", "reset", "get_state", "dict", "load ")]

    async def work() -> Tab:
        async with opened(install, path=f"/inbox/{install.conversation}") as tab:
            for name in names:
                for guess in GUESSES:
                    await tab.send(name, guess)
            await tab.until(lambda: len(tab.updates) > len(names))
            before = -1
            while before != len(tab.updates):
                before = len(tab.updates)
                await asyncio.sleep(0.5)
            return tab

    tab = apart(work)
    assert [text for text in install.known if text in tab.told] == []
    for state in (Shell, InboxList, OpenConversation, ContactPanel, Integrations, Profile, Accounts):
        shown = tab.vars(state)
        assert {
            name: value for name, value in shown.items() if _says(value) and name not in _DEFAULTS
        } == {}, state
    assert {event["name"] for event in tab.events} <= {"_redirect", HYDRATE}
    assert "Traceback" not in log_of(install)


def _says(value: Any) -> bool:
    """Whether it holds anything; a row of empty fields does not."""
    return any(map(_says, value.values())) if isinstance(value, dict) else bool(value)


# What a state holds before anything is read.
_DEFAULTS = {"home", "header", "card", "quote", "locale", "time_zone", "sort", "tab", "undo_send"}


def test_what_is_no_event_neither_stops_the_server_nor_fills_its_log(install: Install) -> None:
    odd: list[Any] = [
        None,
        5,
        "x",
        [],
        {},
        {"name": 5},
        {"name": ["x"]},
        {"name": "no.such.handler", "payload": {"password": "hunter2"}},
        {"name": f"{Feedback.get_full_name()}.say", "payload": [1], "router_data": {}},
        {"name": f"{Feedback.get_full_name()}.say", "payload": {}, "router_data": {"pathname": 5}},
        {"name": HYDRATE, "router_data": "x"},
        {"name": HYDRATE, "payload": {"vars": 5, "hashes": {"a": 1}}, "router_data": {}},
    ]
    size = len(log_of(install))

    async def work() -> None:
        async with opened(install, install.agent) as tab:
            for data in odd * 3:
                await tab.raw(data)
            for name in ("connect", "disconnect", "ping", "message"):
                await tab.say(name, {"QUERY_STRING": "token=x"})
            await tab.send(f"{Feedback.get_full_name()}.say", {"level": "info", "text": "still here"})
            await tab.until(lambda: "still here" in tab.told)

    apart(work)
    news = log_of(install)[size:]
    assert "Traceback" not in news
    assert "hunter2" not in news
    assert install.agent.partition("=")[2] not in log_of(install)


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://127.0.0.1.evil.example"]
)
def test_another_site_cannot_open_the_websocket_with_our_cookie(install: Install, origin: str) -> None:
    async def work() -> None:
        tab = Tab(install.server.url, install.owner)
        with pytest.raises(socketio.exceptions.ConnectionError):
            await tab.connect(origin=origin)
        assert tab.updates == []

    apart(work)


def test_our_own_page_can(install: Install) -> None:
    async def work() -> None:
        tab = Tab(install.server.url, install.owner)
        await tab.connect(origin=install.server.url)
        await tab.until(lambda: tab.vars(Shell).get("loaded"))
        await tab.close()

    apart(work)


@pytest.mark.parametrize("boot", [True, False], ids=["who loads a page", "who only listens"])
@pytest.mark.parametrize("who", ["nobody", "agent"])
def test_the_token_of_a_closed_tab_gives_nothing_of_its_owner(install: Install, who: str, boot: bool) -> None:
    secret = f"Name {secrets.token_hex(4)}"

    async def work() -> Tab:
        async with opened(install, install.owner, f"/inbox/{install.conversation}") as tab:
            await tab.until(lambda: tab.vars(OpenConversation).get("messages"))
        thief = Tab(install.server.url, install.agent if who == "agent" else "", "/profile", tab.token)
        await asyncio.sleep(0.2)
        await thief.connect(boot=boot)
        await thief.until(lambda: thief.token != tab.token)
        await renamed(install, secret)
        await asyncio.sleep(0.6)
        await renamed(install, CUSTOMER)
        await thief.close()
        return thief

    thief = apart(work)
    assert secret not in thief.told
    assert OWNER not in thief.told
    if boot and who == "agent":
        assert thief.vars(Shell)["name"] == "Ben Agent"
    else:
        assert thief.vars(Shell).get("name", "") == ""


def test_the_owner_of_a_tab_finds_it_as_it_was(install: Install) -> None:
    async def work() -> Tab:
        async with opened(install, install.owner) as tab:
            await tab.until(lambda: tab.vars(InboxList).get("rows"))
        await asyncio.sleep(0.2)
        async with opened(install, install.owner, token=tab.token) as again:
            assert again.token == tab.token
            await again.until(lambda: CUSTOMER in again.told)
            await renamed(install, "Live again")
            await again.until(lambda: "Live again" in again.told)
            await renamed(install, CUSTOMER)
            return again

    assert OWNER in apart(work).told


def test_signing_out_ends_the_open_tabs_at_once(install: Install) -> None:
    async def work() -> Tab:
        async with opened(install, install.agent) as tab:
            await tab.until(lambda: tab.vars(InboxList).get("rows"))
            async with httpx.AsyncClient(base_url=install.server.url) as http:
                headers = {"cookie": install.agent, "origin": install.server.url}
                answer = await http.post("/auth/logout", headers=headers)
                assert answer.status_code < 400
            await tab.until(lambda: any(event["name"] == "_redirect" for event in tab.events))
            tab.updates.clear()
            await renamed(install, "After signing out")
            await tab.send(f"{InboxList.get_full_name()}.load")
            await tab.until(lambda: bool(tab.events))
            await asyncio.sleep(0.5)
            await renamed(install, CUSTOMER)
            return tab

    assert "After signing out" not in apart(work).told


def _page_files() -> list[Path]:
    return [path for path in bundle.client_dir().rglob("*") if path.is_file() and path.suffix != ".gz"]


def test_the_pages_files_hold_no_secret_and_no_trace_of_this_machine(install: Install) -> None:
    files = _page_files()
    assert len(files) > 20
    forbidden = [
        SECRET_KEY,
        MAIL_PASSWORD,
        *install.known,
        str(install.server.data_dir),
        str(bundle.ROOT),
        "password_hash",
        "token_hash",
        "sqlite3",
    ]
    found = [(path.name, text) for path in files for text in forbidden if text.encode() in path.read_bytes()]
    assert found == []


def test_the_page_starts_empty(install: Install) -> None:
    """What the bundle says about the states is what a newcomer sees: nothing."""
    texts = [path.read_text(errors="replace") for path in _page_files() if path.suffix == ".js"]
    [context] = [text for text in texts if re.search(r"webhook_url_rx_state_:[`\"']{2}", text)]
    assert re.search(r"permissions_rx_state_:\[\]", context)
    said = dict(re.findall(r"(\w+)_rx_state_:[`\"']([^`\"']+)[`\"']", context))
    # What a form or a table begins with is no more than a choice.
    choices = {"accent", "by", "figure", "kind", "policy", "priority", "range", "sort", "step", "tab", "view"}
    choices |= {"label", "late_policy", "quiet_from", "quiet_until", "when", "winner_by"}
    assert {name: value for name, value in said.items() if name not in choices} == {
        "home": "/",
        "locale": "en",
        "time_zone": "UTC",
    }
