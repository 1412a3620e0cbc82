# ruff: noqa: E501
"""Reading tables: whatever encoding, delimiter and program they come from."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.tables import MOST_ROWS, Options, Unreadable, convert, convert_apart, converting
from integrations.tables.header import letter, looks_like_header

SPANISH = (
    "nombre{d}teléfono{d}ciudad\nJosé Muñoz{d}+34600111222{d}Córdoba\nÁngela Peña{d}+34600111223{d}Cádiz\n"
)
RUSSIAN = "имя;телефон;город\nИван Петров;+79161234567;Москва\nСергей Иванов;+79161234568;Казань\n"
JAPANESE = "名前,電話番号,都市\n山田太郎,+819012345678,東京\n佐藤花子,+819012345679,大阪\n"
POLISH = "Imię;Telefon\nŁukasz Żółć;+48500600700\nŚwiętosława Gęś;+48500600701\n"
ARABIC = "الاسم,الهاتف\nمحمد,+966501234567\nفاطمة,+966501234568\n"


def read(
    tmp_path: Path, content: str | bytes, **options: object
) -> tuple[list[str], list[list[str]], list[int]]:
    """Names of the columns, the rows, and where these stand in the file."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(content.encode() if isinstance(content, str) else content)
    found = convert(source, target, Options(**options))  # type: ignore[arg-type]
    rows = [json.loads(line) for line in target.read_bytes().splitlines()]
    assert found.rows == len(rows)
    return found.columns, [row[1:] for row in rows], [row[0] for row in rows]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "iso-8859-1"]
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_western_files_of_every_kind(tmp_path: Path, encoding: str, delimiter: str) -> None:
    columns, rows, _numbers = read(tmp_path, SPANISH.format(d=delimiter).encode(encoding))
    assert columns == ["nombre", "teléfono", "ciudad"]
    assert rows[0] == ["José Muñoz", "+34600111222", "Córdoba"]


@pytest.mark.parametrize(
    ("text", "encoding", "cell"),
    [
        (RUSSIAN, "cp1251", "Иван Петров"),
        (RUSSIAN, "koi8_r", "Иван Петров"),
        (JAPANESE, "shift_jis", "山田太郎"),
        (JAPANESE, "euc_jp", "山田太郎"),
        (POLISH, "cp1250", "Łukasz Żółć"),
        (ARABIC, "cp1256", "محمد"),
    ],
)
def test_other_alphabets_are_recognised_and_can_be_chosen(
    tmp_path: Path, text: str, encoding: str, cell: str
) -> None:
    assert read(tmp_path, text.encode(encoding))[1][0][0] == cell
    assert read(tmp_path, text.encode(encoding), encoding=encoding)[1][0][0] == cell


def test_an_accent_far_below_is_seen(tmp_path: Path) -> None:
    text = "name;phone\n" + "Ann;+4915112345678\n" * 3_000 + "Jürgen Groß;+4915112345679\n"
    assert read(tmp_path, text.encode("cp1252"))[1][-1][0] == "Jürgen Groß"


def test_quotes_empty_lines_and_excels_hint(tmp_path: Path) -> None:
    text = 'sep=;\n\nname;note\n"Doe; Jane";"one\ntwo ""three"""\n;;\n  Bob  ;x\n'
    columns, rows, numbers = read(tmp_path, text)
    assert columns == ["name", "note"]
    assert rows == [["Doe; Jane", 'one\ntwo "three"'], ["Bob", "x"]]
    assert numbers == [3, 5]


def test_a_first_row_that_is_a_contact_is_none_of_names(tmp_path: Path) -> None:
    assert read(tmp_path, "+4915112345678,Ada\n+4915112345679,Bob\n")[:2] == (
        ["A", "B"],
        [["+4915112345678", "Ada"], ["+4915112345679", "Bob"]],
    )
    assert read(tmp_path, "Ada\nBob\n", header=False)[0] == ["A"]
    assert not looks_like_header(["name", "name"])
    assert [letter(i) for i in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "nothing"),
        (b"\xef\xbb\xbf", "nothing"),
        (b"\n \n,,\n", "nothing"),
        (b"name,phone\n", "only a header"),
        (b'a,b\n"never ends' + b"x" * 200_000, "never ends"),
        (b"PK\x03\x04 no zip", "no spreadsheet"),
        (b"\xd0\xcf\x11\xe0 no sheet", "no spreadsheet"),
        (b"a," * 300 + b"a\n" + b"1," * 300 + b"1\n", "columns"),
    ],
)
def test_what_is_no_table_is_refused_with_a_sentence(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        read(tmp_path, content)


def test_too_many_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="200,000 rows"):
        read(tmp_path, "phone\n" + "+491511234567\n" * (MOST_ROWS + 1))


