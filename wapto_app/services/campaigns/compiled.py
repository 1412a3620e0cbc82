"""A template that is filled for thousands: taken apart once, put together with each person's values.

It is filled the ordinary way (``templates.fill``) with marks for values, and where the marks came to stand is
remembered. So nothing here needs to know what a message is made of.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wapto_app.models import Template
from wapto_app.services.campaigns import reasons
from wapto_app.services.errors import Invalid
from wapto_app.services.templates import Filled, fill
from wapto_app.services.templates.anatomy import Slot, describe, slots

Values = Sequence[str]
_Build = Callable[[Values], Any]
_BODY_MAX = 1024


class Compiled:
    """One template, some of whose values (``fixed``) are the same for everybody.

    ``varying`` are the slots whose values ``fill`` takes, in their order.
    """

    def __init__(self, template: Template, fixed: Mapping[str, str], *, has_file: bool) -> None:
        self._template, self._fixed, self._has_file = template, dict(fixed), has_file
        self.varying: list[Slot] = [slot for slot in slots(template) if slot["key"] not in fixed]
        self._most = [slot["most"] for slot in self.varying]
        self._allowed = max(_BODY_MAX, len(describe(template)["body"]))
        self._content: _Build | None = None
        self._body: _Build = lambda _values: ""
        # Degrees and times are calculated with, and what may be empty changes the shape: no mark comes through.
        if all(slot["kind"] in ("text", "code") and slot["required"] for slot in self.varying):
            self._take_apart()

    def _take_apart(self) -> None:
        token = _unused(f"{self._template.components}{self._fixed}")
        marks = {slot["key"]: f"{token}{index:02d}" for index, slot in enumerate(self.varying)}
        try:
            made = fill(self._template, {**self._fixed, **marks}, has_file=self._has_file)
        except Invalid:
            return  # for everybody, which ``_slowly`` will say, or only with marks
        pattern = re.compile(f"{token}([0-9]{{2}})")
        self._content, self._body = _builder(made.content, pattern), _builder(made.body, pattern)

    def fill(self, values: Values) -> Filled | str:
        """The message with these values, or the word of ``reasons`` why there is none.

        The values are ``rules.plain``. What is the same for everybody is one object in all messages: change nothing.
        """
        for value, most in zip(values, self._most, strict=True):
            if not value and self._content is not None:
                return reasons.MISSING_VALUE
            if len(value) > most:
                return reasons.TOO_LONG
        if self._content is None:
            return self._slowly(values)
        body = self._body(values)
        return Filled(self._content(values), body) if len(body) <= self._allowed else reasons.TOO_LONG

    def _slowly(self, values: Values) -> Filled | str:
        given = {slot["key"]: value for slot, value in zip(self.varying, values, strict=True)}
        try:
            return fill(self._template, {**self._fixed, **given}, has_file=self._has_file)
        except Invalid as error:
            if error.field == "template":
                return reasons.TOO_LONG
            is_empty = error.field in given and not given[error.field]
            return reasons.MISSING_VALUE if is_empty else reasons.BAD_VALUE


def _unused(text: str) -> str:
    """Letters that stand nowhere in the text, short enough for a coupon code (Meta: 15 characters)."""
    while (token := "q" + secrets.token_hex(3)) in text:
        pass
    return token


def _builder(node: Any, pattern: re.Pattern[str]) -> _Build:
    found = _part(node, pattern)
    return found if found is not None else lambda _values: node


def _part(node: Any, pattern: re.Pattern[str]) -> _Build | None:
    """What makes this part anew for every person; None when it is the same for all."""
    if isinstance(node, str):
        return _text(node, pattern)
    if isinstance(node, dict):
        return _container(node, list(node.items()), pattern)
    return _container(node, list(enumerate(node)), pattern) if isinstance(node, list) else None


def _text(text: str, pattern: re.Pattern[str]) -> _Build | None:
    pieces = pattern.split(text)
    if len(pieces) == 1:
        return None
    places = [int(piece) for piece in pieces[1::2]]
    fixed = [piece.replace("%", "%%") for piece in pieces[::2]]
    if len(places) == 1 and not any(fixed):
        place = places[0]
        return lambda values: values[place]
    form = "%s".join(fixed)
    return lambda values: form % tuple([values[place] for place in places])


def _container(node: Any, items: Sequence[tuple[Any, Any]], pattern: re.Pattern[str]) -> _Build | None:
    changing = [(key, made) for key, each in items if (made := _part(each, pattern)) is not None]
    if not changing:
        return None

    def build(values: Values) -> Any:
        copied = node.copy()
        for key, made in changing:
            copied[key] = made(values)
        return copied

    return build
