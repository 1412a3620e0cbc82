"""One template: where it stands, what WhatsApp said, and what became of its messages."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.contacts.send_template import template_sender
from pages.frame import frame
from pages.templates.dialogs import copy_dialog, delete_dialog
from pages.templates.words import MAY_CAMPAIGN, MAY_SEND, MAY_WRITE, category, quality, status
from state.contacts import SendTemplate
from state.templates import NewTemplate, TemplateDetails, TemplateRemoval
from wapto_app.security.permissions import Permission
from wapto_app.services.templates import Details
from wapto_app.ui.banner import banner
from wapto_app.ui.button import button, button_link, icon_button
from wapto_app.ui.card import card, page_body, section, stack
from wapto_app.ui.card import details as facts
from wapto_app.ui.empty import empty_state
from wapto_app.ui.i18n import from_server, t
from wapto_app.ui.language import language_name
from wapto_app.ui.lazy import later
from wapto_app.ui.link import RouteLink
from wapto_app.ui.menu import menu, menu_item, menu_separator
from wapto_app.ui.skeleton import skeleton_lines
from wapto_app.ui.templates import phone
from wapto_app.ui.time import relative_time

ROUTE = "/templates/[template_id]"
_FOUND = TemplateDetails.found.to(Details)
_ROW = _FOUND["row"]
_ADDRESS = "/templates/" + TemplateDetails.template_id.to_string()


def template() -> rx.Component:
    missing = card(
        empty_state(
            "search-x",
            t("This template is not here"),
            t("It may have been deleted."),
            button_link(t("All templates"), "/templates"),
        )
    )
    there = TemplateDetails.found != None  # noqa: E711
    return frame(
        t("Template"),
        page_body(
            rx.cond(TemplateDetails.loaded, rx.cond(there, _page(), missing), card(skeleton_lines(10))),
            width="max-w-6xl",
        ),
        copy_dialog(),
        delete_dialog(),
        later(template_sender),
        permission=Permission.TEMPLATES_SEE,
    )


def _page() -> rx.Component:
    left = stack(
        rx.foreach(_FOUND["advice"], _advice),
        rx.cond(_ROW["has_edit"] & MAY_WRITE, _edit_waits(), rx.fragment()),
        _lately(),
        _facts(),
        _languages(),
        _timeline(),
        class_name="min-w-0 flex-1",
    )
    right = rx.el.div(
        phone(
            {"components": _FOUND["components"], "category": _ROW["category"]},
            TemplateDetails.files,
            business=TemplateDetails.business,
        ),
        class_name="w-full flex-none lg:sticky lg:top-4 lg:w-88",
    )
    return rx.fragment(
        _head(),
        rx.el.div(
            left, right, class_name="flex flex-col gap-6 max-lg:flex-col-reverse lg:flex-row lg:items-start"
        ),
    )


def _head() -> rx.Component:
    return rx.el.header(
        RouteLink.create(
            rx.icon("arrow-left", size=16, class_name="mirror", aria_hidden=True),
            t("All templates"),
            to="/templates",
            class_name="inline-flex items-center gap-1.5 rounded text-sm text-muted hover:text-ink",
        ),
        rx.el.div(
            rx.el.div(
                rx.el.h1(
                    rx.el.span(_ROW["name"], dir="ltr", class_name="min-w-0 wrap-anywhere"),
                    status(_ROW["status"]),
                    class_name="flex flex-wrap items-center gap-2 text-xl font-semibold tracking-tight",
                ),
                rx.el.p(
                    language_name(_ROW["language"]),
                    " · ",
                    category(_ROW["category"]),
                    class_name="text-sm text-muted",
                ),
                class_name="min-w-0 flex-1 basis-60",
            ),
            rx.el.div(_actions(), class_name="flex max-w-full flex-none flex-wrap gap-2"),
            class_name="mt-2 flex flex-wrap items-start gap-x-4 gap-y-3",
        ),
        class_name="pb-6",
    )


def _actions() -> rx.Component:
    again = rx.cond(_ROW["status"] == "REJECTED", t("Edit and submit again"), t("Edit"))
    edit = button_link(again, _ADDRESS + "/edit", icon="pencil")
    campaign = button_link(
        t("Use in a campaign"),
        "/campaigns/new?template=" + TemplateDetails.template_id.to_string(),
        icon="megaphone",
        variant="primary",
    )
    send = button(
        t("Send to a contact"), icon="send", on_click=SendTemplate.start(0, "", TemplateDetails.template_id)
    )
    approved = _ROW["status"] == "APPROVED"
    return rx.fragment(
        rx.cond(_FOUND["may"]["edit"], edit, rx.fragment()),
        rx.cond(approved & MAY_SEND, send, rx.fragment()),
        rx.cond(approved & MAY_CAMPAIGN, campaign, rx.fragment()),
        rx.cond(MAY_WRITE, _menu(), rx.fragment()),
    )


def _menu() -> rx.Component:
    delete = rx.fragment(
        menu_separator(),
        menu_item(
            t("Delete"),
            icon="trash-2",
            danger=True,
            on_click=TemplateRemoval.ask(TemplateDetails.template_id, _ROW["name"]),
        ),
    )
    return menu(
        icon_button("ellipsis", t("More actions")),
        menu_item(t("Duplicate"), icon="copy", on_click=NewTemplate.duplicate(TemplateDetails.template_id)),
        menu_item(
            t("In another language"),
            icon="languages",
            on_click=NewTemplate.ask_language(TemplateDetails.template_id, _ROW["name"]),
        ),
        rx.cond(_FOUND["may"]["delete"], delete, rx.fragment()),
        label=t("More actions"),
        align="end",
    )


def _advice(row: Any) -> rx.Component:
    said = rx.cond(
        row["meta"] != "",
        rx.el.p(t("WhatsApp wrote:"), " ", rx.el.q(row["meta"], dir="auto"), class_name="mt-1"),
        rx.fragment(),
    )
    until = rx.cond(
        row["until"] != "",
        rx.el.p(t("until"), " ", relative_time(row["until"]), class_name="mt-1 font-medium"),
        rx.fragment(),
    )
    again = rx.cond(
        (_ROW["status"] == "REJECTED") & (row["kind"] == "danger") & _FOUND["may"]["edit"],
        button_link(
            t("Edit and submit again"), _ADDRESS + "/edit", size="sm", variant="primary", class_name="mt-3"
        ),
        rx.fragment(),
    )
    text = rx.fragment(
        rx.el.p(from_server(row["text"])),
        said,
        until,
        rx.el.p(from_server(row["todo"]), class_name="mt-1 font-medium"),
        again,
    )
    title = from_server(row["title"])
    return rx.match(
        row["kind"],
        ("danger", banner(text, tone="danger", title=title)),
        ("warning", banner(text, tone="warning", title=title)),
        banner(text, tone="info", title=title),
    )


def _edit_waits() -> rx.Component:
    return banner(
        t(
            "They are kept here. Customers get the approved text until you submit them and WhatsApp accepts them."
        ),
        tone="warning",
        title=t("There are changes that were not submitted"),
        action=button_link(t("Go on"), _ADDRESS + "/edit", size="sm"),
    )


def _lately() -> rx.Component:
    sent = _FOUND["lately"]["sent"]

    def figure(label: Any, count: Any, *, part: bool = True) -> rx.Component:
        share = rx.el.span(
            t("{n} %", n=((count * 100) / sent).to(float).__round__()), class_name="text-xs text-muted"
        )
        return rx.el.div(
            rx.el.dt(label, class_name="text-sm text-muted"),
            rx.el.dd(
                rx.el.span(t("{n}", n=count), class_name="text-xl font-semibold tabular-nums"),
                " ",
                rx.cond(sent > 0, share, "") if part else "",
            ),
            class_name="min-w-0 flex-1",
        )

    shown = rx.el.dl(
        figure(t("Sent"), sent, part=False),
        figure(t("Delivered"), _FOUND["lately"]["delivered"]),
        figure(t("Read"), _FOUND["lately"]["read"]),
        class_name="flex gap-4",
    )
    none = rx.el.p(t("No message was sent with it in the last 30 days."), class_name="text-sm text-muted")
    return section(
        t("The last 30 days"),
        rx.cond(sent > 0, shown, none),
        description=t("Messages from chats and campaigns."),
    )


def _facts() -> rx.Component:
    was = rx.cond(
        (_FOUND["previous_category"] != "") & (_FOUND["previous_category"] != _ROW["category"]),
        rx.el.span(t("was"), " ", category(_FOUND["previous_category"]), class_name="ms-2 text-muted"),
        rx.fragment(),
    )
    used = rx.cond(
        _ROW["last_used_at"] != "",
        relative_time(_ROW["last_used_at"]),
        rx.el.span(t("Never"), class_name="text-faint"),
    )
    written = rx.cond(_FOUND["author"] != "", _FOUND["author"], rx.el.span("–", class_name="text-faint"))
    return section(
        t("Facts"),
        facts(
            (t("Quality"), quality(_ROW["quality"], unknown=t("Not rated yet"))),
            (t("Category"), rx.fragment(category(_ROW["category"]), was)),
            (t("Last used"), used),
            (t("Campaigns"), rx.el.span(t("{n}", n=_ROW["used_by"]))),
            (t("Written by"), rx.el.span(written, dir="auto")),
            (
                t("Id at WhatsApp"),
                rx.cond(
                    _FOUND["meta_id"] != "",
                    rx.el.span(_FOUND["meta_id"], dir="ltr", class_name="tabular-nums"),
                    rx.el.span("–", class_name="text-faint"),
                ),
            ),
        ),
    )


def _languages() -> rx.Component:
    def line(row: Any) -> rx.Component:
        return rx.el.li(
            RouteLink.create(
                language_name(row["language"]),
                to="/templates/" + row["id"].to_string(),
                class_name="min-w-0 flex-1 truncate rounded text-sm font-medium underline-offset-2 hover:underline",
            ),
            status(row["status"]),
            key=row["id"].to_string(),
            class_name="flex min-h-11 items-center gap-3",
        )

    add = button(
        t("Add a language"),
        icon="plus",
        size="sm",
        on_click=NewTemplate.ask_language(TemplateDetails.template_id, _ROW["name"]),
    )
    rows = rx.el.ul(
        rx.el.li(
            rx.el.span(
                language_name(_ROW["language"]), class_name="min-w-0 flex-1 truncate text-sm font-medium"
            ),
            rx.el.span(t("this one"), class_name="text-xs text-muted"),
            status(_ROW["status"]),
            class_name="flex min-h-11 items-center gap-3",
        ),
        rx.foreach(_FOUND["siblings"], line),
        class_name="divide-y divide-line",
    )
    return section(
        t("Languages"),
        rows,
        description=t("Templates of the same name. Customers get the one in the language that you choose."),
        action=rx.cond(MAY_WRITE, add, rx.fragment()),
    )


def _timeline() -> rx.Component:
    none = rx.el.p(t("Nothing happened yet."), class_name="text-sm text-muted")
    rows = rx.el.ol(rx.foreach(_FOUND["events"], _event), class_name="flex flex-col gap-4")
    return section(t("What happened"), rx.cond(_FOUND["events"].length() > 0, rows, none))


def _event(row: Any) -> rx.Component:
    def change(words: Any, mark: Any) -> rx.Component:
        before = rx.cond(
            row["before"] != "",
            rx.fragment(mark(row["before"]), rx.icon("arrow-right", size=14, class_name="mirror text-faint")),
            rx.fragment(),
        )
        return rx.el.span(
            words, before, mark(row["after"]), class_name="inline-flex flex-wrap items-center gap-1.5"
        )

    what = rx.match(
        row["kind"],
        ("submitted", rx.el.span(t("Submitted to WhatsApp"))),
        ("edited", rx.el.span(t("Changes submitted"))),
        ("status", change(t("Status"), status)),
        ("quality", change(t("Quality"), quality)),
        ("category", change(t("Category"), category)),
        rx.el.span(row["kind"]),
    )
    by = rx.cond(row["by"] != "", rx.fragment(rx.el.bdi(row["by"]), " · "), rx.fragment())
    detail = rx.cond(
        row["detail"] != "",
        rx.el.p(from_server(row["detail"]), dir="auto", class_name="mt-0.5 text-sm text-muted wrap-anywhere"),
        rx.fragment(),
    )
    return rx.el.li(
        rx.el.span(aria_hidden=True, class_name="mt-1.5 size-2 flex-none rounded-full bg-line-strong"),
        rx.el.div(
            rx.el.div(what, class_name="text-sm"),
            detail,
            rx.el.p(by, relative_time(row["at"]), class_name="text-xs text-muted"),
            class_name="min-w-0 flex-1",
        ),
        key=row["id"].to_string(),
        class_name="flex gap-3",
    )
