"""Settings come from the environment, and a wrong one is named in one line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from wapto_app.settings import BadSettings, Settings, get_settings


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def test_without_any_setting_everything_lies_in_the_data_folder_of_the_current_folder(tmp_path: Path) -> None:
    settings = get_settings()
    assert settings.data_dir == tmp_path / "data"
    assert settings.database == f"sqlite:///{tmp_path / 'data' / 'wapto.sqlite3'}"
    assert settings.base_url == "http://127.0.0.1:8000"


def test_a_relative_data_folder_stays_where_it_was_meant_when_the_process_changes_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WAPTO_DATA_DIR", "elsewhere/data")
    settings = get_settings()
    monkeypatch.chdir("/")
    assert settings.data_dir == tmp_path / "elsewhere" / "data"
    assert settings.database.startswith(f"sqlite:///{tmp_path}/elsewhere/data/")


def test_the_environment_wins_over_the_env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("WAPTO_PORT=8100\nWAPTO_LOG_LEVEL=DEBUG\n")
    monkeypatch.setenv("WAPTO_PORT", "8200")
    settings = get_settings()
    assert (settings.port, settings.log_level) == (8200, "debug")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WAPTO_PORT", "http"),
        ("WAPTO_PORT", "70000"),
        ("WAPTO_LOG_LEVEL", "loud"),
        ("WAPTO_PUBLIC_URL", "wapto.example.com"),
        ("WAPTO_GRAPH_BASE_URL", "ftp://graph.example.com"),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSettings) as caught:
        get_settings()
    assert str(caught.value).startswith(f"{name}: ")
    assert "\n" not in str(caught.value)


def test_the_value_of_a_wrong_secret_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAPTO_SECRET_KEY", "my-own-secret")
    assert "my-own-secret" not in repr(get_settings())


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_an_install_that_listens_everywhere_is_opened_on_this_machine(host: str) -> None:
    assert Settings(host=host, port=9000).base_url == "http://127.0.0.1:9000"


def test_the_public_url_is_the_base_of_links_without_a_trailing_slash() -> None:
    assert Settings(public_url="https://chat.example.com/").base_url == "https://chat.example.com"


def test_the_short_name_of_postgresql_is_understood() -> None:
    assert Settings(database_url="postgres://u@host/db").database == "postgresql://u@host/db"
