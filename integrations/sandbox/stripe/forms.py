"""Stripe's requests: form encoded, with nested keys and arrays (``items[0][price]=…``, ``expand[]=…``)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from .config import Json
from .errors import invalid, missing, unknown

_KEY = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
_DEEPEST = 8
_MOST = 2_000


def decode(text: str) -> Json:
    """The nested object behind a form.

    Raises:
        StripeError: for a key that cannot be understood.
    """
    root: Json = {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST)
    except ValueError:
        raise invalid("", f"A request has at most {_MOST} parameters.") from None
    for key, value in pairs:
        _put(root, _path(key), value)
    return {key: _listed(value) for key, value in root.items()}


def _path(key: str) -> list[str]:
    found = _KEY.match(key)
    if found is None:
        raise invalid(key, f"Invalid parameter name: {key}")
    path = [found[1], *re.findall(r"\[([^\[\]]*)\]", found[2])]
    if len(path) > _DEEPEST:
        raise invalid(key, f"Parameters are nested too deeply: {key}")
    return path


def _put(root: Json, path: list[str], value: str) -> None:
    node = root
    for part in path[:-1]:
        child = node.setdefault(part or str(len(node)), {})
        if not isinstance(child, dict):
            raise invalid(path[0], f"Invalid parameter: {path[0]} is both a value and an object.")
        node = child
    node[path[-1] or str(len(node))] = value


def _listed(value: Any) -> Any:
    """Objects whose keys are all numbers are arrays."""
    if not isinstance(value, dict):
        return value
    inner = {key: _listed(each) for key, each in value.items()}
    if inner and all(key.isdecimal() for key in inner):
        return [inner[key] for key in sorted(inner, key=int)]
    return inner


class Params:
    """The parameters of one request, read by type; ``unread`` are those that nobody asked for."""

    def __init__(self, values: Mapping[str, Any], path: str = "") -> None:
        self._values = values
        self._path = path
        self._read: set[str] = set()

    def _name(self, name: str) -> str:
        return f"{self._path}[{name}]" if self._path else name

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def raw(self, name: str) -> Any:
        self._read.add(name)
        return self._values.get(name)

    def text(self, name: str, default: str = "") -> str:
        value = self.raw(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise invalid(self._name(name), f"Invalid string: {self._name(name)}")
        return value

    def required(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise missing(self._name(name))
        return value

    def choice(self, name: str, *choices: str, default: str = "") -> str:
        value = self.text(name, default or choices[0])
        if value not in choices:
            raise invalid(
                self._name(name), f"Invalid {self._name(name)}: must be one of {', '.join(choices)}"
            )
        return value

    def number(self, name: str, default: int | None = None) -> int | None:
        value = self.text(name)
        if not value:
            return default
        try:
            return int(value)
        except ValueError:
            raise invalid(self._name(name), f"Invalid integer: {value}") from None

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.text(name)
        if not value:
            return default
        if value not in ("true", "false"):
            raise invalid(self._name(name), f"Invalid boolean: {value}")
        return value == "true"

    def metadata(self, before: Mapping[str, str] | None = None) -> dict[str, str]:
        """What the metadata becomes: keys are added or replaced, an empty value removes its key."""
        value = self.raw("metadata")
        if value == "":
            return {}
        merged = dict(before or {}) | {str(key): str(each) for key, each in (value or {}).items()}
        return {key: each for key, each in merged.items() if each != ""}

    def inner(self, name: str) -> Params:
        value = self.raw(name)
        if value in (None, ""):
            value = {}
        if not isinstance(value, dict):
            raise invalid(self._name(name), f"Invalid object: {self._name(name)}")
        return Params(value, self._name(name))

    def array(self, name: str) -> list[Any]:
        value = self.raw(name)
        if value in (None, ""):
            return []
        if not isinstance(value, list):
            raise invalid(self._name(name), f"Invalid array: {self._name(name)}")
        return value

    def objects(self, name: str) -> list[Params]:
        return [Params(each, f"{self._name(name)}[{index}]") for index, each in enumerate(self.array(name))]

    def done(self) -> None:
        """Raises StripeError when something was given that this stand-in does not know, as Stripe does."""
        for name in self._values:
            if name not in self._read:
                raise unknown(self._name(name))
