"""Identity: one contact per person, however WhatsApp names them.

Meta may send a phone-based ``wa_id``, a business-scoped user id, or both, and writes some countries' numbers in two
ways. All of them are addresses of one contact; each address is unique in the database.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from wapto_app.bulk import Bulk, among
from wapto_app.clock import utcnow
from wapto_app.models import (
    AddressKind,
    CampaignRecipient,
    Contact,
    ContactAddress,
    ContactEvent,
    ContactTag,
    Conversation,
    DeskEvent,
    DeskState,
    FieldValue,
    Message,
    MessageDraft,
    Notification,
    Reaction,
    Review,
    ScheduledMessage,
    Task,
)
from wapto_app.models.base import table_of
from wapto_app.services import opt_out_memory
from wapto_app.services.person import Address, NobodyNamed, Person, follow_names
from wapto_app.services.unwanted import cancel_for

contact = table_of(Contact)
contact_address = table_of(ContactAddress)
conversation = table_of(Conversation)
message = table_of(Message)
reaction = table_of(Reaction)
contact_tag = table_of(ContactTag)
field_value = table_of(FieldValue)
contact_event = table_of(ContactEvent)
campaign_recipient = table_of(CampaignRecipient)
_OF_CONVERSATION = tuple(
    table_of(each) for each in (Message, Reaction, DeskEvent, Task, Review, ScheduledMessage, Notification)
)
message_draft = table_of(MessageDraft)
desk_state = table_of(DeskState)

_CLOCKS_DIFFER = timedelta(minutes=10)


def insert_ignore(dialect: str, table: sa.Table) -> sa.Insert:
    """``INSERT … ON CONFLICT DO NOTHING`` in a dialect."""
    # Not the cached function itself: it would take anything for a dialect.
    return _insert_ignore(dialect, table)


@functools.cache
def _insert_ignore(dialect: str, table: sa.Table) -> sa.Insert:
    insert = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    return insert.on_conflict_do_nothing()


_INSERT_RETURNING = contact.insert().returning(contact.c.id, sort_by_parameter_order=True)
_INSERT_CONTACTS = Bulk(lambda _dialect: contact.insert())
_INSERT_ADDRESSES = Bulk(lambda dialect: insert_ignore(dialect, contact_address))


def resolve(connection: sa.Connection, people: Iterable[Person]) -> dict[Person, int]:
    """The contact of each person, made when it is new. Safe under two writers at once.

    Raises:
        NobodyNamed: for a person without any address.
    """
    wanted = {person: person.as_written() for person in dict.fromkeys(people)}
    if not all(wanted.values()):
        raise NobodyNamed
    known = _lookup(connection, set(chain.from_iterable(wanted.values())))
    # It costs as much as the rest to find out how a number is written: for those only who are not found as they are.
    others = {
        person: person.addresses()
        for person, addresses in wanted.items()
        if not all(address in known for address in addresses)
    }
    known |= _lookup(
        connection, set(chain.from_iterable(others.values())) - set(chain.from_iterable(wanted.values()))
    )
    wanted |= others
    known |= _introduce(connection, wanted, known)
    for person, addresses in wanted.items():
        _resolve(connection, person, addresses, known)
    # Read at the end: a later person of the batch may have shown that two earlier ones are the same.
    owners = {person: known[addresses[0]] for person, addresses in wanted.items()}
    follow_names(connection, owners)
    return owners


def _introduce(
    connection: sa.Connection, wanted: dict[Person, list[Address]], known: dict[Address, int]
) -> dict[Address, int]:
    """Make the contacts of all who are new and share no address with anybody here; who owns their addresses."""
    times = Counter(address for addresses in wanted.values() for address in addresses)
    new = {
        person: addresses
        for person, addresses in wanted.items()
        if all(address not in known and times[address] == 1 for address in addresses)
    }
    if len(new) < 2:
        return {}
    created = dict(zip(new, _create_all(connection, new), strict=True))
    rows = [(created[person], address) for person, addresses in new.items() for address in addresses]
    owners = _claim_all(connection, rows)
    # Another writer was faster with all of the addresses.
    unneeded = [
        of for person, of in created.items() if of not in {owners[address] for address in new[person]}
    ]
    if unneeded:
        connection.execute(contact.delete().where(contact.c.id.in_(unneeded)))
    return owners


def _resolve(
    connection: sa.Connection, person: Person, addresses: list[Address], known: dict[Address, int]
) -> None:
    """Leave every address of the person known, with one owner."""
    is_new = not any(address in known for address in addresses)
    created = _create(connection, person) if is_new else 0
    missing = [address for address in addresses if address not in known]
    known.update(_claim(connection, created or _owners(addresses, known)[0], missing))
    owner, *others = _owners(addresses, known)
    for other in others:
        merge(connection, keep=owner, absorb=other)
        known.update({address: owner for address, holder in known.items() if holder == other})
    if is_new and created not in (owner, *others):
        # Another writer was faster with all of the addresses.
        connection.execute(contact.delete().where(contact.c.id == created))


def of_phone(connection: sa.Connection, phone: str, name: str = "", source: str = "") -> tuple[int, bool]:
    """The contact of a canonical number that somebody typed, and whether it was made now. Safe under two at once.

    Unlike what a webhook tells, it says nothing of how WhatsApp spells the number.
    """
    address = (AddressKind.PHONE, phone)
    known = _lookup(connection, {address})
    if address in known:
        owner, is_new = known[address], False
    else:
        created = _create(connection, Person(), source or "manual")
        owner = claim_phone(connection, created, phone)
        is_new = owner == created
        if not is_new:
            connection.execute(contact.delete().where(contact.c.id == created))
    if name:
        nameless = contact.c.id == owner, contact.c.name == ""
        connection.execute(contact.update().where(*nameless).values(name=name, updated_at=utcnow()))
    return owner, is_new


def claim_phone(connection: sa.Connection, contact_id: int, phone: str) -> int:
    """Give a canonical number to a contact; who has it now: whoever was faster keeps it."""
    address = (AddressKind.PHONE, phone)
    return _claim(connection, contact_id, [address])[address]


def _owners(addresses: list[Address], known: dict[Address, int]) -> list[int]:
    """Oldest first: that contact stays when several turn out to be one person."""
    return sorted({known[address] for address in addresses if address in known})


def _lookup(connection: sa.Connection, addresses: set[Address]) -> dict[Address, int]:
    if not addresses:
        return {}
    rows = connection.execute(
        _owners_of(connection.dialect.name), {"values": {value for _kind, value in addresses}}
    )
    return {(kind, value): contact_id for kind, value, contact_id in rows}


@functools.cache
def _owners_of(dialect: str) -> sa.Select[Any]:
    columns = contact_address.c.kind, contact_address.c.value, contact_address.c.contact_id
    # The kind first, as in the index.
    kinds = contact_address.c.kind.in_(list(AddressKind))
    return sa.select(*columns).where(kinds, among(dialect, contact_address.c.value, "values"))


def _create(connection: sa.Connection, person: Person, source: str = "whatsapp") -> int:
    return _create_all(connection, [person], source)[0]


def _create_all(connection: sa.Connection, people: Iterable[Person], source: str = "whatsapp") -> list[int]:
    """The ids of the new contacts, in the order of the people."""
    now = utcnow()
    rows = [
        {
            "name": "",
            "profile_name": person.profile_name[:255],
            "username": person.username[:64],
            "company": "",
            "email": "",
            "language": "",
            "notes": "",
            "source": source,
            "created_at": now,
            "updated_at": now,
        }
        for person in people
    ]
    if connection.dialect.name != "sqlite":
        return list(connection.execute(_INSERT_RETURNING, rows).scalars())
    # SQLAlchemy would insert one at a time to be sure of the order. Nobody else writes meanwhile: the newest are ours.
    _INSERT_CONTACTS.run(connection, rows)
    newest = sa.select(contact.c.id).order_by(contact.c.id.desc()).limit(len(rows))
    return sorted(connection.execute(newest).scalars())


def _claim(connection: sa.Connection, contact_id: int, addresses: Sequence[Address]) -> dict[Address, int]:
    """Give the addresses to the contact, and tell who owns them now: whoever was faster keeps his."""
    return _claim_all(connection, [(contact_id, address) for address in addresses])


def _claim_all(connection: sa.Connection, claims: Sequence[tuple[int, Address]]) -> dict[Address, int]:
    if not claims:
        return {}
    now = utcnow()
    _INSERT_ADDRESSES.run(
        connection,
        [
            {"contact_id": contact_id, "kind": kind, "value": value, "created_at": now}
            for contact_id, (kind, value) in claims
        ],
    )
    addresses = [address for _contact_id, address in claims]
    opt_out_memory.recall(connection, addresses)
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
    _move(connection, contact_tag, "contact_id", "tag_id", keep=keep, absorb=absorb)
    _move(connection, field_value, "contact_id", "field_id", keep=keep, absorb=absorb)
    _move(connection, campaign_recipient, "contact_id", "campaign_id", keep=keep, absorb=absorb)
    connection.execute(
        contact_event.update().where(contact_event.c.contact_id == absorb).values(contact_id=keep)
    )
    connection.execute(contact.delete().where(contact.c.id == absorb))


def _move(
    connection: sa.Connection, table: sa.Table, owner: str, what: str, *, keep: int, absorb: int
) -> None:
    """Rows of which one owner has at most one of a kind: what ``keep`` has stays, the rest comes over."""
    theirs = sa.select(table.c[what]).where(table.c[owner] == keep)
    connection.execute(
        table.update().where(table.c[owner] == absorb, table.c[what].not_in(theirs)).values({owner: keep})
    )


def _conversations(connection: sa.Connection, contact_id: int) -> dict[int, int]:
    rows = connection.execute(
        sa.select(conversation.c.channel_id, conversation.c.id).where(conversation.c.contact_id == contact_id)
    )
    return dict(rows.tuples().all())


def _merge_conversation(connection: sa.Connection, *, keep: int, absorb: int) -> None:
    for table in _OF_CONVERSATION:
        connection.execute(
            table.update().where(table.c.conversation_id == absorb).values(conversation_id=keep)
        )
    known = sa.select(desk_state.c.conversation_id).where(desk_state.c.conversation_id == keep)
    connection.execute(
        desk_state.update()
        .where(desk_state.c.conversation_id == absorb, ~known.exists())
        .values(conversation_id=keep)
    )
    _move(connection, message_draft, "conversation_id", "account_id", keep=keep, absorb=absorb)
    ours, theirs = _row(connection, conversation, keep), _row(connection, conversation, absorb)
    connection.execute(
        conversation.update().where(conversation.c.id == keep).values(_both(dict(ours), dict(theirs)))
    )
    connection.execute(conversation.delete().where(conversation.c.id == absorb))


def _row(connection: sa.Connection, table: sa.Table, row_id: int) -> sa.RowMapping:
    return connection.execute(sa.select(table).where(table.c.id == row_id)).mappings().one()


def _both(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    """What one conversation shows after it took over the other's messages."""
    newest = max(ours, theirs, key=_newest_message)
    shown = (name for name in ours if name.startswith(("preview", "last_message")))
    return {name: newest[name] for name in shown} | {
        "unread": ours["unread"] + theirs["unread"],
        "last_inbound_at": _latest(ours["last_inbound_at"], theirs["last_inbound_at"]),
        "receipt_wamid": ours["receipt_wamid"] or theirs["receipt_wamid"],
        "assignee_id": ours["assignee_id"] or theirs["assignee_id"],
        "status": newest["status"],
        "created_at": min(ours["created_at"], theirs["created_at"]),
    }


