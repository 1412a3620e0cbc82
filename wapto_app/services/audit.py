"""The audit log: who did what to which thing, written in the same transaction as the deed."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.log import hide_secrets
from wapto_app.models import AuditEntry
from wapto_app.models.base import table_of
from wapto_app.security.permissions import Actor


def record(session: AsyncSession, actor: Actor, action: str, target: str = "", **detail: Any) -> None:
    """Note a deed: ``action`` like ``account.deactivated``, ``target`` like ``account:7``.

    Whatever looks like a secret in ``detail`` is hidden, but do not pass any: this table is shown to people.
    """
    session.add(
        AuditEntry(
            account_id=actor.viewer_id or actor.account_id,
            action=action[:64],
            target=target[:128],
            detail=dict(hide_secrets(None, "", dict(detail))),
        )
    )


def record_by_itself(connection: sa.Connection, action: str, target: str, **detail: Any) -> None:
    """The same for the writer's thread, of what nobody asked for."""
    connection.execute(
        table_of(AuditEntry)
        .insert()
        .values(
            account_id=None,
            action=action[:64],
            target=target[:128],
            detail=dict(hide_secrets(None, "", dict(detail))),
            at=utcnow(),
        )
    )
