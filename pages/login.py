"""Sign in."""

import reflex as rx
from state.base import Feedback


def login() -> rx.Component:
    return rx.el.main(
        rx.el.h1("Sign in"),
        rx.el.p(Feedback.notices.length(), id="n"),
        rx.el.button("x", on_click=Feedback.say("info", "hi")),
    )
