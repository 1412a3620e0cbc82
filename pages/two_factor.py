"""Setting up two-factor login: the password, the picture, the first code, the recovery codes."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.alone import alone
from pages.login_code import CODE_LOOK
from state.shell import Shell
from state.two_factor import TwoFactor
from wapto_app.ui.auth_form import answers, auth_form, forget_answers
from wapto_app.ui.banner import banner
from wapto_app.ui.button import button_link
from wapto_app.ui.copy import CopyButton, copy_button
from wapto_app.ui.form import password_field, text_field
from wapto_app.ui.i18n import t
from wapto_app.ui.skeleton import skeleton_lines

_START, _CONFIRM = "two-factor-start", "two-factor-confirm"
_LINK = (
    "inline-flex h-9 w-full items-center justify-center rounded-md bg-accent px-3.5 text-sm font-medium "
    "text-on-accent hover:bg-accent-hover"
)


def two_factor() -> rx.Component:
    begin = rx.cond(answers(_START).done, _confirm(), _start())
    ready = Shell.loaded & TwoFactor.loaded
    return alone(
        t("Two-factor login"),
        # First of all the codes: they are shown once, whatever else is known by then.
        rx.cond(
            answers(_CONFIRM).done,
            _codes(),
            rx.cond(ready, rx.cond(TwoFactor.on, _already_on(), begin), skeleton_lines(5)),
        ),
        forget_answers(_START, _CONFIRM),
    )


def _already_on() -> rx.Component:
    return rx.el.div(
        banner(t("Two-factor login is on."), tone="accent"),
        button_link(t("Go on"), Shell.home, variant="primary", class_name="w-full"),
        class_name="flex flex-col gap-5",
    )


def _start() -> rx.Component:
    asked = banner(t("Your workspace asks for it. It takes two minutes."), tone="warning")
    return auth_form(
        rx.cond(Shell.duty == "", rx.fragment(), asked),
        rx.el.p(
            t(
                "After your password you will be asked for a code that an app on your phone shows. "
                "Any authenticator app will do, such as Aegis, Google Authenticator, 1Password or Bitwarden."
            ),
            class_name="text-sm text-muted text-pretty",
        ),
        rx.el.input(type="email", value=Shell.email, auto_complete="username", read_only=True, hidden=True),
        password_field(
            "password",
            t("Your password"),
            auto_complete="current-password",
            id=f"{_START}-password",
            errors=answers(_START).errors,
        ),
        id=_START,
        action="/auth/two-factor/start",
        submit=t("Begin"),
    )


def _confirm() -> rx.Component:
    data = answers(_START).data
    picture = rx.el.img(
        src=data["picture"].to(str),
        alt=t("QR code for your authenticator app"),
        class_name="mx-auto size-52 rounded-lg border border-line bg-white p-1",
    )
    return rx.el.div(
        rx.el.p(t("1. Scan this with your authenticator app."), class_name="text-sm font-medium"),
        picture,
        _key(data["secret"].to(str)),
        rx.el.p(t("2. Type the code that it shows."), class_name="text-sm font-medium"),
        auth_form(
            text_field(
                "code",
                t("Code"),
                auto_complete="one-time-code",
                input_mode="numeric",
                max_length=16,
                class_name=CODE_LOOK,
                id=f"{_CONFIRM}-code",
                errors=answers(_CONFIRM).errors,
            ),
            id=_CONFIRM,
            action="/auth/two-factor/confirm",
            submit=t("Switch on"),
        ),
        class_name="flex flex-col gap-4",
    )


def _key(secret: rx.Var[str]) -> rx.Component:
    words = t("Or type this key into it")
    return rx.el.div(
        rx.el.span(words, class_name="text-sm font-medium"),
        rx.el.div(
            rx.el.code(secret, class_name="min-w-0 flex-1 py-2 font-mono text-sm select-all"),
            copy_button(secret, label=words),
            class_name="flex items-center gap-2 rounded-md border border-line bg-sunken ps-3 pe-1",
        ),
        class_name="flex flex-col gap-1.5",
    )


def _codes() -> rx.Component:
    data = answers(_CONFIRM).data
    return rx.el.div(
        banner(t("Two-factor login is on. You are signed out on your other devices."), tone="accent"),
        recovery_codes(data["codes"].to(list[str])),
        # A real link: who was asked to set this up may see more now.
        rx.el.a(t("I have kept them safe"), href=data["next"].to(str), class_name=_LINK),
        class_name="flex flex-col gap-5",
    )


def recovery_codes(codes: rx.Var[Any]) -> rx.Component:
    """The codes, to be copied or printed now: nobody can show them again."""
    return rx.el.div(
        rx.el.p(t("Your recovery codes"), class_name="text-sm font-semibold"),
        rx.el.p(
            t(
                "Each of them works once instead of the app, if you lose it. They are not shown again: "
                "print them, or keep them in a password manager."
            ),
            class_name="mt-1 text-sm text-muted text-pretty",
        ),
        rx.el.ul(
            rx.foreach(codes, lambda code: rx.el.li(code, class_name="select-all whitespace-nowrap")),
            aria_label=t("Your recovery codes"),
            class_name=(
                "mt-3 grid grid-cols-1 gap-x-4 gap-y-1.5 rounded-md border border-line bg-sunken px-4 py-3 text-center "
                "font-mono text-sm min-[400px]:grid-cols-2"
            ),
        ),
        CopyButton.create(
            t("Copy all"),
            text=codes.join("\n"),
            class_name=(
                "mt-3 inline-flex h-9 items-center gap-2 rounded-md border border-line bg-surface px-3.5 text-sm "
                "font-medium shadow-card hover:bg-hover"
            ),
        ),
    )
