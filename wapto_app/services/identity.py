"""Identity: one contact per person, however WhatsApp names them.

Meta may send a phone-based ``wa_id``, a business-scoped user id, or both, and writes some countries' numbers in two
ways. All of them are addresses of one contact; each address is unique in the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from integrations.whatsapp.phones import canonical_phone
from wapto_app.clock import utcnow
from wapto_app.models import AddressKind, Contact, ContactAddress, Conversation, Message, Reaction
from wapto_app.models.base import table_of

Address = tuple[AddressKind, str]

contact = table_of(Contact)
contact_address = table_of(ContactAddress)
conversation = table_of(Conversation)
message = table_of(Message)
reaction = table_of(Reaction)


@dataclass(frozen=True, slots=True)
class Person:
    """What a webhook tells about a customer. Hashable, so that a batch asks once per person."""

    wa_id: str = ""
    user_id: str = ""
    profile_name: str = ""
    username: str = ""

    def addresses(self) -> list[Address]:
        found: list[Address] = []
        if self.wa_id:
            number = "+" + self.wa_id.lstrip("+")
            found.append((AddressKind.PHONE, canonical_phone(number) or number))
            found.append((AddressKind.WA_ID, self.wa_id))
        if self.user_id:
            found.append((AddressKind.BSUID, self.user_id))
        return found


def insert_ignore(connection: sa.Connection, table: sa.Table) -> sa.Insert:
    """``INSERT … ON CONFLICT DO NOTHING`` in the dialect of the connection."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    return postgresql.insert(table).on_conflict_do_nothing()


def resolve(connection: sa.Connection, people: Iterable[Person]) -> dict[Person, int]:
    """The contact of each person, made when it is new. Safe under two writers at once."""
    wanted = {person: person.addresses() for person in dict.fromkeys(people)}
    known = _lookup(connection, {address for addresses in wanted.values() for address in addresses})
    return {person: _resolve(connection, person, addresses, known) for person, addresses in wanted.items()}


def _resolve(
    connection: sa.Connection, person: Person, addresses: list[Address], known: dict[Address, int]
) -> int:
    owners = list(dict.fromkeys(known[address] for address in addresses if address in known))
    if not owners:
        created = _create(connection, person)
        known.update(_claim(connection, created, addresses))
        owner = known[addresses[0]] if addresses else created
        if owner != created:
            connection.execute(contact.delete().where(contact.c.id == created))
        return owner
    owner, *others = owners
    for other in others:
        merge(connection, keep=owner, absorb=other)
    known.update(_claim(connection, owner, [address for address in addresses if address not in known]))
    known.update({address: owner for address, holder in known.items() if holder in others})
    _refresh(connection, owner, person)
    return owner


def _lookup(connection: sa.Connection, addresses: set[Address]) -> dict[Address, int]:
    if not addresses:
        return {}
    rows = connection.execute(
        sa.select(contact_address.c.kind, contact_address.c.value, contact_address.c.contact_id).where(
            contact_address.c.value.in_({value for _kind, value in addresses})
        )
    )
    return {(kind, value): contact_id for kind, value, contact_id in rows}


def _create(connection: sa.Connection, person: Person) -> int:
    now = utcnow()
    created = connection.execute(
        contact.insert()
        .values(
            name="",
            profile_name=person.profile_name[:255],
            username=person.username[:64],
            company="",
            email="",
            language="",
            notes="",
            source="whatsapp",
            created_at=now,
            updated_at=now,
        )
        .returning(contact.c.id)
    )
    return int(created.scalar_one())


def _claim(connection: sa.Connection, contact_id: int, addresses: Sequence[Address]) -> dict[Address, int]:
    """Give the addresses to the contact, and tell who owns them now: whoever was faster keeps his."""
    if not addresses:
        return {}
    now = utcnow()
    connection.execute(
        insert_ignore(connection, contact_address),
        [
            {"contact_id": contact_id, "kind": kind, "value": value, "created_at": now}
            for kind, value in addresses
        ],
    )
    return _lookup(connection, set(addresses))


