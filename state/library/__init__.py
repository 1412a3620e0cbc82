"""The media library in a tab: what is listed, the file that is open, and the dialogs about files and folders."""

from state.library.browse import MediaLibrary
from state.library.deeds import LibraryDeeds
from state.library.detail import LibraryDetail

__all__ = ["LibraryDeeds", "LibraryDetail", "MediaLibrary"]
