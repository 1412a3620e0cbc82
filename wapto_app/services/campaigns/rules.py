"""What stands for each gap of a template: a text, or something of the contact, with a fallback for who has none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from typing_extensions import TypedDict  # what pydantic validates, below Python 3.12

from integrations.whatsapp.webhooks.decoding import clean_text
from wapto_app.clock import utcnow
from wapto_app.models import Template
from wapto_app.services.campaigns import offers
from wapto_app.services.campaigns.causes import say
from wapto_app.services.errors import Invalid
from wapto_app.services.templates.anatomy import Slot, file_places, slots
from wapto_app.services.templates.filling import fill

FIXED, CONTACT, FIELD, COLUMN = "fixed", "contact", "field", "column"
SOURCES = (FIXED, CONTACT, FIELD, COLUMN)
CONTACT_NAMES = ("name", "first_name", "company", "email", "phone", "language")
TEXT_MAX = 2_000
MOST = 500
"""Gaps of one template, cards included."""
TIME = "time"
"""The kind of a gap that holds a moment: when an offer ends."""
_UTC = ZoneInfo("UTC")
_LATE = "9000-01-01T00:00:00+00:00"


class Rule(TypedDict):
    """What fills one gap.

    ``source`` ``fixed``: ``name`` is the text itself. ``contact``: ``name`` is one of ``CONTACT_NAMES``. ``field``: the
    key of a custom field. ``column``: a heading of an uploaded file. ``fallback`` is for who has nothing there; without
    one they are skipped.
    """

    source: str
    name: str
    fallback: str


Rules = dict[str, Rule]
"""By the key of the slot in ``services.templates.anatomy``."""


def plain(text: str) -> str:
    """A value as WhatsApp takes it in a template: in one line, and without long gaps (Meta: 132012)."""
    return " ".join(clean_text(text).split())


def read(raw: Any) -> Rules:
    """The rules behind what was stored or sent; what cannot be one is refused.

    Raises:
        Invalid: the field is the key of the slot.
    """
    if not isinstance(raw, dict) or len(raw) > MOST:
        raise Invalid("mapping", "This choice cannot be read. Choose the template again.")
    return {str(key)[:120]: _rule(str(key), each) for key, each in raw.items()}


def _rule(key: str, raw: Any) -> Rule:
    if not isinstance(raw, dict) or raw.get("source") not in SOURCES:
        raise Invalid(key, "Choose what stands here.")
    texts = [raw.get(part) or "" for part in ("name", "fallback")]
    if not all(isinstance(text, str) and len(text) <= TEXT_MAX for text in texts):
        raise Invalid(key, f"At most {TEXT_MAX:,} characters.")
    name, fallback = (clean_text(text).strip() for text in texts)
    return Rule(source=raw["source"], name=name, fallback=fallback)


def problems(
    template: Template,
    rules: Mapping[str, Rule],
    *,
    fields: Collection[str],
    columns: Collection[str],
    zone: ZoneInfo = _UTC,
    starts: datetime | None = None,
) -> dict[str, str]:
    """What is missing or wrong, by the key of the slot; ``template`` for what only the whole text has.

    ``fields`` and ``columns`` are what can be asked for. The messages leave at ``starts`` at the earliest, and clocks
    are read in ``zone``.
    """
    found: dict[str, str] = {}
    for slot in slots(template):
        rule = rules.get(slot["key"])
        sentence = _problem(slot, rule, fields, columns)
        if rule and not sentence and slot["kind"] == TIME:
            sentence = _time_problem(rule, zone, starts or utcnow())
        if sentence:
            found[slot["key"]] = sentence
    return found or _tried(template, rules, zone)


def _tried(template: Template, rules: Mapping[str, Rule], zone: ZoneInfo) -> dict[str, str]:
    """What stays wrong whoever gets it, by trying it: a text that is too long already, a place that is none."""
    values = {slot["key"]: _stand_in(slot, rules.get(slot["key"]), zone) for slot in slots(template)}
    files = dict.fromkeys((each["place"] for each in file_places(template)), "")
    try:
        fill(template, values, has_file=True, files=files)
    except Invalid as error:
        return {error.field: error.message}
    return {}


def _stand_in(slot: Slot, rule: Rule | None, zone: ZoneInfo) -> str:
    """The text itself where it is the same for all, else the shortest that can stand there."""
    if rule is None or rule["source"] == FIXED:
        text = plain(rule["name"]) if rule else ""
        return offers.said(text, zone) if slot["kind"] == TIME else text
    return {"number": "0", TIME: _LATE}.get(slot["kind"], "x")


def _time_problem(rule: Rule, zone: ZoneInfo, starts: datetime) -> str:
    if rule["source"] == CONTACT:
        return say("Write when the offer ends, or take it out of a field or a file with dates.")
    text = rule["name"] if rule["source"] == FIXED else rule["fallback"]
    if not text:
        return ""
    ends = offers.moment(text, zone)
    if ends is None:
        return say("Write the date and the time at which the offer ends.")
    if ends > starts:
        return ""
    return say("The offer would be over before the messages leave. Choose a later end.")


def _problem(slot: Slot, rule: Rule | None, fields: Collection[str], columns: Collection[str]) -> str:
    if rule is None or not (rule["name"] or rule["fallback"]):
        return say("Choose what stands here.") if slot["required"] else ""
    text = plain(rule["name"] if rule["source"] == FIXED else rule["fallback"])
    most, has = slot["most"], len(text)
    if has > most:
        return say(f"At most {most:,} characters fit here; this has {has:,}.")
    name = rule["name"]
    if rule["source"] == CONTACT and name not in CONTACT_NAMES:
        return say("Choose what of the contact stands here.")
    if rule["source"] == FIELD and name not in fields:
        return say(f"The field “{name}” was deleted. Choose another.")
    if rule["source"] == COLUMN and name not in columns:
        return say(f"No file of the audience has a column “{name}”. Choose another.")
    return ""
