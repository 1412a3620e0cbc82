"""Plans: what the subscription allows, and how the workspace gets onto one.

Features ask ``ensure_room`` (or ``use``, for what is counted by the month) and ``ensure_gate`` before they create.
Whoever bills (``subscribing`` by hand, ``services.billing`` through Stripe) changes the subscription with ``replace``
and ``announce``, so that open tabs follow at once.
"""

from wapto_app.services.plans.limits import (
    Gate,
    Limit,
    Room,
    count_back,
    count_with,
    ensure_gate,
    ensure_room,
    give_back,
    room,
    use,
    use_if_room,
    use_up_to,
)
from wapto_app.services.plans.standing import (
    TOPIC,
    Standing,
    announce,
    current,
    current_row,
    owner_zone,
    replace,
)

__all__ = [
    "TOPIC",
    "Gate",
    "Limit",
    "Room",
    "Standing",
    "announce",
    "count_back",
    "count_with",
    "current",
    "current_row",
    "ensure_gate",
    "ensure_room",
    "give_back",
    "owner_zone",
    "replace",
    "room",
    "use",
    "use_if_room",
    "use_up_to",
]
