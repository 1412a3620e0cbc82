"""Forms: label above, help below, the error beside the field it belongs to.

A ``…_field`` is the whole of it; a bare control (``text_input`` …) is for a place that has its own label.
``errors`` is the state's ``dict[str, str]`` (``Feedback.errors``): the entry under the field's name is shown, marks the
control invalid and brings the reader there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import reflex as rx
from reflex_components_core.el.elements.base import BaseHTML

from wapto_app.ui.browser import source
from wapto_app.ui.button import button
from wapto_app.ui.i18n import Text, from_server, t
from wapto_app.ui.time import LocalDateTime
from wapto_app.ui.tokens import Classes, classes

Errors = rx.Var[dict[str, str]]
Options = Sequence[tuple[str, Text]] | rx.Var[list[dict[str, str]]]
"""Value and words; as a var, rows with the keys ``value`` and ``label``."""


class LiveText(rx.Component):
    """An input whose text lives in the browser and reaches the server when typing rests; see ``controls.jsx``."""

    library = source("controls.jsx")
    tag = "LiveText"
    _is_form_control = True

    control: rx.Var[str]
    value: rx.Var[str]
    wait: rx.Var[int]
    name: rx.Var[str]
    type: rx.Var[str]
    placeholder: rx.Var[str]
    required: rx.Var[bool]
    disabled: rx.Var[bool]
    auto_complete: rx.Var[str]
    input_mode: rx.Var[str]
    max_length: rx.Var[int]
    rows: rx.Var[int]
    on_change: rx.EventHandler[rx.event.passthrough_event_spec(str)]


class PasswordInput(rx.el.Input):
    """An input for a secret, with a button that shows it."""

    library = source("controls.jsx")
    tag = "PasswordInput"


class FieldError(rx.Component):
    """The message of one field; see ``controls.jsx``."""

    library = source("controls.jsx")
    tag = "FieldError"

    control: rx.Var[str]
    text: rx.Var[str]


class Check(rx.Component):
    """A checkbox; ``some`` draws it half checked."""

    library = source("controls.jsx")
    tag = "Check"
    _is_form_control = True

    name: rx.Var[str]
    value: rx.Var[str]
    checked: rx.Var[bool]
    default_checked: rx.Var[bool]
    disabled: rx.Var[bool]
    required: rx.Var[bool]
    some: rx.Var[bool]
    on_change: rx.EventHandler[rx.event.checked_input_event]

    def get_ref(self) -> str | None:
        """None: Reflex would read the box through a ref that it does not have, instead of from the form."""
        return None


class PostForm(BaseHTML):
    """A form that the browser itself sends to one of our routes."""

    tag = "form"

    action: rx.Var[str]
    method: rx.Var[str]
    enc_type: rx.Var[str]


def form(*children: rx.Component, on_submit: Any, class_name: Classes = "", **props: Any) -> rx.Component:
    """A form that is answered by a state. Fields stand 20 px apart."""
    return rx.el.form(
        *children, on_submit=on_submit, class_name=classes("flex flex-col gap-5", class_name), **props
    )


def post_form(
    *children: rx.Component, action: str | rx.Var[str], class_name: Classes = "", **props: Any
) -> rx.Component:
    """A form that is answered by a route (sign in, sign out, upload): an ordinary POST and a new page."""
    look = classes("flex flex-col gap-5", class_name)
    return PostForm.create(*children, action=action, method="post", class_name=look, **props)


def field(
    name: str,
    label: Text,
    control: rx.Component,
    *,
    help: Text | rx.Component = "",
    errors: Errors | None = None,
    optional: bool = False,
    control_id: str = "",
) -> rx.Component:
    """A labelled control. ``control_id`` when the same name occurs twice on the page."""
    target = control_id or name
    return rx.el.div(
        rx.el.label(
            label,
            rx.el.span(t("optional"), class_name="ms-1.5 font-normal text-faint")
            if optional
            else rx.fragment(),
            html_for=target,
            class_name="text-sm font-medium",
        ),
        control,
        _error(name, target, errors),
        _help(target, help),
        class_name="flex min-w-0 flex-col gap-1.5",
    )


def _help(target: str, help: Text | rx.Component) -> rx.Component:
    if isinstance(help, str) and not help:
        return rx.fragment()
    return rx.el.p(help, id=f"{target}-help", class_name="text-xs text-muted text-pretty")


def _error(name: str, target: str, errors: Errors | None) -> rx.Component:
    if errors is None:
        return rx.fragment()
    return FieldError.create(control=target, id=f"{target}-error", text=from_server(errors[name]))


def _described(target: str) -> str:
    return f"{target}-error {target}-help"


def _control(name: str, props: dict[str, Any], look: Classes = "") -> dict[str, Any]:
    props.setdefault("id", name)
    props.setdefault("aria_describedby", _described(props["id"]))
    return {**props, "name": name, "class_name": classes("control", look, props.pop("class_name", ""))}


def text_input(name: str, **props: Any) -> rx.Component:
    """One line of text. With ``value`` the state rules it and ``on_change`` comes 250 ms after the last key."""
    attributes = _control(name, props)
    return LiveText.create(**attributes) if "value" in props else rx.el.input(**attributes)


def textarea(name: str, *, rows: int = 3, **props: Any) -> rx.Component:
    """Several lines; grows with its text up to half the screen."""
    attributes = _control(name, props)
    if "value" in props:
        return LiveText.create(control="textarea", rows=rows, **attributes)
    return rx.el.textarea(rows=str(rows), **attributes)


def password_input(name: str, **props: Any) -> rx.Component:
    """A secret, with a button that shows it. Say ``auto_complete="current-password"`` or ``"new-password"``."""
    return PasswordInput.create(**_control(name, props))


def number_input(name: str, **props: Any) -> rx.Component:
    return rx.el.input(type="number", input_mode="decimal", **_control(name, props, "text-end tabular-nums"))


def date_input(name: str, *, with_time: bool = False, **props: Any) -> rx.Component:
    """A date, or a date and time, in the browser's own picker. ISO text, without a zone."""
    return rx.el.input(type="datetime-local" if with_time else "date", **_control(name, props))


