"""Numbers of customers, for agents from whom they are hidden.

A customer's number is hidden wherever it stands and however it is spelled, in what the customer says too. In what
the team itself can write every number is hidden: else an agent could try numbers out and see which one disappears.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import phonenumbers
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.models import AddressKind, ContactAddress, Conversation
from wapto_app.security.permissions import Actor

_NUMBER = re.compile(r"\+?\d{6,}")
# What people put between digits, the spaces and dashes of typesetters included.
_GAP = r"[\s().\-/\u2010-\u2015\u2060]*"
_FEWEST_DIGITS = 6


def mask_phone(phone: str) -> str:
    """What an agent without the right to see numbers gets: country code and the last two digits."""
    return f"{phone[:3]}•••••{phone[-2:]}" if len(phone) > 6 else "•••"


def mask_numbers(text: str) -> str:
    """A sentence of WhatsApp's without the phone numbers in it."""
    return _NUMBER.sub(lambda found: mask_phone(found.group()), text)


class Mask:
    """Hides the numbers of one customer. ``SEEN`` hides nothing."""

    def __init__(self, numbers: Iterable[str] = (), *, hides: bool = True) -> None:
        self.hides = hides
        known = [number for each in numbers if len(number := "+" + each.lstrip("+")) > _FEWEST_DIGITS]
        self._regions = {region for number in known if (region := _region(number))}
        spellings = "|".join(sorted({_spellings(number) for number in known}, key=len, reverse=True))
        self._own = re.compile(spellings) if spellings and hides else None

    def phone(self, phone: str | None) -> str:
        """The number itself."""
        return mask_phone(phone) if phone and self.hides else phone or ""

    def text(self, text: str) -> str:
        """What a customer or WhatsApp said, without the customer's own number."""
        return self._own.sub(_masked, text) if self._own is not None and text else text

    def note(self, text: str) -> str:
        """What the team wrote, without any number."""
        for written in self._numbers_in(text):
            text = text.replace(written, _hidden(written))
        return text

    def restored(self, text: str, stored: str) -> str:
        """What somebody who saw ``note(stored)`` made of it, with the numbers that they did not see."""
        for written in self._numbers_in(stored):
            text = text.replace(_hidden(written), written)
        return text

    def every(self, text: str) -> str:
        """What belongs to no single customer, without anything that could be a number."""
        return mask_numbers(self.note(text)) if self.hides else text

    def everywhere(self, value: Any) -> Any:
        """The same for every text inside of something."""
        if isinstance(value, dict):
            return {name: self.everywhere(each) for name, each in value.items()}
        return self.every(value) if isinstance(value, str) else value

    def every_restored(self, text: str, stored: str) -> str:
        """What somebody who saw ``every(stored)`` made of it, with the numbers that they did not see."""
        if not self.hides:
            return text
        for found in _NUMBER.finditer(self.note(stored)):
            text = text.replace(mask_phone(found.group()), found.group())
        return self.restored(text, stored)

    def content(self, value: Any) -> Any:
        """The same for everything inside a payload. WhatsApp's ids of messages hold the number in base64."""
        if not self.hides:
            return value
        if isinstance(value, str):
            return "hidden" if value.startswith("wamid.") else self.text(value)
        if isinstance(value, int) and self.text(str(value)) != str(value):
            return self.text(str(value))
        if isinstance(value, dict):
            return {name: self.content(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.content(each) for each in value]
        return value

    def _numbers_in(self, text: str) -> list[str]:
        """Longest first, so that none is taken for a part of another."""
        if not self.hides or sum(character.isdigit() for character in text) < _FEWEST_DIGITS:
            return []
        found = set(self._own.findall(text)) if self._own is not None else set()
        for region in sorted(self._regions) or ["ZZ"]:
            found |= {match.raw_string for match in phonenumbers.PhoneNumberMatcher(text, region)}
        return sorted(found, key=len, reverse=True)


SEEN = Mask(hides=False)


class Masks:
    """One for each customer of a screen."""

    def __init__(self, numbers: dict[int, list[str]], *, hides: bool) -> None:
        self._of = {contact_id: Mask(known) for contact_id, known in numbers.items()} if hides else {}
        self._otherwise = Mask() if hides else SEEN

    def of(self, contact_id: int) -> Mask:
        return self._of.get(contact_id, self._otherwise)


async def masks(session: AsyncSession, reader: Actor, contact_ids: Collection[int]) -> Masks:
    """What to hide of these customers' numbers from the reader."""
    numbers: dict[int, list[str]] = {}
    if reader.hide_phone and contact_ids:
        found = await session.exec(
            select(ContactAddress.contact_id, ContactAddress.value).where(
                col(ContactAddress.contact_id).in_(set(contact_ids)),
                col(ContactAddress.kind).in_((AddressKind.PHONE, AddressKind.WA_ID)),
            )
        )
        for contact_id, number in found:
            numbers.setdefault(contact_id, []).append(number)
    return Masks(numbers, hides=reader.hide_phone)


async def mask_of(session: AsyncSession, reader: Actor, contact_id: int) -> Mask:
    """The same for one customer."""
    return (await masks(session, reader, [contact_id])).of(contact_id)


async def mask_in(session: AsyncSession, reader: Actor, conversation_id: int) -> Mask:
    """The same for the customer of a conversation."""
    if not reader.hide_phone:
        return SEEN
    found = await session.exec(select(Conversation.contact_id).where(Conversation.id == conversation_id))
    return await mask_of(session, reader, found.first() or 0)


def _masked(found: re.Match[str]) -> str:
    return _hidden(found.group())


def _hidden(written: str) -> str:
    """However it is written: never more than the country code and the last two digits."""
    digits = "".join(_digits(written))
    return mask_phone(f"+{digits}") if written.startswith("+") else f"•••••{digits[-2:]}"


def _spellings(number: str) -> str:
    """A pattern of the number with and without country code and trunk prefix, with anything between its digits."""
    code, national = _parts(number)
    digits = _GAP.join(national)
    with_code = rf"(?:(?:\+|00){_GAP})?{_GAP.join(code)}{_GAP}(?:0{_GAP})?" if code else r"\+?"
    return rf"(?:(?:{with_code}|0{_GAP}))?{digits}"


def _parts(number: str) -> tuple[str, str]:
    """Country code and national number; the code is empty for what is no known number."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return "", "".join(_digits(number))
    national = phonenumbers.national_significant_number(parsed)
    return (
        (str(parsed.country_code), national) if len(national) >= _FEWEST_DIGITS else ("", number.lstrip("+"))
    )


def _region(number: str) -> str | None:
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return None


def _digits(text: str) -> Iterator[str]:
    return (character for character in text if character.isdigit())
