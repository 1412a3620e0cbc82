"""Questions and forms about files and folders."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.library_parts import folder_options
from state.base import Feedback
from state.library import LibraryDeeds, MediaLibrary
from wapto_app.ui.button import button
from wapto_app.ui.dialog import confirm_dialog, dialog
from wapto_app.ui.form import field, form, form_actions, submit_button, text_field
from wapto_app.ui.i18n import Text, t, tn


def dialogs() -> rx.Component:
    return rx.fragment(_move(), _words(), _delete(), _folder(), _relocate(), _remove())


def _is(what: str) -> rx.Var[bool]:
    return LibraryDeeds.what == what


def _cancel() -> rx.Component:
    return button(t("Cancel"), on_click=LibraryDeeds.close)


def _asks(what: str, title: Text, *fields: rx.Component, save: Text, on_submit: Any) -> rx.Component:
    body = form(
        *fields,
        form_actions(_cancel(), submit_button(save)),
        on_submit=[Feedback.clear, on_submit],
        reset_on_submit=False,
    )
    return dialog(body, title=title, open=_is(what), on_close=LibraryDeeds.close, width="sm")


def _place_field(label: Text) -> rx.Component:
    control = rx.el.select(
        rx.el.option(t("No folder"), value="0"),
        folder_options(MediaLibrary.folders),
        id="folder",
        name="folder",
        class_name="control",
    )
    return field("folder", label, control, errors=Feedback.errors)


def _files_title(one: Text, many: rx.Var[str]) -> rx.Var[str]:
    return rx.cond(LibraryDeeds.name != "", one, many).to(str)


def _move() -> rx.Component:
    deeds = LibraryDeeds
    title = _files_title(
        t("Move “{name}”", name=deeds.name), tn("Move {n} file", "Move {n} files", deeds.count)
    )
    return _asks("move", title, _place_field(t("Folder")), save=t("Move"), on_submit=deeds.move)


def _words() -> rx.Component:
    deeds = LibraryDeeds
    words = text_field(
        "words",
        t("Words"),
        help=t("Separate them with commas. They are added to those that the files have."),
        max_length=400,
        auto_complete="off",
        errors=Feedback.errors,
    )
    title = tn("Add words to {n} file", "Add words to {n} files", deeds.count)
    return _asks("words", title, words, save=t("Add words"), on_submit=deeds.add_words)


def _delete() -> rx.Component:
    deeds = LibraryDeeds
    usage = deeds.usage
    replies = usage["quick_replies"].to(list[str]).length() + usage["others_replies"].to(int)
    sent = rx.cond(
        usage["messages"] > 0,
        tn(
            "Sent in {n} message, which keeps what it has.",
            "Sent in {n} messages, which keep what they have.",
            usage["messages"],
        ),
        tn("It was never sent.", "They were never sent.", deeds.count),
    )
    lost = rx.cond(
        replies > 0,
        " " + tn("{n} quick reply loses its file.", "{n} quick replies lose their file.", replies).to(str),
        "",
    )
    campaigns = usage["campaigns"].to(list[str])
    shown = rx.cond(
        campaigns.length() > 0,
        " " + t("Campaigns that show it: {names}.", names=campaigns.join(", ")).to(str),
        "",
    )
    needed = rx.cond(
        usage["needed"],
        " " + t("A campaign still sends it, so it cannot be deleted now.").to(str),
        "",
    )
    title = _files_title(
        t("Delete “{name}”?", name=deeds.name), tn("Delete {n} file?", "Delete {n} files?", deeds.count)
    )
    return confirm_dialog(
        title=title,
        text=sent.to(str) + lost.to(str) + shown.to(str) + needed.to(str),
        confirm=rx.cond(deeds.count == 1, t("Delete file"), t("Delete files")),
        on_confirm=deeds.delete,
        open=_is("delete"),
        on_close=deeds.close,
    )


def _folder() -> rx.Component:
    deeds = LibraryDeeds
    is_new = _is("folder")
    name = text_field(
        "name",
        t("Name"),
        default_value=deeds.name,
        max_length=80,
        errors=Feedback.errors,
        auto_complete="off",
    )
    body = form(
        name,
        form_actions(_cancel(), submit_button(rx.cond(is_new, t("Create folder"), t("Rename")))),
        on_submit=[Feedback.clear, deeds.save_folder],
        reset_on_submit=False,
    )
    return dialog(
        body,
        title=rx.cond(is_new, t("New folder"), t("Rename “{name}”", name=deeds.name)),
        open=is_new | _is("rename"),
        on_close=deeds.close,
        width="sm",
    )


def _relocate() -> rx.Component:
    deeds = LibraryDeeds
    title = t("Move “{name}”", name=deeds.name)
    return _asks("relocate", title, _place_field(t("Into")), save=t("Move"), on_submit=deeds.move_folder)


def _remove() -> rx.Component:
    deeds = LibraryDeeds
    files = tn("{n} file is deleted with it", "{n} files are deleted with it", deeds.count)
    inner = rx.cond(
        deeds.inner > 0,
        tn(", and {n} folder inside.", ", and {n} folders inside.", deeds.inner),
        ".",
    )
    full = files.to(str) + inner.to(str) + " " + t("Messages keep what was sent.").to(str)
    return confirm_dialog(
        title=t("Delete the folder “{name}”?", name=deeds.name),
        text=rx.cond((deeds.count > 0) | (deeds.inner > 0), full, t("It is empty.")),
        confirm=t("Delete folder"),
        on_confirm=deeds.delete_folder,
        open=_is("remove"),
        on_close=deeds.close,
    )
