"""No credential reaches a log, in whatever shape it comes."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from wapto_app import log

TOKEN = "EAAGm0PX4ZCpsBAKZCverysecret"


@pytest.fixture(params=["json", "console"])
def style(request: pytest.FixtureRequest) -> Iterator[str]:
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    yield request.param
    structlog.reset_defaults()
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)


def logged(style: str, capsys: pytest.CaptureFixture[str], **values: object) -> str:
    log.configure("debug", style)
    log.get_logger(f"test.{style}").info("something.happened", **values)
    return capsys.readouterr().err


@pytest.mark.parametrize(
    "values",
    [
        {"access_token": TOKEN},
        {"app_secret": TOKEN},
        {"Password": TOKEN},
        {"headers": {"Authorization": f"Bearer {TOKEN}"}},
        {"payload": [{"pin": TOKEN}]},
        {"url": f"https://graph.example.com/me?access_token={TOKEN}&fields=id"},
        {"reason": f"refused: Bearer {TOKEN} has expired"},
        {"reason": f"OAuth {TOKEN}"},
    ],
    ids=str,
)
def test_a_credential_is_hidden_by_its_name_or_by_its_look(
    values: dict[str, object], style: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = logged(style, capsys, **values)
    assert "something.happened" in text
    assert TOKEN not in text


def test_a_traceback_shows_neither_local_variables_nor_tokens(
    style: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log.configure("debug", style)
    hidden_local = "the-value-of-a-local-variable".upper()
    try:
        raise ValueError(f"GET /me?access_token={TOKEN} failed for {len(hidden_local)} characters")
    except ValueError:
        log.get_logger(f"test.traceback.{style}").exception("request.failed")
    text = capsys.readouterr().err
    assert "ValueError" in text
    assert TOKEN not in text
    assert hidden_local not in text


def test_the_standard_library_goes_the_same_way(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("info", style)
    logging.getLogger("some.library").warning("calling with access_token=%s", TOKEN)
    text = capsys.readouterr().err
    assert "some.library" in text
    assert TOKEN not in text


def test_json_lines_are_one_object_each(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = logged("json", capsys, name="Ünal", size=3)
    entry = json.loads(text)
    assert (entry["event"], entry["level"], entry["size"]) == ("something.happened", "info", 3)
    assert "Ünal" in text


def test_what_is_below_the_level_is_not_written(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("warning", style)
    log.get_logger(f"test.level.{style}").info("quiet")
    log.get_logger(f"test.level.{style}").warning("loud")
    text = capsys.readouterr().err
    assert "quiet" not in text
    assert "loud" in text
