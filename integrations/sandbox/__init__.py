"""A stand-in for Meta's WhatsApp Cloud API with a phone on screen. Imports nothing of the product."""

from .config import SandboxConfig
from .sandbox import Sandbox, create_app

__all__ = ["Sandbox", "SandboxConfig", "create_app"]
