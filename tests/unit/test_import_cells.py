"""What an import makes of cells, and what it takes columns for."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wapto_app.services.imports import cells
from wapto_app.services.imports.differences import Change, Known, difference
from wapto_app.services.imports.targets import guess
from wapto_app.services.person import Person


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("+49 151 12345678", None, "+4915112345678"),
        ("0151/12345678", "DE", "+4915112345678"),
        ("15112345678", "DE", "+4915112345678"),
        ("4915112345678", "DE", "+4915112345678"),
        ("0049 151 12345678", None, "+4915112345678"),
        ("4915112345678.0", "DE", "+4915112345678"),
        ("4915112345678,00", "DE", "+4915112345678"),
        ("4.915112345678E+12", "DE", "+4915112345678"),
        ("4,915112345678e12", None, "+4915112345678"),
        ("'+4915112345678", None, "+4915112345678"),
        ('="015112345678"', "DE", "+4915112345678"),
        ("Tel.: 015112345678".replace(".", ""), "DE", "+4915112345678"),
        ("whatsapp: +49 151 12345678", None, "+4915112345678"),
        ("+49 151 12345678; +49 30 123456", None, "+4915112345678"),
        ("+49 151 12345678 / +49 30 123456", None, "+4915112345678"),
        ("\u202a+49 151 12345678\u202c", None, "+4915112345678"),
        ("٠١٥١١٢٣٤٥٦٧٨", "DE", "+4915112345678"),
        ("+55 31 8888-7777", None, "+5531988887777"),
        ("553188887777", "BR", "+5531988887777"),
        ("5215512345678", "MX", "+525512345678"),
        ("011 15-2345-6789", "AR", "+5491123456789"),
        ("541123456789", None, "+5491123456789"),
    ],
)
def test_a_number_is_read_however_it_was_mangled(text: str, region: str | None, number: str) -> None:
    assert cells.phone(text, region) == number


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no phone number"),
        (" ' ", "no phone number"),
        ("4.9151E+12", "cut this number short"),
        ("4,9E12", "cut this number short"),
        ("110", "exists"),
        ("none", "exists"),
        ("+" + "1" * 30, "exists"),
        ("1" * 500, "exists"),
    ],
)
def test_what_is_no_number_says_why(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        cells.phone(text, "DE")


@given(st.text(max_size=70), st.sampled_from([None, "DE", "BR", "MX", "AR", "IN"]))
def test_any_text_is_a_number_or_a_reason(text: str, region: str | None) -> None:
    try:
        number = cells.phone(text, region)
    except ValueError as problem:
        said = str(problem)
        assert said.endswith((".", "again."))
        assert len(said) < 200
        return
    assert number.startswith("+")
    assert cells.phone(number, region) == number


@given(st.text(max_size=80))
def test_other_cells_never_break(text: str) -> None:
    for read in (
        cells.email,
        cells.language,
        cells.opted_out,
        cells.tags,
        lambda each: cells.words("name", each),
    ):
        with suppress(ValueError):
            read(text)  # type: ignore[operator]


def test_consent_languages_addresses_and_tags() -> None:
    assert [cells.opted_out(each) for each in ("No", "nein", "unsubscribed", "0", "Opted out.")] == [True] * 5
    assert [cells.opted_out(each) for each in ("", "yes", "Sí", "1", "subscribed", "x")] == [False] * 6
    assert [cells.language(each) for each in ("ES", "pt_br", "Deutsch", "español", "")] == [
        "es",
        "pt-BR",
        "de",
        "es",
        "",
    ]
    assert cells.email("mailto:Ada+news@Example.COM") == "ada+news@example.com"
    assert cells.email("jürgen@exämple.de").endswith("exämple.de")
    assert cells.tags(" VIP;; Lisbon, 2026 |x\ny ") == ["VIP", "Lisbon", "2026", "x", "y"]
    for read, bad in ((cells.email, "a@b@c"), (cells.language, "klingon!"), (cells.opted_out, "maybe")):
        with pytest.raises(ValueError, match=r"\w"):
            read(bad)


def targets(*names: str, shown: list[list[str]] | None = None, region: str | None = None) -> list[str]:
    return [
        each["target"] for each in guess(names, shown or [], {"city": 7, "data de nascimento": 9}, region)
    ]


def test_columns_are_known_by_their_names_in_several_languages() -> None:
    assert targets("Full Name", "Phone Number", "E-Mail", "City") == ["name", "phone", "email", "field:7"]
    assert targets("Nombre", "Apellidos", "Teléfono móvil", "Correo electrónico") == [
        "name",
        "last_name",
        "phone",
        "email",
    ]
    assert targets("Nome", "Sobrenome", "Celular", "Data de nascimento") == [
        "name",
        "last_name",
        "phone",
        "field:9",
    ]
    assert targets("Vorname", "Nachname", "Handynummer") == ["first_name", "last_name", "phone"]
    assert targets("Name", "name 2", "Name", "Phone", "Mobile") == ["name", "", "", "phone", ""]


def test_a_column_of_numbers_is_found_by_what_is_in_it() -> None:
    rows = [["x", "0151 12345678"], ["y", "0151 12345679"], ["z", ""]]
    assert targets("A", "B", shown=rows, region="DE") == ["", "phone"]
    assert targets("A", "B", shown=[["1", "12"], ["2", "13"]], region="DE") == ["", ""]


TEXT = st.sampled_from(["", "a", "b", "c"])
ROWS = st.lists(st.dictionaries(st.sampled_from(["name", "company"]), TEXT), max_size=4)


@given(st.dictionaries(st.sampled_from(["name", "company", "notes"]), TEXT), ROWS, st.booleans())
def test_changes_put_together_lead_from_the_first_to_the_last(
    before: dict[str, str], rows: list[dict[str, str]], fills: bool
) -> None:
    start = {"name": "", "company": "", "notes": ""} | before
    known = Known(dict(start), {}, set(), out=False)
    whole = Change()
    for row in rows:
        change = difference(known, row, {}, [], out=False, fills_only=fills)
        known.take(change)
        whole = whole.then(change)
    again = Change.read(whole.written())
    assert {**start, **{name: new for name, (_old, new) in again.columns.items()}} == known.columns
    assert {**known.columns, **{name: old for name, (old, _new) in again.columns.items()}} == start
    if fills:
        assert all(old == "" for old, _new in again.columns.values())


def digits(most: int, first: str = "0123456789") -> st.SearchStrategy[str]:
    rest = st.text("0123456789", min_size=most - 1, max_size=most - 1)
    return st.builds(str.__add__, st.sampled_from(first), rest)


BRAZIL = st.tuples(st.sampled_from(["11", "21", "31", "71", "85", "99"]), digits(8, "6789")).map(
    lambda parts: (
        f"55{parts[0]}{parts[1]}",
        "BR",
        [
            f"+55 {parts[0]} 9{parts[1]}",
            f"({parts[0]}) {parts[1]}",
            f"0{parts[0]}9{parts[1]}",
            f"+55-{parts[0]}-{parts[1]}",
        ],
    )
)
MEXICO = st.tuples(st.sampled_from(["55", "33", "81"]), digits(8, "2345678")).map(
    lambda parts: (
        f"521{''.join(parts)}",
        "MX",
        [
            f"+52 {parts[0]} {parts[1]}",
            f"+52 1 {parts[0]} {parts[1]}",
            f"{parts[0]} {parts[1]}",
            f"52{''.join(parts)}",
        ],
    )
)
ARGENTINA = digits(8, "23456").map(
    lambda number: (
        f"54911{number}",
        "AR",
        [
            f"+54 9 11 {number}",
            f"+54 11 {number}",
            f"011 15 {number}",
            f"11{number}",
            f"+54 (11) 15-{number}",
        ],
    )
)


@given(st.one_of(BRAZIL, MEXICO, ARGENTINA))
def test_every_spelling_of_a_person_meets_the_one_of_the_webhook(case: tuple[str, str, list[str]]) -> None:
    wa_id, region, spellings = case
    ours = Person(wa_id=wa_id).addresses()[0][1]
    assert {cells.phone(each, region) for each in spellings} == {ours}
