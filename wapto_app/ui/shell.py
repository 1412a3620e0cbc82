"""The frame around every page: sidebar, top bar, drawer on a phone. It only draws; what it shows is handed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import reflex as rx

from wapto_app.ui.avatar import avatar
from wapto_app.ui.badge import count, dot
from wapto_app.ui.brand import LOGO, brand_name, brand_text
from wapto_app.ui.browser import in_browser, source
from wapto_app.ui.button import button, icon_button
from wapto_app.ui.dialog import close_dialog, drawer, open_dialog
from wapto_app.ui.form import post_form
from wapto_app.ui.i18n import LANGUAGES, Text, set_locale, t, tn
from wapto_app.ui.keys import kbd, open_palette
from wapto_app.ui.link import NavLink, RouteLink
from wapto_app.ui.menu import menu, menu_item, menu_separator
from wapto_app.ui.skeleton import skeleton, skeleton_rows
from wapto_app.ui.tokens import ICON_BUTTON, Classes, Tone, classes

_FILE = source("shell.jsx")
_DRAWER = "navigation"
_ENTRY = (
    "group/nav relative flex h-9 items-center gap-3 rounded-md px-2.5 text-sm text-muted transition-colors "
    "hover:bg-hover hover:text-ink aria-[current=page]:bg-hover aria-[current=page]:font-medium "
    "aria-[current=page]:text-ink pointer-coarse:h-11"
)
_ENTRY_ICON = "flex-none group-aria-[current=page]/nav:text-accent-ink"


class PageTitle(rx.Component):
    """``(3) Inbox · Wapto`` as the title of the window."""

    library = _FILE
    tag = "PageTitle"

    title: rx.Var[str]
    unread: rx.Var[int]


class SkipLink(rx.Component):
    """See ``shell.jsx``."""

    library = _FILE
    tag = "SkipLink"


class ThemeSwitch(rx.Component):
    """Light, dark, as the device."""

    library = _FILE
    tag = "ThemeSwitch"


class ThemeButton(rx.Component):
    """From what is seen now to the other one."""

    library = _FILE
    tag = "ThemeButton"


@dataclass(frozen=True)
class Entry:
    """One line of the navigation.

    ``permission`` is what the reader needs to see it; ``badge`` names the number that stands beside it; ``keys`` are
    those that go there ("g i").
    """

    label: rx.Var[str]
    route: str
    icon: str
    permission: str
    badge: str = ""
    keys: str = ""


@dataclass(frozen=True)
class Group:
    """Entries that belong together."""

    label: rx.Var[str]
    entries: Sequence[Entry]


@dataclass(frozen=True)
class Person:
    """Who is signed in, as vars."""

    name: rx.Var[str]
    email: rx.Var[str]
    home: rx.Var[str]
    granted: rx.Var[list[str]]
    loaded: rx.Var[bool]


def logo(*, size: str = "h-7", words: Classes | None = "") -> rx.Component:
    """The mark, and the name beside it unless ``words`` (its class names) is None."""
    name = (
        rx.fragment()
        if words is None
        else brand_name(classes("truncate font-semibold tracking-tight", words))
    )
    mark = rx.el.img(
        src=LOGO,
        alt="",
        class_name=f"w-auto max-w-24 flex-none object-contain [[data-sidebar=icons]_&]:max-w-7 {size}",
    )
    return rx.el.span(mark, name, class_name="inline-flex min-w-0 items-center gap-2.5")


def navigation(
    groups: Sequence[Group], person: Person, badges: dict[str, rx.Var[int]], *, in_drawer: bool
) -> rx.Component:
    """The groups of which the reader may see at least one entry; shapes until that is known."""
    shown = rx.el.div(
        *[_group(group, person, badges, in_drawer=in_drawer) for group in groups], class_name="contents"
    )
    shapes = rx.el.div(
        *[skeleton("mx-2.5 h-4 w-3/5") for _ in range(4)], class_name="flex flex-col gap-5 pt-3"
    )
    return rx.el.nav(
        rx.cond(person.loaded, shown, shapes),
        aria_label=t("Main"),
        class_name=(
            "scroll-thin relative flex min-h-0 flex-1 flex-col gap-4 overflow-x-hidden overflow-y-auto px-2 py-3"
        ),
    )


def _group(group: Group, person: Person, badges: dict[str, rx.Var[int]], *, in_drawer: bool) -> rx.Component:
    wide = "" if in_drawer else "wide"
    granted = [person.granted.contains(entry.permission) for entry in group.entries]
    any_granted = granted[0]
    for one in granted[1:]:
        any_granted = any_granted | one
    links = [
        rx.cond(may, rx.el.li(_entry(entry, badges, in_drawer=in_drawer)), rx.fragment())
        for entry, may in zip(group.entries, granted, strict=True)
    ]
    heading = rx.el.h2(group.label, class_name=classes("px-2.5 pb-1 text-xs font-medium text-faint", wide))
    return rx.cond(
        any_granted, rx.el.div(heading, rx.el.ul(*links, class_name="flex flex-col gap-0.5")), rx.fragment()
    )


def _entry(entry: Entry, badges: dict[str, rx.Var[int]], *, in_drawer: bool) -> rx.Component:
    wide = "" if in_drawer else "wide"
    number = badges.get(entry.badge)
    icon = rx.icon(entry.icon, size=18, class_name=_ENTRY_ICON, aria_hidden=True)
    words = rx.el.span(entry.label, class_name=classes("flex-1 truncate", wide))
    unread = rx.fragment() if number is None else _entry_badge(number, in_drawer=in_drawer)
    props: dict[str, Any] = (
        {"on_click": close_dialog(_DRAWER)}
        if in_drawer
        else {"data_tip_narrow": entry.label, "data_tip_side": "end"}
    )
    return NavLink.create(icon, words, unread, to=entry.route, class_name=_ENTRY, **props)


def _entry_badge(number: rx.Var[int], *, in_drawer: bool) -> rx.Component:
    words = t("unread")
    if in_drawer:
        return count(number, label=words)
    small = rx.cond(number > 0, dot("accent", class_name="narrow absolute end-2 top-1.5"), rx.fragment())
    return rx.fragment(count(number, label=words, class_name="wide"), small)


def sidebar(groups: Sequence[Group], person: Person, badges: dict[str, rx.Var[int]]) -> rx.Component:
    """Beside the page from 1024 px on; can be narrowed to its icons, and stays so."""
    toggle = in_browser("shell.jsx", "toggleSidebar")
    head = RouteLink.create(
        logo(words="wide"),
        to=person.home,
        aria_label=t("Home"),
        class_name="flex h-13 flex-none items-center px-3.5 rounded-md -outline-offset-4",
    )
    foot = rx.el.div(
        rx.el.button(
            rx.icon("panel-left", size=18, class_name="flex-none mirror", aria_hidden=True),
            rx.el.span(t("Collapse"), class_name="wide"),
            type="button",
            on_click=toggle,
            data_tip_narrow=t("Widen"),
            data_tip_side="end",
            class_name=f"w-full {_ENTRY}",
        ),
        class_name="flex-none border-t p-2",
    )
    return rx.el.aside(
        head,
        navigation(groups, person, badges, in_drawer=False),
        foot,
        class_name="row-span-2 flex min-h-0 flex-col border-e bg-surface max-lg:hidden",
    )


def navigation_drawer(
    groups: Sequence[Group], person: Person, badges: dict[str, rx.Var[int]]
) -> rx.Component:
    """The same navigation on a phone, behind the menu button."""
    body = rx.el.div(
        navigation(groups, person, badges, in_drawer=True), class_name="-mx-5 -mt-4 flex flex-col"
    )
    return drawer(body, id=_DRAWER, title=brand_text(), side="start", width="xs")


def top_bar(title: Text, person: Person, connection: rx.Component, bell: rx.Component) -> rx.Component:
    """Name of the page on a phone, search, connection, notifications, theme, profile."""
    return rx.el.header(
        icon_button(
            "menu", t("Menu"), size=20, on_click=open_dialog(_DRAWER), class_name="size-10 lg:hidden"
        ),
        rx.el.span(title, class_name="truncate text-sm font-semibold lg:hidden", aria_hidden=True),
        _search_button(),
        rx.el.div(
            icon_button("search", t("Search"), on_click=open_palette(), class_name="lg:hidden"),
            connection,
            bell,
            ThemeButton.create(class_name=classes(ICON_BUTTON, "max-sm:hidden")),
            profile_menu(person),
            class_name="ms-auto flex flex-none items-center gap-1",
        ),
        class_name="flex min-w-0 items-center gap-2 border-b bg-surface px-2 sm:px-4",
    )


def _search_button() -> rx.Component:
    return rx.el.button(
        rx.icon("search", size=16, aria_hidden=True),
        rx.el.span(t("Search or go to …"), class_name="flex-1 truncate text-start"),
        kbd("mod+k"),
        type="button",
        on_click=open_palette(),
        class_name=(
            "flex h-9 w-80 items-center gap-2.5 rounded-md border border-line bg-canvas ps-3 pe-2 text-sm text-muted "
            "transition-colors hover:border-line-strong max-lg:hidden"
        ),
    )


def profile_menu(person: Person) -> rx.Component:
    """Who is signed in; profile, appearance, sign out."""
    trigger = rx.el.button(
        avatar(person.name, size=28),
        type="button",
        aria_label=t("Your account"),
        class_name="grid size-9 place-items-center rounded-full hover:bg-hover",
    )
    head = rx.el.div(
        rx.el.p(person.name, class_name="truncate text-sm font-medium"),
        rx.el.p(person.email, class_name="truncate text-xs text-muted"),
        class_name="px-2 py-1.5",
        role="presentation",
    )
    appearance = rx.el.div(
        rx.el.span(t("Appearance"), class_name="text-sm text-muted"),
        ThemeSwitch.create(),
        class_name="flex items-center justify-between gap-6 px-2 py-1.5",
        role="presentation",
    )
    leave = post_form(
        menu_item(t("Sign out"), icon="log-out", type="submit"), action="/auth/logout", role="presentation"
    )
    return menu(
        trigger,
        head,
        menu_separator(),
        menu_item(t("Profile"), icon="user", href="/profile"),
        appearance,
        menu_separator(),
        leave,
        label=t("Your account"),
        align="end",
        class_name="w-64",
    )


def connection_state(
    connected: rx.Var[int], broken: rx.Var[int], known: rx.Var[bool], *, may_open: rx.Var[bool]
) -> rx.Component:
    """How the numbers are, in a dot and a word; leads to the integrations for who may see them."""

    def state(tone: Tone, text: Text) -> rx.Component:
        look = "flex h-8 items-center gap-2 rounded-md px-2 text-sm whitespace-nowrap text-muted"
        words = rx.el.span(text, class_name="max-sm:sr-only")
        way = RouteLink.create(
            dot(tone),
            words,
            to="/integrations",
            class_name=f"{look} hover:bg-hover hover:text-ink",
            data_tip=text,
        )
        return rx.cond(may_open, way, rx.el.span(dot(tone), words, class_name=look))

    shown = rx.cond(
        broken > 0,
        state("danger", tn("{n} number needs attention", "{n} numbers need attention", broken)),
        rx.cond(
            connected > 0,
            state("accent", tn("{n} number connected", "{n} numbers connected", connected)),
            state("warning", t("No number connected")),
        ),
    )
    return rx.cond(known, shown, skeleton("h-4 w-32 max-sm:w-4"))


def shell(
    *body: rx.Component,
    side: rx.Component,
    top: rx.Component,
    banner: rx.Component,
    phone_navigation: rx.Component,
) -> rx.Component:
    """Puts the parts in their places. The page's own part scrolls; the rest stands."""
    return rx.el.div(
        skip_link(),
        side,
        top,
        rx.el.div(
            banner,
            rx.el.main(*body, id="main", tab_index=-1, class_name="relative min-h-0 flex-1 outline-none"),
            class_name="flex min-h-0 min-w-0 flex-col pb-[env(safe-area-inset-bottom)]",
        ),
        phone_navigation,
        class_name="shell",
    )


