"""Credentials at rest: encrypted with a key that never lies in the database."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

KEY_FILE = "secret.key"


class SecretsUnreadable(Exception):
    """The stored secrets were encrypted with another key."""


class BadKey(Exception):
    """``WAPTO_SECRET_KEY`` is not a list of Fernet keys."""


class SecretBox:
    """Encrypts and decrypts short texts (tokens, app secrets, PINs)."""

    def __init__(self, keys: list[str]) -> None:
        """``keys``: Fernet keys, newest first; the older ones only decrypt (rotation)."""
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            raise BadKey(
                "WAPTO_SECRET_KEY must be a Fernet key: 32 random bytes in URL-safe base64."
            ) from None

    def seal(self, text: str) -> str:
        return self._fernet.encrypt(text.encode()).decode() if text else ""

    def open(self, sealed: str) -> str:
        """Raises SecretsUnreadable when the key is not the one that sealed it."""
        if not sealed:
            return ""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise SecretsUnreadable(
                "The stored WhatsApp credentials were encrypted with another key. "
                f"Put the old {KEY_FILE} back, or set WAPTO_SECRET_KEY to it."
            ) from None


def load_box(configured: str, data_dir: Path) -> SecretBox:
    """The key from the settings (comma separated, newest first), else a private file that is made once."""
    if configured:
        return SecretBox([key.strip() for key in configured.split(",") if key.strip()])
    path = data_dir / KEY_FILE
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return SecretBox([path.read_text().strip()])
    with os.fdopen(descriptor, "w") as file:
        file.write(Fernet.generate_key().decode())
    return SecretBox([path.read_text().strip()])


def new_token() -> str:
    """A secret for a cookie or a link: 256 random bits."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What the database keeps instead of the token."""
    return hashlib.sha256(token.encode()).hexdigest()
