"""How a file of the library looks, wherever it is listed."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.i18n import Text, t
from wapto_app.ui.tokens import Classes, classes

KINDS: tuple[tuple[str, Text], ...] = (
    ("image", t("Pictures")),
    ("video", t("Videos")),
    ("audio", t("Sound")),
    ("document", t("Documents")),
    ("sticker", t("Stickers")),
)
SORTS: tuple[tuple[str, Text], ...] = (
    ("-created", t("Newest first")),
    ("created", t("Oldest first")),
    ("name", t("Name, A to Z")),
    ("-name", t("Name, Z to A")),
    ("-size", t("Largest first")),
    ("size", t("Smallest first")),
)
_ICONS = (("image", "image"), ("video", "film"), ("audio", "music"), ("sticker", "sticker"))


def address(row: Any, what: str = "") -> rx.Var[str]:
    """Where the file is served; its size is part of it, so that a smaller one is fetched anew."""
    return "/library/" + row["key"].to(str) + what + "?v=" + row["size"].to(int).to_string()


def kind_icon(kind: rx.Var[str], size: int = 20) -> rx.Component:
    return rx.match(
        kind,
        *[(name, rx.icon(icon, size=size, aria_hidden=True)) for name, icon in _ICONS],
        rx.icon("file-text", size=size, aria_hidden=True),
    )


def kind_name(kind: rx.Var[str]) -> rx.Component:
    return rx.match(
        kind,
        ("image", t("Picture")),
        ("video", t("Video")),
        ("audio", t("Sound")),
        ("sticker", t("Sticker")),
        t("Document"),
    )


def thumbnail(row: Any, *, class_name: Classes = "", icon: int = 20) -> rx.Component:
    """The preview, or a sign of its kind; fills the box that it is put into."""
    picture = rx.el.img(
        src=address(row, "/thumbnail"),
        alt="",
        loading="lazy",
        class_name=rx.cond(
            row["kind"] == "sticker", "size-full object-contain p-1", "size-full object-cover"
        ),
    )
    sign = rx.el.span(kind_icon(row["kind"], icon), class_name="grid size-full place-items-center text-muted")
    return rx.el.span(
        rx.cond(row["has_thumbnail"], picture, sign),
        class_name=classes("block flex-none overflow-hidden bg-sunken", class_name),
    )


def folder_options(folders: rx.Var[Any]) -> rx.Component:
    """All folders as options of a list, set in by how deep they lie."""
    indent = "   "

    def option(folder: Any) -> rx.Component:
        depth = folder["depth"].to(int)
        before = rx.Var(f"{indent!r}.repeat({depth!s})", _var_data=depth._get_all_var_data()).to(str)
        return rx.el.option(before + folder["name"].to(str), value=folder["id"].to_string())

    return rx.foreach(folders, option)
