"""The dialog in which a quick reply is written."""

from __future__ import annotations

import reflex as rx

from pages.library_parts import kind_icon
from pages.library_picker import library_picker
from state.base import Feedback
from state.library_picker import LibraryPicker
from state.quick_replies import ReplyDialog
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.ui.button import button, icon_button
from wapto_app.ui.dialog import dialog
from wapto_app.ui.form import field, form, form_actions, select_field, submit_button, text_field
from wapto_app.ui.gap_text import GapText
from wapto_app.ui.i18n import t

_ERRORS = Feedback.errors
_PICKER = "quick-reply"
_TEXT_MAX, _CAPTION_MAX = 4096, 1024
_MAY_SHARE = Shell.permissions.contains(Permission.TEMPLATES_DO.value)
_SEES_LIBRARY = Shell.permissions.contains(Permission.MEDIA_SEE.value)


def reply_dialog() -> rx.Component:
    return rx.fragment(
        dialog(
            _form(),
            title=rx.cond(ReplyDialog.reply_id > 0, t("Edit quick reply"), t("New quick reply")),
            open=ReplyDialog.is_open,
            on_close=ReplyDialog.close,
            width="lg",
        ),
        rx.cond(
            _SEES_LIBRARY, library_picker(_PICKER, on_pick=ReplyDialog.take_file, many=False), rx.fragment()
        ),
    )


def _form() -> rx.Component:
    return form(
        rx.el.div(
            text_field(
                "shortcut",
                t("Shortcut"),
                id="reply-shortcut",
                default_value=ReplyDialog.shortcut,
                max_length=33,
                auto_complete="off",
                auto_capitalize="none",
                dir="auto",
                placeholder="hours",
                help=t("Type / and this word in a conversation."),
                custom_attrs={"data-autofocus": "true"},
                errors=_ERRORS,
            ),
            text_field(
                "title",
                t("Title"),
                id="reply-title",
                default_value=ReplyDialog.title,
                max_length=80,
                auto_complete="off",
                dir="auto",
                optional=True,
                errors=_ERRORS,
            ),
            class_name="grid gap-5 sm:grid-cols-2",
        ),
        field(
            "body",
            t("Text"),
            GapText.create(
                id="reply-body",
                name="body",
                value=ReplyDialog.body,
                variables=ReplyDialog.variables,
                examples=ReplyDialog.examples,
                most=rx.cond(
                    (ReplyDialog.file != "") & (ReplyDialog.file_kind != "audio"), _CAPTION_MAX, _TEXT_MAX
                ),
                described_by="reply-body-error",
            ),
            control_id="reply-body",
            errors=_ERRORS,
        ),
        _file(),
        _scope(),
        form_actions(button(t("Cancel"), on_click=ReplyDialog.close), submit_button(t("Save quick reply"))),
        on_submit=ReplyDialog.save,
    )


def _file() -> rx.Component:
    chosen = rx.el.div(
        rx.el.span(kind_icon(ReplyDialog.file_kind), class_name="flex-none text-muted"),
        rx.el.span(ReplyDialog.file_name, dir="auto", class_name="min-w-0 flex-1 truncate text-sm"),
        icon_button("x", t("Send without this file"), size=16, on_click=ReplyDialog.leave_file),
        class_name="flex items-center gap-3 rounded-md border border-line py-1 ps-3 pe-1",
    )
    choose = button(
        t("Choose from the media library"),
        icon="paperclip",
        size="sm",
        on_click=LibraryPicker.start(_PICKER, ""),
    )
    offered = rx.cond(_SEES_LIBRARY, rx.el.div(choose), rx.fragment())
    return rx.el.div(
        rx.el.p(
            t("File"),
            rx.el.span(t("optional"), class_name="ms-1.5 font-normal text-faint"),
            class_name="text-sm font-medium",
        ),
        rx.cond(ReplyDialog.file != "", chosen, offered),
        rx.el.p(_ERRORS["file"], role="alert", class_name="text-xs text-danger-ink empty:hidden"),
        class_name=rx.cond(
            _SEES_LIBRARY | (ReplyDialog.file != ""), "flex min-w-0 flex-col gap-1.5", "hidden"
        ),
    )


def _scope() -> rx.Component:
    choose = select_field(
        "scope",
        t("Who has it"),
        [("mine", t("Only me")), ("shared", t("Everybody"))],
        id="reply-scope",
        default_value=rx.cond(ReplyDialog.shared, "shared", "mine"),
        errors=_ERRORS,
    )
    only_mine = rx.el.input(type="hidden", name="scope", value="mine")
    return rx.cond(_MAY_SHARE, choose, only_mine)
