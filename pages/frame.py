"""What every page is put into."""

from __future__ import annotations

import reflex as rx

from pages.bell import bell, notifications_drawer
from pages.forbidden import forbidden, page_skeleton
from pages.lock import lock_panel, plan_banner, plan_chip
from pages.navigation import NAVIGATION, entries
from pages.palette import palette_body, shortcuts_body
from state.base import Feedback
from state.shell import Shell
from state.viewing import Viewing
from wapto_app.security.permissions import Permission
from wapto_app.ui import shell
from wapto_app.ui.banner import offline_banner, viewing_bar
from wapto_app.ui.button import button
from wapto_app.ui.i18n import Text, locale_sync, t
from wapto_app.ui.keys import GoKeys, palette_dialog, shortcuts_dialog
from wapto_app.ui.lazy import later
from wapto_app.ui.notice import notices
from wapto_app.ui.tooltip import tooltip_host

_PERSON = shell.Person(Shell.name, Shell.email, Shell.home, Shell.permissions, Shell.loaded)
_BADGES: dict[str, rx.Var[int]] = {"unread": Shell.unread}


# Memos of this module are one chunk that all pages share, instead of a copy in each.
@rx.memo
def frame_side() -> rx.Component:
    return shell.sidebar(NAVIGATION, _PERSON, _BADGES)


@rx.memo
def frame_drawer() -> rx.Component:
    return shell.navigation_drawer(NAVIGATION, _PERSON, _BADGES)


@rx.memo
def frame_top(title: rx.Var[str]) -> rx.Component:
    may_open = Shell.permissions.contains(Permission.INTEGRATIONS_SEE)
    connection = shell.connection_state(Shell.connected, Shell.broken, Shell.loaded, may_open=may_open)
    parts = rx.fragment(plan_chip(), connection)
    return shell.top_bar(title, _PERSON, parts, bell())


@rx.memo
def frame_banners() -> rx.Component:
    stop = button(t("Stop viewing"), size="sm", on_click=Viewing.stop)
    title, text = t("Viewing as {name}", name=Shell.viewed), t("You cannot change anything.")
    viewing = rx.cond(Shell.viewed != "", viewing_bar(title, text, stop), rx.fragment())
    return rx.fragment(offline_banner(), viewing, plan_banner())


@rx.memo
def frame_lock() -> rx.Component:
    return lock_panel()


@rx.memo
def frame_extras() -> rx.Component:
    return rx.fragment(
        notices(Feedback.notices),
        palette_dialog(later(palette_body)),
        shortcuts_dialog(later(shortcuts_body)),
        _go_keys(),
        notifications_drawer(),
        tooltip_host(),
    )


def _go_keys() -> rx.Component:
    return rx.fragment(
        *[
            rx.cond(
                Shell.permissions.contains(entry.permission),
                GoKeys.create(
                    pages=[{"keys": entry.keys, "href": entry.route, "label": entry.label}], group=t("Go to")
                ),
                rx.fragment(),
            )
            for entry in entries()
            if entry.keys
        ]
    )


def _allowed(title: Text, permission: Permission, *body: rx.Component) -> rx.Component:
    may_see = Shell.permissions.contains(permission.value)
    return rx.cond(may_see, rx.fragment(*body), forbidden(title, permission))


def frame(title: Text, *body: rx.Component, permission: Permission) -> rx.Component:
    """A page behind the sign-in. Give it ``on_load=[Shell.load, …]``.

    Whoever lacks the permission is told so in the place of the body; while the workspace has no plan, what to do
    about it stands there (``Shell.shut``).
    The body gets the whole height and scrolls by itself; ``ui.card.page_body`` is the usual one.
    """
    return rx.fragment(
        locale_sync(Shell.locale),
        shell.page_title(title, Shell.unread),
        shell.shell(
            rx.cond(
                Shell.loaded,
                rx.cond(Shell.shut, frame_lock(), _allowed(title, permission, *body)),
                page_skeleton(title),
            ),
            side=frame_side(),
            top=frame_top(title=title),
            banner=frame_banners(),
            phone_navigation=frame_drawer(),
        ),
        frame_extras(),
    )


def auth_frame(
    title: Text, *body: rx.Component, text: Text = "", footer: rx.Component | None = None
) -> rx.Component:
    """A page before the sign-in: a centred card with the logo."""
    return rx.fragment(
        locale_sync(),
        shell.page_title(title),
        offline_banner(),
        shell.auth_shell(title, *body, text=text, footer=footer),
        notices(Feedback.notices),
        tooltip_host(),
    )
