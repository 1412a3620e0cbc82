"""In which form a conversation is taken along. Fetched when its dialog opens."""

from __future__ import annotations

import reflex as rx

from state.inbox import OpenConversation
from wapto_app.ui.button import button
from wapto_app.ui.dialog import close_dialog
from wapto_app.ui.form import checkbox, form_actions, select_field
from wapto_app.ui.i18n import t

_FORMS = (
    ("txt", t("Plain text")),
    ("html", t("A page, to read and to print")),
    ("csv", t("A table (CSV)")),
)


@rx.memo(wrapper=None)
def transcript_form() -> rx.Component:
    """A plain form: the browser fetches the file itself, however long it is."""
    return rx.el.form(
        select_field("form", t("As"), _FORMS, id="transcript-form", default_value="txt"),
        checkbox("notes", t("With the notes of the team")),
        form_actions(
            button(t("Cancel"), on_click=close_dialog("transcript")),
            button(t("Download"), variant="primary", type="submit"),
        ),
        action="/exports/conversation/" + OpenConversation.header["id"].to_string(),
        method="get",
        class_name="flex flex-col gap-5",
    )
