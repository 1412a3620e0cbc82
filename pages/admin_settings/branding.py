"""Name, logo and colour of the install."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.admin_settings.frame import settings_page
from state.admin_settings.branding import BrandingSettings
from wapto_app.services.branding import ACCENTS, NAME_LENGTH
from wapto_app.ui.auth_form import answers, auth_form
from wapto_app.ui.card import section
from wapto_app.ui.file_form import file_form
from wapto_app.ui.form import field, text_field, text_input
from wapto_app.ui.i18n import t
from wapto_app.ui.skeleton import skeleton_lines

_ID = "branding-form"
_NAMES: dict[str, rx.Var[str]] = {
    "Green": t("Green"),
    "Teal": t("Teal"),
    "Blue": t("Blue"),
    "Indigo": t("Indigo"),
    "Purple": t("Purple"),
    "Pink": t("Pink"),
    "Red": t("Red"),
    "Orange": t("Orange"),
    "Slate": t("Slate"),
}


def branding() -> rx.Component:
    return settings_page(t("Branding"), _name_and_colour(), _logo())


def _name_and_colour() -> rx.Component:
    form = auth_form(
        text_field(
            "name",
            t("Name"),
            default_value=BrandingSettings.name,
            max_length=NAME_LENGTH,
            auto_complete="off",
            errors=answers(_ID).errors,
        ),
        _accent(),
        id=_ID,
        action="/admin/save/branding",
        submit=t("Save"),
        whole_page=False,
        primary=True,
    )
    return section(
        t("Name and colour"),
        rx.cond(BrandingSettings.loaded, form, skeleton_lines(4)),
        description=t("Shown in the sidebar, on the sign-in page, in the browser's title and in mails."),
    )


def _accent() -> rx.Component:
    shown = rx.el.div(
        *[_swatch(colour, _NAMES[name]) for colour, name in ACCENTS],
        role="group",
        aria_label=t("Colours"),
        class_name="flex flex-wrap gap-2",
    )
    typed = rx.el.div(
        rx.el.span(
            aria_hidden=True,
            style={"background": BrandingSettings.accent},
            class_name="size-9 flex-none rounded-md border border-line",
        ),
        text_input(
            "accent",
            value=BrandingSettings.accent,
            on_change=BrandingSettings.choose,
            auto_complete="off",
            max_length=7,
            class_name="max-w-32 font-mono",
        ),
        class_name="flex items-center gap-2",
    )
    return field(
        "accent",
        t("Accent colour"),
        rx.el.div(shown, typed, class_name="flex flex-col gap-3"),
        help=t("Buttons, links and marks. White text must be easy to read on it; this is checked."),
        errors=answers(_ID).errors,
    )


def _swatch(colour: str, name: Any) -> rx.Component:
    tick = rx.icon("check", size=16, aria_hidden=True, class_name="text-white")
    is_chosen = BrandingSettings.accent == colour
    return rx.el.button(
        rx.cond(is_chosen, tick, rx.fragment()),
        type="button",
        aria_label=name,
        data_tip=name,
        on_click=BrandingSettings.choose(colour),
        style={"background": colour},
        custom_attrs={"aria-pressed": is_chosen},
        class_name="grid size-9 place-items-center rounded-full outline-offset-2",
    )


def _logo() -> rx.Component:
    shown = rx.el.div(
        rx.el.img(
            src=BrandingSettings.logo,
            alt=t("The logo of now"),
            class_name="h-14 w-auto max-w-48 object-contain",
        ),
        class_name="grid h-24 w-56 flex-none place-items-center rounded-md border border-line bg-canvas",
    )
    choose = file_form(
        action="/admin/save/logo",
        accept="image/png,image/jpeg,image/webp,image/gif",
        choose=t("Choose a picture"),
        remove=t("Remove the logo"),
        has_file=BrandingSettings.has_logo,
    )
    return section(
        t("Logo"),
        rx.cond(
            BrandingSettings.loaded,
            rx.el.div(shown, choose, class_name="flex flex-wrap items-center gap-5"),
            skeleton_lines(3),
        ),
        description=t("PNG, JPEG, WebP or GIF, at most 2 MB. A square or a wide one, best without a ground."),
    )
