"""Message templates: the editor, a phone that shows one, and those to begin with."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.services.inbox.outgoing import OutgoingTemplate
from wapto_app.services.templates import TemplateForm
from wapto_app.ui.browser import source
from wapto_app.ui.i18n import Text

_spec = rx.event.passthrough_event_spec


class TemplateEditor(rx.NoSSRComponent):
    """The form with its preview; see ``template_editor.jsx``.

    What is typed lives in the browser. ``on_write`` hands it over a moment after the last key with the number of the
    version; ``saved`` is the number that the server has. ``picked`` brings a file of the library, counted by ``n``.
    Give it the ``key`` of what it edits, and as ``revision`` a name that no other opening of a template has.
    """

    library = source("template_editor.jsx")
    tag = "TemplateEditor"
    lib_dependencies: list[str] = ["emojibase-data@17.0.0"]

    form: rx.Var[Any]
    files: rx.Var[Any]
    problems: rx.Var[dict[str, str]]
    errors: rx.Var[dict[str, str]]
    saved: rx.Var[int]
    revision: rx.Var[str]
    picked: rx.Var[Any]
    languages: rx.Var[list[str]]
    accounts: rx.Var[Any]
    status: rx.Var[str]
    business: rx.Var[str]
    pending: rx.Var[bool]

    on_write: rx.EventHandler[_spec(TemplateForm, int)]
    on_library: rx.EventHandler[_spec(str)]
    on_submit: rx.EventHandler[_spec(TemplateForm, int)]


class TemplatePreview(rx.NoSSRComponent):
    """See ``template_preview.jsx``."""

    library = source("template_preview.jsx")
    tag = "TemplatePreview"

    form: rx.Var[Any]
    files: rx.Var[Any]
    business: rx.Var[str]
    bare: rx.Var[bool]


class StarterGallery(rx.NoSSRComponent):
    """See ``template_gallery.jsx``. ``on_use`` hears the key of a starter and a language."""

    library = source("template_gallery.jsx")
    tag = "StarterGallery"

    sectors: rx.Var[Any]
    starters: rx.Var[Any]
    disabled: rx.Var[bool]
    on_use: rx.EventHandler[_spec(str, str)]


class LanguageSelect(rx.Component):
    """A list of languages by their names in the reader's language; a control of a form."""

    library = source("language.jsx")
    tag = "LanguageSelect"
    _is_form_control = True

    name: rx.Var[str]
    codes: rx.Var[list[str]]
    initial: rx.Var[str]
    described_by: rx.Var[str]


class TemplateSender(rx.NoSSRComponent):
    """A dialog that finds, fills in and sends a template to one contact; see ``template_sender.jsx``."""

    library = source("template_sender.jsx")
    tag = "TemplateSender"

    open: rx.Var[bool]
    contact: rx.Var[int]
    name: rx.Var[str]
    people: rx.Var[Any]
    numbers: rx.Var[Any]
    rows: rx.Var[Any]
    form: rx.Var[Any]
    wanted: rx.Var[int]
    attached: rx.Var[Any]
    errors: rx.Var[dict[str, str]]
    answered: rx.Var[int]
    may_pick: rx.Var[bool]

    on_people: rx.EventHandler[_spec(str)]
    on_pick: rx.EventHandler[_spec(int, str)]
    on_find: rx.EventHandler[_spec(int, str)]
    on_choose: rx.EventHandler[_spec(int, int)]
    on_sync: rx.EventHandler[_spec(int)]
    on_library: rx.EventHandler[_spec(str, str)]
    on_send: rx.EventHandler[_spec(int, str, OutgoingTemplate)]
    on_close: rx.EventHandler[rx.event.no_args_event_spec]


def phone(form: Any, files: Any, *, business: Text | rx.Var[str] = "") -> rx.Component:
    """A phone that shows a message. ``form`` has ``components`` and ``category``; ``files`` by place."""
    return TemplatePreview.create(form=form, files=files, business=business)
