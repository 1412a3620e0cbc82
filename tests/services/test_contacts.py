"""What the team knows about a customer, and who may know it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa

from tests import meta
from tests.services.conftest import Book
from wapto_app.models import Conversation
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor, Permission, Visibility
from wapto_app.services import contacts
from wapto_app.services.contacts import shown_name
from wapto_app.services.errors import Forbidden, Invalid, NotFound
from wapto_app.services.masking import mask_numbers, mask_phone

pytestmark = pytest.mark.usefixtures("conversation_id")


@pytest.fixture
async def contact_id(conversation_id: int, book: Book) -> int:
    found: int = (await book.only("contact"))["id"]
    return found


async def test_the_card_shows_what_is_known(runtime: Runtime, owner: Actor, contact_id: int) -> None:
    async with runtime.db.read() as session:
        card = await contacts.card(session, owner, contact_id)
    assert (card["profile_name"], card["phone"], card["source"]) == ("Ada", f"+{meta.ADA}", "whatsapp")


async def test_a_hidden_number_is_masked(runtime: Runtime, agent: Actor, contact_id: int) -> None:
    async with runtime.db.read() as session:
        card = await contacts.card(session, replace(agent, hide_phone=True), contact_id)
    assert meta.ADA[3:] not in repr(card)
    assert card["phone"] == "+16•••••34"


async def test_name_and_notes_are_saved_and_told(runtime: Runtime, agent: Actor, contact_id: int) -> None:
    seen: list[frozenset[str]] = []
    runtime.hub.listen(seen.append)
    async with runtime.db.write() as session:
        await contacts.update(session, agent, contact_id, name="  Ada L. ", notes="boats\x00\ud800 ")
    async with runtime.db.read() as session:
        card = await contacts.card(session, agent, contact_id)
    assert (card["name"], card["notes"]) == ("Ada L.", "boats\ufffd")
    assert seen == [{"inbox", "contacts", f"contact:{contact_id}"}]


@pytest.mark.parametrize(("field", "texts"), [("name", ("x" * 121, "")), ("notes", ("", "x" * 10_001))])
async def test_texts_that_are_too_long_are_refused(
    runtime: Runtime, owner: Actor, contact_id: int, field: str, texts: tuple[str, str]
) -> None:
    async with runtime.db.write() as session:
        with pytest.raises(Invalid) as refused:
            await contacts.update(session, owner, contact_id, name=texts[0], notes=texts[1])
    assert refused.value.field == field


async def test_permissions_are_required(runtime: Runtime, agent: Actor, contact_id: int) -> None:
    nobody = replace(agent, permissions=frozenset({Permission.SIGNED_IN}))
    reader = replace(agent, permissions=frozenset({Permission.CONTACTS_SEE}))
    async with runtime.db.write() as session:
        with pytest.raises(Forbidden):
            await contacts.card(session, nobody, contact_id)
        with pytest.raises(Forbidden):
            await contacts.update(session, reader, contact_id, name="", notes="")
        with pytest.raises(NotFound):
            await contacts.card(session, agent, contact_id + 99)
        with pytest.raises(NotFound):
            await contacts.update(session, agent, contact_id + 99, name="", notes="")


@pytest.mark.parametrize("visibility", [Visibility.OWN, Visibility.TEAM])
async def test_only_contacts_of_visible_conversations_are_shown(
    runtime: Runtime,
    agent: Actor,
    contact_id: int,
    visibility: Visibility,
    others_take_all: Callable[[], Awaitable[None]],
) -> None:
    narrow = replace(agent, visibility=visibility)
    await others_take_all()
    async with runtime.db.write() as session:
        with pytest.raises(NotFound):
            await contacts.card(session, narrow, contact_id)
        with pytest.raises(NotFound):
            await contacts.update(session, narrow, contact_id, name="mine", notes="")
        await session.exec(sa.update(Conversation).values(assignee_id=agent.account_id))
        assert (await contacts.card(session, narrow, contact_id))["name"] == ""


@pytest.mark.parametrize(("phone", "shown"), [("+16505551234", "+16•••••34"), ("+49123", "•••"), ("", "•••")])
def test_a_mask_shows_country_and_two_digits(phone: str, shown: str) -> None:
    assert mask_phone(phone) == shown


def test_numbers_inside_a_sentence_are_masked() -> None:
    assert mask_numbers("User A changed from 16505551234 to +16505559999 in 2026") == (
        "User A changed from 165•••••34 to +16•••••99 in 2026"
    )


def test_the_best_name_wins() -> None:
    assert shown_name("Team", "Profile", "user", "+1") == "Team"
    assert shown_name("", "Profile", "user", "+1") == "Profile"
    assert shown_name("", "", "user", "+1") == "@user"
    assert shown_name("", "", "", "+1") == "+1"
    assert shown_name("", "", "", "") == "Unknown contact"
