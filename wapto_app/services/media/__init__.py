"""Files of messages: uploaded by the team or sent by customers, kept private in the media folder."""

from wapto_app.services.media.files import StoredFile, absolute, is_inline, stored_file
from wapto_app.services.media.sniff import MAX_BYTES, Sniffed, sniff
from wapto_app.services.media.uploads import MediaRow, keep_upload

__all__ = [
    "MAX_BYTES",
    "MediaRow",
    "Sniffed",
    "StoredFile",
    "absolute",
    "is_inline",
    "keep_upload",
    "sniff",
    "stored_file",
]
