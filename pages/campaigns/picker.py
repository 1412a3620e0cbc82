"""The dialog in which a template is chosen; what cannot be sent stands there with the reason."""

from __future__ import annotations

from typing import Any

import reflex as rx

from state.campaigns.content import ContentStep
from wapto_app.ui.badge import badge
from wapto_app.ui.dialog import dialog
from wapto_app.ui.empty import empty_state
from wapto_app.ui.form import search_input
from wapto_app.ui.i18n import from_server, t
from wapto_app.ui.link import link


def template_picker() -> rx.Component:
    none = empty_state(
        "search-x",
        t("No template found"),
        t("Write one, or take one of the library."),
        link(t("Templates"), "/templates"),
    )
    rows = rx.el.ul(
        rx.foreach(ContentStep.templates, _row),
        aria_label=t("Templates"),
        class_name="divide-y rounded-lg border",
    )
    return dialog(
        search_input(
            "find-template",
            t("Search templates"),
            value=ContentStep.search,
            on_change=ContentStep.find,
            class_name="mb-3",
        ),
        rx.el.div(rx.cond(ContentStep.templates.length() > 0, rows, none), class_name="min-h-72"),
        title=t("Choose a template"),
        open=ContentStep.picking,
        on_close=ContentStep.close,
        width="lg",
    )


def _row(row: Any) -> rx.Component:
    problem = row["problem"].to(str)
    return rx.el.li(
        rx.el.button(
            rx.el.span(
                rx.el.span(row["name"], class_name="min-w-0 flex-1 truncate font-medium"),
                badge(row["language"].to(str)),
                rx.cond(problem != "", badge(t("Not ready"), tone="warning"), rx.fragment()),
                class_name="flex items-center gap-2",
            ),
            rx.el.span(
                row["body"], dir="auto", class_name="mt-1 line-clamp-2 text-xs text-muted wrap-anywhere"
            ),
            rx.cond(
                problem != "",
                rx.el.span(from_server(problem), class_name="mt-1 block text-xs text-warning-ink"),
                rx.fragment(),
            ),
            type="button",
            disabled=problem != "",
            on_click=ContentStep.choose_template(row["id"]),
            class_name="block w-full px-3 py-2.5 text-start text-sm -outline-offset-2 enabled:hover:bg-hover "
            "disabled:cursor-not-allowed",
        ),
        key=row["id"],
    )
