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
from wapto_app.services.campaigns.offers import is_over
from wapto_app.services.errors import Invalid
from wapto_app.services.templates import Filled, fill
from wapto_app.services.templates.anatomy import Form, Slot, describe
from wapto_app.services.templates.filling import body_max, card_body_max

Values = Sequence[str]
_Build = Callable[[Values], Any]


class Compiled:
    """One template, some of whose values (``fixed``) are the same for everybody.

    ``varying`` are the slots whose values ``fill`` takes, in their order. ``has_file`` and ``files`` as for
    ``templates.fill``.
    """

    def __init__(
        self,
        template: Template,
        fixed: Mapping[str, str],
        *,
        has_file: bool,
        files: Mapping[str, str] | None = None,
    ) -> None:
        self._template, self._fixed = template, dict(fixed)
        self._has_file, self._files = has_file, files or {}
        form = describe(template)
        self.varying: list[Slot] = [slot for slot in form["slots"] if slot["key"] not in fixed]
        self._most = [slot["most"] for slot in self.varying]
        self._allowed = body_max(form["body"])
        self._cards: list[tuple[int, int]] = []
        """Places of the cards whose texts are not the same for all, with the characters that fit."""
        self._content: _Build | None = None
        self._body: _Build = lambda _values: ""
        # Degrees and times are calculated with, and what may be empty changes the shape: no mark comes through.
        if all(slot["kind"] in ("text", "code") and slot["required"] for slot in self.varying):
            self._take_apart(form)

    def _take_apart(self, form: Form) -> None:
        token = _unused(f"{self._template.components}{self._fixed}")
        marks = {slot["key"]: f"{token}{index:03d}" for index, slot in enumerate(self.varying)}
        given = {**self._fixed, **marks}
        try:
            made = fill(self._template, given, has_file=self._has_file, files=self._files, limited=False)
        except Invalid:
            return  # for everybody, which ``_slowly`` will say, or only with marks
        texts = [card["body"] for card in made.content["shown"].get("cards", ())]
        limits = [card_body_max(card["body"]) for card in form["cards"]]
        changing = {slot["card"] for slot in self.varying}
        if any(len(text) > limits[at] for at, text in enumerate(texts) if at not in changing):
            return
        self._cards = [(at, most) for at, most in enumerate(limits) if at in changing]
        pattern = re.compile(f"{token}([0-9]{{3}})")
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
        if len(body) > self._allowed:
            return reasons.TOO_LONG
        content = self._content(values)
        if self._cards and self._is_any_card_long(content["shown"]["cards"]):
            return reasons.TOO_LONG
        return Filled(content, body)

    def _is_any_card_long(self, cards: Sequence[Mapping[str, Any]]) -> bool:
        return any(len(cards[at]["body"]) > most for at, most in self._cards)

    def _slowly(self, values: Values) -> Filled | str:
        given = {slot["key"]: value for slot, value in zip(self.varying, values, strict=True)}
        whole = {**self._fixed, **given}
        try:
            return fill(self._template, whole, has_file=self._has_file, files=self._files)
        except Invalid as error:
            if error.field == "template":
                return reasons.TOO_LONG
            if error.field == "offer" and is_over(whole.get("offer", "")):
                return reasons.OFFER_OVER
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
