"""The part of a text around what was searched for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from wapto_app.services.search.words import Terms, fold, terms_of, words_of

_BEFORE = 28
_AFTER = 110


class Snippet(NamedTuple):
    before: str
    match: str
    after: str


def around(text: str, terms: Terms) -> Snippet | None:
    """The text around its first match, in one line; None when the words are not in it."""
    if not text or not _has(text, terms):
        return None
    folded, places = _map(text)
    for wanted in (terms.fragment, *_longest_first(terms)):
        if wanted and (found := _find(folded, wanted)) is not None:
            start, end = found
            return _cut(text, places[start], places[end - 1] + 1)
    return Snippet("", "", _line(text)[: _BEFORE + _AFTER])


def _longest_first(terms: Terms) -> list[str]:
    return sorted([*terms.exact, terms.prefix], key=len, reverse=True)


def _has(text: str, terms: Terms) -> bool:
    words = words_of(text)
    if terms.fragment and terms.fragment in words:
        return True
    parts = words.split()
    known = set(parts)
    return all(word in known for word in terms.exact) and any(part.startswith(terms.prefix) for part in parts)


def _map(text: str) -> tuple[str, Sequence[int]]:
    """The text folded character by character, and where each came from."""
    if text.isascii():
        return fold(text), range(len(text))
    folded: list[str] = []
    places: list[int] = []
    for at, character in enumerate(text):
        for each in fold(character):
            folded.append(each)
            places.append(at)
    return "".join(folded), places


def _find(folded: str, wanted: str) -> tuple[int, int] | None:
    """At the start of a word if possible, else inside of one."""
    first = -1
    at = folded.find(wanted)
    while at >= 0:
        if at == 0 or not folded[at - 1].isalnum():
            return at, at + len(wanted)
        first = at if first < 0 else first
        at = folded.find(wanted, at + 1)
    return (first, first + len(wanted)) if first >= 0 else None


def _cut(text: str, start: int, end: int) -> Snippet:
    begin = max(0, start - _BEFORE)
    if begin and (space := text.find(" ", begin, start)) >= 0:
        begin = space + 1
    before = ("… " if begin else "") + _line(text[begin:start])
    after = _line(text[end : end + _AFTER]) + ("…" if len(text) > end + _AFTER else "")
    return Snippet(before, _line(text[start:end]), after)


def _line(text: str) -> str:
    """Without line breaks, but with the spaces at the ends."""
    return "".join(" " if each.isspace() else each for each in text)


def matches(text: str, query: str) -> bool:
    """Whether a query finds this text."""
    return _has(text, terms_of(query))
