"""Forms that a route answers: sign-in, registration, passwords. Their values never pass through a screen's state."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import reflex as rx
from reflex.vars import VarData

from wapto_app.ui.banner import banner
from wapto_app.ui.browser import source
from wapto_app.ui.form import submit_button
from wapto_app.ui.i18n import Text, from_server
from wapto_app.ui.tokens import Classes, classes


class AuthForm(rx.Component):
    """See ``auth_form.jsx``."""

    library = source("auth_form.jsx")
    tag = "AuthForm"

    action: rx.Var[str]
    extra: rx.Var[dict[str, Any]]
    token: rx.Var[str]
    zone: rx.Var[bool]
    on_done: rx.EventHandler[rx.event.no_args_event_spec]


class Forget(rx.Component):
    """Drops what forms were answered when it leaves the page; see ``auth_form.jsx``."""

    library = source("auth_form.jsx")
    tag = "Forget"

    ids: rx.Var[list[str]]


def forget_answers(*ids: str) -> rx.Component:
    """For a page or dialog whose forms are answered with secrets."""
    return Forget.create(ids=list(ids))


@dataclass(frozen=True)
class Answers:
    """What the form with this id knows, as vars.

    Sentences by field, whether it waits, whether it was accepted, and what it was answered.
    """

    errors: rx.Var[dict[str, str]]
    busy: rx.Var[bool]
    done: rx.Var[bool]
    data: rx.Var[dict[str, Any]]


def answers(id: str) -> Answers:
    """For the fields (``errors=answers("login").errors``) and for what surrounds the form."""
    name = "authForm" + "".join(part.capitalize() for part in id.split("-"))
    data = VarData(
        imports={source("auth_form.jsx"): [rx.ImportVar(tag="useAuthForm")]},
        hooks={f"const {name} = useAuthForm({json.dumps(id)})": None},
    )

    def var(field: str, kind: Any) -> Any:
        return rx.Var(f"{name}.{field}", _var_type=kind, _var_data=data).guess_type()

    return Answers(
        var("errors", dict[str, str]),
        var("busy", bool),
        var("done", bool),
        var("data", dict[str, Any]),
    )


def auth_form(
    *fields: rx.Component,
    id: str,
    action: str,
    submit: Text,
    extra: Mapping[str, Any] | None = None,
    token: str = "",
    zone: bool = False,
    on_done: Any = None,
    whole_page: bool = True,
    primary: bool = False,
    class_name: Classes = "",
) -> rx.Component:
    """Fields, what is wrong with the whole, and the button.

    ``extra`` is sent along; an empty ``next`` in it is filled with the page that was wanted. ``token`` says where the
    page's address holds the secret of a one-time link: "query" (``?token=``) or "path" (its last part). ``zone`` sends
    the browser's time zone and language along. ``on_done`` is called when the route neither refuses nor leads
    elsewhere. ``whole_page``: the form is what the page is for; ``primary``: its button is the one to press, though
    the page has other parts.
    """
    state = answers(id)
    problem = from_server(state.errors[""])
    props: dict[str, Any] = {"extra": dict(extra or {}), "zone": zone}
    if token:
        props["token"] = token
    if on_done is not None:
        props["on_done"] = on_done
    return AuthForm.create(
        rx.el.div(
            rx.cond(state.errors[""], banner(problem, tone="danger"), rx.fragment()),
            rx.cond(
                state.errors["door"], banner(from_server(state.errors["door"]), tone="warning"), rx.fragment()
            ),
            role="alert",
            class_name="empty:hidden",
        ),
        *fields,
        rx.el.div(
            submit_button(
                submit,
                loading=state.busy,
                variant="primary" if whole_page or primary else "secondary",
                class_name="w-full" if whole_page else "",
            ),
            class_name="pt-1" if whole_page else "flex justify-end pt-1",
        ),
        id=id,
        action=action,
        class_name=classes("flex flex-col gap-5", class_name),
        **props,
    )
