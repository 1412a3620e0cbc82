"""What people type about themselves, in the one form in which it is stored and compared."""

from __future__ import annotations

import re
import unicodedata
import zoneinfo
from functools import cache

import email_validator
from email_validator import EmailNotValidError, validate_email

from wapto_app.services.errors import Invalid

NAME_LENGTH = 120
EMAIL_LENGTH = 254
_LOCALE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}")
# They can make a name read as another one; honest names in Arabic or Hebrew do not need them.
_DIRECTION_MARKS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])

# A house of one shop may well have addresses that only work inside; the library's manual names this way.
_INTERNAL = ("local", "localhost", "test")
email_validator.SPECIAL_USE_DOMAIN_NAMES[:] = [
    name for name in email_validator.SPECIAL_USE_DOMAIN_NAMES if name not in _INTERNAL
]


def clean_email(text: str, field: str = "email") -> str:
    """The address in lower case; whether it exists is not asked (nothing leaves the house).

    Raises:
        Invalid: when it is not an e-mail address.
    """
    try:
        checked = validate_email(
            text.strip(), check_deliverability=False, globally_deliverable=False, strict=True
        )
    except EmailNotValidError:
        raise Invalid(field, "This is not an e-mail address. Write it like name@example.com.") from None
    email = checked.normalized.lower()
    if len(email) > EMAIL_LENGTH:
        raise Invalid(field, f"An e-mail address has at most {EMAIL_LENGTH} characters.")
    return email


def clean_name(text: str, field: str = "name") -> str:
    """The name on one line, any script.

    Raises:
        Invalid: when it is empty, too long or holds characters that cannot be seen.
    """
    name = " ".join(unicodedata.normalize("NFC", text).translate(_DIRECTION_MARKS).split())
    if not name:
        raise Invalid(field, "Write a name.")
    if len(name) > NAME_LENGTH:
        raise Invalid(field, f"A name has at most {NAME_LENGTH} characters.")
    if any(unicodedata.category(character) in ("Cc", "Cs", "Co") for character in name):
        raise Invalid(field, "This name holds characters that cannot be shown.")
    return name


def clean_locale(text: str) -> str:
    """A language tag such as ``en`` or ``pt-BR``.

    Raises:
        Invalid: when it is none.
    """
    if not _LOCALE.fullmatch(text):
        raise Invalid("locale", "Choose a language from the list.")
    return text


@cache
def time_zones() -> tuple[str, ...]:
    """IANA names a person would look for: places, and UTC."""
    areas = (
        "Africa/",
        "America/",
        "Antarctica/",
        "Asia/",
        "Atlantic/",
        "Australia/",
        "Europe/",
        "Indian/",
        "Pacific/",
    )
    return ("UTC", *sorted(name for name in zoneinfo.available_timezones() if name.startswith(areas)))


def clean_time_zone(text: str) -> str:
    """Raises Invalid when it is not an IANA time zone."""
    if text not in time_zones():
        raise Invalid("time_zone", "Choose a time zone from the list.")
    return text
