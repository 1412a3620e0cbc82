"""All rules over one form, each with the key of its field."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from wapto_app.services.templates.rules import buttons as button_rules
from wapto_app.services.templates.rules.languages import LANGUAGES
from wapto_app.services.templates.rules.shape import (
    FILES,
    Json,
    TemplateForm,
    objects_in,
    parts_by_kind,
    plain,
    text_in,
)
from wapto_app.services.templates.rules.texts import (
    EMOJI,
    VARIABLE,
    body_problem,
    length_problem,
    missing_samples,
    names_in,
    plain_problem,
    variable_problem,
)
from wapto_app.services.templates.words import say

CATEGORIES = ("MARKETING", "UTILITY", "AUTHENTICATION")
NAME_MAX = 512
BODY_MAX = 1_024
BODY_MAX_OF_OFFER = 600
BODY_MAX_OF_CARD = 160
HEADER_MAX = FOOTER_MAX = 60
OFFER_MAX = 16
CARDS = range(2, 11)
_NAME = re.compile(r"[a-z0-9_]{1,512}")
_FORMATS = FILES | {"TEXT", "LOCATION", "PRODUCT"}
_KINDS = frozenset(
    {"HEADER", "BODY", "FOOTER", "BUTTONS", "CAROUSEL", "LIMITED_TIME_OFFER", "CALL_PERMISSION_REQUEST"}
)
_PRODUCTS = frozenset({"CATALOG", "MPM", "SPM"})

Found = Iterator[tuple[str, str]]


def problems(form: TemplateForm | Mapping[str, Any]) -> dict[str, str]:
    """What keeps Meta from taking it: a sentence that says what to do, by the key of the field. Never raises.

    Keys: ``name``, ``language``, ``category``, ``header``, ``header.text``, ``header.example``, ``header.file``,
    ``body``, ``body.example.<variable>``, ``footer``, ``buttons``, ``buttons.<place>.<text|url|example|phone|code|
    flow|otp|apps|terms|autofill>``, ``offer.text``, ``offer.ends``, ``cards``, and ``cards.<place>.<the same>``.
    """
    told: dict[str, str] = {}
    for key, sentence in _all(plain(form)):
        told.setdefault(key, sentence)
    return told


def _all(form: TemplateForm) -> Found:
    yield from _about(form)
    parts, category, named = (
        parts_by_kind(form["components"]),
        form["category"],
        form["parameter_format"] == "NAMED",
    )
    if set(parts) - _KINDS:
        yield "body", say("There is a part that WhatsApp does not know. Remove it.")
    if len(parts) < len(form["components"]):
        yield "body", say("There are two parts of one kind. Remove one of them.")
    if category == "AUTHENTICATION":
        yield from _authentication(parts)
        return
    yield from _header(parts, form["sample_files"], category, named=named)
    most = BODY_MAX_OF_OFFER if "LIMITED_TIME_OFFER" in parts else BODY_MAX
    yield from _body(parts, named=named, most=most)
    yield from _footer(parts)
    yield from _buttons(parts, category)
    yield from _offer(parts, category)
    yield from _products(parts, category)
    if "CAROUSEL" in parts:
        yield from _carousel(parts, form["sample_files"], category, named=named)


def _about(form: TemplateForm) -> Found:
    name = form["name"]
    if not name:
        yield "name", say("Give the template a name.")
    elif len(name) > NAME_MAX:
        yield "name", say(f"A name has at most {NAME_MAX} characters; this has {len(name)}.")
    elif not _NAME.fullmatch(name):
        yield "name", say("Use small letters without accents, digits and _ only: order_update.")
    if form["language"] not in LANGUAGES:
        yield "language", say("Choose the language of the text.")
    if form["category"] not in CATEGORIES:
        yield "category", say("Choose what the template is for: marketing, utility or authentication.")


def _header(parts: dict[str, Json], files: Mapping[str, str], category: str, *, named: bool) -> Found:
    if "HEADER" not in parts:
        return
    header = parts["HEADER"]
    shape = text_in(header, "format")
    if shape == "GIF":
        yield "header", say("WhatsApp takes GIFs only in its marketing messages API. Choose a video instead.")
    elif shape not in _FORMATS:
        yield "header", say("Choose what the header shows, or remove it.")
    elif shape in FILES and "header" not in files:
        yield "header.file", say("WhatsApp reviews a sample. Choose a file from the library.")
    elif shape == "TEXT":
        yield from _header_text(header, named=named)


def _header_text(header: Json, *, named: bool) -> Found:
    text = text_in(header, "text")
    problem = (
        ("" if text.strip() else say("Write the header, or remove it."))
        or length_problem(text, HEADER_MAX)
        or plain_problem(text)
        or variable_problem(text, named=named)
    )
    if problem:
        yield "header.text", problem
    elif len(VARIABLE.findall(text)) > 1:
        yield "header.text", say("A header may hold one variable. Remove the others.")
    elif missing_samples(header, text, "header_text", named=named):
        yield (
            "header.example",
            say(f"Write a sample for {{{{{names_in(text)[0]}}}}}, so that WhatsApp can review it."),
        )


def _body(parts: dict[str, Json], *, named: bool, most: int) -> Found:
    body = parts.get("BODY", {})
    text = text_in(body, "text")
    if problem := body_problem(text, named=named, most=most):
        yield "body", problem
    for name in missing_samples(body, text, "body_text", named=named):
        yield (
            f"body.example.{name}",
            say(f"Write a sample for {{{{{name}}}}}, so that WhatsApp can review it."),
        )


def _footer(parts: dict[str, Json]) -> Found:
    if "FOOTER" not in parts:
        return
    text = text_in(parts["FOOTER"], "text")
    if not text.strip():
        yield "footer", say("Write the footer, or remove it.")
    elif problem := length_problem(text, FOOTER_MAX):
        yield "footer", problem
    elif "{{" in text or "}}" in text:
        yield "footer", say("A footer cannot hold variables. Remove them.")
    elif "\n" in text or "\r" in text or "\t" in text:
        yield "footer", say("This is a single line. Remove the line break.")
    elif EMOJI.search(text):
        yield "footer", say("WhatsApp allows no emoji here. Remove it.")


def _buttons(parts: dict[str, Json], category: str, *, in_card: bool = False) -> Found:
    if "BUTTONS" not in parts:
        return
    made = button_rules.of_component(parts["BUTTONS"])
    for place, (field, sentence) in button_rules.problems(made, category, in_card=in_card):
        yield ("buttons" if place < 0 else f"buttons.{place}.{field}"), sentence


def _authentication(parts: dict[str, Json]) -> Found:
    """Meta writes the text itself; there is little to choose."""
    if "HEADER" in parts:
        yield "header", say("A template for a one-time code has no header. Remove it.")
    if "BODY" not in parts:
        yield "body", say("The text is missing; WhatsApp writes it itself.")
    if set(parts) & {"CAROUSEL", "LIMITED_TIME_OFFER", "CALL_PERMISSION_REQUEST"}:
        yield (
            "category",
            say("A template for a one-time code has no cards and no offer. Choose another category."),
        )
    if "FOOTER" in parts:
        minutes = parts["FOOTER"].get("code_expiration_minutes")
        if not isinstance(minutes, int) or isinstance(minutes, bool) or not 1 <= minutes <= 90:
            yield (
                "footer",
                say("A code is valid for 1 to 90 minutes. Write a number between, or remove the line."),
            )
    if "BUTTONS" in parts:
        yield from _buttons(parts, "AUTHENTICATION")
    else:
        yield (
            "buttons",
            say("A template for a one-time code has exactly one button, which hands over the code."),
        )


def _offer(parts: dict[str, Json], category: str) -> Found:
    if "LIMITED_TIME_OFFER" not in parts:
        return
    found = parts["LIMITED_TIME_OFFER"].get("limited_time_offer")
    offer = found if isinstance(found, dict) else {}
    text = text_in(offer, "text")
    if not text.strip():
        yield "offer.text", say("Write what the offer is, in a few words.")
    elif len(text) > OFFER_MAX:
        yield (
            "offer.text",
            say(f"The offer has at most {OFFER_MAX} characters; this has {len(text)}. Shorten it."),
        )
    elif "{{" in text or "}}" in text or "\n" in text:
        yield "offer.text", say("The offer is one line without variables.")
    if category != "MARKETING":
        yield "category", say("An offer is marketing. Choose that category.")
    if "FOOTER" in parts:
        yield "footer", say("A template with an offer has no footer. Remove it.")
    shape = text_in(parts.get("HEADER", {}), "format")
    if "HEADER" in parts and shape not in ("IMAGE", "VIDEO"):
        yield "header", say("Above an offer stands a picture, a video or nothing. Change the header.")
    yield from _offer_code(parts, ends=offer.get("has_expiration") is True)


def _offer_code(parts: dict[str, Json], *, ends: bool) -> Found:
    """Meta: an offer that ends needs a code to copy, and the code comes first."""
    kinds = button_rules.kinds_of(button_rules.of_component(parts.get("BUTTONS", {})))
    if ends and "COPY_CODE" not in kinds:
        yield (
            "offer.ends",
            say("An offer that ends needs a button that copies its code. Add one as the first button."),
        )
    elif "COPY_CODE" in kinds and kinds[0] != "COPY_CODE":
        yield "buttons", say("The button that copies the code of the offer comes first. Move it.")


def _products(parts: dict[str, Json], category: str) -> Found:
    kinds = set(button_rules.kinds_of(button_rules.of_component(parts.get("BUTTONS", {}))))
    shape = text_in(parts.get("HEADER", {}), "format")
    if kinds & _PRODUCTS and category != "MARKETING":
        yield "category", say("A template with products is marketing. Choose that category.")
    if (shape == "PRODUCT") != ("SPM" in kinds):
        yield (
            "header",
            say("A product in the header and the button “View” belong together. Add or remove one of them."),
        )
    elif "MPM" in kinds and shape != "TEXT":
        yield "header", say("A list of products needs a header of text. Add one.")
    elif "CATALOG" in kinds and shape:
        yield "header", say("A template that opens the catalogue has no header. Remove it.")


def _carousel(parts: dict[str, Json], files: Mapping[str, str], category: str, *, named: bool) -> Found:
    for kind, key in (("HEADER", "header"), ("FOOTER", "footer"), ("BUTTONS", "buttons")):
        if kind in parts:
            yield key, say("Beside cards there is only a text: this belongs onto the cards. Remove it here.")
    if "LIMITED_TIME_OFFER" in parts:
        yield "offer.text", say("An offer and cards do not go together. Remove one of them.")
    cards = objects_in(parts["CAROUSEL"], "cards")
    if len(cards) not in CARDS:
        yield "cards", say(f"There are 2 to 10 cards; this has {len(cards)}.")
    shapes = set()
    for place, card in enumerate(cards):
        inner = objects_in(card, "components")
        of_card = parts_by_kind(inner)
        shapes.add(_shape(of_card))
        sample = {"header": files[f"cards.{place}"]} if f"cards.{place}" in files else {}
        for key, sentence in _card(of_card, sample, category, named=named):
            yield f"cards.{place}.{key}", sentence
        if len(of_card) < len(inner):
            yield f"cards.{place}.body", say("There are two parts of one kind. Remove one of them.")
    if len(shapes) > 1:
        yield (
            "cards",
            (
                say(
                    "All cards have the same parts: the same kind of header, a text on all or none, and the same "
                    "buttons in the same order."
                )
            ),
        )


def _shape(parts: dict[str, Json]) -> tuple[Any, ...]:
    kinds = button_rules.kinds_of(button_rules.of_component(parts.get("BUTTONS", {})))
    return (frozenset(parts), text_in(parts.get("HEADER", {}), "format"), tuple(kinds))


def _card(parts: dict[str, Json], files: Mapping[str, str], category: str, *, named: bool) -> Found:
    shape = text_in(parts.get("HEADER", {}), "format")
    if shape not in ("IMAGE", "VIDEO", "PRODUCT"):
        yield "header", say("A card begins with a picture or a video.")
    else:
        yield from _header(parts, files, category, named=named)
    if set(parts) - {"HEADER", "BODY", "BUTTONS"}:
        yield "body", say("A card has a picture, a text and buttons. Remove the rest.")
    if "BODY" in parts:
        yield from _body(parts, named=named, most=BODY_MAX_OF_CARD)
    if "BUTTONS" not in parts:
        yield "buttons", say("A card has one or two buttons. Add one.")
    yield from _buttons(parts, category, in_card=True)
    yield from _products(parts, category)
