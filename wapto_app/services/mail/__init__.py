"""Mails: what they say, the queue that they wait in, the server that takes them.

``post`` puts one into the queue within the caller's transaction; ``wapto_app.jobs.mail`` sends it.
"""

from wapto_app.services.mail.letters import (
    Letter,
    email_changed,
    invitation,
    invoice,
    limit_warning,
    note,
    payment_failed,
    reset,
    trial_ended,
    trial_ending,
    trial_run,
    two_factor_off,
)
from wapto_app.services.mail.log import MailPage, MailRow, log_page, resend
from wapto_app.services.mail.queue import TOPIC, post
from wapto_app.services.mail.server import (
    ServerForm,
    ServerView,
    forget_server,
    is_on,
    save_server,
    server_view,
    try_out,
)

__all__ = [
    "TOPIC",
    "Letter",
    "MailPage",
    "MailRow",
    "ServerForm",
    "ServerView",
    "email_changed",
    "forget_server",
    "invitation",
    "invoice",
    "is_on",
    "limit_warning",
    "log_page",
    "note",
    "payment_failed",
    "post",
    "resend",
    "reset",
    "save_server",
    "server_view",
    "trial_ended",
    "trial_ending",
    "trial_run",
    "try_out",
    "two_factor_off",
]
