"""Rules as one select of contacts.

What few contacts pass is found through an index and handed over as a set (``IN``); what most pass is looked up per
contact (``NOT EXISTS``). Whatever has vanished since, a field or a tag, lets nobody pass, also where the rule
says *not*.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlmodel import col

from wapto_app.clock import utcnow
from wapto_app.models import (
    Account,
    AddressKind,
    Campaign,
    CampaignRecipient,
    Contact,
    ContactAddress,
    ContactTag,
    Conversation,
    CustomField,
    FieldKind,
    FieldValue,
    RecipientState,
    Tag,
)
from wapto_app.security.permissions import Actor
from wapto_app.services import canonical
from wapto_app.services.segments.rules import Group, Kind, Test, read
from wapto_app.services.visibility import readable_contact

Condition = sa.ColumnElement[bool]
_CONTACT = col(Contact.id)


class Fold(sa.sql.functions.GenericFunction[str]):
    """Small letters of every alphabet: SQLite's own ``lower`` knows only those of English."""

    type = sa.String()
    inherit_cache = True
    name = "wapto_fold"


@compiles(Fold, "postgresql")
def _lower(element: Any, compiler: Any, **options: Any) -> str:
    return f"lower({compiler.process(element.clauses, **options)})"


def matching(rules: Any, actor: Actor | None = None) -> sa.Select[Any]:
    """Ids of the contacts that pass the rules, and that the actor may see. Never raises: nonsense matches nobody."""
    query = sa.select(_CONTACT).where(condition(rules))
    return query if actor is None else query.where(readable_contact(actor))


def condition(rules: Any) -> Condition:
    """The same as a filter over contacts."""
    return _node(rules if isinstance(rules, Group) else read(rules))


def _node(node: Group | Test) -> Condition:
    if isinstance(node, Test):
        return sa.false() if node.problem else _KINDS[node.kind](node)
    parts = [_node(each) for each in node.rules]
    return sa.or_(sa.false(), *parts) if node.is_any else sa.and_(sa.true(), *parts)


def _text(test: Test) -> Condition:
    if test.key:
        return _own(test)
    return _written(test, _COLUMNS[test.field](), whole=True)


def _written(test: Test, column: Any, *, whole: bool) -> Condition:
    """``whole``: the column is the text itself, else what ``canonical.folded`` made of it."""
    wanted = test.value.lower() if whole else canonical.folded(test.value)
    text = Fold(column) if whole else column
    match test.op:
        case "is":
            return text == wanted
        case "is_not":
            return text != wanted
        case "contains":
            return text.contains(wanted, autoescape=True)
        case "not_contains":
            return sa.not_(text.contains(wanted, autoescape=True))
        case "starts_with":
            return sa.func.substr(text, 1, len(wanted)) == wanted
        case "empty":
            return cast(Condition, column == "")
    return cast(Condition, column != "")


def _name() -> Any:
    """What the team wrote, else what WhatsApp says."""
    return sa.case((col(Contact.name) != "", col(Contact.name)), else_=col(Contact.profile_name))


_COLUMNS: dict[str, Callable[[], Any]] = {
    "name": _name,
    "company": lambda: col(Contact.company),
    "email": lambda: col(Contact.email),
    "language": lambda: col(Contact.language),
    "source": lambda: col(Contact.source),
}


def _own(test: Test) -> Condition:
    """A test of a custom field."""
    field_id = (
        sa.select(col(CustomField.id))
        .where(col(CustomField.key) == test.key, col(CustomField.kind) == FieldKind(test.field_kind))
        .scalar_subquery()
    )
    ours = col(FieldValue.field_id) == field_id
    positive = {"is_not": "is", "not_contains": "contains", "none_of": "any_of", "empty": "not_empty"}
    if test.op not in positive:
        return _CONTACT.in_(sa.select(col(FieldValue.contact_id)).where(ours, *_value(test, test.op)))
    has_it = (
        sa.select(sa.literal(1))
        .select_from(FieldValue)
        .where(col(FieldValue.contact_id) == _CONTACT, ours, *_value(test, positive[test.op]))
    )
    return sa.and_(field_id.is_not(None), sa.not_(has_it.exists()))


