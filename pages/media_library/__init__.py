"""The media library: files that the team keeps to send them again and again."""

from __future__ import annotations

import reflex as rx

from pages.frame import frame
from pages.media_library.browse import folder_list, folder_select, toolbar
from pages.media_library.detail import detail
from pages.media_library.dialogs import dialogs
from pages.media_library.files import files
from pages.media_library.storage import storage
from state.library import LibraryDetail, MediaLibrary
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.ui.button import button
from wapto_app.ui.card import page_body, page_header
from wapto_app.ui.files import choose_files, library_upload
from wapto_app.ui.i18n import t

_MAY_WRITE = Shell.permissions.contains(Permission.MEDIA_DO.value)


def media_library() -> rx.Component:
    upload = button(t("Upload"), icon="upload", variant="primary", on_click=choose_files("library"))
    body = page_body(
        page_header(
            t("Media library"),
            rx.cond(_MAY_WRITE, upload, rx.fragment()),
            description=t("Files to send again and again: in chats, quick replies and templates."),
        ),
        rx.el.div(
            rx.el.div(folder_list(), storage(), class_name="hidden w-56 flex-none flex-col gap-6 lg:flex"),
            rx.el.div(folder_select(), toolbar(), files(), class_name="flex min-w-0 flex-1 flex-col gap-4"),
            class_name="flex gap-8",
        ),
        rx.el.div(storage(), class_name="mt-8 lg:hidden"),
        width="max-w-7xl",
    )
    return frame(
        t("Media library"),
        library_upload(
            body,
            name="library",
            folder=MediaLibrary.folder_id,
            allowed=_MAY_WRITE,
            on_show=LibraryDetail.open,
            class_name="h-full",
        ),
        detail(),
        dialogs(),
        permission=Permission.MEDIA_SEE,
    )
