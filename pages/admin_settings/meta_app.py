"""The Meta app that numbers are connected through with Embedded Signup."""

from __future__ import annotations

import reflex as rx

from pages.admin_settings.frame import settings_page
from pages.admin_settings.secret_field import secret_field
from state.admin_settings.meta_app import MetaAppSettings
from wapto_app.ui.auth_form import answers, auth_form
from wapto_app.ui.button import button
from wapto_app.ui.card import section
from wapto_app.ui.dialog import confirm_dialog
from wapto_app.ui.form import text_field
from wapto_app.ui.i18n import Text, t
from wapto_app.ui.link import outside_link
from wapto_app.ui.skeleton import skeleton_lines

_ID = "meta-app-form"
_APP = MetaAppSettings.app


def meta_app() -> rx.Component:
    remove = button(t("Remove"), variant="ghost", on_click=MetaAppSettings.ask_to_remove(True))
    form = auth_form(
        rx.el.div(
            _id_field("app_id", t("App ID"), t("At the top of the app's page at Meta.")),
            _id_field(
                "config_id", t("Configuration ID"), t("Of Facebook Login for Business, in the same app.")
            ),
            class_name="grid gap-5 sm:grid-cols-2",
        ),
        secret_field(
            _ID,
            "app_secret",
            t("App secret"),
            _APP["app_secret"],
            t("In the app under Settings → Basic. 32 digits and letters."),
        ),
        id=_ID,
        action="/admin/save/meta-app",
        submit=t("Save"),
        whole_page=False,
        primary=True,
        on_done=MetaAppSettings.saved,
    )
    return settings_page(
        t("Meta app"),
        section(
            t("Meta app"),
            rx.cond(MetaAppSettings.loaded, form, skeleton_lines(4)),
            rx.el.p(
                outside_link(t("Your apps at Meta"), "https://developers.facebook.com/apps"),
                class_name="mt-4 text-sm",
            ),
            confirm_dialog(
                title=t("Remove the Meta app?"),
                text=t("Numbers that are connected stay connected."),
                confirm=t("Remove app"),
                on_confirm=MetaAppSettings.remove,
                open=MetaAppSettings.removing,
                on_close=MetaAppSettings.ask_to_remove(False),
            ),
            description=t(
                "For connecting numbers in Meta's own window, which a later version brings. By hand it works without."
            ),
            action=rx.cond(_APP["app_id"] != "", remove, rx.fragment()),
        ),
    )


def _id_field(name: str, label: Text, help: Text) -> rx.Component:
    return text_field(
        name,
        label,
        default_value=_APP[name],
        input_mode="numeric",
        auto_complete="off",
        class_name="font-mono",
        help=help,
        errors=answers(_ID).errors,
    )
