"""The part of the profile that tells how it stands with the second factor, and changes it."""

from __future__ import annotations

import reflex as rx

from pages.two_factor import recovery_codes
from state.two_factor import TwoFactor
from wapto_app.ui.auth_form import answers, auth_form, forget_answers
from wapto_app.ui.badge import badge
from wapto_app.ui.button import button, button_link
from wapto_app.ui.card import section
from wapto_app.ui.dialog import close_dialog, dialog, open_dialog
from wapto_app.ui.form import form_actions, password_field
from wapto_app.ui.i18n import t, tn
from wapto_app.ui.skeleton import skeleton_lines
from wapto_app.ui.time import exact_time

_CODES, _OFF = "two-factor-codes", "two-factor-off"
_CODES_DIALOG, _OFF_DIALOG = "new-codes", "switch-off"


def two_factor_section() -> rx.Component:
    return section(
        t("Two-factor login"),
        rx.cond(TwoFactor.loaded, rx.cond(TwoFactor.on, _on(), _off()), skeleton_lines(2)),
        _codes_dialog(),
        _off_dialog(),
        description=t("A code from your phone, asked for after your password."),
    )


def _off() -> rx.Component:
    return form_actions(button_link(t("Set up"), "/profile/two-factor", icon="shield-check"))


def _on() -> rx.Component:
    left = TwoFactor.codes_left
    few = rx.cond(left < 3, "text-warning-ink", "text-muted")
    state = rx.el.div(
        badge(t("On"), tone="accent", icon="shield-check"),
        rx.el.span(t("since"), " ", exact_time(TwoFactor.since), class_name="text-sm text-muted"),
        rx.el.span("·", aria_hidden=True, class_name="text-muted"),
        rx.el.span(
            tn("{n} recovery code left", "{n} recovery codes left", left), class_name=f"text-sm {few}"
        ),
        class_name="flex flex-wrap items-center gap-2",
    )
    asked = rx.el.p(t("Your workspace asks for it."), class_name="mt-2 text-sm text-muted")
    switch_off = rx.cond(
        TwoFactor.required, rx.fragment(), button(t("Switch off"), on_click=open_dialog(_OFF_DIALOG))
    )
    return rx.el.div(
        rx.el.div(state, rx.cond(TwoFactor.required, asked, rx.fragment())),
        form_actions(switch_off, button(t("New recovery codes"), on_click=open_dialog(_CODES_DIALOG))),
        class_name="flex flex-col gap-4",
    )


def _codes_dialog() -> rx.Component:
    shown = rx.el.div(
        recovery_codes(answers(_CODES).data["codes"].to(list[str])),
        form_actions(button(t("Done"), variant="primary", on_click=close_dialog(_CODES_DIALOG))),
        class_name="flex flex-col gap-4",
    )
    return dialog(
        rx.cond(answers(_CODES).done, shown, _password_form(_CODES, "codes", t("Make new codes"))),
        forget_answers(_CODES),
        id=_CODES_DIALOG,
        title=t("New recovery codes"),
        description=t("The earlier ones stop working."),
    )


def _off_dialog() -> rx.Component:
    done = [TwoFactor.switched_off, close_dialog(_OFF_DIALOG)]
    return dialog(
        _password_form(_OFF, "off", t("Switch off"), on_done=done),
        id=_OFF_DIALOG,
        title=t("Switch two-factor login off?"),
        description=t("Whoever learns your password can sign in as you then."),
    )


def _password_form(id: str, deed: str, submit: rx.Var[str], on_done: object = None) -> rx.Component:
    return auth_form(
        password_field(
            "password",
            t("Your password"),
            auto_complete="current-password",
            id=f"{id}-password",
            errors=answers(id).errors,
        ),
        id=id,
        action=f"/auth/two-factor/{deed}",
        submit=submit,
        on_done=on_done,
        whole_page=False,
    )