def moment_input(name: str, **props: Any) -> rx.Component:
    """A date and time of the reader's own clock. ``value`` is, and the form sends, ISO text with an offset."""
    return LocalDateTime.create(**_control(name, props))


def select(name: str, options: Options, *, placeholder: Text = "", **props: Any) -> rx.Component:
    """One of some values, by the platform's own list: the right one on every device."""
    first = (
        rx.el.option(placeholder, value="")
        if not (isinstance(placeholder, str) and not placeholder)
        else rx.fragment()
    )
    return rx.el.select(first, _options(options), **_control(name, props))


def _options(options: Options) -> rx.Component:
    if isinstance(options, rx.Var):
        return rx.foreach(options, lambda option: rx.el.option(option["label"], value=option["value"]))
    return rx.fragment(*[rx.el.option(label, value=value) for value, label in options])


def text_field(name: str, label: Text, **props: Any) -> rx.Component:
    return _field(name, label, text_input, props)


def textarea_field(name: str, label: Text, **props: Any) -> rx.Component:
    return _field(name, label, textarea, props)


def password_field(name: str, label: Text, **props: Any) -> rx.Component:
    return _field(name, label, password_input, props)


def number_field(name: str, label: Text, **props: Any) -> rx.Component:
    return _field(name, label, number_input, props)


def date_field(name: str, label: Text, **props: Any) -> rx.Component:
    return _field(name, label, date_input, props)


def moment_field(name: str, label: Text, **props: Any) -> rx.Component:
    return _field(name, label, moment_input, props)


def select_field(name: str, label: Text, options: Options, **props: Any) -> rx.Component:
    return _field(name, label, lambda key, **rest: select(key, options, **rest), props)


def _field(name: str, label: Text, control: Any, props: dict[str, Any]) -> rx.Component:
    around = {key: props.pop(key) for key in ("help", "errors", "optional") if key in props}
    if not around.get("optional") and "required" not in props:
        props["required"] = True
    target = props.get("id", name)
    return field(name, label, control(name, **props), control_id=target, **around)


def checkbox(
    name: str, label: Text | rx.Component, *, help: Text = "", class_name: Classes = "", **props: Any
) -> rx.Component:
    """A choice that takes effect with the form. ``on_change`` gives a bool."""
    return _choice(
        Check.create(**_tick(name, "check mt-0.5", props)), label, help, classes("gap-2.5", class_name)
    )


def switch(
    name: str, label: Text | rx.Component, *, help: Text = "", class_name: Classes = "", **props: Any
) -> rx.Component:
    """A setting that takes effect at once. ``on_change`` gives a bool."""
    control = Check.create(custom_attrs={"role": "switch"}, **_tick(name, "switch", props))
    return _choice(control, label, help, classes("flex-row-reverse justify-between gap-4", class_name))


def _tick(name: str, look: str, props: dict[str, Any]) -> dict[str, Any]:
    props.setdefault("id", name)
    return {**props, "name": name, "class_name": look}


def _choice(control: rx.Component, label: Text | rx.Component, help: Text, look: Classes) -> rx.Component:
    words = rx.el.span(
        rx.el.span(label, class_name="block text-sm"),
        rx.fragment()
        if isinstance(help, str) and not help
        else rx.el.span(help, class_name="block text-xs text-muted"),
        class_name="min-w-0",
    )
    return rx.el.label(control, words, class_name=classes("flex items-start", look))


def radio_group(
    name: str, label: Text, options: Sequence[tuple[str, Text]], *, default: str = "", **props: Any
) -> rx.Component:
    """One of a few values, all of them in sight."""

    def choice(value: str, words: Text) -> rx.Component:
        radio = rx.el.input(
            type="radio",
            name=name,
            value=value,
            default_checked=value == default,
            class_name="check mt-0.5",
            **props,
        )
        return rx.el.label(
            radio, rx.el.span(words, class_name="text-sm"), class_name="flex items-start gap-2.5"
        )

    return rx.el.fieldset(
        rx.el.legend(label, class_name="mb-2 text-sm font-medium"),
        rx.el.div(*[choice(value, words) for value, words in options], class_name="flex flex-col gap-2.5"),
    )


def search_input(
    name: str, label: Text, *, value: rx.Var[str], on_change: Any, class_name: Classes = ""
) -> rx.Component:
    """A search field without a visible label; the handler hears of it 250 ms after the last key."""
    glass = rx.icon(
        "search",
        size=16,
        class_name="pointer-events-none absolute start-3 top-1/2 -translate-y-1/2 text-faint",
    )
    control = LiveText.create(
        value=value,
        on_change=on_change,
        type="search",
        id=name,
        name=name,
        aria_label=label,
        placeholder=label,
        auto_complete="off",
        class_name="control ps-9",
    )
    return rx.el.div(glass, control, class_name=classes("relative", class_name))


def submit_button(label: Text, *, loading: bool | rx.Var[bool] = False, **props: Any) -> rx.Component:
    """The one primary button of a form."""
    return button(label, variant=props.pop("variant", "primary"), type="submit", loading=loading, **props)


def form_actions(*buttons: rx.Component) -> rx.Component:
    """The row of buttons that ends a form; the main one comes last."""
    return rx.el.div(*buttons, class_name="flex flex-wrap justify-end gap-2 pt-1")
