"""Name, logo and colour of the install."""

from __future__ import annotations

import reflex as rx

from state.base import actor_of
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import branding


class BrandingSettings(rx.State):
    """Saved by a route: afterwards the page is loaded anew."""

    loaded: bool = False
    name: str = ""
    accent: str = branding.ACCENT
    logo: str = ""
    has_logo: bool = False

    @rx.event
    @requires(Permission.ADMIN)
    async def load(self) -> None:
        (await actor_of(self)).require(Permission.ADMIN)
        async with runtime.get().db.read() as session:
            brand = await branding.load(session)
        self.name, self.accent = brand.name, brand.accent
        self.logo, self.has_logo = brand.logo_path, bool(brand.logo)
        self.loaded = True

    @rx.event
    @requires(Permission.ADMIN)
    def choose(self, accent: str) -> None:
        self.accent = accent[:7]
