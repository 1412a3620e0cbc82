"""A short way to import a text, for the tests of imports."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import select

from wapto_app.jobs import broker
from wapto_app.jobs.imports import carry_out
from wapto_app.models import (
    Contact,
    ContactAddress,
    ContactImport,
    ContactTag,
    CustomField,
    FieldValue,
    ImportProblem,
    Tag,
)
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import imports
from wapto_app.services.imports import ImportRow, PlanForm, Target


@dataclass
class Desk:
    """Imports files of one actor."""

    runtime: Runtime
    actor: Actor
    plan: dict[str, Any] = field(default_factory=dict)

    @property
    def media(self) -> Path:
        return self.runtime.settings.media_dir

    async def upload(self, content: str | bytes, name: str = "people.csv") -> int:
        body = content.encode() if isinstance(content, str) else content
        self.media.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self.media, delete=False) as file:
            file.write(body)
        try:
            key, found = await imports.read(self.actor, self.media, Path(file.name))
        finally:
            Path(file.name).unlink(missing_ok=True)
        async with self.runtime.db.write() as session:
            return await imports.keep(session, self.actor, key, name, len(body), found)

    async def check(self, import_id: int, **changes: Any) -> ImportRow:
        """``changes``: region, policy, tags, and targets by the number of their column."""
        shown = await self.detail(import_id)
        targets = [
            Target(target=each["target"], label=each["label"], kind=each["kind"]) for each in shown["columns"]
        ]
        for i, target in changes.pop("targets", {}).items():
            targets[i] = Target(**({"label": "", "kind": ""} | target))
        base: dict[str, Any] = {"region": "DE", "policy": "skip", "tags": []}
        async with self.runtime.db.write() as session:
            form = PlanForm(targets=targets, **(base | changes))
            await imports.plan(session, self.actor, import_id, form)
        await carry_out(import_id)
        return await self.head(import_id)

    async def start(self, import_id: int) -> None:
        async with self.runtime.db.write() as session:
            await imports.start(session, self.actor, import_id)

    async def imported(self, content: str | bytes, **changes: Any) -> ImportRow:
        """From the file to the contacts."""
        import_id = await self.upload(content)
        await self.check(import_id, **changes)
        await self.start(import_id)
        await carry_out(import_id)
        return await self.head(import_id)

    async def undone(self, import_id: int) -> ImportRow:
        async with self.runtime.db.write() as session:
            await imports.undo(session, self.actor, import_id)
        await carry_out(import_id)
        return await self.head(import_id)

    async def head(self, import_id: int) -> ImportRow:
        async with self.runtime.db.read() as session:
            return await imports.head(session, self.actor, import_id)

    async def detail(self, import_id: int) -> imports.ImportDetail:
        async with self.runtime.db.read() as session:
            return await imports.detail(session, self.actor, import_id)

    async def problems(self, import_id: int) -> list[str]:
        async with self.runtime.db.write() as session:
            file = await imports.problems(session, self.actor, self.media, import_id)
        return "".join([part async for part in file["lines"]]).lstrip("\ufeff").splitlines()

    async def people(self) -> dict[str, Contact]:
        """Contacts by number."""
        async with self.runtime.db.read() as session:
            query = select(ContactAddress.value, Contact).join(Contact).order_by(ContactAddress.id)  # type: ignore[arg-type]
            return dict((await session.exec(query)).all())

    async def tags(self) -> dict[str, set[str]]:
        """Names of tags by the name of who has them."""
        return await self._sets(
            sa.select(Contact.name, Tag.name)  # type: ignore[call-overload]
            .join(ContactTag, ContactTag.contact_id == Contact.id)
            .join(Tag, Tag.id == ContactTag.tag_id)
        )

    async def values(self) -> dict[str, set[str]]:
        """Values of custom fields by the name of who has them."""
        return await self._sets(
            sa.select(Contact.name, CustomField.key + sa.literal("=") + FieldValue.value)  # type: ignore[call-overload]
            .join(FieldValue, FieldValue.contact_id == Contact.id)
            .join(CustomField, CustomField.id == FieldValue.field_id)
        )

    async def _sets(self, query: Any) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        async with self.runtime.db.read() as session:
            for name, value in (await session.exec(query)).all():
                found.setdefault(name, set()).add(value)
        return found

    async def count(self, model: Any) -> int:
        async with self.runtime.db.read() as session:
            query = sa.select(sa.func.count()).select_from(model)
            return int((await session.exec(query)).one()[0])  # type: ignore[call-overload]


def counts(row: Any) -> tuple[int, int, int, int, int]:
    """Created, updated, unchanged, skipped, wrong."""
    return row["created"], row["updated"], row["unchanged"], row["skipped"], row["wrong"]


@asynccontextmanager
async def in_the_background(runtime: Runtime) -> AsyncIterator[None]:
    async with broker.handing_out(runtime):
        yield


__all__ = ["ContactImport", "Desk", "ImportProblem", "counts", "in_the_background"]
