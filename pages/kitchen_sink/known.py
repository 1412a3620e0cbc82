"""What is known about customers: tags, choices, order, rules."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.kitchen_sink.samples import TAGS, Option, Sink
from pages.tag_dialogs import NAMES
from wapto_app.services.tags import COLOURS
from wapto_app.ui.button import button
from wapto_app.ui.card import section, stack
from wapto_app.ui.chat_list import row_of
from wapto_app.ui.menu import popover
from wapto_app.ui.option_list import OptionList
from wapto_app.ui.rules import RuleBuilder, rule_words
from wapto_app.ui.sortable import handle, sortable
from wapto_app.ui.tags import TagList, chip

_WORDS: dict[str, Any] = {
    "tags": TAGS,
    "people": [{"id": 1, "name": "Olga Petrova"}],
    "fields": [{"key": "city", "label": "City", "kind": "text", "options": []}],
}
_RULES: dict[str, Any] = {
    "join": "and",
    "rules": [
        {"field": "tags", "op": "any_of", "items": [1, 3]},
        {
            "join": "or",
            "rules": [
                {"field": "field:city", "kind": "text", "op": "is", "value": "Lagos"},
                {"field": "last_inbound", "op": "last_days", "value": "30"},
            ],
        },
    ],
}
_OPTIONS = [{"was": name, "now": name, "contacts": n} for n, name in enumerate(("Rent", "Buy"), 3)]


def known_of_customers() -> rx.Component:
    picker = TagList.create(
        tags=TAGS,
        chosen=Sink.tags,
        may_create=True,
        loading=False,
        on_toggle=Sink.tag,
        on_create=Sink.make_tag,
    )
    chips = rx.el.div(*[chip(NAMES[each], each) for each in COLOURS], class_name="flex flex-wrap gap-1.5")
    return section(
        "Tags, choices, order, rules",
        stack(
            chips,
            rx.el.div(popover(button("Tags of Amara"), picker, label="Tags of Amara")),
            sortable(
                Sink.in_order,
                row_of(sink_field, {"id": 0, "label": ""}),
                name="label",
                label="Order of fields",
                on_move=Sink.move,
                class_name="divide-y divide-line rounded-md border",
            ),
            OptionList.create(name="choices", options=_OPTIONS, label="Choices"),
            rule_words(_RULES, _WORDS, class_name="text-sm text-muted"),
            RuleBuilder.create(
                name="rules",
                rules=_RULES,
                vocabulary=_WORDS,
                problems={"1.0": "The field “city” was deleted. Choose another."},
                disabled=False,
                on_change=Sink.try_rules,
            ),
        ),
    )


@rx.memo(wrapper=None)
def sink_field(item: rx.Var[Option]) -> rx.Component:
    words = rx.el.span(item["label"], class_name="text-sm")
    return rx.el.div(handle(item["label"]), words, class_name="flex items-center gap-1 p-1.5")
