"""The queue of mails: written with the caller's deed, sent afterwards, so that neither is there without the other.

A mail is claimed before it is sent: ``next_try_at`` moves ahead and is committed. A process that dies in between costs
a pause; only when it dies between the server's "yes" and our note of it is the mail sent twice, under the same
Message-ID.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import touch
from wapto_app.models import MailLog, MailStatus
from wapto_app.models.base import table_of
from wapto_app.services import branding
from wapto_app.services.mail.letters import Letter
from wapto_app.services.mail.writing import subject_of

TOPIC = "mail"
NO_SERVER = "There is no mail server."
DEAD = "Its link expired before a mail server took it."
PAUSES = tuple(timedelta(minutes=n) for n in (1, 5, 15, 60, 180, 360, 360, 360))
"""Between one try and the next; about a day in all."""

KEPT = timedelta(days=7)
"""How long a mail that failed can be sent again by hand."""

_HELD = timedelta(minutes=2)
_DIES_AFTER = {"reset": timedelta(hours=1)}
_IS_QUEUED = sa.text("status = 'queued'")
_table = table_of(MailLog)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A mail that this process sends now."""

    id: int
    to: str
    locale: str
    letter: Letter
    attempts: int
    created_at: datetime

    @property
    def is_dead(self) -> bool:
        """Whether its link has expired: better no mail than one that leads nowhere."""
        return utcnow() >= self.created_at + _DIES_AFTER.get(self.letter.kind, KEPT)


async def post(session: AsyncSession, letter: Letter, *, to: str, locale: str = "en") -> int:
    """Put a mail into the queue, in the caller's transaction; its id. It goes out after the commit, by itself."""
    brand = await branding.load(session)
    mail = MailLog(
        to=to,
        kind=letter.kind,
        locale=locale,
        subject=subject_of(letter, brand, locale),
        content={"values": letter.values, "path": letter.path},
    )
    session.add(mail)
    await session.flush()
    touch(session, TOPIC)
    return mail.id or 0


async def claim(session: AsyncSession) -> Claimed | None:
    """The mail that is due longest; nobody else takes it for two minutes. None when there is none."""
    due = (
        sa.select(_table.c.id)
        .where(_IS_QUEUED, _table.c.next_try_at <= utcnow())
        .order_by(_table.c.next_try_at)
        .limit(1)
    )
    if session.get_bind().dialect.name == "postgresql":
        due = due.with_for_update(skip_locked=True)
    taken = await session.exec(
        sa.update(_table)
        .where(_table.c.id == due.scalar_subquery())
        .values(next_try_at=utcnow() + _HELD, attempts=_table.c.attempts + 1)
        .returning(*_table.c)
    )
    row: Any = taken.first()
    if row is None:
        return None
    letter = Letter(row.kind, row.content.get("values", {}), row.content.get("path", ""))
    return Claimed(row.id, row.to, row.locale, letter, row.attempts, row.created_at)


async def sent(session: AsyncSession, mail_id: int) -> None:
    """The server took it."""
    await _settle(session, mail_id, status=MailStatus.SENT, error="", sent_at=utcnow(), content={})


async def failed(session: AsyncSession, mail: Claimed, reason: str, *, is_final: bool) -> None:
    """Not now: later again, or never by itself."""
    if is_final or mail.attempts > len(PAUSES):
        await _settle(session, mail.id, status=MailStatus.FAILED, error=reason[:500])
    else:
        pause = PAUSES[mail.attempts - 1]
        await _settle(session, mail.id, error=reason[:500], next_try_at=utcnow() + pause)


async def give_up(session: AsyncSession, mail: Claimed, reason: str) -> None:
    """Nobody will send it, so its text, and the link that may be in it, is not kept."""
    await _settle(session, mail.id, status=MailStatus.FAILED, error=reason, content={})


async def forget_texts(session: AsyncSession) -> None:
    """Take the texts from mails that failed so long ago that nobody will send them again."""
    await session.exec(
        sa.update(_table)
        .where(
            _table.c.status == MailStatus.FAILED,
            _table.c.created_at < utcnow() - KEPT,
            _table.c.created_at > utcnow() - 2 * KEPT,
        )
        .values(content={})
    )


async def _settle(session: AsyncSession, mail_id: int, **values: Any) -> None:
    await session.exec(sa.update(MailLog).where(col(MailLog.id) == mail_id).values(**values))
    touch(session, TOPIC)
