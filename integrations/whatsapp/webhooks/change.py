"""One change of a webhook on its way through the readers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from ..reading import JsonObject, as_int, as_list, as_object, as_text, as_time, objects
from .account_events import Malformed
from .message_events import EventError, Sender


class Change:
    """A `field` with its `value`, and the time to assume where Meta gives none.

    `metadata` says which of our numbers it is about.
    """

    __slots__ = ("_people", "fallback_time", "field", "metadata", "value")

    def __init__(self, field: str, value: JsonObject, fallback_time: datetime) -> None:
        self.field = field
        self.value = value
        self.fallback_time = fallback_time
        self.metadata = as_object(value.get("metadata"))
        self._people: People | None = None

    @property
    def people(self) -> People:
        """The users named in `contacts`."""
        if self._people is None:
            self._people = People(self.value.get("contacts"))
        return self._people

    @property
    def business_digits(self) -> str | None:
        """Our own number as digits."""
        text = as_text(self.metadata.get("display_phone_number"))
        return "".join(filter(str.isdigit, text)) if text else None

    def time(self, value: Any) -> datetime:
        """Read a time that an event cannot do without."""
        return as_time(value) or self.fallback_time


class People:
    """Finds users by id: Meta does not promise that `contacts` and `messages` have the same order."""

    def __init__(self, contacts: Any) -> None:
        self._all = list(objects(contacts))
        self._by_id: dict[str, JsonObject] = {}
        for contact in self._all:
            for key in ("wa_id", "user_id"):
                if contact_id := digits_or_id(contact.get(key)):
                    self._by_id[contact_id] = contact

    def find(self, wa_id: Any, user_id: Any = None, parent_user_id: Any = None) -> Sender:
        """Return the user with one of the ids, completed from `contacts`."""
        phone, user = digits_or_id(wa_id), as_text(user_id)
        contact = self._by_id.get(user or "") or self._by_id.get(phone or "")
        if contact is None and phone is None and user is None and len(self._all) == 1:
            contact = self._all[0]
        if contact is None:
            return Sender(phone, user, as_text(parent_user_id))
        profile = as_object(contact.get("profile"))
        return Sender(
            wa_id=phone or digits_or_id(contact.get("wa_id")),
            user_id=user or as_text(contact.get("user_id")),
            parent_user_id=as_text(parent_user_id) or as_text(contact.get("parent_user_id")),
            profile_name=as_text(profile.get("name")),
            username=as_text(profile.get("username")) or as_text(contact.get("username")),
        )


def digits_or_id(value: Any) -> str | None:
    """Return a phone number or user id without a leading `+`."""
    text = as_text(value)
    return text.removeprefix("+") if text else None


def each(items: Any, read: Callable[[JsonObject], Any]) -> Iterator[Any]:
    """Read the elements of a list one by one; one that fails becomes `Malformed` and harms no other."""
    for item in as_list(items):
        if not isinstance(item, dict):
            yield Malformed(reason="not an object", raw=item)
            continue
        try:
            event = read(item)
        except Exception as exc:  # the safety net: whatever Meta invents next must not stop the rest
            event = Malformed(reason=_reason(exc), raw=item)
        if event is not None:
            yield event


def required(element: JsonObject, key: str) -> str:
    """Return a text without which an element means nothing.

    Raises:
        ValueError: It is missing.
    """
    text = as_text(element.get(key))
    if text is None:
        raise ValueError(f"{key} is missing")
    return text


def read_errors(value: Any) -> tuple[EventError, ...]:
    """Read an `errors` list."""
    if value is None:
        return ()
    return tuple(_read_error(error) for error in objects(value))


def _read_error(error: JsonObject) -> EventError:
    code = as_int(error.get("code"))
    data = error.get("error_data")
    return EventError(
        code=-1 if code is None else code,
        title=as_text(error.get("title")) or "",
        message=as_text(error.get("message")) or "",
        details=as_text(data.get("details") if isinstance(data, dict) else data) or "",
        href=as_text(error.get("href")),
    )


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
