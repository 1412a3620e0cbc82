"""Clients of the account routes, and people with a password."""

from __future__ import annotations

import httpx
import pytest

from tests.web.account_steps import PASSWORD, Make, NewClient
from wapto_app.db import Database
from wapto_app.models import Account, Role
from wapto_app.runtime import Runtime
from wapto_app.security import passwords
from wapto_app.web import auth, two_factor


@pytest.fixture
def visitor(runtime: Runtime, new_client: NewClient) -> httpx.AsyncClient:
    """A browser without a session, on the account routes of a server of its own."""
    return new_client([*auth.routes, *two_factor.routes])


@pytest.fixture
def make(db: Database) -> Make:
    """Make an account that signs in with ``PASSWORD``."""

    async def make_account(
        email: str, role: Role = Role.OWNER, *, is_admin: bool = False, is_active: bool = True
    ) -> int:
        stored = await passwords.hashed(PASSWORD)
        account = Account(
            name="Olga", email=email, password_hash=stored, role=role, is_admin=is_admin, is_active=is_active
        )
        async with db.write() as session:
            session.add(account)
        return account.id or 0

    return make_account
