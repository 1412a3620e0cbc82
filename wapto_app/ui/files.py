"""Files: their size in words, taking them into the library, and looking at what would become of a picture."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.browser import in_browser, source
from wapto_app.ui.tokens import Classes, classes


class FileSize(rx.Component):
    """See ``files.jsx``."""

    library = source("files.jsx")
    tag = "FileSize"

    bytes: rx.Var[int]


def file_size(size: int | rx.Var[int], *, class_name: Classes = "") -> rx.Component:
    """``3.4 MB`` in the reader's language, from bytes."""
    return FileSize.create(bytes=size, class_name=classes("whitespace-nowrap tabular-nums", class_name))


class LibraryUpload(rx.Component):
    """Takes files that are dropped on its children or chosen, three at a time; see ``library_upload.jsx``."""

    library = source("library_upload.jsx")
    tag = "LibraryUpload"

    name: rx.Var[str]
    folder: rx.Var[int]
    allowed: rx.Var[bool]
    inline: rx.Var[bool]
    on_show: rx.EventHandler[rx.event.passthrough_event_spec(str)]


def library_upload(
    *children: rx.Component,
    name: str,
    folder: rx.Var[int],
    allowed: rx.Var[bool],
    on_show: Any,
    inline: bool = False,
    class_name: Classes = "",
) -> rx.Component:
    """What stands around a list of files. ``on_show`` hears the key of a file that was taken or known already."""
    return LibraryUpload.create(
        *children,
        name=name,
        folder=folder,
        allowed=allowed,
        inline=inline,
        on_show=on_show,
        class_name=class_name,
    )


def choose_files(name: str) -> rx.event.EventSpec:
    """``on_click=choose_files("library")``: the browser's own dialog, for the upload of this name."""
    return in_browser("library_upload.jsx", "chooseFiles", name)


class LibraryCompare(rx.Component):
    """A picture of the library before and after (``what`` is smaller or sticker); see ``library_compare.jsx``."""

    library = source("library_compare.jsx")
    tag = "LibraryCompare"

    file_key: rx.Var[str]
    size: rx.Var[int]
    what: rx.Var[str]
    on_keep: rx.EventHandler[rx.event.no_args_event_spec]
    on_cancel: rx.EventHandler[rx.event.no_args_event_spec]


library_compare = LibraryCompare.create
