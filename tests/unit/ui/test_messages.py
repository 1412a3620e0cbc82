"""The catalogs hold what the product can say, and the gatherer finds it."""

from __future__ import annotations

from pathlib import Path

import pytest

from wapto_app.ui import messages
from wapto_app.ui.i18n import LANGUAGES


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small tree with one of each kind of text."""
    files = {
        "pages/a.py": 't("Hello {name}", name=x)\ntn("{n} tag", "{n} tags", k)\n',
        "wapto_app/ui/b.jsx": 'const a = tr("Close");\nconst b = trn("{n} h", "{n} hs", n);',
        "wapto_app/services/errors.py": "class Invalid(Exception): pass\n",
        "state/c.py": 'success(f"Tag {tag.name} deleted.")\nraise Invalid("name", "Write a name.")\n',
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_words_are_found_in_python_and_jsx(project: Path) -> None:
    assert set(messages.gather(project).words) == {
        "Hello {name}",
        "{n} tag | {n} tags",
        "Close",
        "{n} h | {n} hs",
    }


def test_sentences_of_the_server_are_found_with_named_gaps(project: Path) -> None:
    assert set(messages.gather(project).sentences) == {"Tag {tag} deleted.", "Write a name."}


def test_a_text_that_is_not_literal_or_not_filled_is_a_problem(project: Path) -> None:
    (project / "pages/a.py").write_text('t(title)\nt("Hello {name}")\n')
    problems = messages.gather(project).problems
    assert len(problems) == 2
    assert "literal" in problems[0]
    assert "{name}" in problems[1]


def test_every_text_of_the_product_is_gatherable() -> None:
    assert messages.gather().problems == []


@pytest.mark.parametrize("code", [code for code in LANGUAGES if code != "en"])
def test_the_shipped_catalog_is_complete_and_holds_nothing_else(code: str) -> None:
    catalog, found = messages.catalogs()[code], messages.gather()
    assert messages.missing(catalog, found) == [], (
        "run: python -m wapto_app.ui.messages --write, then translate"
    )
    assert messages.unused(catalog, found) == []


@pytest.mark.parametrize("code", [code for code in LANGUAGES if code != "en"])
def test_why_a_message_failed_or_a_campaign_stands_still_is_said_in_every_language(code: str) -> None:
    """Sentences may stay English; not these, which people read on a bad day."""
    catalog, found = messages.catalogs()[code], messages.gather()
    places = ("integrations/whatsapp/error_codes.py", "wapto_app/services/campaigns/")
    told = [text for text, place in found.sentences.items() if place.startswith(places)]
    assert len(told) > 200
    assert [text for text in told if not catalog.get(text)] == []


@pytest.mark.parametrize("code", [code for code in LANGUAGES if code != "en"])
def test_a_translation_has_the_gaps_of_its_text(code: str) -> None:
    assert messages.wrong_gaps(messages.catalogs()[code]) == []


def test_a_lost_or_invented_gap_is_noticed() -> None:
    wrong = {
        "{n} of {max}": "{n} von {maximum}",
        "Hi {name}": "Hola",
        "{n} a | {n} b": {"one": "una", "other": "{n}"},
        "{n} c | {n} d": {"one": "{n}", "other": "{n}"},
    }
    assert messages.wrong_gaps(wrong) == ["Hi {name}", "{n} of {max}"]
