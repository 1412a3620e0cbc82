"""A page is shown without the dialogs that were open when it was left."""

from __future__ import annotations

import reflex as rx

from state.contacts import SendTemplate
from state.library_picker import LibraryPicker
from state.templates.beginning import NewTemplate
from state.templates.removing import TemplateRemoval


async def close_dialogs(state: rx.State) -> None:
    """Those of the list and of the page of one template."""
    (await state.get_state(SendTemplate)).is_open = False
    (await state.get_state(NewTemplate)).copied_id = 0
    (await state.get_state(TemplateRemoval)).template_id = 0
    (await state.get_state(LibraryPicker)).opened = ""