def _value(test: Test, op: str) -> list[Condition]:
    """What the row of a value must be; nothing for *has one at all*."""
    key, number = col(FieldValue.key), col(FieldValue.number)
    if op == "not_empty":
        return []
    match test.kind:
        case Kind.CHOICE:
            return [key.in_([canonical.folded(str(each)) for each in test.items])]
        case Kind.YES_NO:
            return [key == op]
        case Kind.NUMBER:
            low, high = canonical.as_float(test.value), canonical.as_float(test.to or "0")
            return [_compared(op, number, low, high)]
        case Kind.DATE:
            return [_dated(test, op, key)]
    asked = Test(op=op, value=test.value)
    if test.field_kind == FieldKind.LONG_TEXT and op == "contains":
        return [_written(asked, col(FieldValue.value), whole=True)]
    return [_written(asked, key, whole=False)]


def _compared(op: str, column: Any, low: Any, high: Any) -> Condition:
    match op:
        case "is":
            return column == low  # type: ignore[no-any-return]
        case "greater" | "after":
            return column > low  # type: ignore[no-any-return]
        case "less" | "before":
            return column < low  # type: ignore[no-any-return]
    return sa.and_(column >= low, column <= high)


def _dated(test: Test, op: str, key: Any) -> Condition:
    today = utcnow().date()
    match op:
        case "last_days":
            return sa.and_(key >= _iso(today, -test.days), key <= today.isoformat())
        case "older_days":
            return key < _iso(today, -test.days)  # type: ignore[no-any-return]
        case "next_days":
            return sa.and_(key >= today.isoformat(), key <= _iso(today, test.days))
    return _compared(op, key, test.value, test.to)


def _iso(today: date, days: int) -> str:
    return (today + timedelta(days=days)).isoformat()


def _moment(test: Test) -> Condition:
    if test.field == "created":
        return _created(test)
    inbound = col(Conversation.last_inbound_at)
    if test.op == "empty":
        return sa.not_(_conversation(inbound.is_not(None)))
    if test.op == "not_empty":
        return _conversation(inbound.is_not(None))
    since, until = _span(test)
    # The newest message of all conversations counts: one within, and none after.
    within = [inbound >= since] if since else []
    if until is None:
        return _conversation(*within)
    return sa.and_(_conversation(*within, inbound < until), sa.not_(_conversation(inbound >= until)))


def _created(test: Test) -> Condition:
    if test.op in ("empty", "not_empty"):
        return sa.true() if test.op == "not_empty" else sa.false()
    since, until = _span(test)
    at = col(Contact.created_at)
    return sa.and_(sa.true(), *([at >= since] if since else []), *([at < until] if until else []))


def _span(test: Test) -> tuple[datetime | None, datetime | None]:
    """From the one (included) to the other; days begin at midnight UTC."""
    now, a_day = utcnow(), timedelta(days=1)
    match test.op:
        case "last_days":
            return now - timedelta(days=test.days), None
        case "older_days":
            return None, now - timedelta(days=test.days)
        case "before":
            return None, _midnight(test.value)
        case "after":
            return _midnight(test.value, a_day), None
    return _midnight(test.value), _midnight(test.to, a_day)


def _midnight(day: str, later: timedelta = timedelta()) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(day), time(), UTC) + later
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)  # the day after the last one


def _conversation(*conditions: Condition) -> Condition:
    ours = col(Conversation.contact_id) == _CONTACT
    return sa.select(sa.literal(1)).select_from(Conversation).where(ours, *conditions).exists()


def _switch(test: Test) -> Condition:
    fact: Condition = _FACTS[test.field]()
    return fact if test.op == "yes" else sa.not_(fact)


def _has_number() -> Condition:
    ours = col(ContactAddress.contact_id) == _CONTACT, col(ContactAddress.kind) == AddressKind.PHONE
    return sa.select(sa.literal(1)).select_from(ContactAddress).where(*ours).exists()


