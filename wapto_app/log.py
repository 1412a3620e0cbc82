"""Structured logs: readable on a terminal, JSON elsewhere, and never a secret in either."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from typing import Any

import structlog

_SECRET_NAMES = ("token", "secret", "password", "pin", "authorization", "cookie", "smtp_url")
_BEARER = re.compile(r"(?i)(bearer\s+|access_token=|appsecret_proof=|oauth\s+)[^\s&\"']+")
HIDDEN = "•••"

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the HTTP request that is being answered; every line of the log carries it."""


def _is_secret(name: str) -> bool:
    return any(word in name.lower() for word in _SECRET_NAMES)


def _hidden(name: str, value: Any) -> Any:
    if name != "event" and _is_secret(name):
        return HIDDEN
    if isinstance(value, str):
        return _BEARER.sub(rf"\1{HIDDEN}", value)
    if isinstance(value, Mapping):
        return {key: _hidden(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden("", inner) for inner in value]
    return value


def hide_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace values whose name or text looks like a credential, however deep they lie."""
    for name, value in event.items():
        event[name] = _hidden(name, value)
    return event


def _name_request(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if request_id := REQUEST_ID.get():
        event.setdefault("request_id", request_id)
    return event


def _json() -> Any:
    return structlog.processors.JSONRenderer(default=str, ensure_ascii=False)


def configure(level: str = "info", style: str = "auto") -> None:
    """Send both structlog and the standard library through one formatter on stderr."""
    console = style == "console" or (style == "auto" and sys.stderr.isatty())
    plain = structlog.dev.plain_traceback
    renderer: Any = structlog.dev.ConsoleRenderer(exception_formatter=plain) if console else _json()
    shared: list[Any] = [
        _name_request,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # As text before secrets are hidden: a pretty traceback would show the values of local variables.
        structlog.processors.format_exc_info,
        hide_secrets,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in (
        "httpx",
        "httpcore",
        "aiosqlite",
        "apscheduler",
        "asyncio",
        "socketio",
        "engineio",
        "sqlalchemy",
    ):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))


def get_logger(name: str) -> Any:
    return structlog.stdlib.get_logger(name)
