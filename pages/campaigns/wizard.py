"""The wizard: audience, message, timing, review."""

from __future__ import annotations

from itertools import pairwise

import reflex as rx

from pages.campaigns.audience import audience_step, people_in_short
from pages.campaigns.content import content_step
from pages.campaigns.review import review_step
from pages.campaigns.timing import timing_step
from pages.frame import frame
from state.base import Feedback
from state.campaigns.wizard import CampaignWizard
from wapto_app.security.permissions import Permission
from wapto_app.ui.button import button, button_link, icon_button
from wapto_app.ui.card import SURFACE, card, page_body
from wapto_app.ui.dialog import dialog
from wapto_app.ui.empty import empty_state
from wapto_app.ui.form import form, form_actions, submit_button, text_field
from wapto_app.ui.i18n import Text, from_server, t
from wapto_app.ui.link import RouteLink
from wapto_app.ui.skeleton import skeleton, skeleton_lines
from wapto_app.ui.tokens import classes

ROUTE = "/campaigns/[campaign_ref]/edit"
_STEPS: tuple[tuple[str, Text], ...] = (
    ("audience", t("Audience")),
    ("content", t("Message")),
    ("timing", t("Timing")),
    ("review", t("Review")),
)
_BASE = "/campaigns/" + CampaignWizard.campaign_id.to_string() + "/edit?step="


def starting() -> rx.Component:
    """``/campaigns/new``: shown for the blink in which a draft is made."""
    refused = empty_state(
        "megaphone",
        t("Your plan has no campaigns"),
        from_server(CampaignWizard.refused),
        button_link(t("See plans"), "/subscription"),
    )
    return frame(
        t("New campaign"),
        page_body(
            rx.cond(CampaignWizard.refused != "", card(refused, class_name=""), card(skeleton_lines(6))),
            width="max-w-6xl",
        ),
        permission=Permission.CAMPAIGNS_DO,
    )


def wizard() -> rx.Component:
    missing = empty_state(
        "search-x",
        t("This campaign is not here"),
        t("It may have been deleted."),
        button_link(t("All campaigns"), "/campaigns"),
    )
    step = rx.match(
        CampaignWizard.step,
        ("content", content_step()),
        ("timing", timing_step()),
        ("review", review_step()),
        audience_step(),
    )
    body = rx.fragment(_head(), _steps(), step, _around())
    waiting = card(skeleton("h-6 w-48"), skeleton_lines(8, class_name="mt-6"))
    return frame(
        t("Campaign"),
        page_body(
            rx.cond(
                CampaignWizard.loaded,
                rx.cond(CampaignWizard.missing, card(missing, class_name=""), body),
                waiting,
            ),
            width="max-w-6xl",
        ),
        _name_dialog(),
        permission=Permission.CAMPAIGNS_DO,
    )


def _head() -> rx.Component:
    return rx.el.header(
        rx.el.h1(
            CampaignWizard.name,
            dir="auto",
            class_name="line-clamp-3 min-w-0 text-xl font-semibold tracking-tight wrap-anywhere",
        ),
        icon_button("pencil", t("Rename"), size=16, on_click=CampaignWizard.ask_name(True)),
        rx.el.span(
            t("Draft, saved as you go"),
            role="status",
            class_name="ms-auto flex-none text-sm text-muted max-md:hidden",
        ),
        class_name="flex items-center gap-2 pb-4",
    )


def _steps() -> rx.Component:
    return rx.el.nav(
        rx.el.ol(
            *[_step(i, value, words) for i, (value, words) in enumerate(_STEPS, 1)],
            class_name="scroll-thin flex overflow-x-auto",
        ),
        aria_label=t("Steps of the campaign"),
        class_name=classes(SURFACE, "mb-6 overflow-clip"),
    )


def _step(number: int, value: str, words: Text) -> rx.Component:
    is_here = CampaignWizard.step == value
    is_done = CampaignWizard.done.contains(value) & (value != "review")
    circle = rx.el.span(
        rx.cond(is_done & ~is_here, rx.icon("check", size=14), str(number)),
        aria_hidden=True,
        class_name=classes(
            "grid size-6 flex-none place-items-center rounded-full text-xs font-semibold",
            rx.cond(is_here | is_done, "bg-accent text-on-accent", "border border-line-strong text-muted"),
        ),
    )
    done = rx.cond(is_done, rx.el.span(" ", t("(done)"), class_name="sr-only"), rx.fragment())
    link = RouteLink.create(
        circle,
        rx.el.span(words, class_name=rx.cond(is_here, "", "max-sm:sr-only")),
        done,
        to=_BASE + value,
        aria_current=rx.cond(is_here, "step", "false"),
        class_name=classes(
            "flex h-12 items-center justify-center gap-2.5 px-3 text-sm font-medium -outline-offset-2 hover:bg-hover",
            rx.cond(is_here, "text-ink shadow-[inset_0_-2px_0_var(--color-accent)]", "text-muted"),
        ),
    )
    return rx.el.li(link, class_name=rx.cond(is_here, "min-w-0 flex-auto sm:flex-1", "min-w-0 flex-1"))


def _around() -> rx.Component:
    """Back and on; the last step has a button of its own."""
    order = [value for value, _ in _STEPS]
    back = rx.match(
        CampaignWizard.step,
        *[
            (value, button_link(t("Back"), _BASE + before, icon="arrow-left"))
            for before, value in pairwise(order)
        ],
        button_link(t("All campaigns"), "/campaigns", icon="arrow-left"),
    )
    on = rx.match(
        CampaignWizard.step,
        *[
            (
                value,
                button_link(
                    t("Next: {step}", step=words), _BASE + after, variant="primary", class_name="max-sm:grow"
                ),
            )
            for value, (after, words) in zip(order[1:], _STEPS[2:], strict=False)
        ],
        ("review", rx.fragment()),
        button_link(
            t("Next: {step}", step=_STEPS[1][1]),
            _BASE + order[1],
            variant="primary",
            class_name="max-sm:grow",
        ),
    )
    return rx.el.div(
        back,
        rx.cond(CampaignWizard.step == "audience", people_in_short(), rx.fragment()),
        on,
        class_name="sticky bottom-0 z-10 -mx-4 mt-6 flex flex-wrap items-center justify-between gap-2 border-t "
        "bg-canvas px-4 py-3 sm:-mx-8 sm:px-8",
    )


def _name_dialog() -> rx.Component:
    inside = form(
        text_field(
            "name",
            t("Name"),
            id="campaign-name",
            default_value=CampaignWizard.name,
            max_length=120,
            auto_complete="off",
            dir="auto",
            help=t("Only you and your colleagues see it."),
            custom_attrs={"data-autofocus": "true"},
            errors=Feedback.errors,
        ),
        form_actions(
            button(t("Cancel"), on_click=CampaignWizard.ask_name(False)), submit_button(t("Rename"))
        ),
        on_submit=CampaignWizard.rename,
    )
    return dialog(
        inside,
        title=t("Rename “{name}”", name=CampaignWizard.name),
        open=CampaignWizard.naming,
        on_close=CampaignWizard.ask_name(False),
        width="sm",
    )
