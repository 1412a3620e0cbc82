"""One contact: who they are, how to reach them, and what happened."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.contacts.merge import merge_dialog
from pages.contacts.new import chat_dialog, language_field
from pages.contacts.send_template import template_sender
from pages.contacts.side import side
from pages.contacts.words import MAY_CHAT, MAY_EXPORT, MAY_WRITE, opt_badge
from pages.field_parts import field_inputs
from pages.frame import frame
from pages.source_words import source_was, source_words
from state.base import Feedback
from state.contacts import ContactPage, MergeContacts, SendTemplate, StartChat
from wapto_app.security.permissions import Permission
from wapto_app.ui.avatar import avatar
from wapto_app.ui.badge import badge
from wapto_app.ui.banner import banner
from wapto_app.ui.button import button, button_link, icon_button
from wapto_app.ui.card import card, page_body, section, stack
from wapto_app.ui.copy import copy_button
from wapto_app.ui.dialog import confirm_dialog, dialog
from wapto_app.ui.empty import empty_state
from wapto_app.ui.form import form, form_actions, submit_button, text_field, textarea_field
from wapto_app.ui.i18n import t
from wapto_app.ui.lazy import later
from wapto_app.ui.link import RouteLink, file_link
from wapto_app.ui.menu import menu, menu_item, menu_separator
from wapto_app.ui.skeleton import skeleton_lines
from wapto_app.ui.time import exact_time

ROUTE = "/contacts/[contact_id]"
_WHO = ContactPage.who


def contact() -> rx.Component:
    gone = card(
        empty_state(
            "user-x",
            t("No such contact"),
            t("It was deleted or merged, or you may not see it."),
            button_link(t("All contacts"), "/contacts"),
        )
    )
    waiting = card(skeleton_lines(8))
    found = rx.fragment(_head(), rx.cond(ContactPage.merged["id"] > 0, _merged(), rx.fragment()), _body())
    return frame(
        t("Contact"),
        page_body(
            rx.cond(ContactPage.loaded, rx.cond(ContactPage.gone, gone, found), waiting),
            width="max-w-6xl",
        ),
        _dialogs(),
        chat_dialog(),
        later(template_sender),
        merge_dialog(),
        permission=Permission.CONTACTS_SEE,
    )


def _head() -> rx.Component:
    marks = rx.fragment(
        rx.cond(_WHO["opt"] != "in", opt_badge(_WHO["opt"]), rx.fragment()),
        rx.cond(_WHO["blocked_at"] != "", badge(t("Blocked"), tone="danger"), rx.fragment()),
    )
    reach = rx.cond(
        _WHO["phone"] != "",
        rx.el.span(
            rx.el.span(_WHO["phone"], dir="ltr", class_name="tabular-nums"),
            copy_button(_WHO["phone"], label=t("Phone number")),
            class_name="inline-flex items-center gap-1",
        ),
        rx.cond(_WHO["username"] != "", "@" + _WHO["username"].to(str), ""),
    )
    return rx.el.header(
        RouteLink.create(
            rx.icon("arrow-left", size=16, class_name="mirror", aria_hidden=True),
            t("All contacts"),
            to="/contacts",
            class_name="inline-flex items-center gap-1.5 rounded text-sm text-muted hover:text-ink",
        ),
        rx.el.div(
            avatar(_WHO["shown"], size=56, class_name="flex-none"),
            rx.el.div(
                rx.el.h1(
                    rx.el.span(_WHO["shown"], dir="auto", class_name="min-w-0 wrap-anywhere"),
                    marks,
                    class_name="flex flex-wrap items-center gap-2 text-xl font-semibold tracking-tight",
                ),
                rx.el.div(reach, class_name="text-sm text-muted"),
                class_name="min-w-0 flex-1 basis-60",
            ),
            rx.el.div(_actions(), class_name="flex flex-none flex-wrap gap-2"),
            class_name="mt-3 flex flex-wrap items-center gap-x-4 gap-y-3 pb-6",
        ),
    )


def _merged() -> rx.Component:
    """Two were made one just now: the way back, as long as there is one."""
    name, until = ContactPage.merged["name"], ContactPage.merged["until"]
    said = rx.cond(
        name != "", t("{name} was merged into this contact.", name=name), t("Two contacts were merged.")
    )
    return banner(
        rx.el.p(said, " ", rx.el.span(t("It can be undone until"), " ", exact_time(until), "."), dir="auto"),
        tone="neutral",
        action=button(t("Undo"), size="sm", icon="undo-2", on_click=ContactPage.undo_merge),
        class_name="mb-6",
    )


def _actions() -> rx.Component:
    chat = button(
        t("Start chat"),
        variant="primary",
        icon="message-square",
        on_click=StartChat.start(_WHO["id"], _WHO["shown"]),
    )
    template = button(
        t("Send template"),
        icon="layout-template",
        on_click=SendTemplate.start(_WHO["id"], _WHO["shown"], 0),
    )
    return rx.fragment(
        rx.cond(MAY_CHAT, rx.fragment(chat, template), rx.fragment()),
        rx.cond(MAY_WRITE | MAY_EXPORT, _menu(), rx.fragment()),
    )


def _menu() -> rx.Component:
    export = file_link(
        rx.icon("download", size=16, class_name="flex-none text-muted"),
        rx.el.span(t("Export everything about them"), class_name="flex-1 truncate"),
        href="/exports/contact/" + _WHO["id"].to_string() + ".zip",
        role="menuitem",
        tab_index=-1,
        class_name="flex min-h-8 w-full items-center gap-2.5 rounded-md px-2 py-1 text-start text-sm outline-none "
        "hover:bg-hover focus:bg-hover pointer-coarse:min-h-11",
    )
    block = rx.cond(
        _WHO["blocked_at"] != "",
        menu_item(t("Unblock"), icon="circle-check", on_click=ContactPage.block(False)),
        menu_item(t("Block in WhatsApp"), icon="ban", on_click=ContactPage.ask("block")),
    )
    write = rx.fragment(
        menu_item(t("Merge with another"), icon="merge", on_click=MergeContacts.start(_WHO["id"])),
        block,
        menu_separator(),
        menu_item(t("Delete"), icon="trash-2", danger=True, on_click=ContactPage.ask("delete")),
    )
    return menu(
        icon_button("ellipsis", t("More actions")),
        rx.cond(MAY_EXPORT, export, rx.fragment()),
        rx.cond(MAY_WRITE, write, rx.fragment()),
        label=t("More actions"),
        align="end",
    )


def _body() -> rx.Component:
    return rx.el.div(
        stack(_details(), _numbers(), class_name="min-w-0 flex-1 lg:basis-3/5"),
        rx.el.div(side(), class_name="min-w-0 flex-1 lg:basis-2/5"),
        class_name="flex flex-col gap-6 lg:flex-row lg:items-start",
    )


def _details() -> rx.Component:
    errors = Feedback.errors

    def line(name: str, label: rx.Var[str], **props: Any) -> rx.Component:
        given = {"max_length": 120, "auto_complete": "off", "required": False, **props}
        return text_field(name, label, errors=errors, **{"default_value": _WHO[name], **given})

    inputs = form(
        rx.el.div(
            line("name", t("Name"), placeholder=_WHO["profile_name"]),
            line("company", t("Company")),
            line("email", t("E-mail"), type="email", max_length=254),
            language_field(_WHO["language"], required=False),
            line("source", t("Source"), max_length=64, default_value=source_words(_WHO["source"])),
            source_was(_WHO["source"]),
            field_inputs(ContactPage.fields, ContactPage.values, errors=errors),
            class_name="grid gap-5 sm:grid-cols-2",
        ),
        textarea_field(
            "notes",
            t("Notes"),
            rows=4,
            default_value=_WHO["notes"],
            max_length=10_000,
            required=False,
            help=t("Only your team sees this."),
            errors=errors,
        ),
        rx.cond(MAY_WRITE, form_actions(submit_button(t("Save"))), rx.fragment()),
        on_submit=[Feedback.clear, ContactPage.save],
        reset_on_submit=False,
        # Another contact starts with its own values; a live change of this one must not take what is being typed.
        key=_WHO["id"].to_string(),
    )
    whatsapp = rx.cond(
        _WHO["profile_name"] != "",
        t("In WhatsApp they call themselves {name}.", name=_WHO["profile_name"]),
        t("What your team knows about them."),
    )
    return section(
        t("Details"),
        rx.el.fieldset(inputs, disabled=~MAY_WRITE, class_name="contents"),
        description=whatsapp,
    )


def _numbers() -> rx.Component:
    add = button(t("Add number"), icon="plus", size="sm", on_click=ContactPage.ask("number"))
    username = button(t("Change"), size="sm", variant="ghost", on_click=ContactPage.ask("username"))
    rows = rx.el.ul(
        rx.foreach(ContactPage.addresses, _number),
        rx.el.li(
            rx.icon("at-sign", size=16, class_name="flex-none text-muted", aria_hidden=True),
            rx.el.span(
                rx.cond(_WHO["username"] != "", "@" + _WHO["username"].to(str), t("No username known")),
                class_name="min-w-0 flex-1 truncate text-sm",
            ),
            rx.cond(MAY_WRITE, username, rx.fragment()),
            class_name="flex min-h-11 items-center gap-3",
        ),
        rx.cond(
            _WHO["has_user_id"],
            rx.el.li(
                rx.icon("badge-check", size=16, class_name="flex-none text-muted", aria_hidden=True),
                rx.el.span(
                    t("WhatsApp knows them by a user id too, so they are found without a number."),
                    class_name="text-sm text-muted",
                ),
                class_name="flex min-h-11 items-center gap-3",
            ),
            rx.fragment(),
        ),
        class_name="divide-y divide-line",
    )
    return section(
        t("Numbers and username"),
        rows,
        description=t("Messages go to the number that was added last."),
        action=rx.cond(MAY_WRITE, add, rx.fragment()),
    )


def _number(row: Any) -> rx.Component:
    remove = icon_button(
        "trash-2",
        t("Remove {number}", number=row["value"]),
        size=16,
        on_click=ContactPage.remove_number(row["id"]),
    )
    main = (ContactPage.addresses.length() > 1) & row["is_main"]
    return rx.el.li(
        rx.icon("phone", size=16, class_name="flex-none text-muted", aria_hidden=True),
        rx.el.span(row["value"], dir="ltr", class_name="min-w-0 flex-1 text-start text-sm tabular-nums"),
        rx.cond(main, badge(t("Written to")), rx.fragment()),
        rx.cond(MAY_WRITE, remove, rx.fragment()),
        key=row["id"],
        class_name="flex min-h-11 items-center gap-3",
    )


def _dialogs() -> rx.Component:
    return rx.fragment(_number_dialog(), _username_dialog(), _block_dialog(), _delete_dialog())


def _number_dialog() -> rx.Component:
    return dialog(
        form(
            text_field(
                "phone",
                t("Phone number"),
                type="tel",
                auto_complete="off",
                placeholder="+44 20 7946 0018",
                errors=Feedback.errors,
            ),
            form_actions(button(t("Cancel"), on_click=ContactPage.close), submit_button(t("Add number"))),
            on_submit=ContactPage.add_number,
            reset_on_submit=False,
        ),
        title=t("Add a number"),
        description=t("Another number of the same person. Messages go to it from now on."),
        open=ContactPage.dialog == "number",
        on_close=ContactPage.close,
        width="sm",
    )


def _username_dialog() -> rx.Component:
    return dialog(
        form(
            text_field(
                "username",
                t("Username"),
                default_value=_WHO["username"],
                auto_complete="off",
                placeholder="@name",
                required=False,
                errors=Feedback.errors,
            ),
            form_actions(button(t("Cancel"), on_click=ContactPage.close), submit_button(t("Save"))),
            on_submit=ContactPage.set_username,
            reset_on_submit=False,
        ),
        title=t("Username"),
        description=t("As WhatsApp shows it. It follows by itself when they write."),
        open=ContactPage.dialog == "username",
        on_close=ContactPage.close,
        width="sm",
    )


def _block_dialog() -> rx.Component:
    can = t("Their messages do not reach you any more, and nothing is sent to them. They are not told.")
    cannot = t(
        "WhatsApp lets you block only who wrote to you within the last 24 hours. Opt the contact out instead: "
        "then nothing is sent to them."
    )
    return rx.cond(
        _WHO["may_block"],
        confirm_dialog(
            title=t("Block {name}?", name=_WHO["shown"]),
            text=can,
            confirm=t("Block"),
            on_confirm=ContactPage.block(True),
            open=ContactPage.dialog == "block",
            on_close=ContactPage.close,
            loading=ContactPage.busy,
        ),
        dialog(
            title=t("Blocking is not possible now"),
            description=cannot,
            open=ContactPage.dialog == "block",
            on_close=ContactPage.close,
            width="sm",
            footer=rx.fragment(
                button(t("Cancel"), on_click=ContactPage.close),
                button(
                    t("Opt out"),
                    variant="primary",
                    on_click=[ContactPage.opt(False), ContactPage.close],
                ),
            ),
        ),
    )


def _delete_dialog() -> rx.Component:
    return confirm_dialog(
        title=t("Delete {name}?", name=_WHO["shown"]),
        text=t(
            "With them go {conversations} conversations, {messages} messages and their files. This cannot be undone.",
            conversations=ContactPage.lost_conversations,
            messages=ContactPage.lost_messages,
        ),
        confirm=t("Delete for good"),
        on_confirm=ContactPage.delete,
        open=ContactPage.dialog == "delete",
        on_close=ContactPage.close,
    )
