"""Who may import, and what a plan of an import must say."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import phonenumbers
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import TypedDict  # what pydantic validates, below Python 3.12

from wapto_app.models import ContactImport, Visibility
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import Forbidden, Invalid, NotFound
from wapto_app.services.imports.targets import BUILT_IN, FIELD, NEW, NEW_KINDS, PHONE, SEVERAL, TAGS, Target
from wapto_app.services.naming import key_of, name_of
from wapto_app.services.tags import NAME_MAX as TAG_MAX

TOPIC = "imports"
"""Touched when an import begins, ends or is removed; ``import:<id>`` with every batch."""
DUE = "imports-due"
"""Touched when there is work for the background."""
POLICIES = ("skip", "update", "fill")
"""What happens to contacts that are there already."""
_MOST_TAGS_FOR_ALL = 20
_LABEL_MAX = 80


class PlanForm(TypedDict):
    """What the step of the columns sends: a target for each column, and what holds for all rows."""

    targets: list[Target]
    region: str
    policy: str
    tags: list[str]


class OnlyWithFullSight(Forbidden):
    """An import meets contacts of everybody, by their numbers."""

    def __init__(self) -> None:
        super().__init__(Permission.CONTACTS_DO.value)
        self.message = "Only who may see all contacts and their numbers can import. Ask the owner to do it."
        self.args = (self.message,)


def may_import(actor: Actor) -> bool:
    return actor.may(Permission.CONTACTS_DO) and sees_all(actor)


def sees_all(actor: Actor) -> bool:
    return actor.visibility is Visibility.ALL and not actor.hide_phone


def allow(actor: Actor) -> None:
    """Raises Forbidden, OnlyWithFullSight."""
    actor.require(Permission.CONTACTS_DO)
    if not sees_all(actor):
        raise OnlyWithFullSight


async def of_id(session: AsyncSession, import_id: int) -> ContactImport:
    """The import, locked until the transaction ends. Raises NotFound."""
    query = select(ContactImport).where(ContactImport.id == import_id).with_for_update()
    found = (await session.exec(query)).first()
    if found is None:
        raise NotFound("import")
    return found


def checked_plan(form: PlanForm, columns: int, field_ids: Collection[int]) -> dict[str, Any]:
    """The plan as it is stored.

    Raises:
        Invalid: naming the input; ``column_3`` is the fourth column.
    """
    targets = form["targets"]
    if len(targets) != columns:
        raise Invalid("", "The columns have changed. Load the page again.")
    for i, target in enumerate(targets):
        _check_target(i, target, field_ids)
    named = [each["target"] for each in targets if each["target"]]
    if PHONE not in named:
        raise Invalid("columns", "Say which column holds the phone number.")
    for i, target in enumerate(targets):
        if target["target"] and target["target"] not in SEVERAL and named.count(target["target"]) > 1:
            raise Invalid(f"column_{i}", "Two columns cannot be the same. Leave one of them out.")
    labels = [key_of(each["label"], _LABEL_MAX) for each in targets if each["target"].startswith(NEW)]
    if len(set(labels)) < len(labels):
        raise Invalid("columns", "Two new fields have the same name.")
    if form["region"] and form["region"] not in phonenumbers.SUPPORTED_REGIONS:
        raise Invalid("region", "Choose a country of the list.")
    if form["policy"] not in POLICIES:
        raise Invalid("policy", "Choose what happens to contacts that are there already.")
    tags = list(dict.fromkeys(name_of("tags", each, TAG_MAX) for each in form["tags"] if each.strip()))
    if len(tags) > _MOST_TAGS_FOR_ALL:
        raise Invalid("tags", f"At most {_MOST_TAGS_FOR_ALL} tags for everybody.")
    return {
        "targets": list(map(dict, targets)),
        "region": form["region"],
        "policy": form["policy"],
        "tags": tags,
    }


def _check_target(i: int, target: Target, field_ids: Collection[int]) -> None:
    name, kind = target["target"], target["kind"]
    if name.startswith(NEW):
        if name != f"{NEW}{i}" or kind not in NEW_KINDS:
            raise Invalid(f"column_{i}", "Choose what kind of field this is.")
        target["label"] = name_of(f"column_{i}", target["label"], _LABEL_MAX)
    elif name.startswith(FIELD):
        number = name.removeprefix(FIELD)
        if not number.isdecimal() or int(number) not in field_ids:
            raise Invalid(f"column_{i}", "This field does not exist any more. Choose another.")
    elif name and name not in BUILT_IN:
        raise Invalid(f"column_{i}", "Choose what this column is.")


def makes_tags(plan: dict[str, Any]) -> bool:
    return bool(plan.get("tags")) or any(each["target"] == TAGS for each in plan.get("targets", ()))
