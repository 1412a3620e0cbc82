"""Rules that every component keeps, seen in what it compiles to."""

from __future__ import annotations

import re
from typing import TypedDict

import reflex as rx

from wapto_app.security.policy import public
from wapto_app.ui.button import button, icon_button
from wapto_app.ui.copy import copy_button
from wapto_app.ui.dialog import confirm_dialog
from wapto_app.ui.form import post_form, search_input, select, text_field, text_input
from wapto_app.ui.i18n import t
from wapto_app.ui.menu import menu_item
from wapto_app.ui.table import Column, Selection, Sort, table
from wapto_app.ui.tokens import classes


class Row(TypedDict):
    id: int
    name: str


class Desk(rx.State):
    rows: list[Row] = []
    chosen: list[int] = []
    by: str = "name"
    busy: bool = False
    word: str = ""
    errors: dict[str, str] = {}

    @rx.event
    @public
    def sort(self, by: str) -> None: ...

    @rx.event
    @public
    def toggle(self, row_id: int) -> None: ...

    @rx.event
    @public
    def toggle_all(self, checked: bool) -> None: ...

    @rx.event
    @public
    def find(self, word: str) -> None: ...


def _table(**more: object) -> str:
    return str(table(Desk.rows, Column("Name", lambda row: row["name"], sort="name"), label="Rows", **more))  # type: ignore[arg-type]


def test_a_button_does_not_submit_a_form_unless_it_says_so() -> None:
    assert 'type:"button"' in str(button("Save"))


def test_a_loading_button_is_busy_and_cannot_be_pressed() -> None:
    text = str(button("Save", loading=Desk.busy))
    assert '"aria-busy":' in text
    assert re.search(r"disabled:pyOr\(\S*busy_rx_state_", text)


def test_an_icon_button_has_a_name_and_the_same_tooltip() -> None:
    text = str(icon_button("trash-2", t("Delete tag")))
    assert '"aria-label":tr("Delete tag")' in text
    assert '"data-tip":tr("Delete tag")' in text


def test_a_field_ties_label_help_and_error_to_its_control() -> None:
    text = str(text_field("email", "E-mail", help="For receipts.", errors=Desk.errors))
    assert 'htmlFor:"email"' in text
    assert '"aria-describedby":"email-error email-help"' in text
    assert 'id:"email-help"' in text
    assert 'FieldError,{control:"email",id:"email-error"' in text


def test_a_field_is_required_unless_it_says_optional() -> None:
    assert "required:true" in str(text_field("name", "Name"))
    optional = str(text_field("name", "Name", optional=True))
    assert "required" not in optional
    assert 'tr("optional")' in optional


def test_text_that_the_state_rules_waits_for_a_pause_in_the_browser() -> None:
    assert "LiveText" in str(text_input("word", value=Desk.word, on_change=Desk.find))
    assert "LiveText" in str(search_input("word", "Find", value=Desk.word, on_change=Desk.find))
    assert "LiveText" not in str(text_input("word"))


def test_a_form_for_a_route_is_sent_by_the_browser() -> None:
    text = str(post_form(rx.el.input(name="a"), action="/auth/logout"))
    assert 'method:"post"' in text
    assert "onSubmit" not in text


def test_options_keep_their_order() -> None:
    text = str(select("x", [("b", "Bee"), ("a", "Ay")], placeholder="Any"))
    assert text.index("Any") < text.index("Bee") < text.index("Ay")


def test_sorting_by_the_same_column_again_turns_the_order() -> None:
    text = _table(sort=Sort(Desk.by, Desk.sort))
    assert '"aria-sort":' in text
    assert '"-name"' in text


def test_a_row_is_opened_by_a_real_link() -> None:
    text = _table(row_href=lambda row: f"/contacts/{row['id']}")
    assert "ReactRouterLink" in text
    assert 'scope:"row"' in text


def test_rows_are_chosen_by_named_checkboxes() -> None:
    text = _table(
        selection=Selection(Desk.chosen, Desk.toggle, Desk.toggle_all, []), row_name=lambda row: row["name"]
    )
    assert 'tr("Select all rows of this page")' in text
    assert 'tr("Select {name}"' in text
    assert 'role:"status"' in text


def test_a_destructive_question_offers_the_way_out_first() -> None:
    text = str(
        confirm_dialog(id="x", title="Delete?", text="Gone.", confirm="Delete tag", on_confirm=Desk.toggle(1))
    )
    assert text.index('tr("Cancel")') < text.index("Delete tag")
    assert '"data-autofocus":"true"' in text


def test_a_disabled_menu_item_says_so() -> None:
    assert '"aria-disabled":true' in str(menu_item("Delete", disabled=True))


def test_a_copy_button_names_what_it_copies() -> None:
    assert 'label:"Verify token"' in str(copy_button("abc", label="Verify token"))


def test_class_names_with_a_condition_become_one_var() -> None:
    assert classes("a", "", "b") == "a b"
    assert isinstance(classes("a", rx.cond(Desk.busy, "b", "c")), rx.Var)
