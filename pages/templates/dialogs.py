"""Dialogs of the list and of the page of one: deleting, and writing it in another language."""

from __future__ import annotations

import reflex as rx

from state.base import Feedback
from state.templates import NewTemplate, TemplateRemoval
from wapto_app.services.templates.rules import LANGUAGES
from wapto_app.ui.button import button
from wapto_app.ui.dialog import dialog
from wapto_app.ui.form import Check, field, form, form_actions, submit_button
from wapto_app.ui.i18n import t, tn
from wapto_app.ui.templates import LanguageSelect

CODES = sorted(LANGUAGES)


def language_field() -> rx.Component:
    """One of the languages that Meta takes."""
    control = LanguageSelect.create(
        name="language",
        id="language",
        codes=CODES,
        initial="en",
        described_by="language-error language-help",
        class_name="control",
    )
    return field("language", t("Language"), control, errors=Feedback.errors)


def copy_dialog() -> rx.Component:
    return dialog(
        form(
            language_field(),
            form_actions(button(t("Cancel"), on_click=NewTemplate.close), submit_button(t("Make a draft"))),
            on_submit=NewTemplate.translate,
            reset_on_submit=False,
        ),
        title=t("“{name}” in another language", name=NewTemplate.copied_name),
        description=t(
            "A draft with the same content and the same name. Translate its text, then submit it: WhatsApp keeps both "
            "as one template in two languages."
        ),
        open=NewTemplate.copied_id > 0,
        on_close=NewTemplate.close,
        width="sm",
    )


def delete_dialog() -> rx.Component:
    draft = t("It was never submitted. The draft is gone for good.")
    known = t(
        "WhatsApp forgets it, and nobody can use its name for 30 days. Messages that were sent with it stay."
    )
    return dialog(
        rx.el.p(rx.cond(TemplateRemoval.is_draft, draft, known), class_name="text-sm text-muted text-pretty"),
        _usage(),
        rx.cond(TemplateRemoval.siblings > 0, _all_languages(), rx.fragment()),
        title=t("Delete “{title}”?", title=TemplateRemoval.name),
        open=TemplateRemoval.template_id > 0,
        on_close=TemplateRemoval.close,
        width="sm",
        footer=rx.fragment(
            button(t("Cancel"), on_click=TemplateRemoval.close, custom_attrs={"data-autofocus": "true"}),
            button(
                t("Delete template"),
                variant="danger",
                loading=TemplateRemoval.busy,
                on_click=TemplateRemoval.delete,
            ),
        ),
    )


def _usage() -> rx.Component:
    """Whatever will miss it. Nothing when nothing does."""
    lines = [
        (
            TemplateRemoval.campaigns,
            tn("{n} campaign has it", "{n} campaigns have it", TemplateRemoval.campaigns),
        ),
        (
            TemplateRemoval.scheduled,
            tn(
                "{n} message that is to be sent later needs it",
                "{n} messages that are to be sent later need it",
                TemplateRemoval.scheduled,
            ),
        ),
        (
            TemplateRemoval.messages,
            tn(
                "{n} message was sent with it in the last 30 days",
                "{n} messages were sent with it in the last 30 days",
                TemplateRemoval.messages,
            ),
        ),
    ]
    shown = [rx.cond(count > 0, rx.el.li(words), rx.fragment()) for count, words in lines]
    some = TemplateRemoval.campaigns + TemplateRemoval.scheduled + TemplateRemoval.messages > 0
    used = rx.el.div(
        rx.el.p(t("Where it is used"), class_name="font-medium"),
        rx.el.ul(*shown, class_name="mt-1 list-inside list-disc"),
        class_name="mt-3 rounded-md bg-warning-soft px-3 py-2 text-sm text-warning-ink",
    )
    return rx.cond(some, used, rx.fragment())


def _all_languages() -> rx.Component:
    box = Check.create(
        name="all",
        checked=TemplateRemoval.all_languages,
        on_change=TemplateRemoval.choose_all,
        class_name="check mt-0.5",
    )
    words = tn(
        "The same template in {n} other language too",
        "The same template in {n} other languages too",
        TemplateRemoval.siblings,
    )
    return rx.el.label(box, words, class_name="mt-3 flex items-start gap-2 text-sm")
