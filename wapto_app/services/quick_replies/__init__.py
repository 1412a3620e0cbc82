"""Quick replies: texts that are written once and found by ``/shortcut``, shared or one's own."""

from wapto_app.services.quick_replies.commands import (
    Ready,
    ReplyForm,
    create,
    delete,
    duplicate,
    fill,
    update,
)
from wapto_app.services.quick_replies.queries import (
    PAGE,
    TOPIC,
    VIEWS,
    Match,
    ReplyRow,
    Variable,
    get,
    listing,
    matching,
    variables,
)
from wapto_app.services.quick_replies.variables import BUILT_IN, Gaps, names_in, put_in, values_in

__all__ = [
    "BUILT_IN",
    "PAGE",
    "TOPIC",
    "VIEWS",
    "Gaps",
    "Match",
    "Ready",
    "ReplyForm",
    "ReplyRow",
    "Variable",
    "create",
    "delete",
    "duplicate",
    "fill",
    "get",
    "listing",
    "matching",
    "names_in",
    "put_in",
    "update",
    "values_in",
    "variables",
]
