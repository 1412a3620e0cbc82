"""One file: looked at, described, and what can be done with it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.library_parts import address, kind_icon, kind_name
from state.base import Feedback
from state.library import LibraryDeeds, LibraryDetail
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.ui.button import button
from wapto_app.ui.card import details
from wapto_app.ui.dialog import dialog, drawer
from wapto_app.ui.files import file_size, library_compare
from wapto_app.ui.form import form, submit_button, text_field, text_input
from wapto_app.ui.i18n import t, tn
from wapto_app.ui.link import file_link, link
from wapto_app.ui.time import exact_time

_MAY_WRITE = Shell.permissions.contains(Permission.MEDIA_DO.value)
_PRESS = (
    "inline-flex h-9 items-center gap-2 rounded-md border border-line bg-surface px-3.5 text-sm font-medium "
    "shadow-card hover:bg-hover"
)


def detail() -> rx.Component:
    file = LibraryDetail.file
    return rx.fragment(
        drawer(
            rx.el.div(
                _preview(file),
                _actions(file),
                _facts(file),
                _words(file),
                _usage(),
                rx.cond(_MAY_WRITE, _rename(file), rx.fragment()),
                class_name="flex flex-col gap-6",
            ),
            title=file["name"],
            open=(file["key"] != "") & (LibraryDetail.trying == ""),
            on_close=LibraryDetail.close,
            width="md",
        ),
        dialog(
            library_compare(
                file_key=file["key"],
                size=file["size"],
                what=LibraryDetail.trying,
                on_keep=LibraryDetail.keep,
                on_cancel=LibraryDetail.attempt(""),
            ),
            title=rx.cond(
                LibraryDetail.trying == "sticker",
                t("Make a sticker of “{name}”", name=file["name"]),
                t("Make “{name}” smaller", name=file["name"]),
            ),
            open=LibraryDetail.trying != "",
            on_close=LibraryDetail.attempt(""),
            width="lg",
        ),
    )


def _preview(file: Any) -> rx.Component:
    look = "max-h-80 max-w-full object-contain"
    pdf = file_link(
        rx.icon("external-link", size=16, aria_hidden=True),
        t("Open in a new tab"),
        href=address(file) + "&view=1",
        beside=True,
        class_name=_PRESS,
    )
    sign = rx.el.div(
        rx.el.span(kind_icon(file["kind"], 48), class_name="text-muted"),
        rx.cond(file["mime_type"] == "application/pdf", pdf, rx.fragment()),
        class_name="flex flex-col items-center gap-4 py-12",
    )
    picture = rx.el.img(src=address(file), alt=file["name"], class_name=look)
    shown = rx.match(
        file["kind"],
        ("image", picture),
        ("sticker", picture),
        ("video", rx.el.video(src=address(file), controls=True, preload="metadata", class_name=look)),
        (
            "audio",
            rx.el.audio(
                src=address(file), controls=True, preload="metadata", class_name="m-6 w-full max-w-sm"
            ),
        ),
        sign,
    )
    return rx.el.div(
        shown,
        data_testid="preview",
        class_name="grid place-items-center overflow-hidden rounded-lg bg-sunken",
    )


def _actions(file: Any) -> rx.Component:
    is_picture = (file["kind"] == "image") | (file["kind"] == "sticker")
    ask, attempt = LibraryDeeds.ask, LibraryDetail.attempt
    download = file_link(
        rx.icon("download", size=16, aria_hidden=True),
        t("Download"),
        href=address(file) + "&download=1",
        class_name=_PRESS,
    )
    picture = rx.fragment(
        button(t("Make smaller"), icon="minimize-2", on_click=attempt("smaller")),
        rx.cond(
            file["kind"] == "image",
            button(t("Make a sticker"), icon="sticker", on_click=attempt("sticker")),
            rx.fragment(),
        ),
    )
    writing = rx.fragment(
        button(t("Move"), icon="folder-input", on_click=ask("move", file["key"])),
        rx.cond(is_picture, picture, rx.fragment()),
        button(t("Delete"), icon="trash-2", on_click=ask("delete", file["key"])),
    )
    return rx.el.div(download, rx.cond(_MAY_WRITE, writing, rx.fragment()), class_name="flex flex-wrap gap-2")


def _facts(file: Any) -> rx.Component:
    was_larger = file["original_size"].to(int) > file["size"].to(int)
    size = rx.el.span(
        file_size(file["size"]),
        rx.cond(
            was_larger,
            rx.el.span(
                " (", t("before"), " ", file_size(file["original_size"]), ")", class_name="text-muted"
            ),
            rx.fragment(),
        ),
    )
    pixels = rx.cond(
        file["width"].to(int) > 0,
        file["width"].to_string() + " × " + file["height"].to_string(),
        "–",
    )
    return details(
        (t("Kind"), rx.el.span(kind_name(file["kind"]))),
        (t("Size"), size),
        (t("Pixels"), rx.el.span(pixels, class_name="tabular-nums")),
        (t("Added"), exact_time(file["created_at"])),
        (t("By"), rx.el.span(rx.cond(file["uploader"] != "", file["uploader"], "–"), dir="auto")),
        class_name="border-y",
    )


def _words(file: Any) -> rx.Component:
    words = file["words"].to(list[str])

    def chip(word: rx.Var[str]) -> rx.Component:
        remove = rx.el.button(
            rx.icon("x", size=13, aria_hidden=True),
            type="button",
            aria_label=t("Remove {name}", name=word),
            on_click=LibraryDetail.remove_word(word),
            class_name="grid size-5 place-items-center rounded-full hover:bg-surface hover:text-ink",
        )
        return rx.el.li(
            rx.el.span(word, dir="auto", class_name="max-w-40 truncate"),
            rx.cond(_MAY_WRITE, remove, rx.fragment()),
            key=word,
            class_name="flex h-7 items-center gap-1 rounded-full bg-line ps-2.5 pe-1.5 text-xs text-muted",
        )

    adding = form(
        rx.el.div(
            text_input(
                "words",
                aria_label=t("Words"),
                placeholder=t("price list, flat"),
                max_length=400,
                auto_complete="off",
                required=True,
            ),
            submit_button(t("Add"), variant="secondary"),
            class_name="flex gap-2",
        ),
        on_submit=LibraryDetail.add_words,
        reset_on_submit=True,
    )
    return rx.el.section(
        rx.el.h3(t("Words"), class_name="text-sm font-medium"),
        rx.cond(
            words.length() > 0,
            rx.el.ul(rx.foreach(words, chip), class_name="flex flex-wrap gap-1.5"),
            rx.el.p(t("None yet. A file is found by its words as well."), class_name="text-sm text-muted"),
        ),
        rx.cond(_MAY_WRITE, adding, rx.fragment()),
        class_name="flex flex-col gap-2.5",
    )


def _usage() -> rx.Component:
    usage = LibraryDetail.usage
    replies = usage["quick_replies"].to(list[str])
    campaigns = usage["campaigns"].to(list[str])
    unused = (
        (usage["messages"] == 0)
        & (replies.length() == 0)
        & (usage["others_replies"] == 0)
        & (campaigns.length() == 0)
    )

    def conversation(row: Any) -> rx.Component:
        return rx.el.li(
            link(row["name"], "/inbox/" + row["id"].to(int).to_string(), dir="auto"),
            key=row["id"].to_string(),
        )

    used = rx.el.ul(
        rx.cond(
            usage["messages"] > 0,
            rx.el.li(tn("Sent in {n} message", "Sent in {n} messages", usage["messages"])),
            rx.fragment(),
        ),
        rx.foreach(usage["conversations"].to(list[dict[str, Any]]), conversation),
        rx.foreach(replies, lambda name: rx.el.li(t("Quick reply /{name}", name=name), key=name)),
        rx.foreach(campaigns, lambda name: rx.el.li(t("Campaign “{name}”", name=name), key=name)),
        rx.cond(
            usage["others_replies"] > 0,
            rx.el.li(
                tn(
                    "{n} quick reply of a colleague",
                    "{n} quick replies of colleagues",
                    usage["others_replies"],
                )
            ),
            rx.fragment(),
        ),
        class_name="flex flex-col gap-1 text-sm text-muted",
    )
    return rx.el.section(
        rx.el.h3(t("Where it is used"), class_name="text-sm font-medium"),
        rx.cond(unused, rx.el.p(t("Nowhere yet."), class_name="text-sm text-muted"), used),
        class_name="flex flex-col gap-2",
    )


def _rename(file: Any) -> rx.Component:
    return form(
        text_field("name", t("Name"), default_value=file["name"], max_length=200, errors=Feedback.errors),
        rx.el.div(submit_button(t("Rename"), variant="secondary"), class_name="flex justify-end"),
        on_submit=[Feedback.clear, LibraryDetail.rename],
        reset_on_submit=False,
        key=file["key"].to(str) + file["name"].to(str),
        class_name="gap-3 border-t pt-5",
    )
