"""Identifiers that look like Meta's, so that nobody's column is too short."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets

_COUNTRIES = {
    "1": "US", "7": "RU", "27": "ZA", "31": "NL", "33": "FR", "34": "ES", "39": "IT", "41": "CH", "43": "AT",
    "44": "GB", "49": "DE", "52": "MX", "54": "AR", "55": "BR", "57": "CO", "61": "AU", "62": "ID",
    "65": "SG", "81": "JP", "91": "IN", "92": "PK", "234": "NG", "254": "KE", "351": "PT", "971": "AE",
    "972": "IL",
}  # fmt: skip


_NO_DIGITS = re.compile(r"[^0-9]+")


def digits(number: str) -> str:
    """Only the digits of a phone number."""
    return _NO_DIGITS.sub("", number)


def number_key(number: str) -> str:
    """One key for all spellings of a line: Brazil's ninth digit, Mexico's 1 and Argentina's 9 vary."""
    if len(number) == 13:
        if number.startswith("55") and number[4] == "9":
            return number[:4] + number[5:]
        if number.startswith(("521", "549")):
            return number[:2] + number[3:]
    return number


def country_of(number: str) -> str:
    """ISO country of a number's calling code, `US` when unknown."""
    for length in (3, 2, 1):
        if country := _COUNTRIES.get(number[:length]):
            return country
    return "US"


def business_scoped_id(number: str, business_id: str) -> str:
    """Stable BSUID of a line towards one business portfolio."""
    seed = hashlib.sha256(f"{business_id}:{number_key(number)}".encode()).digest()
    return f"{country_of(number)}.{10**19 + int.from_bytes(seed[:8], 'big') % (9 * 10**19)}"


def outbound_wamid(number: str) -> str:
    """Message id of something the business sent to `number`."""
    return _wamid(number, b"\x15\x02\x00\x11\x18\x12", 9)


def inbound_wamid(number: str) -> str:
    """Message id of something the customer wrote."""
    return _wamid(number, b"\x15\x02\x00\x12\x18\x14", 10)


def _wamid(number: str, marker: bytes, size: int) -> str:
    line = number.encode()
    serial = secrets.token_bytes(size).hex().upper().encode()
    raw = b"\x1c\x18" + bytes((len(line) & 0x7F,)) + line + marker + serial + b"\x00"
    return f"wamid.{base64.b64encode(raw).decode()}"


def node_id() -> str:
    """Fresh numeric id of a Graph node."""
    return str(10**15 + secrets.randbelow(9 * 10**15))


def trace_id() -> str:
    """Value for `fbtrace_id`."""
    return "A" + secrets.token_urlsafe(16)
