"""``wapto run`` as an operator meets it: it starts, stops, survives its worker, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from tests.e2e.conftest import NewPage, Server, started


def stop_within() -> float:
    """Five seconds on a machine that has nothing else to do, and longer where more wants to run than can."""
    return 5.0 * max(1.0, 2 * os.getloadavg()[0] / (os.cpu_count() or 1))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with started(tmp_path / "data") as running:
        yield running


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all those who leave it as it is."""
    with started(tmp_path_factory.mktemp("standing") / "data") as running:
        yield running


def until(condition: Callable[[], bool], seconds: float) -> float:
    """Seconds that it took; fails when it took longer."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < seconds, f"not within {seconds} s"
        time.sleep(0.02)
    return time.monotonic() - begun


def answers(server: Server) -> bool:
    try:
        return httpx.get(f"{server.url}/healthz", timeout=1).status_code == 200
    except httpx.TransportError:
        return False


def workers(server: Server) -> list[psutil.Process]:
    children = psutil.Process(server.process.pid).children(recursive=True)
    return [child for child in children if "resource_tracker" not in " ".join(child.cmdline())]


@contextmanager
def tab(server: Server, **headers: str) -> Iterator[tuple[socket.socket, str]]:
    """An open websocket like a browser tab's, and the status line of its handshake."""
    host, port = server.url.removeprefix("http://").split(":")
    wanted = {
        "Host": f"{host}:{port}",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    } | headers
    lines = [f"{name}: {value}" for name, value in wanted.items()]
    request = "\r\n".join(["GET /_event/?EIO=4&transport=websocket HTTP/1.1", *lines, "", ""])
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(request.encode())
        yield connection, connection.recv(4096).decode(errors="replace").splitlines()[0]


def test_a_second_start_builds_nothing(tmp_path: Path) -> None:
    """How long it takes then is measured by ``bench.start``."""
    with started(tmp_path / "data"):
        pass
    with started(tmp_path / "data") as again:
        assert "Building" not in again.log.read_text()


def test_sigterm_stops_everything_within_five_seconds_in_spite_of_open_tabs(server: Server) -> None:
    family = [psutil.Process(server.process.pid), *workers(server)]
    with tab(server, Origin=server.url) as (_connection, status):
        assert "101" in status
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(stop_within()) == 0
    psutil.wait_procs(family, stop_within())
    assert not [process for process in family if process.is_running()]


def test_ctrl_c_is_no_error(server: Server) -> None:
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(stop_within()) == 0
    assert "Traceback" not in server.log.read_text()


def test_a_killed_supervisor_takes_its_worker_with_it(server: Server) -> None:
    (worker,) = workers(server)
    server.process.kill()
    server.process.wait()
    until(lambda: not worker.is_running(), stop_within())
    assert not answers(server)


def test_a_killed_worker_is_replaced(server: Server) -> None:
    (worker,) = workers(server)
    os.kill(worker.pid, signal.SIGKILL)
    until(lambda: not worker.is_running(), stop_within())
    until(lambda: answers(server), 60)
    assert worker.pid not in {process.pid for process in workers(server)}


def test_two_servers_cannot_share_a_port(standing: Server, tmp_path: Path) -> None:
    port = standing.url.rsplit(":", 1)[1]
    with pytest.raises(AssertionError, match="already in use"), started(tmp_path / "other", WAPTO_PORT=port):
        pass
    assert answers(standing)


def test_the_page_works_at_any_name_and_port_under_the_strict_policy(
    standing: Server, new_page: NewPage
) -> None:
    """Built once for http://localhost:8000, opened here at another port and under two names."""
    port = standing.url.rsplit(":", 1)[1]
    for host in ("127.0.0.1", "localhost"):
        page = new_page(f"http://{host}:{port}")
        sockets: list[str] = []
        refused: list[str] = []
        page.on("websocket", lambda socket, sockets=sockets: sockets.append(socket.url))
        page.on(
            "console",
            lambda line, refused=refused: (
                refused.append(line.text) if "Content Security Policy" in line.text else None
            ),
        )
        with page.expect_event("websocket"):
            answer = page.goto("/login")
        assert answer is not None
        assert answer.status == 200
        assert "unsafe-eval" not in answer.headers["content-security-policy"]
        page.get_by_role("button").first.wait_for()
        assert sockets[0].startswith(f"ws://{host}:{port}/_event")
        assert refused == []


def test_a_websocket_of_another_site_is_refused(standing: Server) -> None:
    with tab(standing, Origin=standing.url) as (_connection, status):
        assert "101" in status
    with tab(standing, Origin="https://evil.example") as (_connection, status):
        assert "403" in status


def test_answers_are_compressed_and_named_files_are_kept_by_the_browser(standing: Server) -> None:
    page = httpx.get(f"{standing.url}/login", headers={"accept-encoding": "gzip"})
    assert page.headers["content-encoding"] == "gzip"
    assert page.headers["cache-control"] == "no-cache"
    script = page.text.split('href="/assets/')[1].split('"')[0]
    asset = httpx.get(f"{standing.url}/assets/{script}")
    assert "immutable" in asset.headers["cache-control"]


def test_the_operator_sees_health_and_figures(standing: Server) -> None:
    assert httpx.get(f"{standing.url}/readyz").json() == {"database": True, "leader": True}
    assert "wapto_scheduler_leader 1.0" in httpx.get(f"{standing.url}/metrics").text
    assert httpx.post(f"{standing.url}/_upload").status_code == 404
