"""Tables: sticky head, sortable columns, a row that opens, a bar for the chosen rows, pages by key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import reflex as rx

from wapto_app.ui.button import button, icon_button
from wapto_app.ui.card import SURFACE
from wapto_app.ui.form import Check
from wapto_app.ui.i18n import Text, t, tn
from wapto_app.ui.link import RouteLink
from wapto_app.ui.skeleton import skeleton
from wapto_app.ui.tokens import classes

Row = rx.Var[Any]
_CELL = "h-12 px-3 first:ps-4 last:pe-4"
_HEAD = "h-10 px-3 text-xs font-medium whitespace-nowrap text-muted first:ps-4 last:pe-4"
_STRETCHED = (
    "font-medium after:absolute after:inset-0 after:content-[''] hover:underline underline-offset-2 rounded"
)


@dataclass(frozen=True)
class Column:
    """One column. ``sort`` is the key that the sort handler hears; numbers stand at the right (``number=True``);
    ``hide`` leaves it out on a phone; ``width`` is a class name (``w-32``); ``shown`` decides whether it is there."""

    title: Text | rx.Component
    cell: Callable[[Any], rx.Component | rx.Var[Any] | str]
    sort: str = ""
    number: bool = False
    hide: bool = False
    width: str = ""
    shown: rx.Var[bool] | None = None


@dataclass(frozen=True)
class MoreColumns:
    """Columns that only the data knows: a var of rows, the title of one, and the cell for a row of the table."""

    columns: rx.Var[Any]
    title: Callable[[Any], rx.Var[str]]
    cell: Callable[[Any, Any], rx.Component]


@dataclass(frozen=True)
class Sort:
    """``by`` is a column's key, with a minus in front for falling order; ``on_sort`` hears the next one."""

    by: rx.Var[str]
    on_sort: Any


@dataclass(frozen=True)
class Selection:
    """The chosen ids, what hears a toggled id, what hears "all of this page" (a bool), and the buttons of the bar."""

    ids: rx.Var[list[Any]]
    on_toggle: Any
    on_toggle_all: Any
    actions: Sequence[rx.Component]


def table(
    rows: rx.Var[Any],
    *columns: Column,
    label: Text,
    more: MoreColumns | None = None,
    key: str = "id",
    row_href: Callable[[Any], rx.Var[str]] | None = None,
    on_row_click: Callable[[Any], Any] | None = None,
    row_actions: Callable[[Any], rx.Component] | None = None,
    row_name: Callable[[Any], rx.Var[str]] | None = None,
    sort: Sort | None = None,
    selection: Selection | None = None,
    loading: bool | rx.Var[bool] = False,
    empty: rx.Component | None = None,
    pager: rx.Component | None = None,
    class_name: str = "",
) -> rx.Component:
    """A list of rows (``list[TypedDict]`` with a ``key``).

    The first column opens the row (``row_href`` or ``on_row_click``), from anywhere on it. ``row_name`` names a row for
    its checkbox. ``class_name`` may limit the height; the head stays in sight then.
    """

    def body_row(row: Any) -> rx.Component:
        cells = [_cell(column, row, row_href, on_row_click, first=i == 0) for i, column in enumerate(columns)]
        return rx.el.tr(
            *([_select_cell(selection, row, key, row_name)] if selection else []),
            *cells,
            *([_more_cells(more, row)] if more else []),
            *([rx.el.td(row_actions(row), class_name="relative w-12 pe-2 text-end")] if row_actions else []),
            key=row[key],
            class_name="group relative hover:bg-hover has-[.check:checked]:bg-accent-soft",
        )

    width = len(columns) + (selection is not None) + (row_actions is not None)
    head = _head(columns, rows, sort, selection, more, has_actions=row_actions is not None)
    body = rx.el.tbody(
        rx.cond(loading, _skeleton_rows(width), rx.foreach(rows, body_row)), class_name="divide-y divide-line"
    )
    return rx.el.div(
        rx.el.div(
            rx.el.table(head, body, aria_label=label, class_name="w-full border-collapse text-sm"),
            _empty(rows, loading, empty),
            class_name=classes("scroll-thin relative overflow-auto", class_name),
            tab_index=0,
            role="region",
            aria_label=label,
        ),
        _bulk_bar(selection) if selection else rx.fragment(),
        pager if pager is not None else rx.fragment(),
        # Clipped, not hidden: the bar of the chosen rows stays in sight at the bottom of a long page.
        class_name=classes(SURFACE, "overflow-clip"),
    )


def _side(column: Column) -> str:
    side = "text-end whitespace-nowrap tabular-nums" if column.number else "text-start"
    return f"{side} {'max-md:hidden' if column.hide else ''} {column.width}"


def _cell(
    column: Column,
    row: Any,
    href: Callable[[Any], rx.Var[str]] | None,
    on_click: Callable[[Any], Any] | None,
    *,
    first: bool,
) -> rx.Component:
    content = column.cell(row)
    look = classes(_CELL, _side(column))
    if not first:
        return _if_shown(column, rx.el.td(content, class_name=look))
    if href is not None:
        content = RouteLink.create(content, to=href(row), class_name=_STRETCHED)
    elif on_click is not None:
        content = rx.el.button(
            content, type="button", on_click=on_click(row), class_name=f"text-start {_STRETCHED}"
        )
    return rx.el.th(content, scope="row", class_name=classes(look, "font-normal"))


def _if_shown(column: Column, cell: rx.Component) -> rx.Component:
    return cell if column.shown is None else rx.cond(column.shown, cell, rx.fragment())


