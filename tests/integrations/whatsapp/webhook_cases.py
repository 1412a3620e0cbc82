"""Short ways to parse one element of a webhook."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from integrations.whatsapp import webhooks as w

METADATA = {"display_phone_number": "15550783881", "phone_number_id": "106540352242922"}
NOW = datetime(2026, 9, 1, tzinfo=UTC)


def parse_value(field: str, value: object, **entry: object) -> list[w.WebhookItem]:
    changes = [{"field": field, "value": value}]
    body = {"object": "whatsapp_business_account", "entry": [{"id": "W1", "changes": changes, **entry}]}
    return w.parse(json.dumps(body).encode(), received_at=NOW)


def one(field: str, value: object, **entry: object) -> Any:
    (item,) = parse_value(field, value, **entry)
    return item.event


def message(element: dict[str, Any], contacts: Sequence[dict[str, Any]] = ()) -> Any:
    return one("messages", {"metadata": METADATA, "contacts": list(contacts), "messages": [element]})


def typed(kind: str, part: object, **more: object) -> Any:
    return message(
        {"from": "111", "id": "wamid.x", "timestamp": "1790000000", "type": kind, kind: part, **more}
    )
