"""STOP and START: by which words customers opt out and in, and what they are answered."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.frame import frame
from state.base import Feedback
from state.opt_words import OptWords
from wapto_app.security.permissions import Permission
from wapto_app.ui.badge import badge
from wapto_app.ui.button import button, icon_button
from wapto_app.ui.card import page_body, page_header, section, stack
from wapto_app.ui.dialog import dialog
from wapto_app.ui.form import Check, checkbox, form, form_actions, submit_button, textarea_field
from wapto_app.ui.i18n import Text, t
from wapto_app.ui.skeleton import skeleton_lines


def opt_words() -> rx.Component:
    return frame(
        t("Opt-out words"),
        page_body(
            page_header(
                t("Opt-out words"),
                description=t(
                    "Who writes one of these words, and nothing else, gets no more messages until they write one of "
                    "the words to come back."
                ),
            ),
            stack(_languages(), _own()),
            _dialog(),
            width="max-w-3xl",
        ),
        permission=Permission.SETTINGS_DO,
    )


def _languages() -> rx.Component:
    rows = rx.el.ul(
        rx.foreach(OptWords.languages, _language), aria_label=t("Languages"), class_name="-m-5 divide-y"
    )
    return section(
        t("Languages"),
        rx.cond(OptWords.loaded, rows, skeleton_lines(8)),
        description=t(
            "Capitals, accents, signs and emoji do not matter. Switch off what your customers do not speak."
        ),
    )


def _language(row: Any) -> rx.Component:
    switch = rx.el.label(
        Check.create(
            checked=row["on"],
            on_change=lambda on: OptWords.switch(row["code"], on),
            class_name="switch",
            custom_attrs={"role": "switch", "aria-label": t("Listen to {name}", name=row["name"])},
        ),
        class_name="grid size-10 flex-none place-items-center",
    )
    silent = rx.cond(
        row["says_goodbye"], rx.fragment(), badge(t("No answer"), tone="neutral", icon="message-square-off")
    )
    changed = rx.cond(row["is_changed"], badge(t("Own answer"), tone="info"), rx.fragment())
    return rx.el.li(
        switch,
        rx.el.div(
            rx.el.div(
                rx.el.span(row["name"], dir="auto", class_name="text-sm font-medium"),
                silent,
                changed,
                class_name="flex flex-wrap items-center gap-2",
            ),
            _words(t("No more messages"), row["out"]),
            _words(t("Messages again"), row["back"]),
            class_name=rx.cond(row["on"], "min-w-0 flex-1", "min-w-0 flex-1 opacity-60"),
        ),
        icon_button(
            "pencil", t("Edit the answers in {name}", name=row["name"]), on_click=OptWords.edit(row["code"])
        ),
        key=row["code"],
        class_name="flex items-start gap-3 px-5 py-4",
    )


def _words(label: Text, words: Any) -> rx.Component:
    return rx.el.p(
        rx.el.span(label, ": ", class_name="text-muted"),
        rx.el.bdi(words.join(" · "), class_name="wrap-anywhere"),
        class_name="mt-1 text-xs",
    )


def _own() -> rx.Component:
    errors = Feedback.errors
    fields = form(
        rx.el.div(
            textarea_field(
                "own_out",
                t("No more messages"),
                default_value=OptWords.own_out,
                rows=4,
                help=t("One a line, for example: CANCEL"),
                optional=True,
                errors=errors,
            ),
            textarea_field(
                "own_back",
                t("Messages again"),
                default_value=OptWords.own_back,
                rows=4,
                help=t("One a line, for example: YES PLEASE"),
                optional=True,
                errors=errors,
            ),
            class_name="grid gap-5 sm:grid-cols-2",
        ),
        form_actions(submit_button(t("Save words"))),
        on_submit=OptWords.save_own,
        key=OptWords.own_out + "|" + OptWords.own_back,
    )
    return section(
        t("Your own words"),
        rx.cond(OptWords.loaded, fields, skeleton_lines(3)),
        description=t("They count in every language. Take only what nobody writes for another reason."),
    )


def _dialog() -> rx.Component:
    return dialog(
        rx.foreach(
            OptWords.languages,
            lambda row: rx.cond(row["code"] == OptWords.editing, _answers(row), rx.fragment()),
        ),
        title=t("Answers"),
        description=t("Sent once a day at most, so that two robots do not talk for ever."),
        open=OptWords.editing != "",
        on_close=OptWords.close,
    )


def _answers(row: Any) -> rx.Component:
    errors = Feedback.errors
    return form(
        rx.el.p(row["name"], dir="auto", class_name="text-sm font-semibold"),
        checkbox("says_goodbye", t("Answer who opts out"), default_checked=row["says_goodbye"]),
        textarea_field(
            "goodbye",
            t("Answer to who opts out"),
            default_value=row["goodbye"],
            max_length=1000,
            dir="auto",
            help=t("The last message that they get. Say by which word they come back."),
            optional=True,
            errors=errors,
        ),
        checkbox("says_welcome", t("Answer who comes back"), default_checked=row["says_welcome"]),
        textarea_field(
            "welcome",
            t("Answer to who comes back"),
            default_value=row["welcome"],
            max_length=1000,
            dir="auto",
            optional=True,
            errors=errors,
        ),
        form_actions(
            rx.cond(
                row["is_changed"],
                button(t("Built-in answers"), variant="ghost", on_click=OptWords.forget),
                rx.fragment(),
            ),
            button(t("Cancel"), on_click=OptWords.close),
            submit_button(t("Save answers")),
        ),
        on_submit=OptWords.save,
    )
