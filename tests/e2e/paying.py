"""A server whose Stripe is the stand-in, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

KEY, SECRET = "sk_test_e2e0123456789", "whsec_e2e0123456789"


def keys_for(port: int) -> dict[str, str]:
    """The settings of a server that takes the stand-in on this port for Stripe."""
    return {
        "WAPTO_STRIPE_API_BASE": f"http://127.0.0.1:{port}",
        "WAPTO_STRIPE_SECRET_KEY": KEY,
        "WAPTO_STRIPE_WEBHOOK_SECRET": SECRET,
    }


@contextmanager
def stripe_for(url: str, port: int) -> Iterator[None]:
    """The stand-in on this port, whose webhooks go to the server."""
    command = [sys.executable, "-m", "integrations.sandbox.stripe", "--port", str(port)]
    command += ["--secret-key", KEY, "--webhook-secret", SECRET]
    command += ["--webhook-url", f"{url}/webhooks/stripe"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        _wait_for(f"http://127.0.0.1:{port}")
        yield
    finally:
        process.terminate()
        process.wait(60)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/control/state", timeout=2, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("the stand-in for Stripe does not answer")
