"""Countries to choose from, for numbers that are written without a country code."""

from __future__ import annotations

import phonenumbers
from babel import Locale


def _regions() -> list[tuple[str, str]]:
    names = Locale("en").territories
    known = [(names.get(each, each), each) for each in phonenumbers.SUPPORTED_REGIONS]
    return [(code, f"{name} (+{phonenumbers.country_code_for_region(code)})") for name, code in sorted(known)]


REGIONS = _regions()
"""ISO code, and name with the prefix; by name."""
