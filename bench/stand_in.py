"""The stand-in for Meta, served alone, without its 24-hour window, and with every number on WhatsApp; for granian's
``--factory``.
"""

from __future__ import annotations

from typing import Any

from bench.install import ACCESS_TOKEN, APP_SECRET
from integrations.sandbox import SandboxConfig, create_app
from wapto_app import runtime


def create() -> Any:
    runtime.collect_seldom()
    return create_app(
        SandboxConfig(token=ACCESS_TOKEN, app_secret=APP_SECRET, enforce_window=False, unknown_suffix="none")
    )