def _more_cells(more: MoreColumns, row: Any) -> rx.Component:
    def cell(column: Any) -> rx.Component:
        return rx.el.td(more.cell(column, row), class_name=classes(_CELL, "text-start max-md:hidden"))

    return rx.foreach(more.columns, cell)


def _more_heads(more: MoreColumns) -> rx.Component:
    def head(column: Any) -> rx.Component:
        look = classes(_HEAD, "text-start max-md:hidden")
        return rx.el.th(more.title(column), scope="col", dir="auto", class_name=look)

    return rx.foreach(more.columns, head)


def _head(
    columns: Sequence[Column],
    rows: Any,
    sort: Sort | None,
    selection: Selection | None,
    more: MoreColumns | None,
    *,
    has_actions: bool,
) -> rx.Component:
    return rx.el.thead(
        rx.el.tr(
            *([_select_all(selection, rows)] if selection else []),
            *[_if_shown(column, _head_cell(column, sort)) for column in columns],
            *([_more_heads(more)] if more else []),
            *([rx.el.th(rx.el.span(t("Actions"), class_name="sr-only"), scope="col")] if has_actions else []),
        ),
        class_name="sticky top-0 z-10 bg-surface shadow-[inset_0_-1px_0_var(--color-line)]",
    )


def _head_cell(column: Column, sort: Sort | None) -> rx.Component:
    look = classes(_HEAD, _side(column))
    if sort is None or not column.sort:
        return rx.el.th(column.title, scope="col", class_name=look)
    rising, falling = sort.by == column.sort, sort.by == f"-{column.sort}"
    arrow = rx.cond(
        rising,
        rx.icon("arrow-up", size=14),
        rx.cond(
            falling,
            rx.icon("arrow-down", size=14),
            rx.icon("chevrons-up-down", size=14, class_name="opacity-60"),
        ),
    )
    press = rx.el.button(
        *((arrow, column.title) if column.number else (column.title, arrow)),
        type="button",
        on_click=sort.on_sort(rx.cond(rising, f"-{column.sort}", column.sort)),
        class_name="-mx-1 inline-flex items-center gap-1 rounded px-1 py-1 hover:text-ink",
    )
    state = rx.cond(rising, "ascending", rx.cond(falling, "descending", "none"))
    return rx.el.th(press, scope="col", aria_sort=state, class_name=look)


def _select_all(selection: Selection, rows: Any) -> rx.Component:
    chosen, total = selection.ids.length(), rows.length()
    box = Check.create(
        checked=(chosen > 0) & (chosen >= total),
        some=(chosen > 0) & (chosen < total),
        on_change=selection.on_toggle_all,
        class_name="check block",
        custom_attrs={"aria-label": t("Select all rows of this page")},
    )
    return rx.el.th(_target(box), scope="col", class_name="w-10 ps-1.5")


def _select_cell(
    selection: Selection, row: Any, key: str, name: Callable[[Any], rx.Var[str]] | None
) -> rx.Component:
    box = Check.create(
        checked=selection.ids.contains(row[key]),
        on_change=lambda _checked: selection.on_toggle(row[key]),
        class_name="check block",
        custom_attrs={"aria-label": t("Select {name}", name=name(row) if name else row[key])},
    )
    return rx.el.td(_target(box), class_name="w-10 ps-1.5")


def _target(box: rx.Component) -> rx.Component:
    """Above the stretched link of the row, and large enough for a thumb."""
    return rx.el.label(box, class_name="relative z-1 grid size-10 place-items-center")


def _skeleton_rows(width: int) -> rx.Component:
    def cell(i: int, j: int) -> rx.Component:
        return rx.el.td(skeleton(f"h-3.5 {('w-24', 'w-32', 'w-20')[(i + j) % 3]}"), class_name=_CELL)

    return rx.fragment(*[rx.el.tr(*[cell(i, j) for j in range(width)]) for i in range(6)])


def _empty(rows: Any, loading: bool | rx.Var[bool], empty: rx.Component | None) -> rx.Component:
    if empty is None:
        return rx.fragment()
    return rx.cond((rows.length() == 0) & ~rx.Var.create(loading).to(bool), empty, rx.fragment())


def _bulk_bar(selection: Selection) -> rx.Component:
    chosen = selection.ids.length()
    bar = rx.el.div(
        rx.el.span(
            tn("{n} selected", "{n} selected", chosen),
            role="status",
            class_name="me-auto text-sm font-medium",
        ),
        *selection.actions,
        icon_button("x", t("Clear the selection"), on_click=selection.on_toggle_all(False)),
        class_name="sticky bottom-0 z-10 flex flex-wrap items-center gap-2 border-t bg-accent-soft px-4 py-2",
    )
    return rx.cond(chosen > 0, bar, rx.fragment())


def pager(
    *, shown: Text, has_previous: rx.Var[bool], has_next: rx.Var[bool], on_previous: Any, on_next: Any
) -> rx.Component:
    """Pages by key. ``shown`` says what is in sight: ``t("{first}–{last} of {total}", …)``."""
    return rx.el.nav(
        rx.el.span(shown, class_name="text-sm text-muted tabular-nums"),
        rx.el.div(
            button(t("Previous"), size="sm", disabled=~has_previous, on_click=on_previous),
            button(t("Next"), size="sm", disabled=~has_next, on_click=on_next),
            class_name="flex gap-2",
        ),
        aria_label=t("Pages"),
        class_name="flex items-center justify-between gap-4 border-t px-4 py-2",
    )
