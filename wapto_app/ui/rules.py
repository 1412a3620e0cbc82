"""Rules of segments: the builder, and a sentence that says them."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.browser import source
from wapto_app.ui.tokens import Classes


class RuleBuilder(rx.Component):
    """A tree of rules; the form receives it as JSON under ``name``. See ``rule_builder.jsx``.

    Give it the ``key`` of what it edits, so that another one starts anew. ``on_change`` hears the tree as
    JSON when typing rests.
    """

    library = source("rule_builder.jsx")
    tag = "RuleBuilder"
    _is_form_control = True

    name: rx.Var[str]
    rules: rx.Var[dict[str, Any]]
    vocabulary: rx.Var[Any]
    problems: rx.Var[dict[str, str]]
    disabled: rx.Var[bool]
    on_change: rx.EventHandler[rx.event.passthrough_event_spec(str)]


class RuleWords(rx.Component):
    """See ``rule_words.jsx``."""

    library = source("rule_words.jsx")
    tag = "RuleWords"

    rules: rx.Var[dict[str, Any]]
    vocabulary: rx.Var[Any]


def rule_words(rules: Any, vocabulary: Any, *, class_name: Classes = "") -> rx.Component:
    """A segment in one sentence: ``Tags are any of VIP and Last message from them: in the last 30 days``."""
    return RuleWords.create(rules=rules, vocabulary=vocabulary, class_name=class_name)
