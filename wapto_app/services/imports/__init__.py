"""Imports of contacts from files: uploaded, mapped, checked, imported in the background, and taken back if need be."""

from wapto_app.services.imports.commands import cancel, discard, keep, plan, read, reread, start, undo
from wapto_app.services.imports.progress import clean_up
from wapto_app.services.imports.queries import (
    ColumnRow,
    ImportDetail,
    ImportRow,
    Reason,
    detail,
    head,
    listing,
    problems,
)
from wapto_app.services.imports.rules import DUE, TOPIC, OnlyWithFullSight, PlanForm, may_import
from wapto_app.services.imports.targets import Target

__all__ = [
    "DUE",
    "TOPIC",
    "ColumnRow",
    "ImportDetail",
    "ImportRow",
    "OnlyWithFullSight",
    "PlanForm",
    "Reason",
    "Target",
    "cancel",
    "clean_up",
    "detail",
    "discard",
    "head",
    "keep",
    "listing",
    "may_import",
    "plan",
    "problems",
    "read",
    "reread",
    "start",
    "undo",
]
