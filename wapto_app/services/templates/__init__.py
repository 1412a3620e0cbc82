"""Message templates: fetched from Meta, kept up to date by webhooks, filled in and sent."""

from wapto_app.services.templates.anatomy import Button, Form, Slot, describe, file_kind
from wapto_app.services.templates.filling import Filled, fill
from wapto_app.services.templates.queries import TemplateRow, approved, form_of, of_account
from wapto_app.services.templates.sync import TOPIC, Synced, sync, sync_all

__all__ = [
    "TOPIC",
    "Button",
    "Filled",
    "Form",
    "Slot",
    "Synced",
    "TemplateRow",
    "approved",
    "describe",
    "file_kind",
    "fill",
    "form_of",
    "of_account",
    "sync",
    "sync_all",
]
