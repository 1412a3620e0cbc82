"""Business hours: when somebody answers."""

from __future__ import annotations

import reflex as rx

from pages.frame import frame
from state.base import Feedback
from state.business_hours import BusinessHours
from wapto_app.security.permissions import Permission
from wapto_app.services.account_fields import time_zones
from wapto_app.ui.badge import badge
from wapto_app.ui.card import card, page_body, page_header, section, stack
from wapto_app.ui.combobox import combobox_field
from wapto_app.ui.form import checkbox, form, form_actions, submit_button
from wapto_app.ui.i18n import t
from wapto_app.ui.skeleton import skeleton_lines
from wapto_app.ui.time import exact_time
from wapto_app.ui.week_hours import WeekHours

_ZONES = [{"value": name, "label": name.replace("_", " ").replace("/", " / ")} for name in time_zones()]


def business_hours() -> rx.Component:
    return frame(
        t("Business hours"),
        page_body(
            page_header(t("Business hours"), description=t("When somebody of you answers customers.")),
            stack(
                rx.cond(BusinessHours.loaded, _now(), card(skeleton_lines(1))),
                section(
                    t("Opening times"),
                    rx.cond(BusinessHours.loaded, _form(), skeleton_lines(9)),
                    description=t(
                        "Whoever schedules a message is offered the next opening. Customers can always write."
                    ),
                ),
            ),
            width="max-w-3xl",
        ),
        permission=Permission.SETTINGS_DO,
    )


def _now() -> rx.Component:
    """What holds at this moment, by what is saved."""
    until = rx.el.span(t("until"), " ", exact_time(BusinessHours.changes_at), class_name="text-muted")
    opens = rx.el.span(t("opens"), " ", exact_time(BusinessHours.changes_at), class_name="text-muted")
    changes = BusinessHours.changes_at != ""
    shown = rx.cond(
        BusinessHours.is_open,
        rx.fragment(
            badge(t("Open now"), tone="accent", icon="door-open"), rx.cond(changes, until, rx.fragment())
        ),
        rx.fragment(
            badge(t("Closed now"), tone="neutral", icon="door-closed"), rx.cond(changes, opens, rx.fragment())
        ),
    )
    unset = rx.el.span(t("Not set: you count as always open."), class_name="text-muted")
    return card(
        rx.el.p(
            rx.cond(BusinessHours.is_set, shown, unset),
            role="status",
            class_name="flex flex-wrap items-center gap-x-3 gap-y-1 text-sm",
        ),
        class_name="px-5 py-4",
    )


def _form() -> rx.Component:
    return form(
        checkbox(
            "on",
            t("Use business hours"),
            help=t("Without them you count as always open."),
            default_checked=BusinessHours.on,
        ),
        combobox_field(
            "time_zone",
            t("Time zone"),
            _ZONES,
            value=BusinessHours.time_zone,
            help=t("The times below are those of a clock there, in summer and in winter."),
            errors=Feedback.errors,
        ),
        WeekHours.create(
            id="calendar",
            name="calendar",
            week=BusinessHours.week,
            holidays=BusinessHours.holidays,
            errors=Feedback.errors,
        ),
        form_actions(submit_button(t("Save business hours"))),
        on_submit=BusinessHours.save,
        key=BusinessHours.version.to_string(),
    )
