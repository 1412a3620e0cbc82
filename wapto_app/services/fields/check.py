"""What a custom field accepts: one place for forms, imports and the API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypedDict

from integrations.whatsapp.webhooks.decoding import clean_text
from wapto_app.models import FieldKind
from wapto_app.services import canonical
from wapto_app.services.errors import Invalid
from wapto_app.services.naming import one_line

TEXT_MAX = 200
LONG_TEXT_MAX = 10_000
PREFIX = "field_"
"""Begins the names of inputs, and what ``Invalid`` names: ``field_city``."""


class FieldRow(TypedDict):
    """A field as forms and imports need it. ``minimum`` and ``maximum`` are empty for no bound."""

    id: int
    key: str
    label: str
    kind: str
    help: str
    minimum: str
    maximum: str
    required: bool
    options: list[str]


def check(field: FieldRow, text: str) -> str:
    """The value as it is stored; empty when nothing was written.

    Raises:
        Invalid: naming the input, with what to write instead.
    """
    name = PREFIX + field["key"]
    written = clean_text(text).strip()
    if not written:
        if field["required"]:
            raise Invalid(name, f"{field['label']} must be filled in.")
        return ""
    try:
        value = _KINDS[FieldKind(field["kind"])](field, written)
        _ensure_within(field, value)
    except ValueError as problem:
        raise Invalid(name, f"{field['label']}: {problem}") from None
    return value


def given(form: Mapping[str, Any]) -> dict[str, str]:
    """The custom fields among what a form sent, by key."""
    return {
        name.removeprefix(PREFIX): value if isinstance(value, str) else ("yes" if value else "")
        for name, value in form.items()
        if name.startswith(PREFIX)
    }


def _text(_field: FieldRow, written: str) -> str:
    value = one_line(written)
    if len(value) > TEXT_MAX:
        raise ValueError(f"at most {TEXT_MAX} characters.")
    return value


def _long_text(_field: FieldRow, written: str) -> str:
    value = written.replace("\r\n", "\n").replace("\r", "\n")
    if len(value) > LONG_TEXT_MAX:
        raise ValueError(f"at most {LONG_TEXT_MAX:,} characters.")
    return value


def _option(field: FieldRow, written: str) -> str:
    wanted = canonical.folded(one_line(written))
    for option in field["options"]:
        if canonical.folded(option) == wanted:
            return option
    raise ValueError("Choose one of the list.")


_KINDS: dict[FieldKind, Callable[[FieldRow, str], str]] = {
    FieldKind.TEXT: _text,
    FieldKind.LONG_TEXT: _long_text,
    FieldKind.NUMBER: lambda _field, written: canonical.number(written),
    FieldKind.DATE: lambda _field, written: canonical.day(written),
    FieldKind.SELECT: _option,
    FieldKind.YES_NO: lambda _field, written: canonical.yes_no(written),
}


def _ensure_within(field: FieldRow, value: str) -> None:
    least, most = field["minimum"], field["maximum"]
    kind = FieldKind(field["kind"])
    if kind in (FieldKind.TEXT, FieldKind.LONG_TEXT):
        if least and len(value) < int(least):
            raise ValueError(f"at least {least} characters.")
        if most and len(value) > int(most):
            raise ValueError(f"at most {most} characters.")
    elif kind in (FieldKind.NUMBER, FieldKind.DATE):
        if least and _measure(kind, value) < _measure(kind, least):
            raise ValueError(f"not below {least}." if kind is FieldKind.NUMBER else f"not before {least}.")
        if most and _measure(kind, value) > _measure(kind, most):
            raise ValueError(f"not above {most}." if kind is FieldKind.NUMBER else f"not after {most}.")


def _measure(kind: FieldKind, value: str) -> Any:
    return canonical.as_float(value) if kind is FieldKind.NUMBER else value
