"""Plans: what the subscription allows. The one place where limits are asked for."""

from wapto_app.services.plans.limits import Limit, ensure_room

__all__ = ["Limit", "ensure_room"]
