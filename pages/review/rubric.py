"""The editor of the criteria that reviewers look at."""

from __future__ import annotations

import reflex as rx

from state.base import Feedback
from state.review import Rubric
from wapto_app.services.review import Criterion
from wapto_app.ui.button import button, icon_button
from wapto_app.ui.dialog import dialog
from wapto_app.ui.form import FieldError, select, text_input
from wapto_app.ui.i18n import from_server, t

_WEIGHTS = [(str(n), f"× {n}") for n in range(1, 11)]


def rubric_dialog() -> rx.Component:
    return dialog(
        rx.el.div(
            rx.el.ol(rx.foreach(Rubric.rows, _criterion), class_name="flex flex-col gap-2"),
            FieldError.create(
                control="rubric", id="rubric-error", text=from_server(Feedback.errors["rubric"])
            ),
            rx.el.div(
                button(
                    t("Add a criterion"),
                    icon="plus",
                    size="sm",
                    variant="ghost",
                    disabled=Rubric.rows.length() >= 10,
                    on_click=Rubric.add,
                )
            ),
            id="rubric",
            class_name="flex flex-col gap-3",
        ),
        title=t("Criteria of a review"),
        description=t("Each gets 1 to 5 points. What weighs × 2 counts twice."),
        open=Rubric.open,
        on_close=Rubric.stop,
        width="md",
        footer=rx.fragment(
            button(t("Cancel"), on_click=Rubric.stop),
            button(t("Save"), variant="primary", on_click=Rubric.save),
        ),
    )


def _criterion(row: rx.Var[Criterion], place: rx.Var[int]) -> rx.Component:
    number = place + 1
    return rx.el.li(
        rx.el.div(
            text_input(
                "criterion",
                id=f"criterion-{place}",
                value=row["name"],
                on_change=lambda text: Rubric.rename(place, text),
                max_length=60,
                aria_label=t("Criterion {n}", n=number),
            ),
            class_name="min-w-0 flex-1",
        ),
        select(
            "weight",
            _WEIGHTS,
            id=f"weight-{place}",
            value=row["weight"].to(str),
            on_change=lambda weight: Rubric.weigh(place, weight),
            aria_label=t("Weight of criterion {n}", n=number),
            class_name="w-20 flex-none",
        ),
        icon_button("trash-2", t("Remove criterion {n}", n=number), on_click=Rubric.remove(place)),
        class_name="flex items-center gap-2",
    )
