"""Settings from the environment and ``.env``; names are fixed in ``docs/operations.md``."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SQLITE_FILE = "wapto.sqlite3"


class BadSettings(Exception):
    """A setting cannot be used; the message names it and says what to write instead."""


class Settings(BaseSettings):
    """Everything an operator can choose; every field is ``WAPTO_<NAME>`` in the environment."""

    model_config = SettingsConfigDict(env_prefix="WAPTO_", env_file=".env", extra="ignore")

    data_dir: Path = Field(default=Path("data"), validate_default=True)
    database_url: str = ""
    redis_url: str = ""
    secret_key: SecretStr = SecretStr("")
    public_url: str = ""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    graph_base_url: str = "https://graph.facebook.com"
    graph_version: str = "v25.0"
    stripe_secret_key: SecretStr = SecretStr("")
    stripe_webhook_secret: SecretStr = SecretStr("")
    stripe_api_base: str = "https://api.stripe.com"
    smtp_url: SecretStr = SecretStr("")
    metrics_token: SecretStr = SecretStr("")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "console", "json"] = "auto"
    demo: bool = False

    @field_validator("log_level", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _postgresql(cls, value: str) -> str:
        # What most hosters hand out; SQLAlchemy knows only the long name.
        return (
            f"postgresql://{value.removeprefix('postgres://')}" if value.startswith("postgres://") else value
        )

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        # The server changes its working folder; the operator's relative path is meant from where they started it.
        return value.expanduser().absolute()

    @field_validator("graph_base_url", "public_url", "stripe_api_base")
    @classmethod
    def _http_url(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/")

    @property
    def database(self) -> str:
        """The database URL; SQLite in the data folder unless the operator chose another."""
        return self.database_url or f"sqlite:///{self.data_dir / SQLITE_FILE}"

    @property
    def base_url(self) -> str:
        """Where browsers and Meta reach this install, without a trailing slash."""
        if self.public_url:
            return self.public_url
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return f"http://{host}:{self.port}"

    @property
    def media_dir(self) -> Path:
        return self.data_dir / "media"


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Read the settings once per process.

    Raises:
        BadSettings: naming the variable and the reason.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "WAPTO_" + "_".join(str(part) for part in first["loc"]).upper()
        raise BadSettings(f"{name}: {first['msg'].removeprefix('Value error, ')}") from None
