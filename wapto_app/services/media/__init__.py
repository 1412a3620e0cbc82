"""Files of messages: uploaded by the team or sent by customers, kept private in the media folder."""

from wapto_app.services.media.again import fetch_again
from wapto_app.services.media.files import (
    StoredFile,
    absolute,
    clean_name,
    incoming,
    is_inline,
    stored_file,
)
from wapto_app.services.media.gallery import PictureRow, pictures_around
from wapto_app.services.media.sniff import MAX_BYTES, Sniffed, kind_of, sniff
from wapto_app.services.media.uploads import MediaRow, keep_upload

__all__ = [
    "MAX_BYTES",
    "MediaRow",
    "PictureRow",
    "Sniffed",
    "StoredFile",
    "absolute",
    "clean_name",
    "fetch_again",
    "incoming",
    "is_inline",
    "keep_upload",
    "kind_of",
    "pictures_around",
    "sniff",
    "stored_file",
]
