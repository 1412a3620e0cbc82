"""The frame of every page knows who looks at it, and follows what changes."""

from __future__ import annotations

from state.shell import Shell
from tests.pipeline.conftest import OpenTab
from tests.pipeline.harness import NewTab, Tab
from wapto_app.db import Database, touch
from wapto_app.models import Channel, ChannelStatus
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import profile


async def _add_number(db: Database, status: ChannelStatus = ChannelStatus.CONNECTED) -> None:
    async with db.write() as session:
        number = Channel(phone_number_id=f"id-{status}", waba_id="9", verified_name="Main", status=status)
        session.add(number)
        touch(session, "channels")


async def test_it_shows_who_is_signed_in(tab: Tab, owner: Actor) -> None:
    await tab.send(Shell.load)
    seen = tab.vars(Shell)
    assert (seen["name"], seen["role"], seen["home"]) == (owner.name, "owner", "/inbox")
    assert seen["loaded"] is True


async def test_it_offers_what_the_actor_may_do_and_no_more(open_tab: OpenTab, agent: Actor) -> None:
    tab = await open_tab(agent)
    await tab.send(Shell.load)
    granted = tab.vars(Shell)["permissions"]
    assert Permission.INBOX_SEE in granted
    assert Permission.ADMIN not in granted
    assert Permission.INTEGRATIONS_SEE not in granted


async def test_a_stranger_is_sent_to_the_sign_in_page(new_tab: NewTab) -> None:
    stranger = new_tab(path="/inbox")
    await stranger.send(Shell.load)
    assert stranger.redirects == ["/login"]
    assert stranger.vars(Shell).get("loaded", False) is False


async def test_a_connected_number_appears_without_a_reload(tab: Tab, db: Database) -> None:
    await tab.send(Shell.load)
    assert tab.vars(Shell)["connected"] == 0
    await _add_number(db)
    await tab.until(lambda: tab.vars(Shell)["connected"] == 1)


async def test_a_number_that_lost_its_token_is_counted_as_broken(tab: Tab, db: Database) -> None:
    await _add_number(db)
    await _add_number(db, ChannelStatus.RECONNECT)
    await _add_number(db, ChannelStatus.DISCONNECTED)
    await tab.send(Shell.load)
    seen = tab.vars(Shell)
    assert (seen["connected"], seen["broken"]) == (1, 1)


async def test_a_new_language_reaches_the_other_tabs(tab: Tab, db: Database, owner: Actor) -> None:
    await tab.send(Shell.load)
    async with db.write() as session:
        await profile.update(session, owner, name="Olga the Owner", locale="es", time_zone="UTC")
    await tab.until(lambda: tab.vars(Shell)["locale"] == "es")
    assert tab.vars(Shell)["name"] == "Olga the Owner"


async def test_an_operator_without_the_inbox_has_nothing_unread(
    open_tab: OpenTab, new_account: object
) -> None:
    from wapto_app.models import Role

    operator: Actor = await new_account("Op Erator", Role.OPERATOR, is_admin=True)  # type: ignore[operator]
    tab = await open_tab(operator)
    await tab.send(Shell.load)
    seen = tab.vars(Shell)
    assert (seen["unread"], seen["home"]) == (0, "/admin/accounts")