def waiting_shell() -> rx.Component:
    """The shape of the inbox, painted before any script ran. ``boot.js`` tells whether the visitor is going there."""
    side = rx.el.aside(
        rx.el.div(logo(words="wide"), class_name="flex h-13 flex-none items-center px-3.5"),
        rx.el.div(
            *[skeleton("mx-2.5 h-4 w-3/5") for _ in range(4)], class_name="flex flex-col gap-5 px-2 pt-6"
        ),
        class_name="row-span-2 flex min-h-0 flex-col border-e bg-surface max-lg:hidden",
    )
    rows = skeleton_rows(7, class_name="w-full flex-none border-e bg-surface pt-2 md:w-80 xl:w-88")
    return rx.el.div(
        side,
        rx.el.header(class_name="border-b bg-surface"),
        rx.el.div(
            rows, rx.el.div(class_name="flex-1 bg-chat max-md:hidden"), class_name="flex min-h-0 min-w-0"
        ),
        class_name="shell waiting",
    )


def skip_link() -> rx.Component:
    """The first stop of the keyboard: past the navigation."""
    return SkipLink.create(
        class_name=(
            "sr-only rounded-md bg-accent px-4 py-2 text-sm font-medium text-on-accent focus:not-sr-only focus:fixed "
            "focus:start-3 focus:top-2 focus:z-50"
        ),
    )


