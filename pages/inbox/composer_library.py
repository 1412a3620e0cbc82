"""Files of the library for what is written in the inbox: its own chunk, fetched after the page."""

from __future__ import annotations

import reflex as rx

from pages.library_picker import library_picker
from state.inbox import WritingHelp


@rx.memo(wrapper=None)
def composer_library() -> rx.Component:
    """``message`` attaches files, ``template`` puts one into the header of a template."""
    return rx.fragment(
        library_picker("message", on_pick=WritingHelp.attach),
        library_picker("template", on_pick=WritingHelp.attach_to_template, many=False),
    )
