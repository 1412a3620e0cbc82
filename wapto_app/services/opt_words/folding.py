"""One spelling for everything that people mean by the same word."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 60
"""Characters of a message that can still be a word; what is longer is not looked at."""

_APOSTROPHES = dict.fromkeys(map(ord, "'’‘`´ʼ"), "")
# Accents of Latin, Greek and Cyrillic; Arabic vowel signs, hamzas and the stretching stroke; the dot of Hindi letters.
_DROPPED = re.compile("[\u0300-\u036f\u064b-\u065f\u0670\u0640\u093c\ufe00-\ufe0f\u200b-\u200f\u2060\ufeff]")
# One letter, as keyboards of different languages write it.
_SAME = str.maketrans(
    {
        "ٱ": "ا",
        "ى": "ي",
        "ی": "ي",
        "ې": "ي",
        "ک": "ك",
        "ة": "ه",
        "ۀ": "ه",
        "ہ": "ه",
        "ı": "i",
        "\u0901": "\u0902",  # candrabindu is often written as anusvara
    }
)
# Hindi: a half n before another letter is also written as a dot above (बन्द, बंद).
_HALF_N = re.compile("न\u094d(?=[क-ह])")
_NO_LETTERS = re.compile("[^a-z0-9]+")
_KEPT = ("L", "M", "N")


def fold(text: str) -> str:
    """Case, accents, punctuation, emoji and spelling variants taken away; words stand one space apart.

    Unicode NFKC_Casefold, without marks that do not change the word. Hindi vowel signs are marks too, and stay.
    """
    if text.isascii():
        return _folded_ascii(text)
    return _folded(text)


def _folded_ascii(text: str) -> str:
    """The same, for most messages: a fifth of the time."""
    return " ".join(_NO_LETTERS.sub(" ", text.lower().replace("'", "").replace("`", "")).split())


def _folded(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).casefold().translate(_APOSTROPHES)
    text = _DROPPED.sub("", unicodedata.normalize("NFKD", text)).translate(_SAME)
    text = _HALF_N.sub("\u0902", text)
    return " ".join("".join(each if unicodedata.category(each)[0] in _KEPT else " " for each in text).split())