def page_title(title: Text, unread: int | rx.Var[int] = 0) -> rx.Component:
    return PageTitle.create(title=title, unread=unread)


def language_menu() -> rx.Component:
    """The language of this browser, for who has no account to ask yet."""
    trigger = button(t("Language"), icon="languages", variant="ghost", size="sm")
    items = [menu_item(name, on_click=set_locale(code), lang=code) for code, name in LANGUAGES.items()]
    return menu(trigger, *items, label=t("Language"), side="top", align="center")


def auth_shell(
    title: Text, *body: rx.Component, text: Text = "", footer: rx.Component | None = None
) -> rx.Component:
    """A centred card with the logo: sign in, registration, set-up, password reset."""
    note = (
        rx.fragment()
        if isinstance(text, str) and not text
        else rx.el.p(text, class_name="mt-1.5 text-sm text-muted text-pretty")
    )
    card = rx.el.div(
        rx.el.h1(title, class_name="text-xl font-semibold tracking-tight text-balance"),
        note,
        rx.el.div(*body, class_name="mt-6"),
        class_name="rounded-xl border border-line bg-surface p-6 shadow-card sm:p-8",
    )
    below = (
        rx.fragment()
        if footer is None
        else rx.el.div(footer, class_name="mt-6 text-center text-sm text-muted")
    )
    return rx.el.div(
        rx.el.header(logo(size="h-8", words="text-lg"), class_name="mt-auto"),
        rx.el.main(card, below, id="main", class_name="mb-auto w-full max-w-105"),
        rx.el.footer(language_menu(), ThemeSwitch.create(), class_name="flex items-center gap-2"),
        class_name="flex min-h-dvh flex-col items-center gap-6 px-4 pt-12 pb-6",
    )
