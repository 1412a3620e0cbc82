"""Messages that leave later: planned by a person, checked again when their time comes."""

from wapto_app.services.scheduled.plans import (
    NO_TEMPLATE,
    Plan,
    ScheduledRow,
    TemplatePlan,
    WindowHint,
    cancel,
    change,
    hint,
    of,
    plan,
    send_now,
)
from wapto_app.services.scheduled.sending import PATIENCE, send_due
from wapto_app.services.scheduled.times import due_at

__all__ = [
    "NO_TEMPLATE",
    "PATIENCE",
    "Plan",
    "ScheduledRow",
    "TemplatePlan",
    "WindowHint",
    "cancel",
    "change",
    "due_at",
    "hint",
    "of",
    "plan",
    "send_due",
    "send_now",
]
