"""Numbers, dates and answers as people write them, in one spelling that can be stored and compared.

Whatever could mean two things is refused with a sentence, never guessed.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import Decimal

DIGITS_MAX = 15
"""As many as a 64-bit float keeps: a number is compared as one."""
LONGEST = 64
FOLDED_MAX = 200
_NUMBER_HELP = "Write a number such as 1250 or 12.5."
_DATE_HELP = "Write a date such as 2026-12-31."
# Marks of direction that come along when right-to-left text is copied.
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SIGNS = str.maketrans({"\u2212": "-", "\u2013": "-", "\u2019": "'", "\u066c": "'", "\u066b": "."})
_GROUPED = re.compile(r"\d{1,3}(?:[ ']\d{3})+(?:[.,]\d+)?")
_PLAIN = re.compile(r"\d+\.?\d*|\.\d+")
_ISO_DATE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ][\d:.]+(?:Z|[+-][\d:]+)?)?")
_OTHER_DATE = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})")
_YES = frozenset(
    ["yes", "y", "true", "1", "on", "si", "sí", "sim", "ja", "oui", "da", "haan", "हाँ", "हां", "نعم", "ya"]
)
_NO = frozenset(["no", "n", "false", "0", "off", "não", "nao", "nein", "non", "nahin", "नहीं", "لا", "tidak"])


def number(text: str) -> str:
    """A plain decimal number: ``1250``, ``-12.5``.

    Raises:
        ValueError: with a sentence that says what to write.
    """
    written = _plain(text)
    sign = "-" if written.startswith("-") else ""
    body = _without_groups(written.removeprefix(sign or "+").strip())
    if not _PLAIN.fullmatch(body):
        raise ValueError(_NUMBER_HELP)
    whole, _, rest = body.partition(".")
    shown = f"{whole.lstrip('0') or '0'}.{rest}".rstrip("0").rstrip(".")
    if len(shown.replace(".", "").lstrip("0")) > DIGITS_MAX or len(rest) > DIGITS_MAX:
        raise ValueError(f"A number has at most {DIGITS_MAX} digits.")
    return shown if shown == "0" else sign + shown


def day(text: str) -> str:
    """An ISO date: ``2026-12-31``. Its time of day is dropped.

    Raises:
        ValueError: with a sentence that says what to write.
    """
    written = _plain(text)
    if found := _ISO_DATE.fullmatch(written):
        return _date(int(found[1]), int(found[2]), int(found[3]))
    found = _OTHER_DATE.fullmatch(written)
    if found is None:
        raise ValueError(_DATE_HELP)
    first, second, year = int(found[1]), int(found[3]), int(found[4])
    if found[2] != "." and first <= 12 and second <= 12 and first != second:
        raise ValueError(f"Day and month could be mistaken for each other. {_DATE_HELP}")
    is_month_first = found[2] != "." and second > 12
    return _date(year, first, second) if is_month_first else _date(year, second, first)


def yes_no(text: str) -> str:
    """``yes`` or ``no``.

    Raises:
        ValueError: with a sentence that says what to write.
    """
    answer = _plain(text).casefold()
    if answer in _YES:
        return "yes"
    if answer in _NO:
        return "no"
    raise ValueError("Write yes or no.")


def folded(value: str) -> str:
    """What two spellings of a value have in common, for comparing and indexing; its beginning when it is long."""
    return unicodedata.normalize("NFC", value).lower()[:FOLDED_MAX]


def as_float(canonical: str) -> float:
    """What a number is compared by."""
    return float(Decimal(canonical))


def _plain(text: str) -> str:
    if len(text) > LONGEST:
        raise ValueError("This is too long.")
    written = _DIRECTION.sub("", unicodedata.normalize("NFKC", text)).translate(_SIGNS)
    return "".join(_digit(character) for character in written).strip()


def _digit(character: str) -> str:
    value = unicodedata.decimal(character, None)
    return character if value is None else str(value)


def _without_groups(body: str) -> str:
    """Digits with a point before the decimals; nonsense stays nonsense."""
    if _GROUPED.fullmatch(body):
        body = body.replace(" ", "").replace("'", "")
    comma, point = body.rfind(","), body.rfind(".")
    if comma >= 0 and point >= 0:
        decimal, group = (",", ".") if comma > point else (".", ",")
        return _ungrouped(body, group).replace(decimal, ".")
    if body.count(",") > 1 or body.count(".") > 1:
        return _ungrouped(body, "," if comma >= 0 else ".")
    if re.fullmatch(r"[1-9]\d{0,2},\d{3}", body):
        raise ValueError(f"Is {body} a thousand or a fraction? Write it without the comma, or with a point.")
    return body.replace(",", ".")


def _ungrouped(body: str, group: str) -> str:
    """Groups of three, or India's of two and three."""
    mark = re.escape(group)
    is_grouped = re.fullmatch(rf"\d{{1,3}}(?:{mark}\d{{2,3}})*{mark}\d{{3}}(?:[.,]\d+)?", body)
    return body.replace(group, "") if is_grouped else "?"


def _date(year: int, month: int, of_month: int) -> str:
    try:
        found = date(year, month, of_month)
    except ValueError:
        raise ValueError(f"This day is not in the calendar. {_DATE_HELP}") from None
    if year < 1000:
        raise ValueError(_DATE_HELP)
    return found.isoformat()
