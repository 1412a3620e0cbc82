"""Meta's rules for a template, said while somebody writes one: the field and what to do. Nothing here asks anybody.

Source: Meta's pages on message templates and its error codes 2388019 to 2388299.
"""

from wapto_app.services.templates.rules.all_rules import CATEGORIES, NAME_MAX, problems
from wapto_app.services.templates.rules.languages import LANGUAGES, choices, in_words
from wapto_app.services.templates.rules.shape import FILES, TemplateForm, components_of, plain

__all__ = [
    "CATEGORIES",
    "FILES",
    "LANGUAGES",
    "NAME_MAX",
    "TemplateForm",
    "choices",
    "components_of",
    "in_words",
    "plain",
    "problems",
]
