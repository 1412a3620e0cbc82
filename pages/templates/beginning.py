"""A new template: an empty one, or one of ours."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.frame import frame
from pages.templates.dialogs import language_field
from pages.templates.words import MAY_CONNECT
from state.base import Feedback
from state.templates import NewTemplate
from wapto_app.security.permissions import Permission
from wapto_app.services.templates import Standing, all_starters, sectors
from wapto_app.ui.banner import banner
from wapto_app.ui.button import button_link
from wapto_app.ui.card import page_body, page_header, section, stack
from wapto_app.ui.form import form, submit_button, text_field
from wapto_app.ui.i18n import Text, t
from wapto_app.ui.skeleton import skeleton_lines
from wapto_app.ui.templates import StarterGallery

_STANDING = NewTemplate.overall.to(Standing)
_TILE = (
    "flex cursor-pointer items-start gap-2.5 rounded-md border border-line px-3 py-2.5 text-sm hover:bg-hover "
    "has-checked:border-accent has-checked:bg-accent-soft has-focus-visible:outline-2"
)


def new_template() -> rx.Component:
    connect = rx.cond(
        MAY_CONNECT, button_link(t("Connect a number"), "/integrations", size="sm"), rx.fragment()
    )
    not_connected = banner(
        t(
            "Templates belong to your WhatsApp account. You can look around here, and begin when one is connected."
        ),
        tone="warning",
        title=t("No WhatsApp number is connected"),
        action=connect,
    )
    full = banner(
        t("Delete templates that nobody uses, or choose a larger plan."),
        tone="warning",
        title=t("Your plan allows {limit} templates, and you have them all.", limit=_STANDING["limit"]),
    )
    is_full = (_STANDING["limit"] >= 0) & (_STANDING["used"] >= _STANDING["limit"])
    return frame(
        t("New template"),
        page_body(
            page_header(
                t("New template"),
                button_link(t("All templates"), "/templates"),
                description=t("Write one from the beginning, or take one of ours and change what you like."),
            ),
            rx.cond(
                NewTemplate.loaded,
                stack(
                    rx.cond(_STANDING["connected"], rx.fragment(), not_connected),
                    rx.cond(is_full, full, rx.fragment()),
                    _empty_one(),
                    _starters(),
                ),
                skeleton_lines(8),
            ),
            width="max-w-6xl",
        ),
        permission=Permission.TEMPLATES_DO,
    )


def _empty_one() -> rx.Component:
    tiles = rx.el.fieldset(
        rx.el.legend(t("Category"), class_name="mb-1.5 text-sm font-medium"),
        rx.el.div(
            _tile(
                "UTILITY",
                t("Utility"),
                t("About something the customer did: an order, an appointment, a payment."),
                first=True,
            ),
            _tile(
                "MARKETING", t("Marketing"), t("Offers, news, invitations. Also with cards or a countdown.")
            ),
            _tile("AUTHENTICATION", t("Authentication"), t("One-time codes to sign in, and nothing else.")),
            class_name="grid gap-2 md:grid-cols-3",
        ),
    )
    name = text_field(
        "name",
        t("Name"),
        max_length=512,
        auto_complete="off",
        placeholder="order_update",
        dir="ltr",
        help=t("Small letters, numbers and _. Customers do not see it."),
        errors=Feedback.errors,
    )
    return section(
        t("Write your own"),
        form(
            rx.el.div(name, language_field(), class_name="grid gap-5 sm:grid-cols-2"),
            tiles,
            rx.el.div(submit_button(t("Begin to write")), class_name="flex justify-end"),
            on_submit=NewTemplate.begin,
            reset_on_submit=False,
        ),
    )


def _tile(value: str, title: Text, about: Text, *, first: bool = False) -> rx.Component:
    return rx.el.label(
        rx.el.input(
            type="radio",
            name="category",
            value=value,
            default_checked=first,
            class_name="mt-1 flex-none accent-accent",
        ),
        rx.el.span(
            rx.el.span(title, class_name="block font-medium"),
            rx.el.span(about, class_name="block text-xs text-muted text-pretty"),
            class_name="min-w-0",
        ),
        class_name=_TILE,
    )


def _starters() -> rx.Component:
    gallery: Any = StarterGallery.create(
        sectors=sectors(),
        starters=all_starters(),
        disabled=~_STANDING["connected"],
        on_use=NewTemplate.use,
    )
    return rx.el.section(
        rx.el.h2(t("Or begin with one of ours"), class_name="text-base font-semibold"),
        rx.el.p(
            t(
                "Every one of them is written by the rules of WhatsApp, with samples. It becomes a draft of yours."
            ),
            class_name="mt-1 mb-4 text-sm text-muted text-pretty",
        ),
        gallery,
        id="starters",
        class_name="scroll-mt-4",
    )
