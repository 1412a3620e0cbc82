"""Message templates: written here or fetched from Meta, kept up to date by webhooks, filled in and sent.

``rules`` are Meta's, ``drafts`` what is being written, ``submitting`` and ``removing`` go to Meta, ``listing`` and
``advice`` tell, ``queries`` and ``filling`` are for those who send.
"""

from wapto_app.services.templates.advice import Advice
from wapto_app.services.templates.anatomy import (
    Button,
    Card,
    FilePlace,
    Form,
    Slot,
    describe,
    file_kind,
    file_places,
)
from wapto_app.services.templates.details import Details, EventRow, details
from wapto_app.services.templates.drafts import create, duplicate, forget_edit, form_of_draft, save
from wapto_app.services.templates.filling import Filled, fill
from wapto_app.services.templates.listing import (
    ListedTemplate,
    Standing,
    TemplateFilter,
    TemplatePage,
    languages_used,
    listing,
    standing,
)
from wapto_app.services.templates.queries import TemplateRow, approved, form_of, of_account
from wapto_app.services.templates.removing import Usage, delete, usage
from wapto_app.services.templates.rules import TemplateForm, problems
from wapto_app.services.templates.starters import (
    Sector,
    Starter,
    all_starters,
    create_from,
    form_of_starter,
    sectors,
)
from wapto_app.services.templates.submitting import submit
from wapto_app.services.templates.sync import Synced, sync, sync_all
from wapto_app.services.templates.topic import TOPIC

__all__ = [
    "TOPIC",
    "Advice",
    "Button",
    "Card",
    "Details",
    "EventRow",
    "FilePlace",
    "Filled",
    "Form",
    "ListedTemplate",
    "Sector",
    "Slot",
    "Standing",
    "Starter",
    "Synced",
    "TemplateFilter",
    "TemplateForm",
    "TemplatePage",
    "TemplateRow",
    "Usage",
    "all_starters",
    "approved",
    "create",
    "create_from",
    "delete",
    "describe",
    "details",
    "duplicate",
    "file_kind",
    "file_places",
    "fill",
    "forget_edit",
    "form_of",
    "form_of_draft",
    "form_of_starter",
    "languages_used",
    "listing",
    "of_account",
    "problems",
    "save",
    "sectors",
    "standing",
    "submit",
    "sync",
    "sync_all",
    "usage",
]
