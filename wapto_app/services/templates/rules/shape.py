"""What a form holds, made plain: no surprises in types, sizes or characters for those who read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typing_extensions import TypedDict

from integrations.whatsapp.webhooks.decoding import clean_text

Json = dict[str, Any]
FILES = frozenset({"IMAGE", "VIDEO", "DOCUMENT"})
_DEPTH = 8
_ITEMS = 40
_TEXT = 8_000
_UPPER = ("type", "format", "otp_type")


class TemplateForm(TypedDict):
    """A template as somebody writes it.

    ``components`` is Meta's own list with the samples of the variables in ``example``. Files are not in it:
    ``sample_files`` has the keys of files of the library by the place that shows them (``header``, ``cards.0`` …).
    ``waba_id`` is empty for the only connected account.
    """

    name: str
    language: str
    category: str
    parameter_format: str
    components: list[dict[str, Any]]
    sample_files: dict[str, str]
    waba_id: str


def plain(form: Mapping[str, Any]) -> TemplateForm:
    """The same form with every part of the type it should have; whatever it is not becomes empty. Never raises."""
    files = form.get("sample_files")
    return TemplateForm(
        name=text_in(form, "name").strip(),
        language=text_in(form, "language").strip().replace("-", "_"),
        category=text_in(form, "category").strip().upper(),
        parameter_format="NAMED" if text_in(form, "parameter_format").upper() == "NAMED" else "POSITIONAL",
        components=components_of(form.get("components")),
        sample_files={
            str(place)[:16]: key[:32]
            for place, key in list(files.items())[:_ITEMS]
            if isinstance(key, str) and key
        }
        if isinstance(files, Mapping)
        else {},
        waba_id=text_in(form, "waba_id")[:32],
    )


def components_of(value: Any) -> list[Json]:
    """Meta's list with its kinds in capitals; what is no object is left out."""
    cleaned = _clean(value, _DEPTH)
    return [each for each in cleaned if isinstance(each, dict)] if isinstance(cleaned, list) else []


def _clean(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return clean_text(value[:_TEXT])
    if isinstance(value, Mapping) and depth:
        return {
            clean_text(str(key)[:64]): _upper(str(key), _clean(each, depth - 1))
            for key, each in list(value.items())[:_ITEMS]
            if each is not None
        }
    if isinstance(value, list | tuple) and depth:
        return [_clean(each, depth - 1) for each in value[:_ITEMS]]
    if isinstance(value, bool):
        return value
    # Numbers that no database column or JSON reader would choke on.
    return value if isinstance(value, int) and abs(value) < 2**53 else ""


def _upper(key: str, value: Any) -> Any:
    return value.upper() if key in _UPPER and isinstance(value, str) else value


def text_in(part: Mapping[str, Any], name: str) -> str:
    """The text under this name, cleaned; empty for what is no text."""
    value = part.get(name)
    return clean_text(value[:_TEXT]) if isinstance(value, str) else ""


def objects_in(part: Mapping[str, Any], name: str) -> list[Json]:
    """The objects in the list under this name. What is none becomes an empty one: places are counted."""
    found = part.get(name)
    return [each if isinstance(each, dict) else {} for each in found] if isinstance(found, list) else []


def parts_by_kind(components: list[Json]) -> dict[str, Json]:
    """By Meta's kind; of two of one kind the first."""
    found: dict[str, Json] = {}
    for component in components:
        found.setdefault(text_in(component, "type"), component)
    return found
