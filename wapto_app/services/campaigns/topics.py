"""What is published when campaigns change."""

from __future__ import annotations

LIST = "campaigns"
"""Something that the list of campaigns shows has changed."""
DUE = "campaigns:due"
"""There is work for the engine: it looks at once instead of within a second."""


def of(campaign_id: int) -> str:
    """Everything about one campaign."""
    return f"campaign:{campaign_id}"
