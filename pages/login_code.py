"""The second half of signing in: a code of the app, or a recovery code."""

from __future__ import annotations

import reflex as rx

from pages.frame import auth_frame
from wapto_app.ui.auth_form import answers, auth_form, forget_answers
from wapto_app.ui.banner import banner
from wapto_app.ui.form import text_field
from wapto_app.ui.i18n import t, tn
from wapto_app.ui.link import link

_ID = "login-code"
CODE_LOOK = "text-center font-mono text-lg tracking-[0.2em] placeholder:tracking-normal"


def login_code() -> rx.Component:
    done = answers(_ID).done
    return auth_frame(
        rx.cond(done, t("You are signed in"), t("Enter your code")).to(str),
        rx.cond(done, _signed_in(), _form()),
        forget_answers(_ID),
        text=rx.cond(done, "", t("Your account is protected by two-factor login.")).to(str),
        footer=rx.cond(done, rx.fragment(), link(t("Back to sign in"), "/login")),
    )


def _form() -> rx.Component:
    return auth_form(
        text_field(
            "code",
            t("Code"),
            auto_complete="one-time-code",
            auto_focus=True,
            spell_check=False,
            auto_capitalize="none",
            max_length=64,
            class_name=CODE_LOOK,
            help=t(
                "Six digits from your authenticator app. If you lost it, type one of your recovery codes."
            ),
            errors=answers(_ID).errors,
        ),
        id=_ID,
        action="/auth/code",
        extra={"next": ""},
        submit=t("Sign in"),
    )


def _signed_in() -> rx.Component:
    """After a recovery code: how many are left. A real link, so that the page is loaded with the cookie."""
    left = answers(_ID).data["left"].to(int)
    words = rx.cond(
        left > 0,
        tn("You have {n} recovery code left.", "You have {n} recovery codes left.", left),
        t("That was your last recovery code."),
    )
    return rx.el.div(
        banner(
            t("Make new ones in your profile, or set up another app, before they are used up."),
            title=words,
            tone="warning",
        ),
        rx.el.a(
            t("Go on"),
            href=answers(_ID).data["next"].to(str),
            class_name=(
                "inline-flex h-9 w-full items-center justify-center rounded-md bg-accent px-3.5 text-sm font-medium "
                "text-on-accent hover:bg-accent-hover"
            ),
        ),
        class_name="flex flex-col gap-5",
    )
