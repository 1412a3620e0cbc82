"""What the demo's workspace knows of its customers: a few tags, fields and segments, and who has them."""

from __future__ import annotations

import asyncio
import json

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.models import Contact, FieldKind
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import fields, segments, tags
from wapto_app.services.fields import FieldForm
from wapto_app.services.inbox import InboxFilter, views
from wapto_app.services.inbox.filters import Sort

_TAGS = (
    ("VIP", "amber"),
    ("Tenant", "blue"),
    ("Buyer", "green"),
    ("Wants a viewing", "purple"),
    ("Newsletter", "grey"),
)
_CUSTOMERS = (
    (("Wants a viewing", "Tenant"), {"city": "Lagos", "budget": "1800", "looking_for": "Flat to rent"}),
    (
        ("Buyer", "VIP"),
        {"city": "Accra", "budget": "250000", "looking_for": "House to buy", "moves_on": "2027-03-01"},
    ),
    (("Newsletter",), {"city": "Lagos", "looking_for": "Flat to rent", "has_pets": "yes"}),
)
_WAIT_SECONDS = 20.0


def _form(label: str, kind: FieldKind, *, help: str = "", minimum: str = "", options: str = "") -> FieldForm:
    return FieldForm(
        label=label,
        key="",
        kind=kind.value,
        help=help,
        minimum=minimum,
        maximum="",
        required=False,
        options=options,
    )


async def prepare(session: AsyncSession) -> None:
    """The words themselves, before anybody has written."""
    actor = Actor.system()
    ids = {name: await tags.create(session, actor, name, colour) for name, colour in _TAGS}
    wishes = json.dumps([{"now": each} for each in ("Flat to rent", "Flat to buy", "House to buy", "Office")])
    for form in (
        _form("City", FieldKind.TEXT),
        _form("Looking for", FieldKind.SELECT, options=wishes),
        _form("Budget", FieldKind.NUMBER, minimum="0", help="A month for tenants, altogether for buyers."),
        _form("Moves on", FieldKind.DATE),
        _form("Has pets", FieldKind.YES_NO),
    ):
        await fields.create(session, actor, form)
    wants_viewing = {"field": "tags", "op": "any_of", "items": [ids["Wants a viewing"]]}
    lately = {"field": "last_inbound", "op": "last_days", "value": "30"}
    in_lagos = {"field": "field:city", "kind": "text", "op": "is", "value": "Lagos"}
    with_money = {"field": "field:budget", "kind": "number", "op": "greater", "value": "100000"}
    may_write = {"field": "opted_out", "op": "no"}
    either = {"join": "or", "rules": [in_lagos, with_money]}
    for name, rules in (
        ("Viewings to arrange", [wants_viewing, lately]),
        ("Lagos, or a large budget", [may_write, either]),
    ):
        await segments.save(session, actor, name, {"join": "and", "rules": rules})
    viewings = InboxFilter(unreplied=True, tags=(ids["Wants a viewing"],), sort=Sort.WAITING)
    await views.save(session, actor, "Viewings to answer", viewings, shared=True)


async def describe(runtime: Runtime) -> None:
    """Give the first customers their tags and values, once they have written."""
    ids = await _first_contacts(runtime)
    actor = Actor.system()
    async with runtime.db.write() as session:
        for contact_id, (names, values) in zip(ids, _CUSTOMERS, strict=False):
            await tags.apply(session, actor, [contact_id], await tags.ensure(session, actor, names))
            await fields.set_values(session, actor, contact_id, values)


async def _first_contacts(runtime: Runtime) -> list[int]:
    wanted = len(_CUSTOMERS)
    async with asyncio.timeout(_WAIT_SECONDS):
        while True:
            async with runtime.db.read() as session:
                wrote = select(Contact.id).where(Contact.source == "whatsapp")
                query = wrote.order_by(col(Contact.id)).limit(wanted)
                found = [contact_id or 0 for contact_id in await session.exec(query)]
            if len(found) >= wanted:
                return found
            await asyncio.sleep(0.2)
