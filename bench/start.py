"""How long building, starting and stopping take; what a browser loads first and when it shows something."""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bench import browser, common, processes, rows
from bench.browser import DESK, PHONE, PHONE_OVER_TLS, Device, Load
from bench.common import Report
from bench.install import Install, new_install
from wapto_app import bundle
from wapto_app.clock import utcnow

COLUMNS = ("what", "seconds", "memory MiB")
PAGE_COLUMNS = (
    "page, first visit",
    "device",
    "kB in all",
    "scripts kB",
    "styles kB",
    "socket kB",
    "first paint ms",
    "content ms",
)
PAGES = (
    ("/login", "input[type=password]", False),
    ("/inbox", "[data-testid=conversation-row]", True),
    ("/inbox/1", "[data-testid=message]", True),
)
"""Path, what the visitor came for, and whether it takes a login."""
_CUSTOMERS = 200
_MESSAGES_EACH = 60


def build_seconds(folder: Path | None = None) -> float:
    """Build the page again: in the usual folder, or from nothing in ``folder``."""
    environment = processes.environment()
    if folder is not None:
        environment["REFLEX_WEB_WORKDIR"] = str(folder)
    code = "from wapto_app import bundle; (bundle.web_dir() / bundle.STAMP).unlink(missing_ok=True); bundle.build()"
    started = time.perf_counter()
    built = processes.start(processes.python("-c", code), environment, Path(os.devnull))
    if built.process.wait() != 0:
        raise processes.NotStarted("The page could not be built.")
    return time.perf_counter() - started


def start_and_stop(install: Install) -> tuple[float, float, float]:
    """Seconds from ``wapto run`` to the first answer, MiB then, and seconds from SIGTERM to the end."""
    started = time.perf_counter()
    server = processes.start(install.wapto("run"), install.environment(), install.folder / "server.log")
    try:
        processes.wait_until_answers(server, f"{install.url}/healthz")
        seconds, memory = time.perf_counter() - started, server.memory_mib()
    except BaseException:
        server.process.kill()
        raise
    return seconds, memory, server.stop()


def measure_process(options: argparse.Namespace, report: Report) -> None:
    bundle.build()
    if options.cold:
        with tempfile.TemporaryDirectory(prefix="wapto-bench-web-") as name:
            report.add(
                "build of the page, from nothing (fetches its libraries)", build_seconds(Path(name)), None
            )
    report.add("build of the page, libraries there", build_seconds(), None)
    with new_install() as install:
        (install.folder / "wapto.sqlite3").unlink()
        seconds, memory, _stop = start_and_stop(install)
        report.add("first start: migrates an empty folder, then answers", seconds, memory)
        found = [start_and_stop(install) for _ in range(options.times)]
    report.add("start, nothing changed", median(each[0] for each in found), median(each[1] for each in found))
    report.add("SIGTERM until gone", median(each[2] for each in found), None)


async def measure_pages(install: Install, options: argparse.Namespace, report: Report) -> None:
    (cookie,) = await install.sign_in(1)
    async with browser.chromium(options.chromium) as chromium:
        for path, selector, signed_in in PAGES:
            for device in (DESK, PHONE, PHONE_OVER_TLS):
                who = cookie if signed_in else ""
                url = f"{install.url}{path}"
                # Once to warm the server up.
                visits = [
                    await browser.first_visit(chromium, url, who, selector, device)
                    for _ in range(options.times + 1)
                ][1:]
                report.add(*_row(path, device, visits))


def _row(path: str, device: Device, visits: list[Load]) -> tuple[common.Cell, ...]:
    sizes = visits[-1]
    return (
        path,
        device.name,
        sizes.bytes / 1000,
        sizes.kinds["Script"] / 1000,
        sizes.kinds["Stylesheet"] / 1000,
        sizes.socket_bytes / 1000,
        median(visit.painted_ms for visit in visits),
        median(visit.shown_ms for visit in visits),
    )


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = common.parser(__doc__)
    parser.add_argument("--times", type=int, default=3, help="repetitions; the median counts")
    parser.add_argument("--cold", action="store_true", help="also build from nothing (uses the npm registry)")
    parser.add_argument("--skip-pages", action="store_true", help="no browser")
    parser.add_argument("--skip-process", action="store_true", help="only the browser")
    found = shutil.which("chromium") or "/usr/bin/chromium"
    parser.add_argument("--chromium", default=os.environ.get("WAPTO_TEST_CHROMIUM", found), help="its path")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    options = options_of(arguments)
    if not options.skip_process:
        report = Report("start", "Building, starting, stopping", COLUMNS)
        measure_process(options, report)
        report.finish(options)
    if options.skip_pages:
        return
    report = Report("pages", "First visit of a page, nothing cached", PAGE_COLUMNS)
    report.notes.append(
        f"Slow phone: processor {PHONE.slower:.0f} times slower, {PHONE.bits_per_second / 1e6:.1f} Mbit/s, "
        f"{PHONE.latency_ms:.0f} ms. Content: the rows, bubbles or fields that the visitor came for."
    )
    with new_install() as install:
        with install.connection() as connection:
            rows.inbox(connection, _CUSTOMERS, _MESSAGES_EACH, utcnow())
        with install.serving():
            common.run(measure_pages(install, options, report))
    report.finish(options)


if __name__ == "__main__":
    main()
