"""Phone numbers: one canonical number for one person.

WhatsApp and the rest of the world disagree about the mobile numbers of three countries, so one person can
turn up under two numbers, one typed by a human and one from a webhook. `canonical_phone` gives both the same
E.164 number:

- **Brazil.** Mobile numbers got a ninth digit, a leading 9 (Anatel resolution 553/2010, finished in 2016).
  WhatsApp keeps accounts that are older under eight digits. Canonical: with the 9.
  `+55 31 8888-7777` is `+5531988887777`.
- **Mexico.** Mobile numbers were dialled with a 1 after the country code until August 2019 (IFT numbering
  plan). WhatsApp still writes `521…`. Canonical: without the 1. `+52 1 55 1234 5678` is `+525512345678`.
- **Argentina.** Mobile numbers take a 9 after the country code from abroad and a 15 after the area code at
  home (ENACOM numbering plan; WhatsApp's help centre: always `54 9`, never 15). Canonical: with the 9 and
  without the 15. Fixed and mobile lines share one number space, so nobody else can have the number.
  `+54 11 2345-6789` is `+5491123456789`.

Compare people by `canonical_phone` on both sides. Send to the canonical number, or better to the `wa_id` that
a webhook or a send answer gave: Meta resolves the variants when it sends.
"""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers

_MAX_LENGTH = 64
_BRAZIL_OLD_MOBILE = re.compile(r"\+55([1-9][0-9])([6-9][0-9]{7})")
_MEXICO_MOBILE = re.compile(r"\+521([0-9]{10})")
_ARGENTINA_WITHOUT_9 = re.compile(r"\+54([1-8][0-9]{9})")


@lru_cache(maxsize=16_384)
def canonical_phone(text: str, default_region: str | None = None) -> str | None:
    """Return the canonical E.164 number (`+16505551234`), or None when the text is no phone number.

    The check is by length (ITU E.164 and the country's plan), not by number ranges: those change faster than
    any library, and refusing a customer's new number is worse than keeping a wrong one. Ranges only decide
    between two readings of a number without `+`.

    Args:
        text: What a person typed or Meta sent. Without `+` it is read as a number of `default_region` first,
            and as a number with country code (a `wa_id`) second.
        default_region: Two-letter country of numbers without a country code.
    """
    if len(text) > _MAX_LENGTH:
        return None
    numbers = [number for reading in _readings(text.strip(), default_region) if (number := _parsed(*reading))]
    if len(numbers) < 2:
        return numbers[0] if numbers else None
    valid = (number for number in numbers if phonenumbers.is_valid_number(phonenumbers.parse(number)))
    return next(valid, numbers[0])


def to_wa_id(phone: str) -> str:
    """Return a number as WhatsApp writes ids: digits only, with country code, without `+`."""
    return re.sub(r"[^0-9]", "", phone)


def _readings(text: str, region: str | None) -> list[tuple[str, str | None]]:
    if text.startswith(("+", "\uff0b")):
        return [(text, None)]
    international = (f"+{text.removeprefix('00')}", None)
    if region is None or text.startswith("00"):
        return [international]
    return [(text, region.upper()), international]


def _parsed(text: str, region: str | None) -> str | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    unified = _unified(e164)
    if unified == text:
        return unified if phonenumbers.is_possible_number(number) else None
    again = phonenumbers.parse(unified, None)
    # Brazil: 90 before a number asks for a collect call, so what looks like area code 90 would lose it when read again.
    is_stable = phonenumbers.format_number(again, phonenumbers.PhoneNumberFormat.E164) == unified
    return unified if is_stable and phonenumbers.is_possible_number(again) else None


def _unified(e164: str) -> str:
    """Apply the rules of the module's docstring."""
    if found := _BRAZIL_OLD_MOBILE.fullmatch(e164):
        return f"+55{found[1]}9{found[2]}"
    if found := _MEXICO_MOBILE.fullmatch(e164):
        return f"+52{found[1]}"
    if found := _ARGENTINA_WITHOUT_9.fullmatch(e164):
        return f"+549{found[1]}"
    return e164
