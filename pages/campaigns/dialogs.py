"""What is asked before a campaign is cancelled, deleted or given another name."""

from __future__ import annotations

import reflex as rx

from state.base import Feedback
from state.campaigns.listing import Campaigns
from wapto_app.ui.button import button
from wapto_app.ui.dialog import confirm_dialog, dialog
from wapto_app.ui.form import form, form_actions, submit_button, text_field
from wapto_app.ui.i18n import t, tn


def campaign_dialogs() -> rx.Component:
    return rx.fragment(_cancel(), _delete(), _rename())


def _cancel() -> rx.Component:
    counted = tn(
        "{n} person who has not got it yet will not get it. What was sent stays sent. This cannot be undone.",
        "{n} people who have not got it yet will not get it. What was sent stays sent. This cannot be undone.",
        Campaigns.left,
    )
    plain = t("Nobody will get it. This cannot be undone, but you can duplicate it.")
    return confirm_dialog(
        title=t("Cancel “{name}”?", name=Campaigns.name),
        text=rx.cond(Campaigns.left > 0, counted, plain),
        confirm=t("Cancel the campaign"),
        on_confirm=Campaigns.cancel,
        open=Campaigns.what == "cancel",
        on_close=Campaigns.close,
    )


def _delete() -> rx.Component:
    return confirm_dialog(
        title=t("Delete “{name}”?", name=Campaigns.name),
        text=t(
            "Its list of people and its figures are deleted too, and segments that ask for it fit nobody until you "
            "choose anew. The messages stay in the conversations."
        ),
        confirm=t("Delete campaign"),
        on_confirm=Campaigns.delete,
        open=Campaigns.what == "delete",
        on_close=Campaigns.close,
    )


def _rename() -> rx.Component:
    inside = form(
        text_field(
            "name",
            t("Name"),
            id="campaign-new-name",
            default_value=Campaigns.name,
            max_length=120,
            auto_complete="off",
            dir="auto",
            custom_attrs={"data-autofocus": "true"},
            errors=Feedback.errors,
        ),
        form_actions(button(t("Cancel"), on_click=Campaigns.close), submit_button(t("Rename"))),
        on_submit=Campaigns.rename,
    )
    return dialog(
        inside,
        title=t("Rename “{name}”", name=Campaigns.name),
        open=Campaigns.what == "rename",
        on_close=Campaigns.close,
        width="sm",
    )
