"""What can be done with the marked contacts."""

from __future__ import annotations

from collections.abc import Callable

import reflex as rx

from pages.contacts.words import MAY_EXPORT, MAY_SEND, MAY_WRITE
from pages.tag_parts import tag_picker
from state.campaigns.for_contacts import CampaignForContacts
from state.contacts import ContactBulk, ContactList, MergeContacts
from wapto_app.ui.badge import badge
from wapto_app.ui.button import button
from wapto_app.ui.dialog import confirm_dialog
from wapto_app.ui.i18n import t, tn
from wapto_app.ui.menu import menu, menu_item, menu_separator
from wapto_app.ui.progress import progress_dialog


def bulk_actions(export_menu: Callable[[rx.Component], rx.Component]) -> list[rx.Component]:
    """The buttons of the bar; "all that match" is offered when there are more than those of the page."""
    everybody = rx.cond(
        ContactList.all_marked,
        badge(t("All {n} that match", n=ContactList.total), tone="accent"),
        button(
            t("Select all {n} that match", n=ContactList.total),
            size="sm",
            variant="ghost",
            on_click=ContactList.mark_all,
        ),
    )
    is_more = ContactList.total > ContactList.marked.length()
    two = (ContactList.marked.length() == 2) & ~ContactList.all_marked
    merge = button(
        t("Merge"),
        icon="merge",
        size="sm",
        on_click=MergeContacts.compare(ContactList.marked[0], ContactList.marked[1]),
    )
    write = rx.fragment(
        tag_picker(
            button(t("Tag"), icon="tag", size="sm"),
            chosen=[],
            on_toggle=ContactBulk.tag,
            on_create=ContactBulk.create_tag,
            label=t("Put a tag on them"),
            side="top",
        ),
        tag_picker(
            button(t("Untag"), icon="tags", size="sm"),
            chosen=[],
            on_toggle=ContactBulk.untag,
            label=t("Take a tag off them"),
            side="top",
        ),
        rx.cond(two, merge, rx.fragment()),
        _more(),
    )
    export = export_menu(button(t("Export"), icon="download", size="sm"))
    return [
        rx.cond(is_more, everybody, rx.fragment()),
        rx.cond(MAY_WRITE, write, rx.fragment()),
        rx.cond(MAY_EXPORT, export, rx.fragment()),
    ]


def _more() -> rx.Component:
    return menu(
        button(t("More"), icon="ellipsis", size="sm"),
        rx.cond(
            MAY_SEND,
            rx.fragment(
                menu_item(t("Send a campaign"), icon="megaphone", on_click=CampaignForContacts.begin),
                menu_separator(),
            ),
            rx.fragment(),
        ),
        menu_item(t("Opt out"), icon="bell-off", on_click=ContactBulk.ask("opt_out")),
        menu_item(t("Opt in"), icon="bell", on_click=ContactBulk.ask("opt_in")),
        menu_separator(),
        menu_item(t("Delete"), icon="trash-2", danger=True, on_click=ContactBulk.ask("delete")),
        label=t("More"),
        align="end",
        side="top",
    )


def bulk_dialogs() -> rx.Component:
    return rx.fragment(_opt_out(), _opt_in(), _delete(), _progress())


def _opt_out() -> rx.Component:
    return confirm_dialog(
        title=tn("Opt out {n} contact?", "Opt out {n} contacts?", ContactBulk.total),
        text=t("Nothing is sent to them any more, by nobody and no campaign, until they are opted in again."),
        confirm=t("Opt out"),
        on_confirm=ContactBulk.run("opt_out", 0),
        open=ContactBulk.asked == "opt_out",
        on_close=ContactBulk.dismiss,
    )


def _opt_in() -> rx.Component:
    return confirm_dialog(
        title=tn("Opt in {n} contact?", "Opt in {n} contacts?", ContactBulk.total),
        text=t("Do this only for people who asked for your messages. WhatsApp requires their consent."),
        confirm=t("Opt in"),
        on_confirm=ContactBulk.run("opt_in", 0),
        open=ContactBulk.asked == "opt_in",
        on_close=ContactBulk.dismiss,
        danger=False,
    )


def _delete() -> rx.Component:
    counted = t(
        "With them go {conversations} conversations, {messages} messages and their files. This cannot be undone.",
        conversations=ContactBulk.conversations,
        messages=ContactBulk.messages,
    )
    uncounted = t("With them go their conversations, messages and files. This cannot be undone.")
    return confirm_dialog(
        title=tn("Delete {n} contact?", "Delete {n} contacts?", ContactBulk.total),
        text=rx.cond(ContactBulk.messages >= 0, counted, uncounted),
        confirm=t("Delete for good"),
        on_confirm=ContactBulk.run("delete", 0),
        open=ContactBulk.asked == "delete",
        on_close=ContactBulk.dismiss,
    )


def _progress() -> rx.Component:
    return progress_dialog(
        t("Working on your contacts"),
        done=ContactBulk.done,
        total=ContactBulk.total,
        open=ContactBulk.slow,
        on_stop=ContactBulk.stop,
    )
