"""The bar below the list: what is done with all conversations that are marked."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.inbox.snooze_times import snooze_items
from pages.tag_parts import tag_picker
from state.inbox.bulk import InboxBulk
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.ui.button import button, icon_button
from wapto_app.ui.i18n import from_server, t, tn
from wapto_app.ui.menu import menu, menu_item, menu_label, menu_separator


@rx.memo(wrapper=None)
def bulk_bar() -> rx.Component:
    bar = rx.el.div(_marked(), _deeds(), class_name="flex flex-col gap-1.5")
    said = rx.el.div(
        rx.el.ul(rx.foreach(InboxBulk.said, _told), class_name="flex min-w-0 flex-1 flex-wrap gap-x-3"),
        rx.cond(
            InboxBulk.undo.length() > 0,
            button(t("Undo"), size="sm", variant="ghost", on_click=InboxBulk.take_back),
            rx.fragment(),
        ),
        icon_button("x", t("Dismiss"), size=16, on_click=InboxBulk.stop),
        class_name="flex items-center gap-1 text-sm",
    )
    shown = rx.el.div(
        rx.cond(InboxBulk.said.length() > 0, said, rx.fragment()),
        rx.cond(InboxBulk.picking, bar, rx.fragment()),
        role="region",
        aria_label=t("Selected conversations"),
        aria_live="polite",
        data_testid="bulk-bar",
        class_name="flex-none border-t bg-raised px-3 py-2 shadow-pop",
    )
    return rx.cond(InboxBulk.picking | (InboxBulk.said.length() > 0), shown, rx.fragment())


def _told(part: Any) -> rx.Component:
    n = part["count"]
    words = rx.match(
        part["what"],
        ("assign", t("{n} assigned", n=n)),
        ("give_to_team", t("{n} given to the team", n=n)),
        ("put_back", t("{n} put back", n=n)),
        ("tag", t("{n} tagged", n=n)),
        ("untag", t("{n} untagged", n=n)),
        ("resolve", t("{n} resolved", n=n)),
        ("reopen", t("{n} opened", n=n)),
        ("pending", t("{n} set to pending", n=n)),
        ("snooze", t("{n} snoozed", n=n)),
        ("read", t("{n} marked as read", n=n)),
        ("unread", t("{n} marked as unread", n=n)),
        ("unchanged", t("{n} were so already", n=n)),
        t("{n} skipped: {reason}", n=n, reason=from_server(part["reason"])),
    )
    return rx.el.li(words, dir="auto")


def _marked() -> rx.Component:
    number = InboxBulk.picked.length()
    return rx.el.div(
        rx.el.span(tn("{n} selected", "{n} selected", number), class_name="flex-1 text-sm font-medium"),
        button(t("Select all that match"), size="sm", variant="ghost", on_click=InboxBulk.pick_all),
        icon_button("x", t("Stop selecting"), size=16, on_click=InboxBulk.stop),
        class_name="flex items-center gap-1",
    )


def _deeds() -> rx.Component:
    may_tag = Shell.permissions.contains(Permission.CONTACTS_DO.value)
    none = InboxBulk.picked.length() == 0
    tags = tag_picker(
        icon_button("tag", t("Tag")),
        chosen=[],
        on_toggle=InboxBulk.tag,
        label=t("Put on or take off a tag"),
        side="top",
    )
    deeds = rx.el.div(
        button(t("Resolve"), icon="check", size="sm", on_click=InboxBulk.do("resolve", 0), disabled=none),
        _assign(),
        rx.cond(may_tag, tags, rx.fragment()),
        menu(
            icon_button("alarm-clock", t("Snooze")),
            snooze_items(InboxBulk.snooze),
            label=t("Snooze"),
            side="top",
        ),
        _more(),
        class_name="flex items-center gap-1",
    )
    return rx.cond(none, rx.fragment(), deeds)


def _assign() -> rx.Component:
    def agent(row: Any) -> rx.Component:
        words = rx.cond(row["is_me"], t("{name} (you)", name=row["name"]), row["name"])
        return menu_item(words, on_click=InboxBulk.do("assign", row["id"]), key=row["id"].to_string())

    def team(row: Any) -> rx.Component:
        return menu_item(
            row["name"], on_click=InboxBulk.do("give_to_team", row["id"]), key=row["id"].to_string()
        )

    teams = rx.fragment(menu_separator(), menu_label(t("Teams")), rx.foreach(InboxBulk.teams, team))
    return menu(
        icon_button("user-plus", t("Assign")),
        menu_item(t("Put back"), icon="undo-2", on_click=InboxBulk.do("put_back", 0)),
        menu_separator(),
        menu_label(t("Agents")),
        rx.foreach(InboxBulk.agents, agent),
        rx.cond(InboxBulk.teams.length() > 0, teams, rx.fragment()),
        label=t("Assign"),
        side="top",
        class_name="scroll-thin max-h-96 w-64 overflow-y-auto",
        on_open_change=InboxBulk.offer,
    )


def _more() -> rx.Component:
    return menu(
        icon_button("ellipsis", t("More")),
        menu_item(t("Open again"), icon="rotate-ccw", on_click=InboxBulk.do("reopen", 0)),
        menu_item(t("Set to pending"), icon="circle-pause", on_click=InboxBulk.do("pending", 0)),
        menu_separator(),
        menu_item(t("Mark as read"), icon="mail-open", on_click=InboxBulk.do("read", 0)),
        menu_item(t("Mark as unread"), icon="mail", on_click=InboxBulk.do("unread", 0)),
        label=t("More"),
        side="top",
        align="end",
    )
