"""Everything that can go wrong, as exceptions.

```
WhatsAppError
├── GraphError        Meta answered, and the answer is an error
├── NoAnswer          Meta gave no usable answer
│   ├── NotSent       … and the request was certainly never written: safe to repeat
│   └── Ambiguous     … and Meta may have accepted it: repeating may send twice
├── InvalidMessage    we refuse to build a message that Meta would refuse
├── InvalidPayload    a webhook body that is not a JSON object
├── MediaTooLarge     a download grew beyond the allowed size
└── MediaExpired      a download link that is no longer valid: ask for a new one
```

No exception ever carries an access token, an app secret or a URL with a query.
"""

from __future__ import annotations

import re
from typing import Any

from .error_codes import ErrorInfo, Retry, explain, is_known, known_codes

__all__ = [
    "Ambiguous",
    "ErrorInfo",
    "GraphError",
    "InvalidMessage",
    "InvalidPayload",
    "MediaExpired",
    "MediaTooLarge",
    "NoAnswer",
    "NotSent",
    "Retry",
    "WhatsAppError",
    "explain",
    "is_known",
    "known_codes",
    "redact",
]

UNKNOWN_CODE = -1
"""Stands in for the code when an error answer carries none."""

_AUTH_CODES = frozenset({0, 190})

_SECRET = re.compile(
    r"EA[A-Za-z0-9]{20,}"
    r"|(?i:bearer|oauth)\s+[^\s\"',;]+"
    r"|(?i:access_token|input_token|client_secret|appsecret_proof)=[^\s&\"']+"
)


def redact(text: str) -> str:
    """Blank out whatever looks like a secret. Meta quotes a malformed token back in its error message."""
    return _SECRET.sub("***", text)


class WhatsAppError(Exception):
    """Base of every error in this package."""


class NoAnswer(WhatsAppError):
    """Meta gave no usable answer: no connection, a time-out, or something that is not the API's JSON."""


class NotSent(NoAnswer):
    """The network failed before the request was written (DNS, connect, TLS, full pool). Safe to repeat."""


class Ambiguous(NoAnswer):
    """The request was written, but no usable answer came back: Meta may have accepted it.

    There is no idempotency key for messages, so a message in this state must wait for a status webhook
    that carries its `biz_opaque_callback_data`. For a read it only means "try again".
    """


class InvalidMessage(WhatsAppError, ValueError):
    """A message breaks one of Meta's rules. `field` names the part, `message` tells a person why."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(field, message)
        self.field = field
        self.message = message

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class InvalidPayload(WhatsAppError, ValueError):
    """A webhook body that is not a JSON object at all."""


class MediaTooLarge(WhatsAppError):
    """A download is larger than `max_bytes`; reading stopped there."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"the file is larger than {max_bytes} bytes")
        self.max_bytes = max_bytes


class MediaExpired(WhatsAppError):
    """The download link no longer works. Meta: it lives 5 minutes; ask `media_info` for a new one."""


class GraphError(WhatsAppError):
    """Meta refused a request.

    Attributes:
        code: Meta's error code, the only thing to branch on; -1 when the answer had none.
        subcode: Detail of management calls; deprecated for messaging.
        message: Meta's technical text, in English.
        details: Meta's longer explanation (`error_data`), often the useful one.
        user_title: Title Meta suggests showing to a user (management calls).
        user_message: Text Meta suggests showing to a user (management calls).
        http_status: Status of the answer. Not a reliable class: throttling comes as 400.
        is_transient: Meta's own hint that the same request may work later.
        fbtrace_id: What Meta's support asks for.
        wait_seconds: How long Meta asks us to wait, from its usage header.
    """

    def __init__(
        self,
        code: int,
        message: str = "",
        *,
        subcode: int | None = None,
        details: str = "",
        user_title: str = "",
        user_message: str = "",
        http_status: int = 0,
        is_transient: bool = False,
        fbtrace_id: str = "",
        wait_seconds: float | None = None,
    ) -> None:
        self.code = code
        self.subcode = subcode
        self.message = redact(message)
        self.details = redact(details)
        self.user_title = redact(user_title)
        self.user_message = redact(user_message)
        self.http_status = http_status
        self.is_transient = is_transient
        self.fbtrace_id = fbtrace_id
        self.wait_seconds = wait_seconds
        super().__init__(self._describe())

    @classmethod
    def from_body(cls, error: Any, http_status: int, wait_seconds: float | None = None) -> GraphError:
        """Read the `error` of an answer, whatever its shape (`error_data` may be an object or text)."""
        if not isinstance(error, dict):
            text = error if isinstance(error, str) else f"HTTP {http_status}"
            return cls(UNKNOWN_CODE, text, http_status=http_status, wait_seconds=wait_seconds)
        code = _integer(error.get("code"))
        return cls(
            UNKNOWN_CODE if code is None else code,
            _text(error.get("message")),
            subcode=_integer(error.get("error_subcode")),
            details=_details(error.get("error_data")),
            user_title=_text(error.get("error_user_title")),
            user_message=_text(error.get("error_user_msg")),
            http_status=http_status,
            is_transient=error.get("is_transient") is True,
            fbtrace_id=_text(error.get("fbtrace_id")),
            wait_seconds=wait_seconds,
        )

    @property
    def info(self) -> ErrorInfo:
        """The code in plain words."""
        return explain(self.code)

    @property
    def retry(self) -> Retry:
        """What a sender may do. For codes we do not know, Meta's hint and the HTTP status decide."""
        if is_known(self.code):
            return self.info.retry
        if self.http_status == 429:
            return Retry.WAIT
        if self.is_transient or self.http_status >= 500:
            return Retry.RETRY
        return Retry.PERMANENT

    @property
    def is_auth(self) -> bool:
        """Whether the access token itself was refused; only then is the connection to be marked broken."""
        return self.code in _AUTH_CODES

    def _describe(self) -> str:
        text = self.user_message or self.details or self.message or self.info.meaning
        subcode = f"/{self.subcode}" if self.subcode else ""
        return f"Meta error {self.code}{subcode} (HTTP {self.http_status}): {text}"


def _integer(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _details(error_data: Any) -> str:
    if isinstance(error_data, dict):
        return _text(error_data.get("details"))
    return _text(error_data)
