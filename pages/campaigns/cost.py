"""What a campaign is likely to cost, by the prices that the owner wrote down."""

from __future__ import annotations

from typing import Any

import reflex as rx

from state.campaigns.review import ReviewStep
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.ui.card import card
from wapto_app.ui.i18n import t, tn
from wapto_app.ui.link import link

_MAY_PRICE = Shell.permissions.contains(Permission.SETTINGS_DO.value)
_COST: Any = ReviewStep.estimate


def cost_part() -> rx.Component:
    unknown = rx.el.p(
        t("No prices are written down yet."),
        " ",
        rx.cond(
            _MAY_PRICE,
            link(t("Write down prices"), "/settings/prices"),
            t("The owner can do that in the settings."),
        ),
        class_name="mt-1 text-sm text-muted",
    )
    return card(
        rx.el.h2(t("What WhatsApp will charge"), class_name="text-sm font-semibold"),
        rx.cond(_COST["has_prices"], _known(), unknown),
    )


def _known() -> rx.Component:
    def line(row: Any) -> rx.Component:
        return rx.el.li(
            rx.el.span(row["name"], class_name="min-w-0 flex-1 truncate"),
            rx.el.span(t("{n}", n=row["people"]), class_name="tabular-nums text-muted"),
            rx.el.span(
                rx.cond(row["amount"] != "", row["amount"].to(str), "–"),
                class_name="w-20 text-end tabular-nums",
            ),
            class_name="flex gap-3 py-1 text-sm",
        )

    def note(n: rx.Var[int], words: Any) -> rx.Component:
        return rx.cond(n > 0, rx.el.p(words, class_name="mt-2 text-xs text-muted text-pretty"), rx.fragment())

    free, unpriced = _COST["free"].to(int), _COST["unpriced"].to(int)
    places = _COST["missing"].to(list[str]).join(", ")
    return rx.fragment(
        rx.el.p(
            t("About {sum}", sum=_COST["total"].to(str)),
            class_name="mt-1 text-2xl font-semibold tabular-nums",
        ),
        rx.el.ul(rx.foreach(_COST["lines"].to(list[dict[str, Any]]), line), class_name="mt-2"),
        note(free, tn("{n} is free of charge.", "{n} are free of charge.", free)),
        note(
            unpriced,
            tn(
                "{n} person is not counted; a price is missing for: {places}.",
                "{n} people are not counted; a price is missing for: {places}.",
                unpriced,
                places=places,
            ),
        ),
    )
