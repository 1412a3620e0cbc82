"""What was mailed to whom, for the admin."""

from __future__ import annotations

from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import fetch, touch
from wapto_app.models import MailLog, MailStatus
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit
from wapto_app.services.errors import Conflict, NotFound
from wapto_app.services.mail.queue import TOPIC

PAGE = 25


class MailRow(TypedDict):
    """One mail; ``can_send_now``: it failed, and its text is still there. Times are ISO 8601, empty for never."""

    id: int
    to: str
    subject: str
    status: str
    error: str
    attempts: int
    created_at: str
    next_try_at: str
    can_send_now: bool


class MailPage(TypedDict):
    """One page, newest first; ``has_older`` and ``has_newer`` say whether there are others."""

    rows: list[MailRow]
    has_older: bool
    has_newer: bool


async def log_page(
    session: AsyncSession, actor: Actor, *, search: str = "", before: int = 0, after: int = 0
) -> MailPage:
    """Mails whose address or subject holds the text: those older than the id ``before``, or newer than ``after``."""
    actor.require(Permission.ADMIN)
    query = sa.select(
        *(
            col(getattr(MailLog, name))
            for name in (
                "id",
                "to",
                "subject",
                "status",
                "error",
                "attempts",
                "created_at",
                "next_try_at",
                "content",
            )
        )
    ).limit(PAGE + 1)
    if text := search.strip():
        holds = (
            col(MailLog.to).icontains(text, autoescape=True),
            col(MailLog.subject).icontains(text, autoescape=True),
        )
        query = query.where(sa.or_(*holds))
    if after:
        found = await fetch(session, query.where(col(MailLog.id) > after).order_by(col(MailLog.id)))
        rows = [_row(row) for row in reversed(found[:PAGE])]
        return MailPage(rows=rows, has_older=True, has_newer=len(found) > PAGE)
    if before:
        query = query.where(col(MailLog.id) < before)
    found = await fetch(session, query.order_by(col(MailLog.id).desc()))
    return MailPage(
        rows=[_row(row) for row in found[:PAGE]], has_older=len(found) > PAGE, has_newer=before > 0
    )


async def resend(session: AsyncSession, actor: Actor, mail_id: int) -> str:
    """Try a mail again, now; returns its address.

    Raises:
        Conflict: when it was sent, or given up: its text is gone then.
    """
    actor.require(Permission.ADMIN)
    mail = await session.get(MailLog, mail_id)
    if mail is None:
        raise NotFound("mail")
    if not mail.content:
        raise Conflict("The text of this mail was not kept. Do again what sent it, or hand a link over.")
    if mail.status is MailStatus.FAILED:
        mail.status, mail.attempts = MailStatus.QUEUED, 0
    mail.next_try_at = utcnow()
    session.add(mail)
    audit.record(session, actor, "mail.resent", f"mail:{mail_id}", to=mail.to)
    touch(session, TOPIC)
    return mail.to


def _row(row: Any) -> MailRow:
    is_waiting = row.status is MailStatus.QUEUED
    return MailRow(
        id=row.id,
        to=row.to,
        subject=row.subject,
        status=row.status.value,
        error=row.error,
        attempts=row.attempts,
        created_at=row.created_at.isoformat(),
        next_try_at=row.next_try_at.isoformat() if is_waiting and row.attempts else "",
        can_send_now=bool(row.content) and (not is_waiting or row.attempts > 0),
    )
