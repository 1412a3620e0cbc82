"""Times that keep themselves true, in the time zone and language of the browser; the exact one on hover.

``at`` is ISO 8601 text with its offset, or milliseconds since 1970. Nothing is drawn for an empty value.
"""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.browser import source
from wapto_app.ui.i18n import Text
from wapto_app.ui.tokens import Classes

At = str | int | rx.Var[Any]


class Time(rx.Component):
    """See ``time.jsx``."""

    library = source("time.jsx")
    tag = "Time"

    at: rx.Var[Any]
    look: rx.Var[str]


class Countdown(rx.Component):
    """See ``time.jsx``."""

    library = source("time.jsx")
    tag = "Countdown"

    until: rx.Var[Any]
    over: rx.Var[str]


class Due(rx.Component):
    """See ``time.jsx``."""

    library = source("time.jsx")
    tag = "Due"

    at: rx.Var[Any]
    done: rx.Var[bool]


class LocalDateTime(rx.Component):
    """See ``time.jsx``."""

    library = source("time.jsx")
    tag = "LocalDateTime"
    _is_form_control = True

    name: rx.Var[str]
    value: rx.Var[str]


def due_time(at: At, *, done: bool | rx.Var[bool] = False, class_name: Classes = "") -> rx.Component:
    """ "Today, 14:05", "Overdue · Yesterday, 9:00": when something is to be done. What is done is never late."""
    return Due.create(at=at, done=done, class_name=class_name)


def relative_time(at: At, *, class_name: Classes = "") -> rx.Component:
    """ "5 min ago", "yesterday", "12 Mar"; of the future "in 3 h"."""
    return Time.create(at=at, look="ago", class_name=class_name)


def list_time(at: At, *, class_name: Classes = "") -> rx.Component:
    """As a list of chats has it: 14:05, Yesterday, Tue, 12 Mar."""
    return Time.create(at=at, look="short", class_name=class_name)


def clock_time(at: At, *, class_name: Classes = "") -> rx.Component:
    """14:05."""
    return Time.create(at=at, look="clock", class_name=class_name)


def exact_time(at: At, *, class_name: Classes = "") -> rx.Component:
    """12 Mar 2025, 14:05."""
    return Time.create(at=at, look="exact", class_name=class_name)


def day_label(at: At, *, class_name: Classes = "") -> rx.Component:
    """Today, Yesterday, Tuesday, Wed 12 March: what separates the days of a conversation."""
    return Time.create(at=at, look="day", class_name=class_name)


def time_left(at: At, *, class_name: Classes = "") -> rx.Component:
    """ "9 days left", "5 h left", "over"."""
    return Time.create(at=at, look="left", class_name=class_name)


def date_only(at: At, *, class_name: Classes = "") -> rx.Component:
    """12 Mar 2025."""
    return Time.create(at=at, look="date", class_name=class_name)


def countdown(until: At, *, over: Text = "", class_name: Classes = "") -> rx.Component:
    """Hours and minutes left (23:41), amber in the last two hours, then the words of ``over`` ("closed")."""
    words: dict[str, Any] = {} if isinstance(over, str) and not over else {"over": over}
    return Countdown.create(until=until, class_name=class_name, **words)
