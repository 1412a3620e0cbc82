"""A place out of what somebody pastes: coordinates, or a link of a map."""

from __future__ import annotations

import re
from typing import TypedDict

from wapto_app.services.errors import Invalid

_NUMBER = r"([-+\u2212]?\d{1,3}(?:\.\d{1,20})?)"
_BETWEEN = r"\s*(?:,|%2C|;|\s)\s*"
_PAIR = _NUMBER + _BETWEEN + _NUMBER
# In the order of how exactly they name the place that is meant, rather than the middle of the screen.
_LINKS = (
    re.compile(r"!3d" + _NUMBER + r"!4d" + _NUMBER),
    re.compile(r"[?&]mlat=" + _NUMBER + r"&mlon=" + _NUMBER),
    re.compile(r"[?&](?:q|query|ll|sll|cp|destination|daddr|coordinate|center|pin)=(?:loc:)?" + _PAIR),
    re.compile(r"/(?:place|search|dir)/" + _PAIR),
    re.compile(r"@" + _PAIR),
    re.compile(r"#map=\d{1,2}(?:\.\d+)?/" + _NUMBER + "/" + _NUMBER),
    re.compile(r"^geo:" + _PAIR, re.IGNORECASE),
)
_PLAIN = re.compile(r"\(?\s*" + _PAIR + r"\s*\)?")
_DEGREES = r"(\d{1,3})\s*°\s*(?:(\d{1,2})\s*['′]\s*)?(?:(\d{1,2}(?:\.\d{1,10})?)\s*(?:\"|″|'')\s*)?"
_WITH_DIRECTION = re.compile(_DEGREES + r"([NS])\s*,?\s*" + _DEGREES + r"([EWO])", re.IGNORECASE)
_SHORT_LINK = re.compile(r"https?://(?:maps\.app\.goo\.gl|goo\.gl|maps\.apple/p|bit\.ly)", re.IGNORECASE)
_LONGEST = 4000


class Place(TypedDict):
    """Degrees; latitude to the north, longitude to the east."""

    latitude: float
    longitude: float


def read_place(text: str) -> Place:
    """Read ``48.8584, 2.2945``, ``48°51'30"N 2°17'40"E``, ``geo:…`` or a link of a map.

    Raises:
        Invalid: nothing of the kind is in it, or the place is not on Earth. ``field`` is ``place``.
    """
    # One space at most between two words: the patterns try every way to share out a longer gap.
    text = " ".join(text[:_LONGEST].split())
    if _SHORT_LINK.match(text):
        raise Invalid(
            "place",
            "A short link does not say where it leads. Open it, and copy the long address from there.",
        )
    found = _degrees(text) or _decimal(text)
    if found is None:
        raise Invalid("place", "Write the place as 48.8584, 2.2945, or paste the link of a map.")
    latitude, longitude = found
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise Invalid("place", "This place does not exist: latitude is −90 to 90, longitude −180 to 180.")
    return Place(latitude=latitude, longitude=longitude)


def _decimal(text: str) -> tuple[float, float] | None:
    plain = _PLAIN.fullmatch(text)
    links = (pattern.search(text) for pattern in _LINKS)
    match = plain or next((found for found in links if found), None)
    return (_number(match[1]), _number(match[2])) if match else None


def _number(text: str) -> float:
    return round(float(text.replace("\u2212", "-")), 7)


def _degrees(text: str) -> tuple[float, float] | None:
    match = _WITH_DIRECTION.search(text)
    if match is None:
        return None
    latitude, longitude = _angle(*match.group(1, 2, 3)), _angle(*match.group(5, 6, 7))
    south, west = match[4].upper() == "S", match[8].upper() in "WO"
    return -latitude if south else latitude, -longitude if west else longitude


def _angle(degrees: str, minutes: str | None, seconds: str | None) -> float:
    return round(int(degrees) + int(minutes or 0) / 60 + float(seconds or 0) / 3600, 7)
