"""Search and filters above the table."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.source_words import source_words
from pages.tag_parts import tag_chip, tag_picker
from state.contacts import ContactList
from wapto_app.ui.badge import count
from wapto_app.ui.button import button, icon_button
from wapto_app.ui.dialog import drawer
from wapto_app.ui.form import LiveText, search_input
from wapto_app.ui.i18n import t
from wapto_app.ui.language import language_name

_WAYS = ("is", "is_not", "contains", "more", "less", "filled", "empty")


def filter_bar(*more: rx.Component) -> rx.Component:
    wanted = ContactList.filters
    clear = button(t("Clear filters"), variant="ghost", on_click=ContactList.clear_filters)
    return rx.el.div(
        search_input(
            "search",
            t("Search name, number, e-mail or company"),
            value=ContactList.filter["search"],
            on_change=ContactList.find,
            class_name="w-full sm:w-96",
        ),
        button(
            t("Filters"),
            count(wanted, label=t("set")),
            icon="list-filter",
            on_click=ContactList.open_filters(True),
        ),
        rx.cond(wanted > 0, clear, rx.fragment()),
        rx.el.div(*more, class_name="ms-auto"),
        class_name="mb-4 flex flex-wrap items-center gap-3",
    )


def filter_panel() -> rx.Component:
    wanted = ContactList.filter
    return drawer(
        rx.el.div(
            _tags(),
            _choice("segment", t("Segment"), ContactList.segments, wanted["segment"].to(str), t("Any")),
            _plain_choice("opt", t("Opt-in"), _opts()),
            _plain_choice("blocked", t("Blocked"), (("yes", t("Yes")), ("no", t("No")))),
            _listed("source", t("Source"), ContactList.sources, source_words),
            _listed("language", t("Language"), ContactList.languages, language_name),
            _days(t("Created"), "created_from", "created_to"),
            _days(t("Last message"), "last_from", "last_to"),
            rx.cond(ContactList.fields.length() > 0, _rules(), rx.fragment()),
            class_name="flex flex-col gap-5",
        ),
        title=t("Filters"),
        open=ContactList.filtering,
        on_close=ContactList.open_filters(False),
        footer=rx.fragment(
            button(t("Clear filters"), on_click=ContactList.clear_filters),
            button(
                t("Show {n} contacts", n=ContactList.total),
                variant="primary",
                on_click=ContactList.open_filters(False),
            ),
        ),
    )


def _opts() -> tuple[tuple[str, rx.Var[str]], ...]:
    return ("in", t("Opted in")), ("marketing", t("No marketing")), ("out", t("Opted out"))


def _label(text: rx.Var[str], target: str) -> rx.Component:
    return rx.el.label(text, html_for=target, class_name="text-sm font-medium")


def _box(*children: rx.Component) -> rx.Component:
    return rx.el.div(*children, class_name="flex min-w-0 flex-col gap-1.5")


def _select(name: str, value: Any, on_change: Any, *options: rx.Component, **props: Any) -> rx.Component:
    return rx.el.select(
        *options, value=value, on_change=on_change, id=f"filter-{name}", class_name="control", **props
    )


def _choice(name: str, label: rx.Var[str], options: Any, value: Any, none: rx.Var[str]) -> rx.Component:
    rows = rx.foreach(options, lambda option: rx.el.option(option["label"], value=option["value"]))
    control = _select(name, value, ContactList.choose_segment, rx.el.option(none, value="0"), rows)
    return _box(_label(label, f"filter-{name}"), control)


def _plain_choice(name: str, label: rx.Var[str], options: Any) -> rx.Component:
    rows = [rx.el.option(words, value=value) for value, words in options]
    control = _select(
        name,
        ContactList.filter[name],
        lambda value: ContactList.choose(name, value),
        rx.el.option(t("Any"), value=""),
        *rows,
    )
    return _box(_label(label, f"filter-{name}"), control)


def _listed(name: str, label: rx.Var[str], values: Any, words: Any = None) -> rx.Component:
    rows = rx.foreach(values, lambda value: rx.el.option(words(value) if words else value, value=value))
    control = _select(
        name,
        ContactList.filter[name],
        lambda value: ContactList.choose(name, value),
        rx.el.option(t("Any"), value=""),
        rows,
    )
    return _box(_label(label, f"filter-{name}"), control)


def _days(label: rx.Var[str], first: str, last: str) -> rx.Component:
    def day(name: str, words: rx.Var[str]) -> rx.Component:
        return rx.el.label(
            rx.el.span(words, class_name="text-xs text-muted"),
            rx.el.input(
                type="date",
                value=ContactList.filter[name],
                on_change=lambda value: ContactList.choose(name, value),
                class_name="control",
            ),
            class_name="flex min-w-0 flex-1 flex-col gap-1",
        )

    return rx.el.fieldset(
        rx.el.legend(label, class_name="mb-1.5 text-sm font-medium"),
        rx.el.div(day(first, t("From")), day(last, t("To")), class_name="flex gap-3 max-sm:flex-col"),
        # A fieldset is never narrower than its content, unless it is told to.
        class_name="min-w-0",
    )


def _tags() -> rx.Component:
    wanted = ContactList.filter
    chosen = rx.foreach(
        ContactList.tags,
        lambda tag: rx.cond(
            wanted["tags"].contains(tag["id"]),
            tag_chip(tag, on_remove=ContactList.choose_tag(tag["id"], False)),
            rx.fragment(),
        ),
    )
    way = _select(
        "tags-way",
        wanted["tags_way"],
        ContactList.choose_tags_way,
        rx.el.option(t("Has any of them"), value="any"),
        rx.el.option(t("Has all of them"), value="all"),
        rx.el.option(t("Has none of them"), value="none"),
        aria_label=t("How tags are compared"),
    )
    picker = tag_picker(
        button(t("Choose tags"), icon="tag", size="sm"),
        chosen=wanted["tags"],
        on_toggle=ContactList.choose_tag,
    )
    return rx.el.fieldset(
        rx.el.legend(t("Tags"), class_name="mb-1.5 text-sm font-medium"),
        rx.el.div(chosen, picker, class_name="flex flex-wrap items-center gap-1.5"),
        rx.cond(wanted["tags"].length() > 0, rx.el.div(way, class_name="mt-2"), rx.fragment()),
    )


def _rules() -> rx.Component:
    add = rx.el.select(
        rx.el.option(t("Add a custom field"), value=""),
        rx.foreach(ContactList.fields, lambda field: rx.el.option(field["label"], value=field["key"])),
        value="",
        on_change=ContactList.add_rule,
        aria_label=t("Add a custom field"),
        class_name="control",
    )
    return rx.el.fieldset(
        rx.el.legend(t("Custom fields"), class_name="mb-1.5 text-sm font-medium"),
        rx.el.div(rx.foreach(ContactList.filter["fields"], _rule), add, class_name="flex flex-col gap-3"),
    )


def _rule(rule: Any, index: Any) -> rx.Component:
    words = {
        "is": t("is"),
        "is_not": t("is not"),
        "contains": t("contains"),
        "more": t("is more than"),
        "less": t("is less than"),
        "filled": t("is filled in"),
        "empty": t("is empty"),
    }
    name = rx.foreach(
        ContactList.fields,
        lambda field: rx.cond(field["key"] == rule["field"], field["label"], rx.fragment()),
    )
    way = rx.el.select(
        *[rx.el.option(words[value], value=value) for value in _WAYS],
        value=rule["way"],
        on_change=lambda value: ContactList.change_rule(index, "way", value),
        aria_label=t("How the field is compared"),
        class_name="control w-auto flex-1",
    )
    value = LiveText.create(
        value=rule["value"],
        on_change=lambda text: ContactList.change_rule(index, "value", text),
        aria_label=t("Value"),
        class_name="control min-w-0 flex-1",
    )
    has_value = (rule["way"] != "filled") & (rule["way"] != "empty")
    return rx.el.div(
        rx.el.div(
            rx.el.span(name, dir="auto", class_name="min-w-0 flex-1 truncate text-sm"),
            icon_button("x", t("Remove this filter"), size=16, on_click=ContactList.drop_rule(index)),
            class_name="flex items-center gap-2",
        ),
        rx.el.div(way, rx.cond(has_value, value, rx.fragment()), class_name="flex gap-2"),
        key=index,
        class_name="flex flex-col gap-1.5 rounded-md border border-line p-2.5",
    )
