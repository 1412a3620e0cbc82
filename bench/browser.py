"""What a newcomer's browser loads, and when it shows something: Chromium over its own debugging protocol."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_SETTLE_MS = 1_500
_PATIENCE_MS = 60_000
# Set before the page's own scripts run, and not subject to its content security policy.
_WATCH = """
const look = () => {
  if (window.benchShown === undefined && document.querySelector(SELECTOR)) window.benchShown = performance.now();
};
new MutationObserver(look).observe(document, {subtree: true, childList: true});
"""
_PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? -1"


@dataclass(frozen=True, slots=True)
class Device:
    """A browser's line and processor. ``bits_per_second`` 0: as fast as it goes."""

    name: str
    slower: float = 1
    bits_per_second: float = 0
    latency_ms: float = 0
    encoding: str = "gzip"


DESK = Device("desk")
PHONE = Device("slow phone", slower=4, bits_per_second=1.6e6, latency_ms=150)
PHONE_OVER_TLS = replace(PHONE, name="slow phone, brotli", encoding="br")
"""What Lighthouse calls a mid-tier phone on slow 4G."""


@dataclass(slots=True)
class Load:
    """One first visit. Bytes as they came over the line, head lines included."""

    kinds: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    socket_bytes: int = 0
    painted_ms: float = 0
    shown_ms: float = 0

    @property
    def bytes(self) -> int:
        return sum(self.kinds.values())


@asynccontextmanager
async def chromium(executable: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=list(_FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


async def first_visit(browser: Browser, url: str, cookie: str, selector: str, device: Device) -> Load:
    """Open a page with nothing cached; ``selector`` is what the visitor came for.

    Raises:
        playwright.async_api.TimeoutError: when it never shows.
    """
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    try:
        if cookie:
            await context.add_cookies([_cookie(url, cookie)])
        page = await context.new_page()
        await page.add_init_script(_WATCH.replace("SELECTOR", repr(selector)))
        load = Load()
        await _listen(context, page, device, load)
        await page.goto(url, timeout=_PATIENCE_MS)
        await page.wait_for_selector(selector, state="attached", timeout=_PATIENCE_MS)
        await page.wait_for_timeout(_SETTLE_MS)
        load.painted_ms = await page.evaluate(_PAINTED)
        load.shown_ms = await page.evaluate("window.benchShown")
        return load
    finally:
        await context.close()


def _cookie(url: str, header: str) -> Any:
    name, value = header.split("=", 1)
    return {"name": name, "value": value, "domain": urlsplit(url).hostname or "", "path": "/"}


async def _listen(context: BrowserContext, page: Page, device: Device, load: Load) -> None:
    protocol = await context.new_cdp_session(page)
    kinds: dict[str, str] = {}

    def answered(event: dict[str, Any]) -> None:
        kinds[event["requestId"]] = event["type"]

    def finished(event: dict[str, Any]) -> None:
        load.kinds[kinds.get(event["requestId"], "Other")] += int(event["encodedDataLength"])

    def frame(event: dict[str, Any]) -> None:
        load.socket_bytes += len(event["response"]["payloadData"].encode())

    protocol.on("Network.responseReceived", answered)
    protocol.on("Network.loadingFinished", finished)
    protocol.on("Network.webSocketFrameReceived", frame)
    await protocol.send("Network.enable")
    # Gzip is what every browser takes; over TLS it takes brotli, which is a tenth smaller.
    await protocol.send("Network.setExtraHTTPHeaders", {"headers": {"Accept-Encoding": device.encoding}})
    if device.slower > 1:
        await protocol.send("Emulation.setCPUThrottlingRate", {"rate": device.slower})
    if device.bits_per_second:
        await protocol.send(
            "Network.emulateNetworkConditions",
            {
                "offline": False,
                "latency": device.latency_ms,
                "downloadThroughput": device.bits_per_second / 8,
                "uploadThroughput": device.bits_per_second / 8,
            },
        )
