"""The media library: files that the team keeps to send them again and again.

``keep`` takes files in, ``change`` and ``smaller`` work on them, ``rows`` and ``folders`` find them, ``usage`` says
where they are used; ``attach`` hands them over to messages.
"""

from wapto_app.services.library.attach import attach, attached
from wapto_app.services.library.change import delete, delete_folder, move, rename, set_words
from wapto_app.services.library.folders import (
    FolderRow,
    contents,
    create_folder,
    folders,
    move_folder,
    rename_folder,
)
from wapto_app.services.library.keep import Kept, fit, keep, set_shrinks, shrinks
from wapto_app.services.library.rows import (
    EVERYWHERE,
    KINDS,
    NEWEST,
    PAGE,
    SORTS,
    TOP,
    TOPIC,
    LibraryRow,
    Mark,
    Page,
    Query,
    all_words,
    by_ids,
    get,
    listing,
)
from wapto_app.services.library.serve import stored
from wapto_app.services.library.smaller import make_smaller, make_sticker, preview
from wapto_app.services.library.usage import Storage, Usage, storage, used_in

__all__ = [
    "EVERYWHERE",
    "KINDS",
    "NEWEST",
    "PAGE",
    "SORTS",
    "TOP",
    "TOPIC",
    "FolderRow",
    "Kept",
    "LibraryRow",
    "Mark",
    "Page",
    "Query",
    "Storage",
    "Usage",
    "all_words",
    "attach",
    "attached",
    "by_ids",
    "contents",
    "create_folder",
    "delete",
    "delete_folder",
    "fit",
    "folders",
    "get",
    "keep",
    "listing",
    "make_smaller",
    "make_sticker",
    "move",
    "move_folder",
    "preview",
    "rename",
    "rename_folder",
    "set_shrinks",
    "set_words",
    "shrinks",
    "storage",
    "stored",
    "used_in",
]
