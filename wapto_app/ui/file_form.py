"""A file that a route takes as soon as it is chosen."""

from __future__ import annotations

import reflex as rx

from wapto_app.ui.browser import source
from wapto_app.ui.i18n import Text

_BUTTON = (
    "inline-flex h-9 items-center rounded-md border border-line bg-surface px-3.5 text-sm font-medium shadow-card "
    "transition-colors enabled:hover:bg-hover disabled:opacity-55"
)


class FileForm(rx.Component):
    """See ``file_form.jsx``."""

    library = source("file_form.jsx")
    tag = "FileForm"

    action: rx.Var[str]
    accept: rx.Var[str]
    choose: rx.Var[str]
    remove: rx.Var[str]
    has_file: rx.Var[bool]
    control: rx.Var[str]


def file_form(
    *, action: str, accept: str, choose: Text, remove: Text, has_file: rx.Var[bool]
) -> rx.Component:
    """Two buttons: choose a file, take it away. The page is loaded anew afterwards."""
    return FileForm.create(
        action=action,
        accept=accept,
        choose=choose,
        remove=remove,
        has_file=has_file,
        control=_BUTTON,
        class_name="flex flex-col gap-2",
    )
