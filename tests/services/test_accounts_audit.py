"""The audit log."""

from __future__ import annotations

from sqlmodel import select

from wapto_app.db import Database
from wapto_app.models import AuditEntry
from wapto_app.security.permissions import Actor
from wapto_app.services import audit


async def entries(db: Database) -> list[AuditEntry]:
    async with db.read() as session:
        return list((await session.exec(select(AuditEntry))).all())


async def test_deed_is_written_with_who_what_and_which(db: Database, owner: Actor) -> None:
    async with db.write() as session:
        audit.record(session, owner, "tag.created", "tag:7", name="VIP", colour="#f00")
    [entry] = await entries(db)
    assert (entry.account_id, entry.action, entry.target) == (owner.account_id, "tag.created", "tag:7")
    assert entry.detail == {"name": "VIP", "colour": "#f00"}
    assert entry.at.utcoffset() is not None


async def test_what_looks_like_a_secret_is_hidden(db: Database, owner: Actor) -> None:
    async with db.write() as session:
        audit.record(
            session,
            owner,
            "channel.connected",
            access_token="EAAG123",
            app_secret="s3cret",
            note="Bearer EAAG123",
        )
    [entry] = await entries(db)
    assert "EAAG123" not in str(entry.detail)
    assert "s3cret" not in str(entry.detail)


async def test_deeds_of_the_machine_have_no_account(db: Database) -> None:
    async with db.write() as session:
        audit.record(session, Actor.system(), "trial.expired")
    [entry] = await entries(db)
    assert entry.account_id is None
