"""Tags on other pages: the chip beside a contact, and the picker with search and "create while typing"."""

from __future__ import annotations

from typing import Any

import reflex as rx

from state.shell import Shell
from state.tag_choices import TagChoices
from wapto_app.security.permissions import Permission
from wapto_app.ui.i18n import Text, t
from wapto_app.ui.menu import popover
from wapto_app.ui.tags import TagList, chip
from wapto_app.ui.tokens import Classes

MAY_CREATE = Shell.permissions.contains(Permission.TAGS_DO.value)


def tag_chip(tag: Any, *, on_remove: Any = None, class_name: Classes = "") -> rx.Component:
    """A ``TagChip``. ``on_remove``: what its cross does, for who may take it off."""
    if on_remove is None:
        return chip(tag["name"], tag["colour"], class_name=class_name)
    cross = rx.el.button(
        rx.icon("x", size=12, aria_hidden=True),
        type="button",
        aria_label=t("Remove the tag {name}", name=tag["name"]),
        on_click=on_remove,
        class_name="-me-1 grid size-4 flex-none place-items-center rounded hover:bg-hover pointer-coarse:size-6",
    )
    return chip(tag["name"], tag["colour"], cross, class_name=class_name)


def tag_chips(tags: Any, *, on_remove: Any = None, class_name: Classes = "") -> rx.Component:
    """A row of them, which wraps. ``on_remove`` is given the tag's id."""

    def shown(tag: Any) -> rx.Component:
        return tag_chip(tag, on_remove=on_remove(tag["id"]) if on_remove is not None else None)

    look = class_name or "flex min-w-0 flex-wrap items-center gap-1"
    return rx.el.span(rx.foreach(tags, shown), class_name=look)


def tag_picker(
    trigger: rx.Component,
    *,
    chosen: Any,
    on_toggle: Any,
    on_create: Any = None,
    label: Text | None = None,
    once: bool = False,
    align: str = "start",
    **props: Any,
) -> rx.Component:
    """A button that opens the list of all tags.

    ``chosen``: ids that are ticked (none in a bulk bar). ``on_toggle`` hears an id and whether it was ticked;
    ``on_create`` hears the name of a new tag: make it with ``tags.ensure``, which asks for the permission. Who may not
    make tags is not offered to. With ``once`` the first choice closes the list, for something that asks further.
    """
    may_create = MAY_CREATE if on_create is not None else False
    handlers = {"on_create": on_create} if on_create is not None else {}
    inside = TagList.create(
        tags=TagChoices.all,
        loading=TagChoices.loading,
        chosen=chosen,
        may_create=may_create,
        is_once=once,
        on_open=TagChoices.load,
        on_toggle=on_toggle,
        **handlers,
    )
    words = t("Tags") if label is None else label
    return popover(trigger, inside, label=words, align=align, **props)
