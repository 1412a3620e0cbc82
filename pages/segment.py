"""The rules of one segment, and who fits them."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.frame import frame
from pages.segments import MAY_WRITE
from state.base import Feedback
from state.segment_editor import SegmentEditor
from wapto_app.security.permissions import Permission
from wapto_app.ui.avatar import avatar
from wapto_app.ui.button import button_link
from wapto_app.ui.card import SURFACE, card, page_body, page_header, stack
from wapto_app.ui.empty import empty_state
from wapto_app.ui.form import FieldError, form, form_actions, submit_button, text_field
from wapto_app.ui.i18n import from_server, t, tn
from wapto_app.ui.rules import RuleBuilder
from wapto_app.ui.skeleton import skeleton_lines

ROUTE = "/segments/[segment_ref]"
_ERRORS = Feedback.errors


def segment() -> rx.Component:
    missing = empty_state(
        "search-x",
        t("This segment is not here"),
        t("It may have been deleted."),
        button_link(t("All segments"), "/segments"),
    )
    title = rx.cond(SegmentEditor.segment_id > 0, SegmentEditor.name, t("New segment"))
    filled = rx.fragment(
        page_header(title, button_link(t("All segments"), "/segments")),
        rx.cond(
            MAY_WRITE,
            rx.fragment(),
            rx.el.p(
                t("You may look at segments, but not change them."), class_name="mb-4 text-sm text-muted"
            ),
        ),
        rx.el.div(
            rx.el.fieldset(_form(), disabled=~MAY_WRITE, class_name="min-w-0 flex-1"),
            _seen(),
            class_name="flex flex-col gap-6 lg:flex-row lg:items-start",
        ),
    )
    shown = rx.cond(SegmentEditor.missing, missing, filled)
    return frame(
        t("Segment"),
        page_body(rx.cond(SegmentEditor.loaded, shown, card(skeleton_lines(8)))),
        permission=Permission.CONTACTS_SEE,
    )


def _form() -> rx.Component:
    name = text_field(
        "name",
        t("Name"),
        id="segment-name",
        default_value=SegmentEditor.name,
        max_length=80,
        auto_complete="off",
        dir="auto",
        errors=_ERRORS,
    )
    rules = RuleBuilder.create(
        name="rules",
        rules=SegmentEditor.rules,
        vocabulary=SegmentEditor.words,
        problems=SegmentEditor.problems,
        disabled=~MAY_WRITE,
        on_change=SegmentEditor.try_out,
    )
    refused = FieldError.create(
        control="segment-rules", id="segment-rules-error", text=from_server(_ERRORS["rules"])
    )
    actions = form_actions(button_link(t("Cancel"), "/segments"), submit_button(t("Save segment")))
    return form(
        stack(
            card(name),
            card(rx.el.div(rules, refused, custom_attrs={"id": "segment-rules", "tabIndex": -1})),
            rx.cond(MAY_WRITE, actions, rx.fragment()),
        ),
        key=SegmentEditor.opened.to_string(),
        on_submit=SegmentEditor.save,
    )


def _seen() -> rx.Component:
    count = rx.el.p(
        tn("{n} contact fits", "{n} contacts fit", SegmentEditor.count),
        class_name="text-xl font-semibold tabular-nums",
    )
    unfinished = rx.el.p(t("Complete the rules to see who fits."), class_name="text-sm text-muted")
    more = rx.el.p(t("The newest of them:"), class_name="mt-1 text-sm text-muted")
    rows = rx.el.ul(rx.foreach(SegmentEditor.sample, _person), class_name="mt-3 flex flex-col")
    fitting = rx.fragment(
        count, rx.cond(SegmentEditor.sample.length() > 0, rx.fragment(more, rows), rx.fragment())
    )
    return rx.el.div(
        rx.el.div(
            rx.cond(SegmentEditor.problems.length() > 0, unfinished, fitting),
            role="status",
            aria_label=t("Who fits"),
        ),
        class_name=f"{SURFACE} w-full flex-none p-5 lg:sticky lg:top-0 lg:w-72",
    )


def _person(row: Any) -> rx.Component:
    return rx.el.li(
        avatar(row["name"], size=28),
        rx.el.div(
            rx.el.p(rx.el.bdi(row["name"]), class_name="truncate"),
            rx.cond(
                row["phone"] != "",
                rx.el.p(row["phone"], dir="ltr", class_name="truncate text-xs text-muted rtl:text-end"),
                rx.fragment(),
            ),
            class_name="min-w-0 flex-1 text-sm",
        ),
        key=row["id"].to_string(),
        class_name="flex min-w-0 items-center gap-2.5 py-1.5",
    )
