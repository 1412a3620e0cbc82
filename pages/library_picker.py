"""Choosing files of the library: a dialog that hands over their keys.

For the inbox, put it into a module of its own and show it ``later``::

    @rx.memo(wrapper=None)
    def composer_library() -> rx.Component:
        return library_picker("composer", on_pick=Composer.attach)

``LibraryPicker.start("composer", "")`` opens it; ``on_pick`` hears a list of keys for ``library.attach``.
"""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.library_parts import KINDS, folder_options, kind_name, thumbnail
from state.library_picker import MOST_CHOSEN, LibraryPicker
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.ui.button import button
from wapto_app.ui.dialog import dialog
from wapto_app.ui.empty import empty_state
from wapto_app.ui.files import choose_files, file_size, library_upload
from wapto_app.ui.form import search_input
from wapto_app.ui.i18n import t, tn
from wapto_app.ui.skeleton import skeleton
from wapto_app.ui.tokens import classes

_MAY_UPLOAD = Shell.permissions.contains(Permission.MEDIA_DO.value)
_GRID = "grid grid-cols-2 gap-2 sm:grid-cols-4"


def library_picker(name: str, *, on_pick: Any, many: bool = True) -> rx.Component:
    """The dialog. ``on_pick`` is an event handler for a ``list[str]``; ``many=False`` chooses a single file."""
    uploads = f"picker-{name}"
    body = library_upload(
        rx.el.div(_tools(name, uploads), _files(many), class_name="flex min-h-96 flex-col gap-3"),
        name=uploads,
        folder=LibraryPicker.folder_id,
        allowed=_MAY_UPLOAD,
        inline=True,
        on_show=lambda key: LibraryPicker.choose(key, many),
    )
    return dialog(
        body,
        _foot(on_pick, many),
        title=t("Media library"),
        open=LibraryPicker.opened == name,
        on_close=LibraryPicker.close,
        width="xl",
    )


def _tools(name: str, uploads: str) -> rx.Component:
    folders = rx.el.select(
        rx.el.option(t("All files"), value="-1"),
        rx.el.option(t("In no folder"), value="0"),
        folder_options(LibraryPicker.folders),
        value=LibraryPicker.folder_id.to_string(),
        on_change=LibraryPicker.look_in,
        aria_label=t("Folder"),
        class_name="control w-44 max-sm:w-auto max-sm:flex-1",
    )
    kinds = rx.el.select(
        rx.el.option(t("All kinds"), value=""),
        *[rx.el.option(label, value=kind) for kind, label in KINDS],
        value=LibraryPicker.kind,
        on_change=LibraryPicker.show_kind,
        aria_label=t("Kind"),
        class_name="control w-40 max-sm:w-auto max-sm:flex-1",
    )
    upload = button(t("Upload"), icon="upload", on_click=choose_files(uploads))
    return rx.el.div(
        search_input(
            f"picker-search-{name}",
            t("Search names and words"),
            value=LibraryPicker.text,
            on_change=LibraryPicker.search,
            class_name="min-w-0 flex-1 basis-52",
        ),
        folders,
        kinds,
        rx.cond(_MAY_UPLOAD, upload, rx.fragment()),
        class_name="flex flex-wrap gap-2",
    )


def _files(many: bool) -> rx.Component:
    nothing = empty_state("images", t("No files"), t("Upload one, or drop it here."))
    more = rx.el.div(
        button(t("Show more"), size="sm", on_click=LibraryPicker.more), class_name="flex justify-center"
    )
    shown = rx.fragment(
        rx.el.ul(
            rx.foreach(LibraryPicker.rows, lambda row: _tile(row, many)),
            aria_label=t("Files"),
            class_name=_GRID,
        ),
        rx.cond(LibraryPicker.has_more, more, rx.fragment()),
    )
    waiting = rx.el.div(*[skeleton("aspect-4/3 w-full rounded-md")] * 8, class_name=_GRID)
    return rx.cond(LibraryPicker.loaded, rx.cond(LibraryPicker.rows.length() > 0, shown, nothing), waiting)


def _tile(row: Any, many: bool) -> rx.Component:
    chosen = LibraryPicker.chosen.contains(row["key"])
    mark = rx.el.span(
        rx.icon("check", size=14, aria_hidden=True),
        class_name="absolute end-2.5 top-2.5 grid size-6 place-items-center rounded-full bg-accent text-on-accent",
    )
    press = rx.el.button(
        thumbnail(row, class_name="aspect-4/3 w-full rounded", icon=30),
        rx.el.span(row["name"], dir="auto", class_name="mt-1.5 block truncate text-xs"),
        rx.el.span(
            kind_name(row["kind"]), " · ", file_size(row["size"]), class_name="block text-xs text-muted"
        ),
        rx.cond(chosen, mark, rx.fragment()),
        type="button",
        title=row["name"],
        aria_pressed=rx.cond(chosen, "true", "false"),
        on_click=LibraryPicker.choose(row["key"], many),
        class_name=classes(
            "relative block w-full rounded-md border p-1.5 text-start hover:bg-hover",
            rx.cond(chosen, "border-accent bg-accent-soft", "border-line"),
        ),
    )
    return rx.el.li(press, key=row["key"], class_name="min-w-0")


def _foot(on_pick: Any, many: bool) -> rx.Component:
    count = LibraryPicker.chosen.length()
    full = rx.cond(count >= MOST_CHOSEN, t("{n} is the most at once.", n=MOST_CHOSEN), "")
    return rx.el.div(
        rx.el.span(
            rx.cond(count > 0, tn("{n} selected", "{n} selected", count), ""),
            " ",
            full if many else rx.fragment(),
            role="status",
            class_name="me-auto text-sm text-muted",
        ),
        button(t("Cancel"), on_click=LibraryPicker.close),
        button(
            t("Take"),
            variant="primary",
            disabled=count == 0,
            on_click=[on_pick(LibraryPicker.chosen), LibraryPicker.close],
        ),
        class_name="sticky -bottom-5 -mx-5 -mb-5 mt-4 flex flex-wrap items-center gap-2 border-t bg-raised px-5 py-3",
    )
