"""Dialogs of the list and of the page of one: deleting, and writing it in another language."""

from __future__ import annotations

import reflex as rx

from state.base import Feedback
from state.templates import NewTemplate, TemplateRemoval
from wapto_app.services.templates.removing import Usage
from wapto_app.services.templates.rules import LANGUAGES
from wapto_app.ui.button import button
from wapto_app.ui.dialog import dialog
from wapto_app.ui.form import Check, field, form, form_actions, submit_button
from wapto_app.ui.i18n import t, tn
from wapto_app.ui.templates import LanguageSelect

CODES = sorted(LANGUAGES)
_USAGE = TemplateRemoval.usage.to(Usage)


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
    is_running = _USAGE["running"] > 0
    return dialog(
        rx.el.p(rx.cond(_USAGE["at_meta"], known, draft), class_name="text-sm text-muted text-pretty"),
        _used(),
        rx.cond(_USAGE["languages"].length() > 0, _all_languages(), rx.fragment()),
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
                disabled=is_running,
                on_click=TemplateRemoval.delete,
            ),
        ),
    )


def _used() -> rx.Component:
    """Whatever will miss it. Nothing when nothing does."""
    lines = (
        (
            _USAGE["running"],
            tn(
                "{n} campaign is sending it: wait until it is over, or cancel it",
                "{n} campaigns are sending it: wait until they are over, or cancel them",
                _USAGE["running"],
            ),
        ),
        (
            _USAGE["scheduled"],
            tn("{n} scheduled campaign needs it", "{n} scheduled campaigns need it", _USAGE["scheduled"]),
        ),
        (
            _USAGE["drafts"],
            tn("{n} draft of a campaign has it", "{n} drafts of campaigns have it", _USAGE["drafts"]),
        ),
        (
            _USAGE["scheduled_messages"],
            tn(
                "{n} message that is to be sent later needs it",
                "{n} messages that are to be sent later need it",
                _USAGE["scheduled_messages"],
            ),
        ),
        (
            _USAGE["sent_lately"],
            tn(
                "{n} message was sent with it in the last 30 days",
                "{n} messages were sent with it in the last 30 days",
                _USAGE["sent_lately"],
            ),
        ),
    )
    shown = [rx.cond(count > 0, rx.el.li(words), rx.fragment()) for count, words in lines]
    some = sum((count for count, _words in lines[1:]), lines[0][0]) > 0
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
        _USAGE["languages"].length(),
    )
    return rx.el.label(box, words, class_name="mt-3 flex items-start gap-2 text-sm")
