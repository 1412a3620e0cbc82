"""The part of the profile that says what one wants to be told of, and how."""

from __future__ import annotations

from typing import Any

import reflex as rx

from state.notifications import Desktop
from state.shell import Shell
from wapto_app.ui.alerts import try_alert
from wapto_app.ui.button import button
from wapto_app.ui.card import section
from wapto_app.ui.form import Check, switch
from wapto_app.ui.i18n import Text, t
from wapto_app.ui.notifications import DesktopSwitch
from wapto_app.ui.skeleton import skeleton_lines


def notifications_section() -> rx.Component:
    return rx.el.div(
        section(
            t("Notifications"),
            rx.cond(
                Desktop.choices.length() > 0,
                rx.el.div(_consent(), _table(), class_name="flex flex-col gap-6"),
                skeleton_lines(6),
            ),
            description=t("What you are told, and how."),
        ),
        id="notifications",
        class_name="scroll-mt-6",
    )


def _consent() -> rx.Component:
    sound = switch(
        "notification_sound",
        t("With a sound"),
        checked=Desktop.sound,
        on_change=Desktop.set_sound,
        disabled=~Desktop.desktop,
    )
    try_it = button(t("Try it"), icon="bell-ring", size="sm", on_click=try_alert())
    return rx.el.div(
        DesktopSwitch.create(
            on=Desktop.desktop, sound=Desktop.sound, disabled=Shell.viewed != "", on_change=Desktop.allow
        ),
        sound,
        rx.el.div(try_it),
        class_name="flex flex-col gap-4",
    )


def _table() -> rx.Component:
    def head(text: Text) -> rx.Component:
        return rx.el.th(
            text, scope="col", class_name="w-16 pb-2 text-center sm:w-20 text-xs font-medium text-muted"
        )

    return rx.el.table(
        rx.el.thead(
            rx.el.tr(
                rx.el.th(rx.el.span(t("What happens"), class_name="sr-only"), scope="col"),
                head(t("Here")),
                head(t("Desktop")),
                head(t("E-mail")),
            )
        ),
        rx.el.tbody(
            rx.foreach(Desktop.choices, _row), class_name="divide-y divide-line border-y border-line"
        ),
        aria_label=t("Notifications"),
        class_name="w-full border-collapse text-sm",
    )


def _row(row: Any) -> rx.Component:
    name = kind_name(row["kind"])
    return rx.el.tr(
        rx.el.th(name, scope="row", class_name="py-2 pe-3 text-start font-normal"),
        *[_cell(row, way, words, name) for way, words in _WAYS],
        key=row["kind"],
    )


_WAYS = (("app", t("Here")), ("desktop", t("Desktop")), ("mail", t("E-mail")))


def _cell(row: Any, way: str, words: rx.Var[str], name: rx.Var[str]) -> rx.Component:
    waits = ~Desktop.desktop if way == "desktop" else Shell.viewed != ""
    box = Check.create(
        checked=row[way],
        disabled=waits,
        on_change=lambda wanted: Desktop.choose(row["kind"], way, wanted),
        class_name="check",
        custom_attrs={"aria-label": t("{kind}: {way}", kind=name, way=words)},
    )
    target = rx.el.label(box, class_name="mx-auto grid size-9 place-items-center")
    none = rx.el.span("–", aria_hidden=True, class_name="text-faint")
    return rx.el.td(rx.cond(row[f"has_{way}"], target, none), class_name="text-center")


def kind_name(kind: rx.Var[str]) -> rx.Var[str]:
    """What happens, in a few words."""
    return rx.match(
        kind,
        ("assigned", t("A conversation is given to you")),
        ("inbound_message", t("A customer writes")),
        ("mentioned", t("You are mentioned in a note")),
        ("scheduled_failed", t("A scheduled message of yours cannot be sent")),
        ("import_ended", t("An import of yours ends")),
        ("campaign_started", t("A scheduled campaign starts")),
        ("campaign_finished", t("A campaign is finished")),
        ("campaign_stopped", t("A campaign stops by itself")),
        ("campaign_asks", t("A campaign missed its time")),
        ("template_news", t("WhatsApp decides about a template of yours")),
        ("task_assigned", t("A task is given to you")),
        ("task_due", t("A task is due")),
        ("review_received", t("Your work is reviewed")),
        ("number_problem", t("A number must be reconnected")),
        ("limit_warning", t("A limit of your plan comes near")),
        ("trial_ending", t("Your trial ends soon")),
        ("trial_ended", t("Your trial has ended")),
        ("payment_failed", t("A payment fails")),
        ("plan_changed", t("Your plan changes")),
        kind,
    ).to(str)
