"""Files: sizes in words, and the file of a message in each of its states."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.kitchen_sink.controls import row
from state.base import Feedback
from wapto_app.ui.card import section, stack
from wapto_app.ui.files import file_size
from wapto_app.ui.lightbox import lightbox
from wapto_app.ui.message_file import message_file

_SIZES = (0, 900, 48_000, 3_600_000, 2_400_000_000)


def files() -> rx.Component:
    return section(
        "Files",
        stack(
            row(*[file_size(size, class_name="text-sm") for size in _SIZES]),
            _file("pending", "image"),
            _file("failed", "image", error="The file is larger than 100 MB."),
            _file("stored", "document", filename="A price list with a long name, as people give them.pdf"),
            _file("stored", "audio"),
        ),
        lightbox(),
    )


def _file(state: str, kind: str, **more: str) -> rx.Component:
    row: dict[str, Any] = {"key": "0" * 32, "state": state, "filename": "", "error": "", **more}
    return message_file(
        file=row, type=kind, may=True, on_again=lambda key: Feedback.say("info", "Again: " + key)
    )
