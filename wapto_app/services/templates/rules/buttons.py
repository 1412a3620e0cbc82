"""Meta's rules for buttons: which there are, how many of each, in which order, and what each needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from wapto_app.services.templates.rules.shape import Json, objects_in, text_in
from wapto_app.services.templates.rules.texts import VARIABLE, names_in, plain_problem
from wapto_app.services.templates.words import say

Problem = tuple[str, str]
"""Key of the field (``text``, ``url`` …; empty for all buttons together) and the sentence."""

LABEL_MAX = 25
URL_MAX = 2_000
CODE_MAX = 15
MOST = 10
MOST_IN_CARD = 2
MOST_OF = {"URL": 2, "PHONE_NUMBER": 1, "COPY_CODE": 1, "FLOW": 1, "VOICE_CALL": 1, "OTP": 1}
MOST_OF |= {"CATALOG": 1, "MPM": 1, "SPM": 1, "REQUEST_CONTACT_INFO": 1}
KINDS = frozenset({"QUICK_REPLY", *MOST_OF})
ALONE = frozenset({"CATALOG", "MPM", "SPM"})
"""Buttons of a catalogue stand alone, in marketing templates."""
_WITHOUT_LABEL = frozenset({"COPY_CODE", "OTP", "REQUEST_CONTACT_INFO", "CATALOG", "MPM", "SPM"})
_PHONE = re.compile(r"\+?[0-9]{5,19}")
_CODE = re.compile(r"[A-Za-z0-9_-]{1,15}")
_DIRECT = re.compile(
    r"https?://(www\.)?(wa\.me|api\.whatsapp\.com|chat\.whatsapp\.com)(/|$|\?)", re.IGNORECASE
)
_PACKAGE = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)+")
_HASH = re.compile(r"[A-Za-z0-9+/]{11}")


def problems(buttons: list[Json], category: str, *, in_card: bool = False) -> Iterator[tuple[int, Problem]]:
    """Place of the button (−1 for all together) and what is wrong."""
    together = _together(buttons, category, MOST_IN_CARD if in_card else MOST)
    if together:
        yield -1, ("", together)
    seen: dict[str, int] = {}
    for place, button in enumerate(buttons):
        for problem in _button(button):
            yield place, problem
        label = text_in(button, "text").strip().casefold()
        if label and seen.setdefault(label, place) != place:
            yield place, ("text", say("Two buttons cannot have the same text. Change one of them."))


def kinds_of(buttons: list[Json]) -> list[str]:
    return [text_in(button, "type") for button in buttons]


def of_component(component: Json) -> list[Json]:
    return objects_in(component, "buttons")


def _together(buttons: list[Json], category: str, most: int) -> str:
    kinds = kinds_of(buttons)
    if not buttons:
        return say("Add a button, or remove the part with the buttons.")
    if len(buttons) > most:
        return say(f"There is room for {most} buttons here. Remove {len(buttons) - most}.")
    for kind, count in MOST_OF.items():
        if kinds.count(kind) > count:
            return say(f"Of one kind of button WhatsApp allows only {count} here. Remove the others.")
    if (category == "AUTHENTICATION") != ("OTP" in kinds):
        if category == "AUTHENTICATION":
            return say("A template for a one-time code has exactly one button, which hands over the code.")
        return say(
            "A button for a one-time code belongs into an authentication template. Choose that category."
        )
    if category == "AUTHENTICATION" and len(buttons) > 1:
        return say("A template for a one-time code has exactly one button. Remove the others.")
    if len(buttons) > 1 and ALONE & set(kinds):
        return say("A button of the catalogue stands alone. Remove the others.")
    if not re.fullmatch("q*-*|-*q*", "".join("q" if kind == "QUICK_REPLY" else "-" for kind in kinds)):
        return say("Quick replies stand together, before or after all other buttons. Move them.")
    return ""


def _button(button: Json) -> Iterator[Problem]:
    kind = text_in(button, "type")
    if kind not in KINDS:
        yield "text", say("Choose what this button does.")
        return
    label = text_in(button, "text")
    if kind not in _WITHOUT_LABEL or (kind == "OTP" and label):
        yield from _label(label)
    check = _CHECKS.get(kind)
    if check is not None:
        yield from check(button)


def _label(label: str) -> Iterator[Problem]:
    if not label.strip():
        yield "text", say("Write what stands on the button.")
    elif len(label) > LABEL_MAX:
        yield "text", say(f"A button has at most {LABEL_MAX} characters; this has {len(label)}. Shorten it.")
    elif VARIABLE.search(label) or "{{" in label or "}}" in label:
        yield "text", say("The text of a button cannot hold a variable. Remove it.")
    elif problem := plain_problem(label):
        yield "text", problem


def _url(button: Json) -> Iterator[Problem]:
    url = text_in(button, "url")
    if not re.match(r"https?://[^\s/{]+", url):
        yield "url", say("Write the whole address, beginning with https://.")
        return
    if len(url) > URL_MAX:
        yield "url", say(f"An address has at most {URL_MAX:,} characters; this has {len(url):,}.")
    elif re.search(r"\s", VARIABLE.sub("", url)):
        yield "url", say("An address has no spaces. Remove them.")
    elif _DIRECT.match(url):
        yield (
            "url",
            say("WhatsApp allows no links into WhatsApp on buttons. Use a quick reply or another address."),
        )
    names = names_in(url)
    if len(VARIABLE.findall(url)) > 1 or (names and not url.endswith("}}")) or _is_broken(url):
        yield "url", say("The address may have one variable, {{1}}, at its end. Move or remove it.")
    elif names and not _first(button).strip():
        yield (
            "example",
            say("Show WhatsApp a whole address as a sample, for instance https://example.com/4711."),
        )


def _is_broken(url: str) -> bool:
    bare = VARIABLE.sub("", url)
    return "{{" in bare or "}}" in bare


def _phone(button: Json) -> Iterator[Problem]:
    if not _PHONE.fullmatch(text_in(button, "phone_number")):
        yield "phone", say("Write the number with its country code, digits only: +4930123456.")


def _code(button: Json) -> Iterator[Problem]:
    if not _CODE.fullmatch(_first(button)):
        yield "code", say(f"Write a sample code of 1 to {CODE_MAX} letters and digits, for instance SAVE25.")


def _flow(button: Json) -> Iterator[Problem]:
    if not any(text_in(button, name) for name in ("flow_id", "flow_name", "flow_json")):
        yield "flow", say("Choose the form that this button opens.")


def _otp(button: Json) -> Iterator[Problem]:
    kind = text_in(button, "otp_type") or "COPY_CODE"
    if kind not in ("COPY_CODE", "ONE_TAP", "ZERO_TAP"):
        yield "otp", say("Choose how the code is handed over: copied, with one tap or without any.")
    if kind not in ("ONE_TAP", "ZERO_TAP"):
        return
    yield from _apps(objects_in(button, "supported_apps"))
    if kind == "ZERO_TAP" and button.get("zero_tap_terms_accepted") is not True:
        yield "terms", say("WhatsApp asks you to accept its terms for codes without a tap.")
    autofill = text_in(button, "autofill_text")
    if len(autofill) > LABEL_MAX:
        yield (
            "autofill",
            say(f"A button has at most {LABEL_MAX} characters; this has {len(autofill)}. Shorten it."),
        )


def _apps(apps: list[Json]) -> Iterator[Problem]:
    if not 1 <= len(apps) <= 5:
        yield "apps", say("Name the app that receives the code; WhatsApp takes up to five.")
    for app in apps:
        if not _PACKAGE.fullmatch(text_in(app, "package_name")):
            yield (
                "apps",
                say("Write the package name of the app as in its store, for instance com.example.shop."),
            )
        elif not _HASH.fullmatch(text_in(app, "signature_hash")):
            yield "apps", say("Write the signature hash of the app; it has 11 characters.")


def _first(button: Json) -> str:
    """The sample of a button; Meta takes it alone and in a list."""
    example = button.get("example")
    first = example[0] if isinstance(example, list) and example else example
    return first if isinstance(first, str) else ""


_CHECKS: dict[str, Callable[[Json], Iterator[Problem]]] = {
    "URL": _url,
    "PHONE_NUMBER": _phone,
    "COPY_CODE": _code,
    "FLOW": _flow,
    "OTP": _otp,
}
