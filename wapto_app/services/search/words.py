"""Words as search knows them: folded alike when they are stored and when they are asked for.

Case, accents, vowel marks and punctuation do not count. Scripts without spaces are cut into pairs of characters, so
that any part of a Chinese, Japanese or Thai sentence is found. What comes out holds letters, digits and marks only:
no syntax of any search engine survives.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

QUERY_MAX = 200
"""Characters of a query that are looked at."""
TERMS_MAX = 12
WORDS_MAX = 8_000
"""Characters of the words of one message: WhatsApp takes 4,096 of text, an e-mail-like flow answer may have more."""
FRAGMENT_MIN = 3
"""Shorter parts of words are in too many places to look for."""
_WORD_MAX = 64
_KEPT = ("L", "N", "Co", "Mn", "Mc")
_ASCII_WORD = re.compile(r"[a-z0-9]+")
# Accents of Latin, Greek and Cyrillic; vowel marks of Hebrew and Arabic, which most people leave out.
_MARKS = re.compile("[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed]")
# Thai, Lao, Myanmar, Khmer, Kana, Han.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_RUNS = re.compile(f"[{_UNSPACED}]+|[^{_UNSPACED}]+")
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_PHONE = re.compile(r"\+?[\d\s().\-/]{4,}")


class Terms(NamedTuple):
    """What somebody looks for.

    ``exact`` are whole words (or pairs), ``prefix`` the last word, which may go on; ``fragment`` is all of it in a row,
    for what stands inside of words; empty when it is too short or of a script that is cut into pairs.
    """

    exact: tuple[str, ...] = ()
    prefix: str = ""
    fragment: str = ""

    def __bool__(self) -> bool:
        return bool(self.exact or self.prefix)


def fold(text: str) -> str:
    """Without case, accents and compatibility forms."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text).casefold()
    return unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFKD", plain)))


@lru_cache(maxsize=4096)
def _is_kept(character: str) -> bool:
    return unicodedata.category(character).startswith(_KEPT)


def _plain_words(text: str) -> list[str]:
    folded = fold(text)
    if folded.isascii():
        return _ASCII_WORD.findall(folded)
    return "".join(each if _is_kept(each) else " " for each in folded).split()


def _cut(word: str) -> Iterator[str]:
    """A word of a script with spaces as it is; of another one every pair of neighbours, and the last character."""
    if word.isascii():
        yield word[:_WORD_MAX]
        return
    for run in _RUNS.findall(word):
        if _IS_UNSPACED.match(run):
            yield from (run[at : at + 2] for at in range(len(run)))
        else:
            yield run[:_WORD_MAX]


def words_of(*texts: str) -> str:
    """What is stored for these texts: their words, with a space between."""
    if all(map(str.isascii, texts)):
        found = _ASCII_WORD.findall(" ".join(texts).lower())
        return " ".join([word[:_WORD_MAX] for word in found])[:WORDS_MAX]
    words = (part for text in texts if text for word in _plain_words(text) for part in _cut(word))
    return " ".join(words)[:WORDS_MAX]


def terms_of(query: str) -> Terms:
    """What a query asks for; nothing when there is no letter or digit in it."""
    plain = _plain_words(query[:QUERY_MAX])[:TERMS_MAX]
    if not plain:
        return Terms()
    parts: list[str] = []
    for word in plain:
        for run in _RUNS.findall(word):
            is_pairs = len(run) > 1 and _IS_UNSPACED.match(run)
            parts += list(_cut(run))[:-1] if is_pairs else [run[:_WORD_MAX]]
    fragment = " ".join(plain)
    is_fragment = len(fragment) >= FRAGMENT_MIN and not _IS_UNSPACED.search(fragment)
    *exact, prefix = dict.fromkeys(parts)
    return Terms(tuple(exact[:TERMS_MAX]), prefix, fragment if is_fragment else "")


def digits_of(query: str) -> str:
    """The digits of what looks like a number, however it is written, without leading zeros; else empty."""
    text = query.strip()[:QUERY_MAX]
    if not _PHONE.fullmatch(text):
        return ""
    digits = "".join(str(unicodedata.digit(each)) for each in text if each.isdecimal())
    digits = digits.lstrip("0")
    return digits if len(digits) >= FRAGMENT_MIN else ""