def _newest_message(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["last_message_id"] is not None, row["last_message_at"], row["last_message_id"] or 0


def _latest(*times: Any) -> Any:
    return max((at for at in times if at is not None), default=None)


def _keep_what_was_written(connection: sa.Connection, keep: int, absorb: int) -> None:
    ours, theirs = _row(connection, contact, keep), _row(connection, contact, absorb)
    texts = ("name", "profile_name", "username", "company", "email", "language")
    values: dict[str, Any] = {name: ours[name] or theirs[name] for name in texts}
    values["notes"] = "\n".join(filter(None, (ours["notes"], theirs["notes"])))
    # A refusal of either one holds for the person …
    values["opted_out_at"] = ours["opted_out_at"] or theirs["opted_out_at"]
    values["blocked_at"] = ours["blocked_at"] or theirs["blocked_at"]
    if values["opted_out_at"] or values["blocked_at"]:
        cancel_for(connection, [keep])
    # … but about marketing the customers may change their mind, and the last word counts.
    decided = max(
        (ours, theirs), key=lambda row: (row["marketing_choice_at"] is not None, row["marketing_choice_at"])
    )
    values |= {name: decided[name] for name in ("marketing_stopped_at", "marketing_choice_at")}
    connection.execute(contact.update().where(contact.c.id == keep).values(**values, updated_at=utcnow()))


def choose_marketing(connection: sa.Connection, contact_id: int, *, stops: bool, at: datetime) -> None:
    """The customer stopped or resumed marketing messages. The newest choice counts, whichever arrives first."""
    chosen = contact.c.marketing_choice_at
    # Of a stop and a resumption in the same second, the stop is obeyed.
    is_news = chosen <= at if stops else chosen < at
    connection.execute(
        contact.update()
        .where(contact.c.id == contact_id, sa.or_(chosen.is_(None), is_news))
        .values(marketing_stopped_at=at if stops else None, marketing_choice_at=at, updated_at=utcnow())
    )


def move_number(connection: sa.Connection, old: Person, new: Person, at: datetime) -> None:
    """A customer changed the number ``at``: the new addresses are theirs from now on (Meta: system messages).

    A contact made since then is the same person, whose first message overtook the news. An older one had the number
    before: it keeps its conversations and loses the number.
    """
    owner = resolve(connection, [old])[old]
    addresses = new.addresses()
    holders = set(_lookup(connection, set(addresses)).values()) - {owner}
    overtook = contact.c.id.in_(holders), contact.c.created_at >= at - _CLOCKS_DIFFER
    for (holder,) in connection.execute(sa.select(contact.c.id).where(*overtook)).all():
        merge(connection, keep=owner, absorb=holder)
    # Written anew, because the newest number of a contact is the one that is written to.
    values = [value for _kind, value in addresses]
    connection.execute(contact_address.delete().where(contact_address.c.value.in_(values)))
    _claim(connection, owner, addresses)
