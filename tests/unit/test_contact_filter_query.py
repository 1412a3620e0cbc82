"""Filters of contacts in an address: what is written is read back, and nothing in an address can break the page."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from hypothesis import given
from hypothesis import strategies as st

from wapto_app.services.contacts.filter_query import RULES_MAX, from_params, to_query
from wapto_app.services.contacts.filters import EVERYONE, FIELD_WAYS, OPT_STATES, TAG_WAYS
from wapto_app.services.contacts.listing import SORTS

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
DAYS = st.dates().map(lambda day: day.isoformat()) | st.just("")
RULES = st.fixed_dictionaries(
    {"field": TEXTS.filter(bool), "way": st.sampled_from(FIELD_WAYS), "value": TEXTS}
)
FILTERS = st.fixed_dictionaries(
    {
        "search": TEXTS,
        "tags": st.lists(st.integers(1, 2**31 - 1), unique=True, max_size=5),
        "tags_way": st.sampled_from(TAG_WAYS),
        "fields": st.lists(RULES, max_size=RULES_MAX),
        "source": TEXTS,
        "language": TEXTS,
        "opt": st.sampled_from(("", *OPT_STATES)),
        "blocked": st.sampled_from(("", "yes", "no")),
        "created_from": DAYS,
        "created_to": DAYS,
        "last_from": DAYS,
        "last_to": DAYS,
        "segment": st.integers(0, 2**31 - 1),
    }
)


def read(query: str) -> Any:
    return from_params(dict(parse_qsl(query.removeprefix("?"), keep_blank_values=True)))


@given(wanted=FILTERS, sort=st.sampled_from(SORTS))
def test_what_is_written_is_read_back(wanted: Any, sort: str) -> None:
    found, order = read(to_query(wanted, sort))
    without_tags = {} if wanted["tags"] else {"tags_way": "any"}
    assert (found, order) == ({**wanted, **without_tags}, sort)


def test_everybody_in_the_usual_order_needs_no_words() -> None:
    assert to_query(EVERYONE, SORTS[0]) == ""
    assert read("") == (EVERYONE, SORTS[0])
    assert read("?tag=7")[0]["tags"] == [7]


@given(st.dictionaries(st.sampled_from([*EVERYONE, "q", "tag", "sort"]), TEXTS | st.just('[["a"')))
def test_nonsense_is_left_out(params: Any) -> None:
    found, order = from_params(params)
    assert order in SORTS
    assert set(found) == set(EVERYONE)


def test_rules_that_are_none_are_left_out() -> None:
    for text in ("[[1]]", "{}", "[[]]", '[["a","?","b"]]', "[" * 100_000, '[["","is","b"]]', "null"):
        assert from_params({"fields": text})[0]["fields"] == [], text[:20]
