"""What stops a start is said in one line, before anything is begun, with exit code 2."""

from __future__ import annotations

import logging
import os
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from wapto_app import checks, cli, migrations, serve
from wapto_app.security.secrets import KEY_FILE, SecretBox
from wapto_app.settings import get_settings

Wapto = Callable[..., tuple[int, str]]


@pytest.fixture
def wapto(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Wapto]:
    """Run the command in this process; returns its exit code and what it wrote on stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REFLEX_WEB_WORKDIR", str(tmp_path / "web"))
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    before = dict(os.environ)

    def restore() -> None:
        get_settings.cache_clear()
        for name in set(os.environ) - set(before):
            del os.environ[name]

    def run(*arguments: str, **environment: str) -> tuple[int, str]:
        restore()
        os.environ.update(environment)
        monkeypatch.setattr(sys, "argv", ["wapto", *arguments])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        code = stopped.value.code
        return (code if isinstance(code, int) else 0), capsys.readouterr().err

    yield run
    restore()
    root.handlers[:], root.level = handlers, level


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def stop_before_serving(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_arguments: object) -> None:
        raise AssertionError("the start went on in spite of the mistake")

    monkeypatch.setattr(serve, "run", never)
    monkeypatch.setattr(cli, "_build_page", never)


def assert_one_line(text: str, *words: str) -> None:
    lines = text.strip().splitlines()
    assert len(lines) == 1, text
    assert lines[0].startswith("wapto: ")
    for word in words:
        assert word in lines[0]


def test_a_taken_port(wapto: Wapto, taken_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    stop_before_serving(monkeypatch)
    code, text = wapto("run", "--port", str(taken_port))
    assert code == 2
    assert_one_line(text, str(taken_port), "--port")


def test_an_address_that_is_not_ours(wapto: Wapto, monkeypatch: pytest.MonkeyPatch) -> None:
    stop_before_serving(monkeypatch)
    code, text = wapto("run", "--host", "203.0.113.1")
    assert code == 2
    assert_one_line(text, "203.0.113.1", "--host")


def test_a_data_folder_that_cannot_be_written(
    wapto: Wapto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_before_serving(monkeypatch)
    (tmp_path / "file").write_text("")
    code, text = wapto("run", WAPTO_DATA_DIR=str(tmp_path / "file" / "data"))
    assert code == 2
    assert_one_line(text, "WAPTO_DATA_DIR")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WAPTO_PORT", "http"),
        ("WAPTO_PUBLIC_URL", "chat.example.com"),
        ("WAPTO_SECRET_KEY", "short"),
        ("WAPTO_DATABASE_URL", "mysql://host/db"),
        ("WAPTO_DATABASE_URL", "no url at all"),
        ("WAPTO_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/wapto"),
        ("WAPTO_REDIS_URL", "redis://127.0.0.1:1"),
        ("WAPTO_REDIS_URL", "127.0.0.1:6379"),
    ],
)
def test_a_bad_setting(name: str, value: str, wapto: Wapto, monkeypatch: pytest.MonkeyPatch) -> None:
    stop_before_serving(monkeypatch)
    code, text = wapto("run", **{name: value})
    assert code == 2
    assert_one_line(text, name)
    assert "short" not in text


def test_a_database_of_a_newer_wapto(wapto: Wapto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stop_before_serving(monkeypatch)
    (tmp_path / "data").mkdir()
    with sqlite3.connect(tmp_path / "data" / "wapto.sqlite3") as raw:
        raw.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        raw.execute("INSERT INTO alembic_version VALUES ('9999')")
    code, text = wapto("run")
    assert code == 2
    assert_one_line(text, "9999", "newer Wapto")


def connect_a_number(folder: Path, key: str) -> None:
    folder.mkdir(exist_ok=True)
    url = f"sqlite:///{folder / 'wapto.sqlite3'}"
    migrations.upgrade(url)
    with sqlite3.connect(folder / "wapto.sqlite3") as raw:
        columns = [row[1] for row in raw.execute("PRAGMA table_info(channel)") if row[3] and not row[5]]
        values = dict.fromkeys(columns, "1") | {
            "access_token": SecretBox([key]).seal("EAAtoken"),
            "created_at": "2026-01-01 00:00:00",
            "health": "{}",
            "kind": "cloud",
            "status": "connected",
        }
        names = ", ".join(values)
        marks = ", ".join("?" * len(values))
        raw.execute(f"INSERT INTO channel ({names}) VALUES ({marks})", list(values.values()))


def test_a_key_that_is_missing_although_credentials_are_stored(
    wapto: Wapto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_before_serving(monkeypatch)
    connect_a_number(tmp_path / "data", Fernet.generate_key().decode())
    code, text = wapto("run")
    assert code == 2
    assert_one_line(text, KEY_FILE, "WAPTO_SECRET_KEY")
    assert not (tmp_path / "data" / KEY_FILE).exists(), "a new key would hide that the old one is gone"


def test_a_key_that_is_not_the_one(wapto: Wapto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stop_before_serving(monkeypatch)
    connect_a_number(tmp_path / "data", Fernet.generate_key().decode())
    code, text = wapto("run", WAPTO_SECRET_KEY=Fernet.generate_key().decode())
    assert code == 2
    assert_one_line(text, "another key")


def test_the_right_key_lets_the_start_go_on(
    wapto: Wapto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = Fernet.generate_key().decode()
    connect_a_number(tmp_path / "data", key)
    monkeypatch.setattr(cli, "_build_page", lambda: None)
    monkeypatch.setattr(serve, "run", lambda _settings, _ready: 0)
    assert wapto("run", "--port", "1025", WAPTO_SECRET_KEY=key)[0] == 0


def test_a_first_start_makes_the_private_key_and_prints_where_to_begin(
    wapto: Wapto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: list[str] = []
    monkeypatch.setattr(cli.out, "print", lambda text, **_options: printed.append(text))
    monkeypatch.setattr(cli, "_build_page", lambda: None)
    monkeypatch.setattr(serve, "run", lambda _settings, _ready: 0)
    assert wapto("run", "--port", "1025")[0] == 0
    assert stat.S_IMODE((tmp_path / "data" / KEY_FILE).stat().st_mode) == 0o600
    assert any("/setup" in line for line in printed)


def test_an_admin_made_on_the_command_line_ends_the_set_up(
    wapto: Wapto, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import io

    arguments = ("admin", "create", "--email", "Ada@Example.com", "--name", "Ada", "--password-stdin")
    monkeypatch.setattr(sys, "stdin", io.StringIO("correct horse battery staple\n"))
    assert wapto(*arguments)[0] == 0
    monkeypatch.setattr(sys, "stdin", io.StringIO("correct horse battery staple\n"))
    code, text = wapto(*arguments)
    assert code == 2
    assert_one_line(text, "already")
    with sqlite3.connect(tmp_path / "data" / "wapto.sqlite3") as raw:
        assert raw.execute("SELECT email, is_admin FROM account").fetchall() == [("ada@example.com", 1)]


def test_a_password_that_is_easily_guessed_is_refused(wapto: Wapto, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    monkeypatch.setattr(sys, "stdin", io.StringIO("password\n"))
    code, text = wapto("admin", "create", "--email", "a@example.com", "--name", "A", "--password-stdin")
    assert code == 2
    assert_one_line(text)


def test_a_worker_without_redis(wapto: Wapto) -> None:
    code, text = wapto("worker")
    assert code == 2
    assert_one_line(text, "WAPTO_REDIS_URL")


def test_migrating_twice_changes_nothing(wapto: Wapto, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'data' / 'wapto.sqlite3'}"
    assert wapto("migrate")[0] == 0
    assert migrations.current(url) == migrations.head()
    assert wapto("migrate")[0] == 0


def test_replaying_nothing_is_no_failure(wapto: Wapto) -> None:
    assert wapto("replay")[0] == 0


def test_the_doctor_finds_every_fault_at_once(wapto: Wapto, taken_port: int, tmp_path: Path) -> None:
    code, _text = wapto("doctor", WAPTO_PORT=str(taken_port))
    assert code == 1
    findings = {finding.name: finding for finding in checks.examine(get_settings())}
    assert findings["Data folder"].ok
    assert not findings["Port"].ok
    assert not findings["Database"].ok
    assert "wapto migrate" in findings["Database"].fix
    assert not findings["Page"].ok
    assert all(finding.fix for finding in findings.values() if not finding.ok)


def test_the_doctor_does_not_mind_that_wapto_itself_has_the_port(wapto: Wapto) -> None:
    class Alive(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"alive": true}')

        def log_message(self, *_arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Alive) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        wapto("doctor", WAPTO_PORT=str(running.server_port))
        port = {finding.name: finding for finding in checks.examine(get_settings())}["Port"]
        running.shutdown()
    assert port.ok
    assert "Wapto runs" in port.detail


def test_the_doctor_names_a_number_whose_token_whatsapp_refused(wapto: Wapto, tmp_path: Path) -> None:
    key = Fernet.generate_key().decode()
    connect_a_number(tmp_path / "data", key)
    wapto("doctor", WAPTO_SECRET_KEY=key)
    numbers = {finding.name: finding for finding in checks.examine(get_settings())}["Numbers"]
    assert (numbers.ok, numbers.detail) == (True, "1 connected")
    with sqlite3.connect(tmp_path / "data" / "wapto.sqlite3") as raw:
        raw.execute("UPDATE channel SET status = 'reconnect', last_error = 'The token has expired'")
    numbers = {finding.name: finding for finding in checks.examine(get_settings())}["Numbers"]
    assert not numbers.ok
    assert "The token has expired" in numbers.detail
    assert "Reconnect" in numbers.fix


def test_the_doctor_survives_a_folder_and_a_database_that_are_not_there(wapto: Wapto) -> None:
    code, _text = wapto(
        "doctor", WAPTO_DATA_DIR="/dev/null/data", WAPTO_DATABASE_URL="postgresql://x@127.0.0.1:1/x"
    )
    assert code == 1


def test_a_key_that_others_may_read_is_a_fault(wapto: Wapto, tmp_path: Path) -> None:
    wapto("migrate")
    (tmp_path / "data" / KEY_FILE).write_text(Fernet.generate_key().decode())
    (tmp_path / "data" / KEY_FILE).chmod(0o644)
    findings = {finding.name: finding for finding in checks.examine(get_settings())}
    assert "chmod 600" in findings["Files"].fix


@pytest.mark.parametrize(
    "command",
    [
        "",
        "run",
        "worker",
        "sandbox",
        "migrate",
        "replay",
        "doctor",
        "admin",
        "admin create",
        "connect manual",
    ],
)
def test_every_command_explains_itself(command: str, wapto: Wapto) -> None:
    assert wapto(*command.split(), "--help")[0] == 0


@pytest.mark.parametrize("arguments", [("bogus",), ("run", "--port", "0"), ("run", "--port", "x")])
def test_a_wrong_command_line_is_a_mistake(arguments: tuple[str, ...], wapto: Wapto) -> None:
    assert wapto(*arguments)[0] == 2


def test_the_installed_command_works_from_any_folder(tmp_path: Path) -> None:
    command = Path(sys.executable).parent / "wapto"
    result = subprocess.run(
        [command, "migrate"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "data" / "wapto.sqlite3").exists()
