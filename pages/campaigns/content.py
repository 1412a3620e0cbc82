"""Second step of the wizard: the number, the template and what stands in its gaps, beside the message on a phone."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.campaigns.picker import template_picker
from pages.campaigns.slots import template_parts
from pages.campaigns.split import split_part
from pages.campaigns.trying import preview_part
from pages.library_picker import library_picker
from state.campaigns.content import LIBRARY, ContentStep
from state.campaigns.wizard import CampaignWizard
from wapto_app.ui.badge import badge
from wapto_app.ui.button import button, button_link
from wapto_app.ui.card import card, section, stack
from wapto_app.ui.empty import empty_state
from wapto_app.ui.form import field
from wapto_app.ui.i18n import from_server, t
from wapto_app.ui.skeleton import skeleton_lines
from wapto_app.ui.tokens import classes

_SHOWN: Any = ContentStep.shown
_ERRORS = CampaignWizard.problems["content"]


def content_step() -> rx.Component:
    parts = stack(_number(), _message(), split_part())
    none = card(
        empty_state(
            "plug",
            t("No number is connected"),
            t("Connect a WhatsApp number first; then you can send from it."),
            button_link(t("Integrations"), "/integrations"),
        ),
        class_name="",
    )
    body = rx.el.div(
        parts,
        rx.el.aside(preview_part(), aria_label=t("Preview"), class_name="lg:sticky lg:top-0"),
        class_name="grid grid-cols-1 items-start gap-6 lg:grid-cols-[minmax(0,1fr)_22rem]",
    )
    return rx.fragment(
        rx.cond(
            ContentStep.loaded, rx.cond(ContentStep.numbers.length() > 0, body, none), card(skeleton_lines(8))
        ),
        template_picker(),
        library_picker(LIBRARY, on_pick=ContentStep.attach, many=False),
    )


def _number() -> rx.Component:
    """Only where there is something to choose, or something wrong."""
    chosen = rx.el.select(
        rx.el.option(t("Choose a number"), value="0"),
        rx.foreach(
            ContentStep.numbers,
            lambda row: rx.el.option(row["name"], " · ", row["number"], value=row["id"].to_string()),
        ),
        id="channel",
        value=ContentStep.channel_id.to_string(),
        on_change=ContentStep.choose_number,
        class_name="control",
    )
    wrong = rx.el.p(
        from_server(_ERRORS["channel"]), role="alert", class_name="text-xs text-danger-ink empty:hidden"
    )
    shown = card(
        field("channel", t("Sent from"), rx.el.div(chosen, wrong, class_name="flex flex-col gap-1.5"))
    )
    is_clear = (ContentStep.numbers.length() == 1) & (ContentStep.numbers[0]["problem"] == "")
    return rx.cond(is_clear, rx.fragment(), shown)


def _message() -> rx.Component:
    is_test = ContentStep.variants.length() > 1
    variants = rx.el.div(
        rx.foreach(ContentStep.variants, _variant),
        role="group",
        aria_label=t("Variants"),
        class_name="mb-4 flex w-fit gap-1 rounded-lg bg-hover p-1",
    )
    chosen = rx.fragment(_template(), template_parts())
    return section(
        t("Message"),
        rx.cond(is_test, variants, rx.fragment()),
        rx.cond(_SHOWN["template_id"].to(int) > 0, chosen, _no_template()),
        description=t("WhatsApp lets you start a conversation only with a template that it approved."),
    )


def _variant(row: Any) -> rx.Component:
    is_on = ContentStep.label == row["label"]
    return rx.el.button(
        t("Variant {label}", label=row["label"]),
        type="button",
        aria_pressed=rx.cond(is_on, "true", "false"),
        on_click=ContentStep.look(row["label"]),
        class_name=classes(
            "h-7 rounded-md px-3 text-sm font-medium pointer-coarse:h-9",
            rx.cond(is_on, "bg-surface text-ink shadow-card", "text-muted hover:text-ink"),
        ),
    )


def _pick(words: Any, **props: Any) -> rx.Component:
    return button(words, on_click=ContentStep.pick(ContentStep.label), **props)


def _no_template() -> rx.Component:
    return empty_state(
        "layout-template",
        t("No template yet"),
        t("Choose what you want to say."),
        _pick(t("Choose a template"), variant="primary", disabled=ContentStep.channel_id == 0),
        class_name="rounded-lg border border-dashed border-line-strong",
    )


def _template() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.p(_SHOWN["name"], dir="auto", class_name="text-sm font-medium wrap-anywhere"),
            rx.el.p(
                badge(_SHOWN["language"].to(str)),
                badge(_category()),
                class_name="mt-1.5 flex flex-wrap gap-1.5",
            ),
            rx.el.p(
                from_server(_SHOWN["error"].to(str)),
                role="alert",
                class_name="mt-1.5 text-xs text-danger-ink empty:hidden",
            ),
            class_name="min-w-0 flex-1",
        ),
        _pick(t("Change"), size="sm"),
        class_name="flex items-start gap-3 rounded-lg border border-line p-3",
    )


def _category() -> rx.Var[Any]:
    return rx.match(
        _SHOWN["category"].to(str),
        ("MARKETING", t("Marketing")),
        ("UTILITY", t("Utility")),
        ("AUTHENTICATION", t("Authentication")),
        _SHOWN["category"].to(str),
    )
