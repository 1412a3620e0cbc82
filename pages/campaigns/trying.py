"""The message as somebody of the audience gets it, and a test to oneself."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.campaigns.words import name_and_phone
from state.base import Feedback
from state.campaigns.content import ContentStep
from state.campaigns.preview_people import PreviewPeople
from state.campaigns.trying import TestSend
from wapto_app.ui.avatar import avatar
from wapto_app.ui.badge import badge
from wapto_app.ui.banner import banner
from wapto_app.ui.button import button, icon_button
from wapto_app.ui.campaign import CampaignPreview
from wapto_app.ui.card import card
from wapto_app.ui.dialog import dialog
from wapto_app.ui.empty import empty_state
from wapto_app.ui.form import form, form_actions, search_input, submit_button, text_field
from wapto_app.ui.i18n import from_server, t

_PREVIEW: Any = ContentStep.preview


def preview_part() -> rx.Component:
    has_text = _PREVIEW["body"] != ""
    nobody = rx.el.p(
        t("Here you see the message as soon as a template is chosen."),
        class_name="rounded-lg bg-chat px-4 py-16 text-center text-sm text-muted text-pretty",
    )
    shown = rx.fragment(
        CampaignPreview.create(shown=_PREVIEW),
        rx.cond(
            _PREVIEW["problem"] != "",
            banner(from_server(_PREVIEW["problem"]), tone="warning", class_name="mt-3"),
            rx.fragment(),
        ),
        button(t("Send a test"), icon="send", class_name="mt-4 w-full", on_click=TestSend.start),
    )
    return rx.fragment(
        card(
            rx.cond(has_text & (_PREVIEW["contact"] != ""), _whose(), rx.fragment()),
            rx.cond(has_text, shown, nobody),
            class_name="p-4",
        ),
        _test_dialog(),
        _picker(),
    )


def _whose() -> rx.Component:
    arrows = rx.el.div(
        icon_button(
            "chevron-left", t("The person before"), class_name="mirror", on_click=ContentStep.step(-1)
        ),
        icon_button("chevron-right", t("The next person"), class_name="mirror", on_click=ContentStep.step(1)),
        class_name="flex flex-none",
    )
    name = rx.el.button(
        rx.el.span(_PREVIEW["contact"], dir="auto", class_name="truncate"),
        rx.icon("chevron-down", size=14, aria_hidden=True, class_name="flex-none text-muted"),
        type="button",
        aria_haspopup="dialog",
        custom_attrs={"data-testid": "preview-person"},
        on_click=PreviewPeople.start,
        class_name="-ms-2 flex min-h-8 max-w-full items-center gap-1 rounded-md px-2 text-sm font-medium "
        "hover:bg-hover",
    )
    return rx.el.div(
        rx.el.div(
            rx.el.span(t("As it reaches"), class_name="block text-xs text-muted"),
            name,
            class_name="min-w-0 flex-1",
        ),
        rx.cond(ContentStep.people > 1, arrows, rx.fragment()),
        class_name="mb-3 flex items-center gap-2",
    )


def _picker() -> rx.Component:
    rows = rx.el.ul(
        rx.foreach(PreviewPeople.found, _person),
        aria_label=t("People found"),
        class_name="divide-y rounded-lg border",
    )
    none = empty_state("search-x", t("Nobody found"), t("Only people who get the campaign can be looked at."))
    return dialog(
        search_input(
            "find-preview-person",
            t("Find a person"),
            value=PreviewPeople.search,
            on_change=PreviewPeople.find,
            class_name="mb-3",
        ),
        rx.el.div(rx.cond(PreviewPeople.found.length() > 0, rows, none), class_name="min-h-72"),
        title=t("Whose message?"),
        open=PreviewPeople.is_open,
        on_close=PreviewPeople.close,
    )


def _person(row: Any) -> rx.Component:
    press = rx.el.button(
        avatar(row["name"], size=28),
        name_and_phone(row),
        rx.cond(row["row_id"].to(int) > 0, badge(t("New")), rx.fragment()),
        type="button",
        on_click=PreviewPeople.choose(row["contact_id"], row["row_id"]),
        class_name="flex min-h-11 w-full items-center gap-2.5 px-3 py-1.5 text-start text-sm -outline-offset-2 "
        "hover:bg-hover",
    )
    return rx.el.li(press, key=f"{row['contact_id']}-{row['row_id']}")


def _test_dialog() -> rx.Component:
    inside = form(
        text_field(
            "phone",
            t("Phone number"),
            id="test-phone",
            type="tel",
            default_value=TestSend.phone,
            placeholder="+34 600 123 456",
            auto_complete="tel",
            help=t("With the country code. The values are those of the person in the preview."),
            custom_attrs={"data-autofocus": "true"},
            errors=Feedback.errors,
        ),
        form_actions(button(t("Cancel"), on_click=TestSend.close), submit_button(t("Send the test"))),
        on_submit=TestSend.send,
    )
    return dialog(
        inside,
        title=t("Send a test"),
        description=t("One real message, which is not part of the campaign."),
        open=TestSend.is_open,
        on_close=TestSend.close,
        width="sm",
    )
