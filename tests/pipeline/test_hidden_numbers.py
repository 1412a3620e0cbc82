"""An agent from whom numbers are hidden calls everything there is, and never gets a customer's number.

Handlers and routes are found by themselves. The customer spells the number in every way and everywhere.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest
import stamina
from reflex.utils.format import json_dumps
from reflex_base.event import EventHandler
from sqlalchemy.exc import DataError
from starlette.routing import BaseRoute, Mount, Route

from state.base import Feedback
from tests.conftest import NewClient
from tests.pipeline.conftest import OpenTab
from tests.pipeline.harness import Tab
from tests.pipeline.rows import Workspace, workspace
from tests.pipeline.test_pages import BEHIND
from tests.pipeline.test_policy import everybody_is, guarded, sample_payload
from wapto_app.app import _routes, app
from wapto_app.clock import utcnow
from wapto_app.models import (
    AddressKind,
    Contact,
    ContactAddress,
    Conversation,
    Direction,
    MediaFile,
    MediaState,
    Message,
    MessageStatus,
    Role,
)
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import EVERYBODY, MATRIX, Actor
from wapto_app.security.policy import policy_of
from wapto_app.services.errors import DomainError
from wapto_app.services.media.files import relative_path

assert app is not None
NATIONAL, WRONG = "1711234567", "1719876543"
E164, WA_ID = f"+49{NATIONAL}", f"49{NATIONAL}"
WRITTEN = "+49 (0) 171 / 123-45-67"
KEY = "0123456789abcdef0123456789abcdef"
SENT_ID = "wamid." + base64.b64encode(f"\x1d\x0c{WA_ID}\x15\x02\x00\x12\x18\x14".encode()).decode()

# Whatever stands between the digits.
_DIGITS = re.compile(r"\D{0,3}".join(NATIONAL))
_BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}")


def told(text: str) -> list[str]:
    """Where the text gives the number away, percent-encoded or not."""
    text = unquote(text)
    encoded = (base64.b64decode(found[: len(found) // 4 * 4]) for found in _BASE64.findall(text))
    around = [text[max(0, found.start() - 60) : found.end()] for found in _DIGITS.finditer(text)]
    return around + [str(each) for each in encoded if NATIONAL.encode() in each]


def test_what_is_looked_for_would_be_found() -> None:
    for spelling in (E164, WA_ID, WRITTEN, f"0{NATIONAL}", SENT_ID, f"tel:{E164}", json.dumps([WRITTEN])):
        assert told(f"see {spelling}!"), spelling
    assert told("+49•••••67") == []


async def customer(work: Workspace) -> int:
    """Somebody whose number stands everywhere; the id of the conversation, and of all else, is 1."""
    async with work.runtime.db.write() as session:
        contact = Contact(
            profile_name=WRITTEN,
            username=f"u{NATIONAL}",
            company=f"Ada {E164}",
            email=f"{WA_ID}@example.com",
            source=f"https://wa.me/{WA_ID}",
            notes=f"Private: 0{NATIONAL}",
        )
        session.add(contact)
        await session.flush()
        for kind, value in ((AddressKind.PHONE, E164), (AddressKind.WA_ID, WA_ID)):
            session.add(ContactAddress(contact_id=contact.id, kind=kind, value=value))
        talk = Conversation(
            contact_id=contact.id, channel_id=work.channel_id, unread=1, last_inbound_at=utcnow()
        )
        session.add(talk)
        file = MediaFile(
            key=KEY,
            state=MediaState.STORED,
            mime_type="text/vcard",
            filename=f"{WRITTEN}.vcf".replace("/", "-"),
            path=relative_path(KEY),
            size=1,
            error=f"{E164} failed",
        )
        session.add(file)
        await session.flush()
        assert (talk.id, file.id) == (1, 1)
        for message in _messages(work.channel_id, file.id or 0):
            session.add(message)
            await session.flush()
            talk.preview, talk.preview_type = message.body, message.type
            talk.last_message_id = message.id
    path = work.runtime.settings.media_dir / relative_path(KEY)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return 1


def _messages(channel_id: int, media_id: int) -> Iterator[Message]:
    contents: list[tuple[str, str, dict[str, Any]]] = [
        (
            "system",
            f"User changed from {WA_ID} to {E164}",
            {"kind": "system", "new_wa_id": WA_ID, "body": E164},
        ),
        ("text", f"Call me: {WRITTEN}", {"kind": "text", "context": {"from": WA_ID, "id": SENT_ID}}),
        (
            "location",
            "",
            {"kind": "location", "name": f"Ada {WRITTEN}", "address": E164, "url": f"tel:{E164}"},
        ),
        ("contacts", "", {"kind": "contacts", "cards": [_card()]}),
        ("document", f"my number {E164}", {"kind": "media", "filename": f"{WA_ID}.vcf"}),
        (
            "interactive",
            "Form",
            {"kind": "flow_reply", "body": "Form", "response": {"p": E164, "n": int(WA_ID)}},
        ),
        ("order", WRITTEN, {"kind": "order", "text": WRITTEN, "items": []}),
        ("unsupported", "", {"kind": "unsupported", "original_type": E164, "raw": {"from": WA_ID}}),
    ]
    for number, (kind, body, content) in enumerate(contents):
        yield Message(
            conversation_id=1,
            channel_id=channel_id,
            direction=Direction.INBOUND,
            type=kind,
            body=body,
            content=content,
            wamid=f"{SENT_ID[:-4]}{number:04}",
            status=MessageStatus.RECEIVED,
            media_id=media_id if kind == "document" else None,
            reply_to_wamid=f"{SENT_ID[:-4]}0001",
        )
    yield Message(
        conversation_id=1,
        channel_id=channel_id,
        direction=Direction.OUTBOUND,
        type="text",
        body="We call you",
        content={"kind": "text"},
        status=MessageStatus.FAILED,
        recipient=E164,
        error_detail=f"{WA_ID} is not valid",
        reply_to_wamid=f"{SENT_ID[:-4]}0001",
    )


def _card() -> dict[str, Any]:
    return {
        "formatted_name": f"Ada {E164}",
        "first_name": "Ada",
        "last_name": WRITTEN,
        "company": "",
        "phones": [{"phone": WRITTEN, "wa_id": WA_ID, "type": "CELL"}],
        "emails": [{"email": f"{WA_ID}@example.com", "type": "HOME"}],
        "vcard": f"BEGIN:VCARD\nTEL:{E164}\nEND:VCARD",
    }


@pytest.fixture
async def agent_without_numbers(runtime: Runtime, agent: Actor, monkeypatch: pytest.MonkeyPatch) -> Actor:
    """May do everything that a team can be granted, but see numbers."""
    await customer(await workspace(runtime))
    allowed = MATRIX | EVERYBODY
    actor = replace(agent, role=Role.AGENT, permissions=allowed, hide_phone=True, session_id=1)
    everybody_is(monkeypatch, actor)
    return actor


def looking_first() -> list[tuple[str, EventHandler]]:
    """Whatever only looks comes before what may take away what there is to see."""
    return sorted(guarded().items(), key=lambda each: str(policy_of(each[1])).endswith(".do"))


async def call(tab: Tab, name: str, payload: dict[str, Any]) -> str:
    """What the tab is told."""
    tab.clear()
    with stamina.set_testing(True, attempts=1):
        try:
            await tab.raw(name, payload)
        except (DomainError, DataError) as refusal:
            return str(refusal)
    return json_dumps([update.delta for update in tab.updates]) + json_dumps(
        [event.payload for event in tab.frontend_events]
    )


async def test_pages_and_handlers_tell_no_number(
    agent_without_numbers: Actor, open_tab: OpenTab, owner: Actor
) -> None:
    tab = await open_tab(agent_without_numbers, "/inbox/1")
    assert "We call you" in json_dumps([update.delta for update in tab.updates])
    for page in ["/inbox/1", *(page.path for page in BEHIND.values())]:
        tab.clear()
        await tab.open(page)
        assert told(json_dumps([update.delta for update in tab.updates])) == [], page
    await tab.open("/inbox/1")
    for name, handler in looking_first():
        assert told(await call(tab, name, sample_payload(handler))) == [], name


async def test_no_text_that_is_searched_for_confirms_a_number(
    agent_without_numbers: Actor, open_tab: OpenTab
) -> None:
    """The right number brings exactly what a wrong one does."""
    tab = await open_tab(agent_without_numbers, "/inbox/1")
    tried = 0
    for name, handler in looking_first():
        good = sample_payload(handler)
        if str(policy_of(handler)).endswith(".do") or not any(
            isinstance(each, str) for each in good.values()
        ):
            continue
        answers = []
        for number in (WRONG, WRONG[::-1], NATIONAL):  # the first changes what it finds, as any does
            payload = {key: number if isinstance(each, str) else each for key, each in good.items()}
            await call(tab, name, payload)
            told_of = [(update.delta or {}).items() for update in tab.updates]
            rows = [item for delta in told_of for item in delta if item[0] != Feedback.get_full_name()]
            answers.append(json_dumps(rows).replace(number, "?"))
        assert answers[1] == answers[2], name
        tried += 1
    assert tried


async def test_routes_tell_no_number(
    agent_without_numbers: Actor, new_client: NewClient, runtime: Runtime
) -> None:
    client, seen = new_client(_routes), 0
    for route in _flat(_routes):
        path = re.sub(r"{(\w+)(:\w+)?}", lambda found: KEY if found[1] == "key" else "1", route.path)
        for method in sorted((route.methods or {"GET"}) - {"HEAD"}):
            headers = {"origin": "http://testserver", "content-type": "application/json"}
            answer = await client.request(
                method, path, headers=headers, content=b"{}" if method != "GET" else None
            )
            assert told(answer.text + str(dict(answer.headers))) == [], (method, path)
            seen += answer.status_code == 200
    assert seen > 2
    shown = await client.get(f"/media/{KEY}")
    assert shown.status_code == 200
    assert "filename" in shown.headers["content-disposition"]


def _flat(routes: list[BaseRoute]) -> Iterator[Route]:
    for route in routes:
        if isinstance(route, Mount):
            yield from _flat(list(route.routes))
        elif isinstance(route, Route):
            yield route


async def test_whoever_may_see_numbers_does(
    agent_without_numbers: Actor, open_tab: OpenTab, monkeypatch: pytest.MonkeyPatch, new_client: NewClient
) -> None:
    """Else the tests above would prove nothing."""
    everybody_is(monkeypatch, replace(agent_without_numbers, hide_phone=False))
    tab = await open_tab(agent_without_numbers, "/inbox/1")
    await tab.until(lambda: bool(told(json_dumps([update.delta for update in tab.updates]))))
    assert len(told(json_dumps([update.delta for update in tab.updates]))) > 20
    shown = await new_client(_routes).get(f"/media/{KEY}")
    assert told(str(dict(shown.headers)))
