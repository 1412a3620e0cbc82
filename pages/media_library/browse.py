"""Folders at the side, and what narrows the list down."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.library_parts import KINDS, SORTS, folder_options
from state.library import LibraryDeeds, MediaLibrary
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.ui.button import icon_button
from wapto_app.ui.form import search_input, select
from wapto_app.ui.i18n import Text, t
from wapto_app.ui.menu import menu, menu_item, menu_separator
from wapto_app.ui.tokens import classes

_MAY_WRITE = Shell.permissions.contains(Permission.MEDIA_DO.value)
_ROW = "flex min-h-9 w-full items-center gap-2 rounded-md px-2 text-start text-sm hover:bg-hover"


def folder_list() -> rx.Component:
    new = icon_button(
        "folder-plus", t("New folder"), on_click=LibraryDeeds.ask_folder("folder", _new_in(), "")
    )
    return rx.el.nav(
        rx.el.div(
            rx.el.h2(t("Folders"), class_name="flex-1 ps-2 text-xs font-medium text-muted"),
            rx.cond(_MAY_WRITE, new, rx.fragment()),
            class_name="flex h-8 items-center",
        ),
        _place(-1, t("All files"), "library"),
        _place(0, t("In no folder"), "file"),
        rx.foreach(MediaLibrary.folders, _folder),
        aria_label=t("Folders"),
        class_name="flex flex-col gap-0.5",
    )


def _new_in() -> rx.Var[int]:
    """A new folder lies in the one that is looked at."""
    return rx.cond(MediaLibrary.folder_id > 0, MediaLibrary.folder_id, 0).to(int)


def _place(folder_id: int, label: Text, icon: str) -> rx.Component:
    is_here = MediaLibrary.folder_id == folder_id
    return rx.el.button(
        rx.icon(icon, size=16, class_name="flex-none text-muted", aria_hidden=True),
        rx.el.span(label, class_name="truncate"),
        type="button",
        on_click=MediaLibrary.look_in(folder_id),
        aria_current=rx.cond(is_here, "true", "false"),
        class_name=classes(_ROW, rx.cond(is_here, "bg-hover font-medium", "")),
    )


def _folder(row: Any) -> rx.Component:
    is_here = MediaLibrary.folder_id == row["id"]
    depth = row["depth"].to(int)
    indent: rx.Var[str] = rx.Var(f"`${{{depth!s} * 14 + 8}}px`", _var_data=depth._get_all_var_data()).to(str)
    look = rx.el.button(
        rx.icon("folder", size=16, class_name="flex-none text-muted", aria_hidden=True),
        rx.el.span(row["name"], dir="auto", class_name="min-w-0 flex-1 truncate"),
        rx.el.span(
            rx.cond(row["files"].to(int) > 0, row["files"].to_string(), ""),
            class_name=classes(
                "text-xs text-muted tabular-nums", rx.cond(_MAY_WRITE, "group-hover/folder:invisible", "")
            ),
        ),
        type="button",
        on_click=MediaLibrary.look_in(row["id"]),
        aria_current=rx.cond(is_here, "true", "false"),
        style={"paddingInlineStart": indent},
        class_name=classes(_ROW, rx.cond(is_here, "bg-hover font-medium", "")),
    )
    actions = rx.el.div(
        _folder_menu(row),
        class_name="absolute end-1 top-0.5 opacity-0 group-hover/folder:opacity-100 focus-within:opacity-100",
    )
    return rx.el.div(
        look,
        rx.cond(_MAY_WRITE, actions, rx.fragment()),
        key=row["id"].to_string(),
        class_name="group/folder relative",
    )


def _folder_menu(row: Any) -> rx.Component:
    ask = LibraryDeeds.ask_folder
    return menu(
        icon_button("ellipsis", t("Actions for {name}", name=row["name"])),
        menu_item(t("New folder inside"), icon="folder-plus", on_click=ask("folder", row["id"], "")),
        menu_item(t("Rename"), icon="pencil", on_click=ask("rename", row["id"], row["name"])),
        menu_item(t("Move"), icon="folder-input", on_click=ask("relocate", row["id"], row["name"])),
        menu_separator(),
        menu_item(t("Delete"), icon="trash-2", danger=True, on_click=ask("remove", row["id"], row["name"])),
        label=t("Actions for {name}", name=row["name"]),
    )


def folder_select() -> rx.Component:
    """The folders on a phone."""
    ask = LibraryDeeds.ask_folder
    here = MediaLibrary.folder_id
    opened = rx.foreach(
        MediaLibrary.folders, lambda row: rx.cond(row["id"] == here, _folder_menu(row), rx.fragment())
    )
    new = icon_button("folder-plus", t("New folder"), on_click=ask("folder", _new_in(), ""))
    return rx.el.div(
        rx.el.select(
            rx.el.option(t("All files"), value="-1"),
            rx.el.option(t("In no folder"), value="0"),
            folder_options(MediaLibrary.folders),
            value=here.to_string(),
            on_change=lambda value: MediaLibrary.look_in(value.to(int)),
            aria_label=t("Folder"),
            class_name="control min-w-0 flex-1",
        ),
        rx.cond(_MAY_WRITE, rx.fragment(opened, new), rx.fragment()),
        _views(),
        class_name="flex items-center gap-1 lg:hidden",
    )


def toolbar() -> rx.Component:
    return rx.el.div(
        search_input(
            "library-search",
            t("Search names and words"),
            value=MediaLibrary.text,
            on_change=MediaLibrary.search,
            class_name="min-w-0 flex-1 basis-52",
        ),
        _choice("library-kind", t("Kind"), t("All kinds"), KINDS, MediaLibrary.kind, MediaLibrary.show_kind),
        rx.cond(MediaLibrary.words.length() > 0, _words(), rx.fragment()),
        _choice("library-sort", t("Order"), "", SORTS, MediaLibrary.sort, MediaLibrary.sort_by),
        rx.el.div(_views(), class_name="contents max-lg:hidden"),
        class_name="flex flex-wrap items-center gap-2",
    )


def _choice(
    name: str, label: Text, nothing: Text, options: Any, value: rx.Var[str], on_change: Any
) -> rx.Component:
    given = [("", nothing), *options] if not isinstance(nothing, str) else options
    return select(
        name,
        given,
        value=value,
        on_change=on_change,
        aria_label=label,
        class_name="w-40 max-sm:w-auto max-sm:flex-1",
    )


def _words() -> rx.Component:
    return rx.el.select(
        rx.el.option(t("All words"), value=""),
        rx.foreach(MediaLibrary.words, lambda word: rx.el.option(word, value=word)),
        value=MediaLibrary.word,
        on_change=MediaLibrary.show_word,
        aria_label=t("Word"),
        class_name="control w-40 max-sm:w-auto max-sm:flex-1",
    )


def _views() -> rx.Component:
    def press(view: str, icon: str, label: Text) -> rx.Component:
        is_on = MediaLibrary.view == view
        return icon_button(
            icon,
            label,
            on_click=MediaLibrary.show_as(view),
            aria_pressed=rx.cond(is_on, "true", "false"),
            class_name=rx.cond(is_on, "bg-surface text-ink shadow-card", ""),
        )

    return rx.el.div(
        press("grid", "layout-grid", t("As tiles")),
        press("list", "list", t("As a list")),
        role="group",
        aria_label=t("View"),
        class_name="flex flex-none rounded-lg bg-line/60 p-0.5",
    )