@given(
    st.lists(
        st.lists(st.text(alphabet=st.characters(codec="utf-8"), max_size=20), min_size=2, max_size=4),
        min_size=1,
        max_size=8,
    )
)
def test_whatever_a_program_wrote_comes_back_cell_by_cell(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    try:
        _columns, read_back, numbers = read(
            tmp_path_factory.mktemp("t"), text.getvalue(), header=False, delimiter=",", encoding="utf-8"
        )
    except Unreadable:
        assert not any(cell.strip().strip("\ufeff") for row in rows for cell in row)
        return
    for number, cells in zip(numbers, read_back, strict=True):
        written = [cell.strip() for cell in rows[number - 1]]
        assert [c.replace("\r\n", "\n").replace("\r", "\n") for c in cells] == [
            c.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
            if i == 0 and number == 1
            else c.replace("\r\n", "\n").replace("\r", "\n")
            for i, c in enumerate(written)
        ]


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("any")
    source = folder / "source"
    source.write_bytes(content)
    try:
        found = convert(source, folder / "target", Options())
    except Unreadable:
        return
    assert found.rows > 0


def sheet(tmp_path: Path, rows: str, strings: str = "") -> bytes:
    """The smallest XLSX that programs open; ``rows`` is XML."""
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
        "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Kunden" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>',
    }
    path = tmp_path / "book.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path.read_bytes()


def test_a_spreadsheet_gives_what_its_cells_mean(tmp_path: Path) -> None:
    def text(value: str) -> str:
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'

    rows = (
        f"<row r='2'>{text('Name')}{text('Phone')}{text('Score')}{text('Ok')}</row>"
        f"<row r='3'>{text('Ada')}<c><v>4915112345678</v></c><c><v>12.5</v></c><c t='b'><v>1</v></c></row>"
    )
    columns, read_back, numbers = read(tmp_path, sheet(tmp_path, rows))
    assert columns == ["Name", "Phone", "Score", "Ok"]
    assert read_back == [["Ada", "4915112345678", "12.5", "yes"]]
    assert numbers == [3]


async def test_a_process_of_its_own_reads_sheets(tmp_path: Path) -> None:
    source, target = tmp_path / "s", tmp_path / "t"
    source.write_bytes(sheet(tmp_path, "<row r='1'><c><v>1</v></c></row><row r='2'><c><v>2</v></c></row>"))
    assert (await convert_apart(source, target, Options())).sheet == "Kunden"
    source.write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(Unreadable, match="no spreadsheet"):
        await convert_apart(source, target, Options())


async def test_a_process_that_is_killed_by_its_bounds_is_a_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "s"
    source.write_bytes(sheet(tmp_path, "<row r='1'><c><v>1</v></c></row>"))
    monkeypatch.setattr("integrations.tables.converting._SECONDS", 0.001)
    with pytest.raises(Unreadable, match="memory or time"):
        await convert_apart(source, tmp_path / "t", Options())


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.tables.sheets.MOST_UNPACKED", 10_000)
    with pytest.raises(Unreadable, match="unpacks"):
        read(tmp_path, sheet(tmp_path, "<row r='1'><c><v>1</v></c></row>" + " " * 20_000))


def test_events_loop_is_not_needed(tmp_path: Path) -> None:
    source = tmp_path / "small.csv"
    source.write_text("phone\n+491511234567\n")
    assert asyncio.run(convert_apart(source, tmp_path / "t", Options())).rows == 1


def test_one_long_text_in_very_many_cells_does_not_fill_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(converting, "MOST_WRITTEN", 100_000)
    assert len(read(tmp_path, "Name,Phone\n" + "Ada,+1650555\n" * 3_000)[1]) == 3_000
    with pytest.raises(Unreadable, match="unpacks"):
        read(tmp_path, "Name,Phone\n" + f"{'x' * 1_000},+1650555\n" * 200)
    assert (tmp_path / "target").stat().st_size < 110_000
