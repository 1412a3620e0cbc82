"""Sending a template to one contact: its own chunk, fetched after the page."""

from __future__ import annotations

import reflex as rx

from pages.library_picker import library_picker
from state.base import Feedback
from state.contacts import SendTemplate
from state.library_picker import LibraryPicker
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.ui.templates import TemplateSender


@rx.memo(wrapper=None)
def template_sender() -> rx.Component:
    """``SendTemplate.start(contact, name, template)`` opens it."""
    return rx.fragment(
        TemplateSender.create(
            open=SendTemplate.is_open,
            contact=SendTemplate.contact_id,
            name=SendTemplate.name,
            wanted=SendTemplate.wanted,
            people=SendTemplate.people,
            numbers=SendTemplate.numbers,
            rows=SendTemplate.rows,
            form=SendTemplate.form,
            attached=SendTemplate.attached,
            errors=Feedback.errors,
            answered=SendTemplate.answered,
            may_pick=Shell.permissions.contains(Permission.MEDIA_SEE.value),
            on_people=SendTemplate.find_people,
            on_pick=SendTemplate.take,
            on_find=SendTemplate.find,
            on_choose=SendTemplate.choose,
            on_sync=SendTemplate.sync,
            on_library=LibraryPicker.start,
            on_send=SendTemplate.send,
            on_close=SendTemplate.close,
        ),
        library_picker("contact_template", on_pick=SendTemplate.attach, many=False),
    )
