"""What is shown until it is known how things stand with templates."""

from __future__ import annotations

from wapto_app.services.templates import Standing

NO_STANDING = Standing(connected=False, accounts=[], synced_at="", total=0, drafts=0, used=0, limit=-1)