def merge(connection: sa.Connection, *, keep: int, absorb: int) -> None:
    """Two contacts turned out to be one person: everything of ``absorb`` goes to ``keep``.

    Happens when a customer known by a username writes with the number for the first time.
    """
    ours = _conversations(connection, keep)
    for channel_id, theirs in _conversations(connection, absorb).items():
        if channel_id in ours:
            _merge_conversation(connection, keep=ours[channel_id], absorb=theirs)
        else:
            connection.execute(
                conversation.update().where(conversation.c.id == theirs).values(contact_id=keep)
            )
    connection.execute(
        contact_address.update().where(contact_address.c.contact_id == absorb).values(contact_id=keep)
    )
    _keep_what_was_written(connection, keep, absorb)
    connection.execute(contact.delete().where(contact.c.id == absorb))


def _conversations(connection: sa.Connection, contact_id: int) -> dict[int, int]:
    rows = connection.execute(
        sa.select(conversation.c.channel_id, conversation.c.id).where(conversation.c.contact_id == contact_id)
    )
    return dict(rows.tuples().all())


def _merge_conversation(connection: sa.Connection, *, keep: int, absorb: int) -> None:
    for table in (message, reaction):
        connection.execute(
            table.update().where(table.c.conversation_id == absorb).values(conversation_id=keep)
        )
    old = connection.execute(sa.select(conversation).where(conversation.c.id == absorb)).mappings().one()
    new = connection.execute(sa.select(conversation).where(conversation.c.id == keep)).mappings().one()
    newest = old if old["last_message_at"] > new["last_message_at"] else new
    copied = (
        "preview",
        "preview_type",
        "preview_outbound",
        "preview_status",
        "last_message_id",
        "last_message_at",
    )
    values = {name: newest[name] for name in copied}
    values["unread"] = old["unread"] + new["unread"]
    if old["last_inbound_at"] and (
        not new["last_inbound_at"] or old["last_inbound_at"] > new["last_inbound_at"]
    ):
        values |= {name: old[name] for name in ("last_inbound_at", "last_inbound_wamid")}
    connection.execute(conversation.update().where(conversation.c.id == keep).values(**values))
    connection.execute(conversation.delete().where(conversation.c.id == absorb))


def _keep_what_was_written(connection: sa.Connection, keep: int, absorb: int) -> None:
    old = connection.execute(sa.select(contact).where(contact.c.id == absorb)).mappings().one()
    new = connection.execute(sa.select(contact).where(contact.c.id == keep)).mappings().one()
    texts = ("name", "profile_name", "username", "company", "email", "language")
    values = {name: new[name] or old[name] for name in texts}
    values["notes"] = "\n".join(filter(None, (new["notes"], old["notes"])))
    # A refusal of either one holds for the person.
    values["opted_out_at"] = new["opted_out_at"] or old["opted_out_at"]
    values["marketing_stopped_at"] = new["marketing_stopped_at"] or old["marketing_stopped_at"]
    values["blocked_at"] = new["blocked_at"] or old["blocked_at"]
    connection.execute(contact.update().where(contact.c.id == keep).values(**values, updated_at=utcnow()))


def _refresh(connection: sa.Connection, contact_id: int, person: Person) -> None:
    """Follow a changed profile name or username."""
    values = {
        name: value
        for name, value in (("profile_name", person.profile_name[:255]), ("username", person.username[:64]))
        if value
    }
    if not values:
        return
    changed = sa.or_(*(contact.c[name] != value for name, value in values.items()))
    connection.execute(
        contact.update().where(contact.c.id == contact_id, changed).values(**values, updated_at=utcnow())
    )


def move_number(connection: sa.Connection, old: Person, new: Person) -> None:
    """A customer changed the number: the new addresses belong to the same contact (Meta: system messages)."""
    owners = _lookup(connection, set(old.addresses()))
    if owners:
        _claim(connection, next(iter(owners.values())), new.addresses())
