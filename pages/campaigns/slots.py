"""What stands in each gap of the template, and for whom nothing does."""

from __future__ import annotations

from typing import Any

import reflex as rx

from state.campaigns.content import ContentStep
from wapto_app.ui.form import LiveText
from wapto_app.ui.i18n import from_server, t

_SHOWN: Any = ContentStep.shown


def slot_list() -> rx.Component:
    slots = _SHOWN["slots"].to(list[dict[str, Any]])
    none = rx.el.p(
        t("This template has no gaps: everybody gets the same text."), class_name="mt-4 text-sm text-muted"
    )
    filled = rx.el.div(
        rx.el.h3(t("What stands in the gaps"), class_name="text-sm font-semibold"),
        rx.el.p(
            t("Who has nothing there gets the text beside it; without one they are left out."),
            class_name="mt-0.5 text-xs text-muted text-pretty",
        ),
        rx.el.ul(rx.foreach(slots, _slot), class_name="mt-1 divide-y"),
        class_name="mt-5",
    )
    return rx.cond(slots.length() > 0, filled, none)


def _slot(slot: Any) -> rx.Component:
    # Of another variant, the same gap is another input.
    key = "slot-" + ContentStep.label + "-" + slot["key"].to(str)
    is_fixed, is_chosen = slot["choice"] == "fixed", slot["choice"] != ""
    sample = rx.el.span(
        slot["sample"].to(str), dir="auto", class_name="block truncate text-xs font-normal text-muted"
    )
    error = rx.el.p(
        rx.cond(is_chosen, from_server(slot["error"].to(str)), ""),
        id=key + "-error",
        class_name="text-xs text-danger-ink empty:hidden sm:col-start-2",
    )
    return rx.el.li(
        rx.el.label(_gap(slot), sample, html_for=key, class_name="min-w-0 pt-1.5 text-sm font-medium"),
        rx.el.div(
            _source(slot, key),
            rx.cond(is_fixed, _fixed(slot, key), rx.cond(is_chosen, _fallback(slot, key), rx.fragment())),
            class_name="grid min-w-0 gap-2 sm:grid-cols-2",
        ),
        error,
        key=key,
        class_name="grid gap-x-4 gap-y-2 py-3 sm:grid-cols-[9rem_minmax(0,1fr)]",
    )


def _fixed(slot: Any, key: Any) -> rx.Component:
    return LiveText.create(
        value=slot["text"].to(str),
        on_change=lambda text: ContentStep.write(slot["key"], text),
        id=key + "-text",
        aria_label=t("Text for {gap}", gap=_gap(slot)),
        placeholder=slot["sample"].to(str),
        **_line(),
    )


def _fallback(slot: Any, key: Any) -> rx.Component:
    return LiveText.create(
        value=slot["fallback"].to(str),
        on_change=lambda text: ContentStep.fall_back(slot["key"], text),
        id=key + "-fallback",
        aria_label=t("Fallback for {gap}", gap=_gap(slot)),
        placeholder=t("If it is empty"),
        **_line(),
    )


def _line() -> dict[str, Any]:
    """Anew for each input: Reflex writes an input's own attributes into what it is given."""
    return {
        "max_length": 2000,
        "auto_complete": "off",
        "class_name": "control",
        "custom_attrs": {"dir": "auto"},
    }


def _gap(slot: Any) -> Any:
    name = slot["name"].to(str)
    return rx.match(
        slot["place"].to(str),
        ("header", t("Heading: {name}", name=name)),
        ("button", t("Button: {name}", name=name)),
        ("location", t("Place: {name}", name=name)),
        ("offer", t("Offer ends")),
        ("body", t("Text: {name}", name=name)),
        name,
    )


def _source(slot: Any, key: Any) -> rx.Component:
    def group(words: Any, source: str) -> rx.Component:
        def option(row: Any) -> rx.Component:
            label = from_server(row["label"]) if source == "contact" else row["label"]
            value = rx.cond(row["source"] == source, row["source"] + ":" + row["name"], "")
            return rx.cond(row["source"] == source, rx.el.option(label, value=value), rx.fragment())

        has_some = rx.Var(
            f"{ContentStep.choices!s}.some((one) => one.source === '{source}')",
            _var_type=bool,
            _var_data=ContentStep.choices._get_all_var_data(),
        )
        return rx.cond(
            has_some, rx.el.optgroup(rx.foreach(ContentStep.choices, option), label=words), rx.fragment()
        )

    return rx.el.select(
        rx.el.option(t("Choose …"), value="", disabled=True),
        rx.el.option(t("Same text for all"), value="fixed"),
        group(t("Of the contact"), "contact"),
        group(t("Custom fields"), "field"),
        group(t("Columns of your files"), "column"),
        id=key,
        value=slot["choice"].to(str),
        on_change=lambda value: ContentStep.fill(slot["key"], value),
        aria_describedby=key + "-error",
        class_name=rx.cond(slot["choice"] == "", "control text-muted", "control"),
    )
