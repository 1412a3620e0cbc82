"""One's own account in an open tab."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from reflex.utils.format import json_dumps

from state.base import Feedback
from state.profile import Profile
from tests.pipeline.conftest import OpenTab
from tests.pipeline.harness import Tab
from wapto_app.db import Database
from wapto_app.security import cookies
from wapto_app.security.permissions import Actor
from wapto_app.services.errors import DomainError

SignIn = Callable[[Actor], Awaitable[str]]
SAVE = {"name": "Olga Q.", "locale": "es", "time_zone": "Europe/Madrid"}


def as_submitted(form: dict[str, str]) -> dict[str, object]:
    """A form on its way from the browser: its entries in order."""
    return {"__reflex_form_data__": [[name, value] for name, value in form.items()]}


async def save(tab: Tab, form: dict[str, object]) -> None:
    name = f"{Profile.get_full_name()}.save"
    with suppress(DomainError):
        await tab.raw(name, {"form": form})


async def test_profile_is_shown_and_saved(tab: Tab) -> None:
    await tab.send(Profile.load)
    assert tab.vars(Profile)["name"] == "Olga Owner"
    await save(tab, as_submitted(SAVE))
    await tab.until(lambda: tab.vars(Profile)["name"] == "Olga Q.")
    assert tab.vars(Profile)["time_zone"] == "Europe/Madrid"
    assert tab.vars(Feedback)["notices"][-1]["text"] == "Your profile is saved."


@pytest.mark.parametrize(("field", "value"), [("name", ""), ("time_zone", "Mars"), ("locale", "?")])
async def test_wrong_value_stands_beside_its_field(tab: Tab, field: str, value: str) -> None:
    await save(tab, as_submitted(SAVE | {field: value}))
    await tab.until(lambda: set(tab.vars(Feedback).get("errors", {})) == {field})


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"name": "x"},
        {"name": {"a": 1}, "locale": "en", "time_zone": "UTC"},
        {"__reflex_form_data__": 5},
        {"__reflex_form_data__": [[[], "x"]]},
        {"__reflex_form_data__": [["name", "x"]]},
    ],
)
async def test_odd_forms_are_refused_and_change_nothing(tab: Tab, form: dict[str, object]) -> None:
    await save(tab, form)
    assert "could not be understood" in tab.vars(Feedback)["notices"][-1]["text"]
    await tab.send(Profile.load)
    assert tab.vars(Profile)["name"] == "Olga Owner"


async def test_session_list_follows_what_happens_elsewhere(
    open_tab: OpenTab, owner: Actor, db: Database, sign_in: SignIn
) -> None:
    tab = await open_tab(owner)
    await tab.send(Profile.load)
    assert len(tab.vars(Profile)["sessions"]) == 1
    other = await sign_in(owner)
    await tab.until(lambda: len(tab.vars(Profile)["sessions"]) == 2)
    [row] = [row for row in tab.vars(Profile)["sessions"] if not row["is_this"]]
    await tab.send(Profile.end_session(row["id"]))
    await tab.until(lambda: len(tab.vars(Profile)["sessions"]) == 1)
    assert await cookies.actor_of(other) is None


async def test_somebody_elses_session_cannot_be_ended(
    open_tab: OpenTab, owner: Actor, agent: Actor, sign_in: SignIn
) -> None:
    theirs = await sign_in(owner)
    actor = await cookies.actor_of(theirs)
    assert actor is not None
    tab = await open_tab(agent)
    with suppress(DomainError):
        await tab.send(Profile.end_session(actor.session_id))
    await tab.until(lambda: "does not exist" in str(tab.vars(Feedback).get("notices")))
    assert await cookies.actor_of(theirs) is not None


async def test_signing_out_everywhere_sends_every_tab_away(open_tab: OpenTab, owner: Actor) -> None:
    here, there = await open_tab(owner, "/profile"), await open_tab(owner, "/profile")
    await here.send(Profile.load)
    await there.send(Profile.load)
    await here.send(Profile.end_all_sessions)
    assert "/login" in here.redirects
    await there.until(lambda: "/login?next=/profile" in there.redirects)


async def test_no_secret_reaches_the_browser(tab: Tab) -> None:
    await tab.send(Profile.load)
    text = json_dumps([update.delta for update in tab.updates])
    assert "Olga Owner" in text
    for secret in ("password_hash", "token_hash", tab._cookie.partition("=")[2]):
        assert secret not in text
