"""Figures in words, and lines in the order of a column."""

from __future__ import annotations

import pytest

from wapto_app.services import spreadsheet
from wapto_app.services.review.shown import duration, hours, in_order, points
from wapto_app.services.review.tally import percentile


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h 00 min"),
        (7500, "2 h 05 min"),
        (86399, "23 h 59 min"),
        (86400, "1 d 0 h"),
        (360_000, "4 d 4 h"),
    ],
)
def test_a_time_is_told_in_its_two_largest_units(seconds: int | None, text: str) -> None:
    assert duration(seconds) == text


def test_time_at_work_is_never_told_in_days() -> None:
    assert (hours(300), hours(36_000), hours(360_000)) == ("5 min", "10 h", "100 h")


def test_points_have_one_decimal() -> None:
    assert (points(None), points(375), points(500)) == ("–", "3.8", "5.0")


@pytest.mark.parametrize(
    ("values", "median", "p90"),
    [([], None, None), ([7], 7, 7), ([1, 3], 1, 3), ([1, 2, 3], 2, 3), (list(range(1, 101)), 50, 90)],
)
def test_percentiles_are_values_that_occurred(values: list[int], median: int | None, p90: int | None) -> None:
    assert (percentile(values, 50), percentile(values, 90)) == (median, p90)


def test_what_has_no_value_comes_last_either_way() -> None:
    rows = [{"name": "b", "score": None}, {"name": "A", "score": 1}, {"name": "c", "score": 3}]
    assert [row["name"] for row in in_order(rows, "score")] == ["A", "c", "b"]
    assert [row["name"] for row in in_order(rows, "-score")] == ["c", "A", "b"]
    assert [row["name"] for row in in_order(rows, "name")] == ["A", "b", "c"]
    assert in_order(rows, "email") == rows


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1"])
def test_no_text_runs_as_a_formula(text: str) -> None:
    assert spreadsheet.cell(text) == f"'{text}"


def test_numbers_and_ordinary_texts_stay_as_they_are() -> None:
    assert [spreadsheet.cell(value) for value in (-1, 2.5, None, "Ana", "a=b")] == [-1, 2.5, "", "Ana", "a=b"]
    assert "".join(spreadsheet.lines(["A"], [['x,"y"\n']])) == '\ufeffA\r\n"x,""y""\n"\r\n'