_FACTS: dict[str, Callable[[], Condition]] = {
    "opted_out": lambda: col(Contact.opted_out_at).is_not(None),
    "marketing_stopped": lambda: col(Contact.marketing_stopped_at).is_not(None),
    "blocked": lambda: col(Contact.blocked_at).is_not(None),
    "has_number": _has_number,
}


def _tags(test: Test) -> Condition:
    bears = sa.select(sa.literal(1)).select_from(ContactTag).where(col(ContactTag.contact_id) == _CONTACT)
    if test.op in ("empty", "not_empty"):
        return bears.exists() if test.op == "not_empty" else sa.not_(bears.exists())
    there = _all_there(col(Tag.id), test)
    if test.op == "none_of":
        return sa.and_(there, sa.not_(bears.where(col(ContactTag.tag_id).in_(test.items)).exists()))
    wanted = [test.items] if test.op == "any_of" else [(each,) for each in test.items]
    return sa.and_(there, *[_CONTACT.in_(_bearers(items)) for items in wanted])


def _bearers(tag_ids: tuple[Any, ...]) -> sa.Select[Any]:
    one = col(ContactTag.tag_id)
    return sa.select(col(ContactTag.contact_id)).where(
        one == tag_ids[0] if len(tag_ids) == 1 else one.in_(tag_ids)
    )


def _people(test: Test) -> Condition:
    assignee = col(Conversation.assignee_id)
    if test.op in ("empty", "not_empty"):
        someone = _conversation(assignee.is_not(None))
        return someone if test.op == "not_empty" else sa.not_(someone)
    there = _all_there(col(Account.id), test)
    if test.op == "none_of":
        return sa.and_(there, sa.not_(_conversation(assignee.in_(test.items))))
    theirs = sa.select(col(Conversation.contact_id)).where(assignee.in_(test.items))
    return sa.and_(there, _CONTACT.in_(theirs))


_SENT = (RecipientState.SENT, RecipientState.DELIVERED, RecipientState.READ)
_STATES: dict[str, tuple[RecipientState, ...]] = {
    "got": _SENT,
    "undelivered": (RecipientState.SENT,),
    "unread": (RecipientState.DELIVERED,),
    "read": (RecipientState.READ,),
    "not_read": (RecipientState.SENT, RecipientState.DELIVERED),
    "not_answered": _SENT,
    "failed": (RecipientState.FAILED,),
    "left_out": (RecipientState.SKIPPED,),
}


def _campaigns(test: Test) -> Condition:
    """What became of the person in one of the campaigns; ``ix_campaign_recipient_fate`` alone knows it."""
    r, one = CampaignRecipient, col(CampaignRecipient.campaign_id)
    ours = one == test.items[0] if len(test.items) == 1 else one.in_(test.items)
    there = _all_there(col(Campaign.id), test)
    if test.op == "not_got":
        got = (
            sa.select(sa.literal(1)).select_from(r).where(ours, col(r.contact_id) == _CONTACT, *_fate("got"))
        )
        return sa.and_(there, sa.not_(got.exists()))
    return sa.and_(there, _CONTACT.in_(sa.select(col(r.contact_id)).where(ours, *_fate(test.op))))


def _fate(op: str) -> list[Condition]:
    r = CampaignRecipient
    if op == "answered":
        return [col(r.replied_at).is_not(None)]
    if op == "clicked":
        return [col(r.clicked_at).is_not(None)]
    states = _STATES[op]
    state = col(r.state) == states[0] if len(states) == 1 else col(r.state).in_(states)
    return [state, col(r.replied_at).is_(None)] if op == "not_answered" else [state]


def _all_there(ids: Any, test: Test) -> Condition:
    number = sa.select(sa.func.count(ids)).where(ids.in_(test.items)).scalar_subquery()
    return number == len(test.items)


_KINDS: dict[Kind, Callable[[Test], Condition]] = {
    Kind.TEXT: _text,
    Kind.NUMBER: _own,
    Kind.DATE: _own,
    Kind.MOMENT: _moment,
    Kind.CHOICE: _own,
    Kind.YES_NO: _own,
    Kind.SWITCH: _switch,
    Kind.TAGS: _tags,
    Kind.PEOPLE: _people,
    Kind.CAMPAIGNS: _campaigns,
}
