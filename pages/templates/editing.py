"""A template that is being written."""

from __future__ import annotations

import reflex as rx

from pages.frame import frame
from pages.library_picker import library_picker
from pages.templates.dialogs import CODES
from pages.templates.words import status
from state.base import Feedback
from state.library_picker import LibraryPicker
from state.templates import NewTemplate, TemplateEditing
from state.templates.editing import WrittenForm
from wapto_app.security.permissions import Permission
from wapto_app.services.templates import Standing
from wapto_app.ui.banner import banner
from wapto_app.ui.button import button, button_link
from wapto_app.ui.card import card, page_body
from wapto_app.ui.dialog import confirm_dialog, open_dialog
from wapto_app.ui.empty import empty_state
from wapto_app.ui.i18n import from_server, t
from wapto_app.ui.language import language_name
from wapto_app.ui.link import RouteLink
from wapto_app.ui.skeleton import skeleton_lines
from wapto_app.ui.templates import TemplateEditor

ROUTE = "/templates/[template_id]/edit"
_FORM = TemplateEditing.form.to(WrittenForm)
_ACCOUNTS = TemplateEditing.overall.to(Standing)["accounts"]
_ADDRESS = "/templates/" + TemplateEditing.template_id.to_string()


def edit_template() -> rx.Component:
    missing = card(
        empty_state(
            "search-x",
            t("This template is not here"),
            t("It may have been deleted."),
            button_link(t("All templates"), "/templates"),
        )
    )
    found = rx.fragment(_head(), rx.cond(TemplateEditing.why != "", _locked(), _editor()))
    return frame(
        t("Edit template"),
        page_body(
            rx.cond(
                TemplateEditing.loaded,
                rx.cond(TemplateEditing.missing, missing, found),
                card(skeleton_lines(10)),
            ),
            width="max-w-6xl",
        ),
        library_picker("template_sample", on_pick=TemplateEditing.take_file, many=False),
        _forget_dialog(),
        permission=Permission.TEMPLATES_DO,
    )


def _head() -> rx.Component:
    forget = rx.cond(
        TemplateEditing.has_edit,
        button(t("Throw the changes away"), variant="ghost", on_click=open_dialog("forget-edit")),
        rx.fragment(),
    )
    return rx.el.header(
        RouteLink.create(
            rx.icon("arrow-left", size=16, class_name="mirror", aria_hidden=True),
            t("All templates"),
            to="/templates",
            class_name="inline-flex items-center gap-1.5 rounded text-sm text-muted hover:text-ink",
        ),
        rx.el.div(
            rx.el.h1(
                rx.el.span(_FORM["name"], dir="ltr", class_name="min-w-0 wrap-anywhere"),
                status(TemplateEditing.status),
                class_name="flex min-w-0 flex-1 flex-wrap items-center gap-2 text-xl font-semibold tracking-tight",
            ),
            forget,
            class_name="mt-2 flex flex-wrap items-center gap-2",
        ),
        rx.el.p(language_name(_FORM["language"]), class_name="text-sm text-muted"),
        class_name="pb-6",
    )


def _locked() -> rx.Component:
    actions = rx.el.div(
        button(t("Duplicate"), icon="copy", on_click=NewTemplate.duplicate(TemplateEditing.template_id)),
        button_link(t("Open the template"), _ADDRESS),
        class_name="mt-4 flex flex-wrap gap-2",
    )
    return card(
        banner(from_server(TemplateEditing.why), tone="info", title=t("It cannot be edited now")), actions
    )


def _editor() -> rx.Component:
    return TemplateEditor.create(
        key=TemplateEditing.opened.to_string(),
        revision=_FORM["name"].to(str) + TemplateEditing.opened.to_string(),
        form=_FORM,
        files=TemplateEditing.files,
        problems=TemplateEditing.problems,
        errors=Feedback.errors,
        saved=TemplateEditing.saved,
        picked=TemplateEditing.picked,
        languages=CODES,
        accounts=_ACCOUNTS,
        status=TemplateEditing.status,
        business=_ACCOUNTS[0]["name"],
        pending=TemplateEditing.busy,
        on_write=TemplateEditing.write,
        on_library=lambda kind: LibraryPicker.start("template_sample", kind),
        on_submit=TemplateEditing.submit,
    )


def _forget_dialog() -> rx.Component:
    return confirm_dialog(
        id="forget-edit",
        title=t("Throw your changes away?"),
        text=t("The template stays as WhatsApp has it. What you wrote since is gone for good."),
        confirm=t("Throw the changes away"),
        on_confirm=TemplateEditing.forget_edit,
    )
