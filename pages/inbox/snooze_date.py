"""Choose the day and the time at which a conversation comes back."""

from __future__ import annotations

import reflex as rx

from state.base import Feedback
from state.inbox.status import StatusMenu
from wapto_app.ui.button import button
from wapto_app.ui.dialog import dialog
from wapto_app.ui.form import form, form_actions, moment_field, submit_button
from wapto_app.ui.i18n import t


@rx.memo(wrapper=None)
def snooze_date() -> rx.Component:
    return dialog(
        form(
            moment_field("until", t("Comes back at"), errors=Feedback.errors),
            form_actions(
                button(t("Cancel"), on_click=StatusMenu.ask_date(False)), submit_button(t("Snooze"))
            ),
            on_submit=[Feedback.clear, StatusMenu.snooze_to],
            reset_on_submit=False,
        ),
        title=t("Snooze this conversation"),
        description=t("It comes back at that time, or earlier when the customer writes."),
        open=StatusMenu.dating,
        on_close=StatusMenu.ask_date(False),
        width="sm",
    )
