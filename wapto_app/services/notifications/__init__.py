"""What people are told of: the list behind the bell, desktop notifications, mails, and what each of them wants.

Whatever happens calls ``notify`` in its own transaction; the sentence is made where it is read, in the reader's
language.
"""

from wapto_app.services.notifications.choices import (
    ChoiceRow,
    Choices,
    choices_of,
    save_choice,
    set_desktop,
)
from wapto_app.services.notifications.commands import (
    News,
    delete_old,
    mark_all_read,
    mark_read,
    notify,
    notify_many,
    owners,
    topic,
)
from wapto_app.services.notifications.queries import (
    PAGE,
    Alert,
    NotificationRow,
    Seen,
    alerts,
    listing,
    seen_so_far,
    unread_count,
)

__all__ = [
    "PAGE",
    "Alert",
    "ChoiceRow",
    "Choices",
    "News",
    "NotificationRow",
    "Seen",
    "alerts",
    "choices_of",
    "delete_old",
    "listing",
    "mark_all_read",
    "mark_read",
    "notify",
    "notify_many",
    "owners",
    "save_choice",
    "seen_so_far",
    "set_desktop",
    "topic",
    "unread_count",
]
