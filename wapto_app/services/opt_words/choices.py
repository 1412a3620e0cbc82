"""What the owner chose: which languages, which own words, and what is answered."""

from __future__ import annotations

import re
import time
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from wapto_app.models import Preference
from wapto_app.models.base import table_of
from wapto_app.services.opt_words.folding import LONGEST, fold
from wapto_app.services.opt_words.words import LANGUAGES

NAME = "opt_words"
"""The preference, and the topic that is touched when it changes."""
# For what another process wrote without a Redis to say so.
_KEPT_SECONDS = 5.0
_ASKS = re.compile("[?؟？]")

preference = table_of(Preference)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a word asks for, and in which languages it is one; an own word is in none."""

    stops: bool
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answers:
    """The texts of one language; an empty one is not sent."""

    goodbye: str
    welcome: str


class Vocabulary:
    """Words ready to be looked up. Of a word that was put on both sides, the stop is obeyed."""

    __slots__ = ("_meanings", "answers")

    def __init__(self, stored: Mapping[str, Any]) -> None:
        off = set(stored.get("off") or ())
        texts: Mapping[str, Any] = stored.get("texts") or {}
        spoken = [language for language in LANGUAGES if language.code not in off]
        self.answers = {
            each.code: _answers(each.goodbye, each.welcome, texts.get(each.code)) for each in spoken
        }
        found: dict[str, Meaning] = {}
        for language in spoken:
            for stops, words in ((True, language.out), (False, language.back)):
                for word in map(fold, words):
                    known = found.get(word)
                    languages = known.languages if known else ()
                    found[word] = Meaning(stops or bool(known and known.stops), (*languages, language.code))
        for stops, own in ((False, stored.get("own_back")), (True, stored.get("own_out"))):
            found |= {word: Meaning(stops) for word in map(fold, own or ()) if word}
        self._meanings = found

    def meaning(self, text: str) -> Meaning | None:
        """What the whole message asks for; None for what is just a message. About 0.1 µs for a long one.

        A question is no wish: *¿Baja?* asks which floor.
        """
        if not 0 < len(text) <= LONGEST or _ASKS.search(text):
            return None
        return self._meanings.get(fold(text))

    def answer(self, meaning: Meaning, contact_language: str) -> str:
        """In the language of the contact when that is switched on, else in the first one of the word."""
        theirs = contact_language.casefold().replace("_", "-").partition("-")[0]
        wanted: Sequence[str] = meaning.languages or tuple(self.answers)
        is_shared = not meaning.languages or len(meaning.languages) > 1
        code = theirs if is_shared and theirs in self.answers else next(iter(wanted), "")
        said = self.answers.get(code)
        return "" if said is None else said.goodbye if meaning.stops else said.welcome


def _answers(goodbye: str, welcome: str, stored: Mapping[str, Any] | None) -> Answers:
    if not stored:
        return Answers(goodbye, welcome)
    texts = stored.get("goodbye") or goodbye, stored.get("welcome") or welcome
    return Answers(
        texts[0] if stored.get("says_goodbye", True) else "",
        texts[1] if stored.get("says_welcome", True) else "",
    )


_known: weakref.WeakKeyDictionary[sa.Engine, tuple[float, Vocabulary]] = weakref.WeakKeyDictionary()


def vocabulary(connection: sa.Connection) -> Vocabulary:
    """The words of this install, read once and again when they change."""
    known = _known.get(connection.engine)
    if known is not None and known[0] > time.monotonic():
        return known[1]
    query = sa.select(preference.c.value).where(preference.c.name == NAME)
    made = Vocabulary(connection.execute(query).scalar() or {})
    _known[connection.engine] = (time.monotonic() + _KEPT_SECONDS, made)
    return made


def heard(topics: frozenset[str]) -> None:
    """Listens to the hub: words that were changed are read anew."""
    if NAME in topics:
        _known.clear()
