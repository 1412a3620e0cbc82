"""What a tab is told when something worked, was refused or broke."""

from __future__ import annotations

import re

import pytest
import structlog
from reflex.event import Event
from sqlalchemy.exc import DataError

from state import base
from state.base import Feedback
from state.inbox import InboxList
from tests.pipeline.harness import Tab
from wapto_app.services import inbox
from wapto_app.services.errors import Conflict, DomainError, Invalid, NotFound, SignedOut, TooMany


def told(tab: Tab) -> list[tuple[str, str]]:
    return [(notice["level"], notice["text"]) for notice in tab.vars(Feedback).get("notices", [])]


@pytest.mark.parametrize(
    ("error", "notices", "errors"),
    [
        (NotFound("tag"), [("error", "This tag does not exist any more, or you may not see it.")], {}),
        (Conflict("Too late."), [("error", "Too late.")], {}),
        (TooMany(90), [("error", "Too many tries. Wait 2 minutes and try again.")], {}),
        (Invalid("email", "This is no address."), [], {"email": "This is no address."}),
    ],
)
async def test_a_refusal_is_a_notice_or_stands_beside_its_field(
    tab: Tab, error: DomainError, notices: list[tuple[str, str]], errors: dict[str, str]
) -> None:
    await tab.send(base.on_error(error))
    assert told(tab) == notices
    assert tab.vars(Feedback)["errors"] == errors


async def test_a_new_refusal_replaces_the_errors_of_the_form(tab: Tab) -> None:
    await tab.send(base.on_error(Invalid("name", "Too long.")))
    await tab.send(base.on_error(Invalid("email", "Wrong.")))
    assert tab.vars(Feedback)["errors"] == {"email": "Wrong."}
    await tab.send(Feedback.clear)
    assert tab.vars(Feedback)["errors"] == {}


def test_who_is_signed_out_is_sent_to_the_sign_in_page_and_back() -> None:
    [event] = Event.from_event_type(base.refuse(SignedOut(), "/inbox/7?x=1"))
    assert (event.name, event.payload["path"]) == ("_redirect", "/login?next=/inbox/7%3Fx%3D1")


@pytest.mark.parametrize(
    "page", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"]
)
def test_nobody_is_sent_to_another_site_after_signing_in(page: str) -> None:
    [event] = Event.from_event_type(base.refuse(SignedOut(), page))
    assert "evil" not in str(event.payload["path"])
    assert "javascript" not in str(event.payload["path"])


def test_an_unexpected_error_is_told_by_its_number_only(monkeypatch: pytest.MonkeyPatch) -> None:
    logged = structlog.testing.CapturingLogger()
    monkeypatch.setattr(base, "log", logged)
    [event] = Event.from_event_type(base.on_error(RuntimeError("database password is hunter2")))
    text = event.payload["text"]
    incident = re.search(r"incident ([0-9a-f]{8})", text)
    assert incident is not None
    assert "hunter2" not in text
    assert [call.kwargs["incident"] for call in logged.calls] == [incident[1]]


def test_a_value_that_the_database_refuses_is_no_accident() -> None:
    refused = DataError("SELECT 1", {}, ValueError("integer out of range"))
    [event] = Event.from_event_type(base.on_error(refused))
    assert "too large" in event.payload["text"]
    assert "incident" not in event.payload["text"]


async def test_an_unexpected_error_in_a_handler_reaches_the_tab(
    tab: Tab, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_args: object, **_more: object) -> None:
        raise DomainError("as if by accident")

    monkeypatch.setattr(inbox, "listing", broken)
    with pytest.raises(DomainError):
        await tab.send(InboxList.load)
    await tab.until(lambda: told(tab) == [("error", "as if by accident")])


async def test_only_the_last_notices_are_kept_and_long_ones_are_cut(tab: Tab) -> None:
    for number in range(12):
        await tab.send(Feedback.say("info", f"{number} " + "x" * 2000))
    kept = told(tab)
    assert [text.split()[0] for _level, text in kept] == ["7", "8", "9", "10", "11"]
    assert {len(text) for _level, text in kept} == {500}
    identities = [notice["id"] for notice in tab.vars(Feedback)["notices"]]
    assert len(set(identities)) == 5


async def test_success_names_the_thing(tab: Tab) -> None:
    await tab.send(base.success("The tag *VIP* is saved."))
    assert told(tab) == [("success", "The tag *VIP* is saved.")]
