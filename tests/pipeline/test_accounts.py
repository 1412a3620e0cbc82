"""The operator's table in an open tab."""

from __future__ import annotations

from contextlib import suppress

import pytest
from pydantic import SecretStr

from state.accounts import Accounts
from state.base import Feedback
from tests.pipeline.conftest import OpenTab
from tests.postbox import postbox
from wapto_app.db import Database
from wapto_app.jobs.mail import send_due
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import accounts
from wapto_app.services.errors import DomainError


def invitation(email: str) -> dict[str, object]:
    return {"form": {"__reflex_form_data__": [["email", email]]}}


INVITE = f"{Accounts.get_full_name()}.invite"


async def test_table_is_live(open_tab: OpenTab, admin: Actor, agent: Actor, db: Database) -> None:
    tab = await open_tab(admin, "/admin/accounts")
    await tab.send(Accounts.load)
    assert [row["name"] for row in tab.vars(Accounts)["rows"]] == ["Ada Admin", "Ben Agent"]
    async with db.write() as session:
        await accounts.invite(session, admin, "zoe@example.com")
    await tab.until(lambda: len(tab.vars(Accounts)["rows"]) == 3)


async def test_search_narrows_the_table(open_tab: OpenTab, admin: Actor, agent: Actor) -> None:
    tab = await open_tab(admin)
    await tab.send(Accounts.find("ben"))
    assert [row["name"] for row in tab.vars(Accounts)["rows"]] == ["Ben Agent"]


async def test_invitation_shows_its_link_once(open_tab: OpenTab, admin: Actor) -> None:
    tab = await open_tab(admin)
    await tab.send(Accounts.start_inviting)
    await tab.raw(INVITE, invitation("zoe@example.com"))
    seen = tab.vars(Accounts)
    assert seen["link"].startswith("http://testserver/invite/")
    assert (seen["link_for"], seen["inviting"], seen["link_mailed"]) == ("zoe@example.com", False, False)
    await tab.send(Accounts.forget_link)
    assert tab.vars(Accounts)["link"] == ""


async def test_invitation_is_mailed_where_mail_is_set_up(
    open_tab: OpenTab, admin: Actor, runtime: Runtime
) -> None:
    with postbox() as box:
        runtime.settings.smtp_url = SecretStr(box.url)
        tab = await open_tab(admin)
        await tab.raw(INVITE, invitation("zoe@example.com"))
        await send_due(runtime)
    seen = tab.vars(Accounts)
    assert seen["link_mailed"] is True
    [mail] = box.to("zoe@example.com")
    assert seen["link"] in box.text_of(mail)
    assert mail["Subject"] == "Ada Admin invites you to Wapto"


@pytest.mark.parametrize("email", ["zoe", "", "a\0b@example.com"])
async def test_bad_address_stands_beside_its_field(open_tab: OpenTab, admin: Actor, email: str) -> None:
    tab = await open_tab(admin)
    with suppress(DomainError):
        await tab.raw(INVITE, invitation(email))
    await tab.until(lambda: "email" in tab.vars(Feedback).get("errors", {}))
    assert tab.vars(Accounts).get("link", "") == ""


async def test_deactivating_asks_first_and_can_be_undone(
    open_tab: OpenTab, admin: Actor, agent: Actor
) -> None:
    tab = await open_tab(admin)
    await tab.send(Accounts.load)
    await tab.send(Accounts.ask_to_deactivate(agent.account_id, agent.name))
    assert tab.vars(Accounts)["leaving_name"] == "Ben Agent"
    await tab.send(Accounts.do_not_deactivate)
    assert tab.vars(Accounts)["leaving_id"] == 0
    for active, status in ((False, "deactivated"), (True, "active")):
        await tab.send(Accounts.set_active(agent.account_id, active))
        await tab.until(lambda wanted=status: tab.vars(Accounts)["rows"][1]["status"] == wanted)  # type: ignore[misc]


async def test_admin_cannot_deactivate_themselves(open_tab: OpenTab, admin: Actor) -> None:
    tab = await open_tab(admin)
    with suppress(DomainError):
        await tab.send(Accounts.set_active(admin.account_id, False))
    await tab.until(lambda: "your own account" in str(tab.vars(Feedback).get("notices")))


@pytest.mark.parametrize("account_id", ["x", -1, None, [1]])
async def test_strange_ids_break_nothing(open_tab: OpenTab, admin: Actor, account_id: object) -> None:
    tab = await open_tab(admin)
    for handler in ("make_link", "withdraw"):
        payload = {"account_id": account_id} | ({"email": "x"} if handler == "make_link" else {})
        tab.clear()
        with suppress(DomainError):
            await tab.raw(f"{Accounts.get_full_name()}.{handler}", payload)
        await tab.until(lambda: "'error'" in str(tab.vars(Feedback).get("notices")))
        assert "incident" not in str(tab.vars(Feedback)["notices"])
