"""What Meta checks about the buttons of a template before it goes to review."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from ..errors import invalid
from ..models import Json
from .template_send import variables

_MOST = {
    "URL": 2, "PHONE_NUMBER": 1, "COPY_CODE": 1, "FLOW": 1, "OTP": 1, "VOICE_CALL": 1, "CATALOG": 1, "MPM": 1,
    "SPM": 1, "REQUEST_CONTACT_INFO": 1,
}  # fmt: skip
_FIXED_LABEL = frozenset({"COPY_CODE", "OTP", "REQUEST_CONTACT_INFO", "CATALOG", "MPM", "SPM"})
_LONERS = frozenset({"CATALOG", "MPM", "SPM"})
_BUTTONS = frozenset({"QUICK_REPLY", *_MOST})
_WHATSAPP_HOSTS = ("wa.me", "www.wa.me", "api.whatsapp.com", "chat.whatsapp.com")


def is_plain(text: str) -> bool:
    """Whether a header or label is free of what Meta refuses there: line breaks, emoji, formatting."""
    if any(character in "\n\r\t*~`" or is_pictogram(character) for character in text):
        return False
    return not re.search(r"(^|\W)_[^_]+_(\W|$)", text)


def is_pictogram(character: str) -> bool:
    """Emoji and other pictures; signs such as © or ™ are text."""
    point = ord(character)
    return unicodedata.category(character) == "So" and (0x2600 <= point <= 0x2BFF or point >= 0x1F000)


def check_buttons(buttons: Any, category: str, *, most: int) -> list[str]:
    """All buttons together and each on its own; their kinds."""
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= most:
        raise invalid(f"A template has 1 to {most} buttons.")
    if not all(isinstance(button, dict) for button in buttons):
        raise invalid("Each button must be an object.")
    kinds = [str(button.get("type", "")).upper() for button in buttons]
    for kind, button in zip(kinds, buttons, strict=True):
        if kind not in _BUTTONS:
            raise invalid(f"Unknown button type {kind}.")
        if kinds.count(kind) > _MOST.get(kind, 10):
            raise invalid(f"At most {_MOST[kind]} buttons of type {kind} are allowed.")
        _button(kind, button)
    _together(kinds, buttons, category)
    return kinds


def _together(kinds: list[str], buttons: list[Json], category: str) -> None:
    if (category == "AUTHENTICATION") != ("OTP" in kinds) or ("OTP" in kinds and len(kinds) > 1):
        raise invalid("Authentication templates have exactly one OTP button; other templates have none.")
    if _LONERS & set(kinds) and (len(kinds) > 1 or category != "MARKETING"):
        raise invalid("Product and catalog buttons stand alone, in marketing templates.")
    labels = [label for button in buttons if (label := str(button.get("text") or "").strip().lower())]
    if len(set(labels)) < len(labels):
        raise invalid("Buttons cannot have the same text.")
    replies = "".join("q" if kind == "QUICK_REPLY" else "-" for kind in kinds)
    if not re.fullmatch(r"q*-*|-*q*", replies):
        raise invalid("Quick reply buttons must stand together, before or after all other buttons.")


def _button(kind: str, button: Json) -> None:
    label = button.get("text")
    if kind not in _FIXED_LABEL or (kind == "OTP" and label):
        _label(label)
    if kind == "URL":
        _url(button)
    elif kind == "PHONE_NUMBER" and not re.fullmatch(r"\+?\d{5,19}", str(button.get("phone_number") or "")):
        raise invalid("A phone number button needs a phone_number of at most 20 characters.")
    elif kind == "COPY_CODE" and not re.fullmatch(r"[\w-]{1,15}", _one(button.get("example")), re.ASCII):
        raise invalid("A copy code button needs an example code of at most 15 characters.")
    elif kind == "FLOW" and not any(button.get(key) for key in ("flow_id", "flow_name", "flow_json")):
        raise invalid("A flow button needs flow_id, flow_name or flow_json.")
    elif kind == "OTP":
        _otp(button)


def _label(label: Any) -> None:
    if not isinstance(label, str) or not label.strip() or len(label) > 25:
        raise invalid("A button label has 1 to 25 characters.")
    if "{{" in label or "}}" in label or not is_plain(label):
        raise invalid("Buttons can't have any variables, newlines, emojis, or formatting characters.")


def _one(example: Any) -> str:
    return str(example[0] if isinstance(example, list) and example else example or "")


def _url(button: Json) -> None:
    url = str(button.get("url") or "")
    scheme, _, rest = url.partition("://")
    host = re.split(r"[/?{]", rest, maxsplit=1)[0]
    if scheme not in ("http", "https") or not host or len(url) > 2000:
        raise invalid("A URL button needs an http(s) url of at most 2000 characters.")
    if host.lower() in _WHATSAPP_HOSTS:
        raise invalid("Direct links to WhatsApp are not allowed for buttons. (url)")
    names, bare = variables(url), re.sub(r"\{\{\s*\w+\s*\}\}", "", url)
    if re.search(r"\s", bare):
        raise invalid("A button url has no spaces.")
    if "{{" in bare or "}}" in bare or url.count("{{") > 1 or (names and not url.endswith("}}")):
        raise invalid("A button URL may have one variable, at its end.")
    if names and not _one(button.get("example")).strip():
        raise invalid("A button URL with a variable needs an example.")


def _otp(button: Json) -> None:
    kind = str(button.get("otp_type") or "COPY_CODE").upper()
    if kind not in ("COPY_CODE", "ONE_TAP", "ZERO_TAP"):
        raise invalid("The button's otp_type must be one of {COPY_CODE, ONE_TAP, ZERO_TAP}.")
    if kind == "COPY_CODE":
        return
    apps = button.get("supported_apps")
    if not isinstance(apps, list) or not 1 <= len(apps) <= 5:
        raise invalid("The button needs 1 to 5 supported_apps.")
    for app in apps:
        package, sign = str(app.get("package_name") or ""), str(app.get("signature_hash") or "")
        if not re.fullmatch(r"[a-zA-Z]\w*(\.[a-zA-Z]\w*)+", package, re.ASCII) or len(sign) != 11:
            raise invalid(
                "The button's supported_apps need a package_name and a signature_hash of 11 characters."
            )
    if kind == "ZERO_TAP" and button.get("zero_tap_terms_accepted") is not True:
        raise invalid("The button needs zero_tap_terms_accepted.")
    if len(str(button.get("autofill_text") or "")) > 25:
        raise invalid("The button's autofill_text has at most 25 characters.")
