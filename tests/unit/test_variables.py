"""Gaps in texts: every variable is found, nothing else is touched, and values are never read as variables."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wapto_app.models import Template
from wapto_app.services.errors import Invalid
from wapto_app.services.quick_replies import names_in, put_in
from wapto_app.services.quick_replies.variables import first_name
from wapto_app.services.templates import describe, fill
from wapto_app.services.templates.anatomy import filled, variables

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,39}", fullmatch=True)
WORDS = st.text(st.characters(exclude_characters="{}", exclude_categories=["Cs"]), max_size=30)
ONE_LINE = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=20)
VALUES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).filter(str.strip)


@given(st.lists(st.tuples(WORDS, NAMES), max_size=6), WORDS, st.dictionaries(NAMES.map(str.lower), VALUES))
def test_what_is_known_is_put_in_and_the_rest_is_named(
    parts: list[tuple[str, str]], end: str, values: dict[str, str]
) -> None:
    text = "".join(f"{words}{{{{{name}}}}}" for words, name in parts) + end
    gaps = put_in(text, values)
    known = {name.lower() for _words, name in parts} & set(values)
    assert set(gaps.missing) == {name.lower() for _words, name in parts} - known
    whole = "".join(
        words + (values[name.lower()].strip() if name.lower() in known else f"{{{{{name}}}}}")
        for words, name in parts
    )
    assert gaps.text == whole + end


@given(st.text(st.sampled_from("{} ab_1" + string.whitespace), max_size=40), VALUES)
def test_no_text_breaks_it_and_what_is_no_variable_stays(text: str, value: str) -> None:
    names = names_in(text)
    gaps = put_in(text, dict.fromkeys(names, value))
    assert gaps.missing == []
    assert put_in(text, {}) == (text, names)
    if not names:
        assert gaps.text == text


@given(VALUES)
def test_a_value_is_never_taken_for_a_variable(value: str) -> None:
    assert put_in("{{a}}{{b}}", {"a": "{{b}}", "b": value}).text == "{{b}}" + value.strip()
    assert filled("{{1}}{{2}}", {"1": "{{2}}", "2": value}) == "{{2}}" + value


@given(st.text(max_size=60))
def test_a_first_name_is_one_word_of_the_name(name: str) -> None:
    first = first_name(name)
    assert (first == "") == (not name.split())
    assert not re.search(r"\s", first)


def test_first_names() -> None:
    names = {
        "Maya Thompson": "Maya",
        "Thompson, Maya J.": "Maya",
        " Cher ": "Cher",
        "": "",
        "Smith,": "Smith,",
    }
    assert {name: first_name(name) for name in names} == names


@given(
    st.lists(
        st.sampled_from(["Hello", "{{1}}", "{{2}}", "{{ 3 }}", "{{name}}", "{{first_name}}", " and "]),
        min_size=1,
        max_size=8,
    ),
    st.dictionaries(st.sampled_from(["1", "2", "3", "name", "first_name"]), ONE_LINE),
)
def test_a_template_is_filled_in_whole_or_names_what_is_missing(
    words: list[str], values: dict[str, str]
) -> None:
    text = " ".join(words)
    named = "{{name}}" in text or "{{first_name}}" in text
    template = Template(
        waba_id="1",
        name="x",
        language="en",
        status="APPROVED",
        parameter_format="NAMED" if named else "POSITIONAL",
        components=[{"type": "BODY", "text": text}],
    )
    asked = [slot["key"] for slot in describe(template)["slots"]]
    assert asked == [f"body.{name}" for name in variables(text)]
    given_values = {f"body.{name}": value for name, value in values.items()}
    missing = [key for key in asked if key not in given_values]
    if missing:
        with pytest.raises(Invalid) as refused:
            fill(template, given_values)
        assert refused.value.field in asked
        return
    made = fill(template, given_values)
    [*components] = made.content["template"].get("components", [])
    assert len(components) == (1 if asked else 0)
    if asked:
        parameters = components[0]["parameters"]
        assert len(parameters) == len(asked)
        assert all(("parameter_name" in each) == named for each in parameters)
        assert not re.search(r"\{\{\s*(1|2|3)\s*\}\}", made.body) or any("{{" in v for v in values.values())
