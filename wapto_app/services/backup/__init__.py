"""Backups: the whole install as one file, made while it runs, and put back."""

from wapto_app.services.backup.schedule import TOPIC, Last, Plan, last, plan, save_plan
from wapto_app.services.backup.store import (
    DAILY,
    BackupRow,
    Progress,
    begin,
    delete,
    file_of,
    listed,
    make,
    note_download,
    progress,
)

__all__ = [
    "DAILY",
    "TOPIC",
    "BackupRow",
    "Last",
    "Plan",
    "Progress",
    "begin",
    "delete",
    "file_of",
    "last",
    "listed",
    "make",
    "note_download",
    "plan",
    "progress",
    "save_plan",
]
