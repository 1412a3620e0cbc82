"""What stands in the cells of a file, as it is stored. A problem is a ValueError with a sentence."""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers

from integrations.whatsapp.phones import canonical_phone
from integrations.whatsapp.webhooks.decoding import clean_text
from wapto_app.services import canonical
from wapto_app.services.account_fields import clean_email, clean_locale
from wapto_app.services.contact_names import COMPANY_MAX, NAME_MAX, NOTES_MAX, SOURCE_MAX
from wapto_app.services.errors import Invalid
from wapto_app.services.tags import NAME_MAX as TAG_MAX

_LENGTHS = {"name": NAME_MAX, "company": COMPANY_MAX, "source": SOURCE_MAX, "notes": NOTES_MAX}
_WORDS = {"name": "Name", "company": "Company", "source": "Source", "notes": "Notes"}
# Niue's numbers, with + and country code; what is shorter is an extension or an emergency number.
_SHORTEST = 8
# Marks that come along when a number is copied out of right-to-left text, or out of a contact list.
_DIRECTION = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_POWER = re.compile(r"\+?(\d)(?:[.,](\d+))?[eE]\+?(\d{1,2})")
_FRACTION = re.compile(r"(\+?\d+)[.,]0+")
_FORMULA = re.compile(r'="?([^"]*)"?')
_LABEL = re.compile(r"[A-Za-z_ ]{2,20}:\s*")
_APART = re.compile(r"[;|\n]|,\s|\s/\s")
_PLAIN_LOCAL = re.compile(r"(?=.{1,60}$)[A-Za-z0-9_-]+(?:[.+][A-Za-z0-9_-]+)*")
_TAGS_APART = re.compile(r"[,;|\n]")
_LANGUAGES = {
    name: code
    for code, names in {
        "en": "english ingles inglés inglês anglais englisch",
        "es": "spanish espanol español espanhol espagnol spanisch castellano",
        "pt": "portuguese portugues português portugués portugais portugiesisch",
        "fr": "french frances francés francês francais français franzosisch französisch",
        "de": "german aleman alemán alemao alemão allemand deutsch",
        "hi": "hindi हिन्दी हिंदी",
        "ar": "arabic arabe árabe arabisch العربية عربي",
        "id": "indonesian indonesio indonésio bahasa indonesia",
    }.items()
    for name in names.split()
}
_OUT = frozenset(
    {
        "opted out",
        "opt out",
        "optout",
        "opted-out",
        "opt-out",
        "unsubscribed",
        "unsubscribe",
        "stop",
        "blocked",
    }
    | {"refused", "denied", "baja", "dado de baja", "niet", "rejected", "inactive"}
)
_IN = frozenset(
    {"opted in", "opt in", "optin", "opted-in", "opt-in", "subscribed", "subscribe", "active", "granted"}
    | {"accepted", "alta", "x", "✓", "✔"}
)


@lru_cache(maxsize=65_536)
def phone(text: str, region: str | None) -> str:
    """The canonical number of a cell, whatever a spreadsheet made of it."""
    written = _unwrapped(clean_text(text))
    if not written:
        raise ValueError("There is no phone number.")
    first = _LABEL.sub("", _APART.split(written, maxsplit=1)[0]).strip()
    digits = _whole(_DIRECTION.sub("", first))
    found = _abroad(digits, region) or canonical_phone(digits, region)
    if found is None or len(found) < _SHORTEST:
        raise ValueError("This is no phone number that exists.")
    return found


def _abroad(digits: str, region: str | None) -> str | None:
    """A mobile number with its country code and without +, as spreadsheets leave it.

    Germany has an area code 04915, and so 4915112345678 could be dialled there too; but nobody has WhatsApp on it.
    """
    code = phonenumbers.country_code_for_region(region) if region else 0
    if not code or not digits.isdecimal() or not digits.startswith(str(code)):
        return None
    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return None
    is_mobile = phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE
    return canonical_phone(f"+{digits}") if is_mobile else None


def _unwrapped(text: str) -> str:
    """Without what keeps a spreadsheet from calculating: an apostrophe, or a formula that is only a text."""
    text = text.strip().removeprefix("'").strip()
    formula = _FORMULA.fullmatch(text)
    return formula[1].strip() if formula else text


def _whole(text: str) -> str:
    """A number that was taken for one: 491511234567.0, or 4.91511234567E+11 as long as no digit is missing."""
    if whole := _FRACTION.fullmatch(text):
        return whole[1]
    power = _POWER.fullmatch(text)
    if power is None:
        return text
    digits, exponent = power[2] or "", int(power[3])
    if len(digits) < exponent:
        raise ValueError(
            "A spreadsheet has cut this number short (4.9E+12). Give the column the format Text and save it again."
        )
    return power[1] + digits[:exponent]


def words(target: str, text: str) -> str:
    """Name, company, source and notes; notes keep their lines."""
    cleaned = clean_text(text).strip()
    value = cleaned if target == "notes" else " ".join(cleaned.split())
    if len(value) > _LENGTHS[target]:
        raise ValueError(f"{_WORDS[target]}: at most {_LENGTHS[target]:,} characters.")
    return value


def email(text: str) -> str:
    cleaned = clean_text(text).strip().removeprefix("mailto:")
    if not cleaned:
        return ""
    local, _at, domain = cleaned.rpartition("@")
    if _PLAIN_LOCAL.fullmatch(local) and _is_domain(domain.lower()):
        return cleaned.lower()
    return _email(cleaned)


@lru_cache(maxsize=4_096)
def _is_domain(domain: str) -> bool:
    """Most of a file is at a few domains: what is slow about an address is asked once for each."""
    try:
        return domain.isascii() and _email(f"somebody@{domain}") == f"somebody@{domain}"
    except ValueError:
        return False


def _email(text: str) -> str:
    try:
        return clean_email(text)
    except Invalid:
        raise ValueError("E-mail: this is no address.") from None


@lru_cache(maxsize=1_024)
def language(text: str) -> str:
    """``de``, ``pt_BR`` or the name of a language that has templates everywhere."""
    cleaned = clean_text(text).strip()
    if not cleaned:
        return ""
    known = _LANGUAGES.get(cleaned.casefold())
    if known:
        return known
    code, _minus, country = cleaned.replace("_", "-").partition("-")
    try:
        return clean_locale(f"{code.lower()}-{country.upper()}" if country else code.lower())
    except Invalid:
        raise ValueError("Language: write its code, such as en or pt-BR.") from None


@lru_cache(maxsize=1_024)
def opted_out(text: str) -> bool:
    """Whether a column of consent says no. An empty cell says nothing."""
    said = clean_text(text).strip().casefold().rstrip(".")
    if not said or said in _IN:
        return False
    if said in _OUT:
        return True
    try:
        return canonical.yes_no(said) == "no"
    except ValueError:
        raise ValueError("Opt-in: write yes or no.") from None


def tags(text: str) -> list[str]:
    """Names between commas, semicolons, bars or line breaks."""
    names = [" ".join(clean_text(part).split()) for part in _TAGS_APART.split(text)]
    if any(len(name) > TAG_MAX for name in names):
        raise ValueError(f"Tags: at most {TAG_MAX} characters each.")
    return [name for name in names if name]
