"""Files of messages: uploaded by the team or sent by customers, kept private in the media folder."""

from wapto_app.services.media.files import StoredFile, absolute, incoming, is_inline, stored_file
from wapto_app.services.media.sniff import MAX_BYTES, Sniffed, kind_of, sniff
from wapto_app.services.media.uploads import MediaRow, keep_upload

__all__ = [
    "MAX_BYTES",
    "MediaRow",
    "Sniffed",
    "StoredFile",
    "absolute",
    "incoming",
    "is_inline",
    "keep_upload",
    "kind_of",
    "sniff",
    "stored_file",
]
