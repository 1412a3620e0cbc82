"""What stands in each gap of the template and of its cards, for whom nothing does, and what they show."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.campaigns.placed_file import file_row
from state.campaigns.content import ContentStep
from wapto_app.ui.campaign import LiveTime
from wapto_app.ui.form import LiveText
from wapto_app.ui.i18n import from_server, t

_SHOWN: Any = ContentStep.shown


def template_parts() -> rx.Component:
    """The message itself and its cards, each with its file and its gaps."""
    return rx.fragment(rx.foreach(_SHOWN["parts"].to(list[dict[str, Any]]), _part))


def _part(part: Any) -> rx.Component:
    """The message is no card: it has no frame, and says what gaps are."""
    card = part["card"].to(int)
    files, slots = part["files"].to(list[dict[str, Any]]), part["slots"].to(list[dict[str, Any]])
    shown, gaps = rx.foreach(files, file_row), _gaps(slots)
    name = "card-" + ContentStep.label + card.to_string()
    framed = rx.el.section(
        rx.el.h3(t("Card {n}", n=card), id=name, class_name="text-sm font-semibold"),
        shown,
        gaps,
        aria_labelledby=name,
        class_name="mt-4 rounded-lg border border-line p-3",
    )
    return rx.cond(card > 0, framed, rx.fragment(shown, _about_gaps(), gaps))


def _gaps(slots: Any) -> rx.Component:
    rows = rx.el.ul(rx.foreach(slots, _slot), class_name="mt-1 divide-y")
    return rx.cond(slots.length() > 0, rows, rx.fragment())


def _about_gaps() -> rx.Component:
    none = rx.el.p(
        t("This template has no gaps: everybody gets the same text."), class_name="mt-4 text-sm text-muted"
    )
    some = rx.el.div(
        rx.el.h3(t("What stands in the gaps"), class_name="text-sm font-semibold"),
        rx.el.p(
            t("Who has nothing there gets the text beside it; without one they are left out."),
            class_name="mt-0.5 text-xs text-muted text-pretty",
        ),
        class_name="mt-5",
    )
    return rx.cond(_SHOWN["gaps"].to(int) > 0, some, none)


def _slot(slot: Any) -> rx.Component:
    # Of another variant, the same gap is another input.
    key = "slot-" + ContentStep.label + "-" + slot["key"].to(str)
    is_fixed, is_chosen = slot["choice"] == "fixed", slot["choice"] != ""
    is_time = slot["kind"] == "time"
    sample = rx.el.span(
        slot["sample"].to(str), dir="auto", class_name="block truncate text-xs font-normal text-muted"
    )
    error = rx.el.p(
        rx.cond(is_chosen, from_server(slot["error"].to(str)), ""),
        id=key + "-error",
        class_name="text-xs text-danger-ink empty:hidden sm:col-start-2",
    )
    card = rx.el.span(t("Card {n}:", n=slot["card"]), " ", class_name="sr-only")
    text = rx.cond(is_time, _end(slot, key), _fixed(slot, key))
    return rx.el.li(
        rx.el.label(
            rx.cond(slot["card"].to(int) > 0, card, rx.fragment()),
            _gap(slot),
            sample,
            html_for=key,
            class_name="min-w-0 pt-1.5 text-sm font-medium",
        ),
        rx.el.div(
            _source(slot, key),
            rx.cond(is_fixed, text, rx.cond(is_chosen, _fallback(slot, key), rx.fragment())),
            class_name="grid min-w-0 items-start gap-2 sm:grid-cols-2",
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
        aria_label=t("Text for {gap}", gap=_named(slot)),
        placeholder=slot["sample"].to(str),
        **_line(slot),
    )


def _end(slot: Any, key: Any) -> rx.Component:
    """A moment, on the clock of who writes it."""
    return LiveTime.create(
        value=slot["text"].to(str),
        on_change=lambda text: ContentStep.write(slot["key"], text),
        id=key + "-text",
        aria_label=t("Date and time"),
        class_name="control",
    )


def _fallback(slot: Any, key: Any) -> rx.Component:
    def fall_back(text: Any) -> Any:
        return ContentStep.fall_back(slot["key"], text)

    label: Any = t("Fallback for {gap}", gap=_named(slot))
    written = LiveText.create(
        value=slot["fallback"].to(str),
        on_change=fall_back,
        id=key + "-fallback",
        aria_label=label,
        placeholder=t("If it is empty"),
        **_line(slot),
    )
    moment = LiveTime.create(
        value=slot["fallback"].to(str),
        on_change=fall_back,
        id=key + "-fallback",
        aria_label=label,
        class_name="control",
    )
    return rx.cond(slot["kind"] == "time", moment, written)


def _line(slot: Any) -> dict[str, Any]:
    """Anew for each input: Reflex writes an input's own attributes into what it is given."""
    return {
        "max_length": slot["most"].to(int),
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


def _named(slot: Any) -> Any:
    """With its card, for who does not see where it stands."""
    return rx.cond(
        slot["card"].to(int) > 0, t("Card {n}: {what}", n=slot["card"], what=_gap(slot)), _gap(slot)
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
        rx.el.option(
            rx.cond(slot["kind"] == "time", t("Same time for all"), t("Same text for all")), value="fixed"
        ),
        # Nothing of a contact itself is a moment.
        rx.cond(slot["kind"] == "time", rx.fragment(), group(t("Of the contact"), "contact")),
        group(t("Custom fields"), "field"),
        group(t("Columns of your files"), "column"),
        id=key,
        value=slot["choice"].to(str),
        on_change=lambda value: ContentStep.fill(slot["key"], value),
        aria_describedby=key + "-error",
        class_name=rx.cond(slot["choice"] == "", "control text-muted", "control"),
    )
