"""Notifications by mail, for who asked for it: a sentence and a link, in the reader's language."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch
from wapto_app.models import Account, Notification, NotificationKind
from wapto_app.models.base import table_of
from wapto_app.services import mail
from wapto_app.services.masking import Mask

_AT_ONCE = 20
_LOCALES = Path(__file__).parents[1] / "locales"
_table = table_of(Notification)
# Spelled exactly as in the partial index, or SQLite does not use it.
_DUE = sa.text("notification.mail_due")
# The same texts as behind the bell (``pages/notifications.py``), so that the catalogs have them.
_SENTENCES = {
    NotificationKind.TASK_ASSIGNED: "{by} gave you a task: {title}",
    NotificationKind.TASK_DUE: "Due now: {title}",
    NotificationKind.REVIEW_RECEIVED: "{by} reviewed one of your conversations",
    NotificationKind.NUMBER_PROBLEM: "{name} must be reconnected: WhatsApp refused its access token",
    NotificationKind.CAMPAIGN_STOPPED: "{title} stands still: {what}",
    NotificationKind.CAMPAIGN_ASKS: "{title} should have gone out while Wapto was off: send it now?",
}


async def any_due(session: AsyncSession) -> bool:
    return bool(await fetch(session, sa.select(_table.c.id).where(_DUE).limit(1)))


async def queue(session: AsyncSession) -> None:
    """Turn the oldest of them into mails; who does so at the same moment takes others."""
    n = _table.c
    query: sa.Select[Any] = (
        sa.select(
            *(n.id, n.kind, n.args, n.href, col(Account.email), col(Account.locale), col(Account.hide_phone))
        )
        .join(Account, col(Account.id) == n.account_id)
        .where(_DUE, col(Account.is_active).is_(True))
        .order_by(n.id)
        .limit(_AT_ONCE)
        .with_for_update(of=_table, skip_locked=True)
    )
    rows = await fetch(session, query)
    for row in rows:
        sentence = _sentence(row)
        letter = mail.note(sentence, sentence, row.href)
        await mail.post(session, letter, to=row.email, locale=row.locale)
    done = [row.id for row in rows]
    gone = sa.select(col(Account.id)).where(col(Account.is_active).is_(False))
    settled = sa.or_(n.id.in_(done), sa.and_(_DUE, n.account_id.in_(gone)))
    await session.exec(sa.update(_table).where(settled).values(mail_due=False))


async def give_up(session: AsyncSession) -> None:
    """Without a mail server nothing is kept for later: it would be old news."""
    await session.exec(sa.update(_table).where(_DUE).values(mail_due=False))


def _sentence(row: Any) -> str:
    sentence = _SENTENCES.get(NotificationKind(row.kind), "Something happened in your workspace")
    text = _words(row.locale).get(sentence) or sentence
    for name, value in row.args.items():
        text = text.replace(f"{{{name}}}", Mask(hides=row.hide_phone).every(str(value)))
    return " ".join(text.split())[:200]


@cache
def _words(locale: str) -> dict[str, Any]:
    path = _LOCALES / f"{locale.partition('-')[0]}.json"
    if not path.is_file() or not locale.partition("-")[0].isalpha():
        return {}
    words: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return words
