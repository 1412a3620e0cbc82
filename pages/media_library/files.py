"""The files themselves, as tiles or as a list, and what is done with several."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.library_parts import kind_name, thumbnail
from state.library import LibraryDeeds, LibraryDetail, MediaLibrary
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.ui.button import button, icon_button
from wapto_app.ui.empty import empty_state
from wapto_app.ui.files import choose_files, file_size
from wapto_app.ui.form import Check
from wapto_app.ui.i18n import t, tn
from wapto_app.ui.skeleton import skeleton
from wapto_app.ui.table import Column, Selection, Sort, table
from wapto_app.ui.time import relative_time
from wapto_app.ui.tokens import classes

_MAY_WRITE = Shell.permissions.contains(Permission.MEDIA_DO.value)
_GRID = "grid grid-cols-2 gap-3 sm:grid-cols-3 md:grid-cols-4 xl:grid-cols-5 sm:gap-4"


def files() -> rx.Component:
    has_rows = MediaLibrary.rows.length() > 0
    grid = rx.fragment(
        rx.el.ul(rx.foreach(MediaLibrary.rows, _tile), aria_label=t("Files"), class_name=_GRID), _bulk_bar()
    )
    shown = rx.cond(MediaLibrary.view == "list", _table(), grid)
    return rx.fragment(
        rx.cond(MediaLibrary.loaded, rx.cond(has_rows, shown, _empty()), _waiting()),
        rx.cond(MediaLibrary.has_next | MediaLibrary.has_previous, _pages(), rx.fragment()),
    )


def _waiting() -> rx.Component:
    tile = rx.el.div(skeleton("aspect-square w-full rounded-lg"), skeleton("mt-2 h-3.5 w-2/3"))
    return rx.el.div(*[tile] * 10, aria_hidden=True, class_name=_GRID)


def _tile(row: Any) -> rx.Component:
    chosen = MediaLibrary.chosen.contains(row["key"])
    opening = rx.el.button(
        thumbnail(row, class_name="aspect-square w-full rounded-md", icon=36),
        rx.el.span(row["name"], dir="auto", class_name="mt-2 block truncate px-1 text-sm"),
        rx.el.span(
            kind_name(row["kind"]), " · ", file_size(row["size"]), class_name="block px-1 text-xs text-muted"
        ),
        type="button",
        title=row["name"],
        on_click=LibraryDetail.open(row["key"]),
        class_name=classes(
            "block w-full rounded-lg border p-1.5 pb-2 text-start hover:bg-hover",
            rx.cond(chosen, "border-accent bg-accent-soft", "border-line bg-surface"),
        ),
    )
    box = rx.el.label(
        Check.create(
            checked=chosen,
            on_change=lambda _on: MediaLibrary.choose(row["key"]),
            class_name="check block",
            custom_attrs={"aria-label": t("Select {name}", name=row["name"])},
        ),
        class_name=classes(
            "absolute start-2.5 top-2.5 grid size-7 place-items-center pointer-coarse:size-9 rounded-md bg-surface/85 "
            "pointer-coarse:opacity-100 group-hover/tile:opacity-100 focus-within:opacity-100",
            rx.cond(MediaLibrary.chosen.length() > 0, "", "opacity-0"),
        ),
    )
    return rx.el.li(
        opening,
        rx.cond(_MAY_WRITE, box, rx.fragment()),
        key=row["key"],
        data_testid="tile",
        class_name="group/tile relative min-w-0",
    )


def _table() -> rx.Component:
    columns = (
        Column(t("Name"), _name_cell, sort="name"),
        Column(t("Kind"), lambda row: kind_name(row["kind"]), hide=True),
        Column(t("Size"), lambda row: file_size(row["size"]), sort="size", number=True),
        Column(t("Added"), lambda row: relative_time(row["created_at"]), sort="created", hide=True),
        Column(t("By"), lambda row: row["uploader"], hide=True),
    )
    shared: dict[str, Any] = {
        "label": t("Files"),
        "key": "key",
        "on_row_click": lambda row: LibraryDetail.open(row["key"]),
        "row_name": lambda row: row["name"],
        "sort": Sort(by=MediaLibrary.sort, on_sort=MediaLibrary.sort_by),
    }
    selection = Selection(
        ids=MediaLibrary.chosen,
        on_toggle=MediaLibrary.choose,
        on_toggle_all=MediaLibrary.choose_all,
        actions=_bulk_actions(),
    )
    return rx.cond(
        _MAY_WRITE,
        table(MediaLibrary.rows, *columns, selection=selection, **shared),
        table(MediaLibrary.rows, *columns, **shared),
    )


def _name_cell(row: Any) -> rx.Component:
    return rx.el.span(
        thumbnail(row, class_name="size-9 rounded", icon=18),
        rx.el.span(row["name"], dir="auto", class_name="max-w-64 truncate sm:max-w-80"),
        class_name="flex items-center gap-3",
    )


def _bulk_bar() -> rx.Component:
    bar = rx.el.div(
        rx.el.span(
            tn("{n} selected", "{n} selected", MediaLibrary.chosen.length()),
            role="status",
            class_name="me-auto text-sm font-medium",
        ),
        button(t("Select page"), size="sm", variant="ghost", on_click=MediaLibrary.choose_all(True)),
        *_bulk_actions(),
        icon_button("x", t("Clear the selection"), on_click=MediaLibrary.choose_all(False)),
        class_name="sticky bottom-4 z-10 flex flex-wrap items-center gap-2 rounded-lg border bg-accent-soft px-4 py-2 "
        "shadow-dialog",
    )
    return rx.cond(MediaLibrary.chosen.length() > 0, bar, rx.fragment())


def _bulk_actions() -> list[rx.Component]:
    return [
        button(t("Move"), size="sm", icon="folder-input", on_click=LibraryDeeds.ask("move", "")),
        button(t("Add words"), size="sm", icon="tag", on_click=LibraryDeeds.ask("words", "")),
        button(t("Delete"), size="sm", icon="trash-2", on_click=LibraryDeeds.ask("delete", "")),
    ]


def _empty() -> rx.Component:
    looked_for = (MediaLibrary.text != "") | (MediaLibrary.kind != "") | (MediaLibrary.word != "")
    nothing_fits = empty_state(
        "search-x",
        t("No file fits"),
        t("Try another word, or look at all kinds."),
        button(t("Clear the filters"), on_click=MediaLibrary.clear),
    )
    upload = rx.cond(
        _MAY_WRITE,
        button(t("Upload"), icon="upload", on_click=choose_files("library")),
        rx.fragment(),
    )
    nothing_here = empty_state(
        "folder-open", t("Nothing in here"), t("Drop files here, or move some from another folder."), upload
    )
    nothing_yet = empty_state(
        "images",
        t("No files yet"),
        t("Price lists, floor plans, logos: what is kept here is sent with two clicks. Drop files here."),
        upload,
    )
    empty = rx.cond(looked_for, nothing_fits, rx.cond(MediaLibrary.folder_id >= 0, nothing_here, nothing_yet))
    return rx.el.div(empty, class_name="rounded-lg border border-dashed")


def _pages() -> rx.Component:
    return rx.el.nav(
        button(
            t("Previous"), size="sm", disabled=~MediaLibrary.has_previous, on_click=MediaLibrary.previous_page
        ),
        button(t("Next"), size="sm", disabled=~MediaLibrary.has_next, on_click=MediaLibrary.next_page),
        aria_label=t("Pages"),
        class_name="flex justify-end gap-2",
    )
