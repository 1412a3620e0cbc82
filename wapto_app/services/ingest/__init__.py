"""Webhooks from Meta: stored raw before they are answered, then applied in batches, each exactly once."""

from wapto_app.services.ingest.apply import BATCH, Outcome, apply_pending, replay, retry_due
from wapto_app.services.ingest.store import RawEvent, digest_of, store

TOPIC = "webhooks"
"""Published when a webhook was stored."""

__all__ = [
    "BATCH",
    "TOPIC",
    "Outcome",
    "RawEvent",
    "apply_pending",
    "digest_of",
    "replay",
    "retry_due",
    "store",
]
