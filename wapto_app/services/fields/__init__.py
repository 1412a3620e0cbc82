"""Custom fields: what a business wants to know of its customers beyond name and number.

``definitions`` makes and changes them, ``check`` says what a value may be, ``values`` reads and writes what contacts
have. Whatever takes no actor is for services that have asked already.
"""

from wapto_app.services.fields.check import PREFIX, FieldRow, check, given
from wapto_app.services.fields.definitions import (
    TOPIC,
    Effects,
    FieldForm,
    FieldLine,
    all_fields,
    change,
    create,
    definitions,
    delete,
    effects,
    get,
    listing,
    move,
    option_counts,
    room,
)
from wapto_app.services.fields.values import set_values, shown, store, values_of, variables

__all__ = [
    "PREFIX",
    "TOPIC",
    "Effects",
    "FieldForm",
    "FieldLine",
    "FieldRow",
    "all_fields",
    "change",
    "check",
    "create",
    "definitions",
    "delete",
    "effects",
    "get",
    "given",
    "listing",
    "move",
    "option_counts",
    "room",
    "set_values",
    "shown",
    "store",
    "values_of",
    "variables",
]
