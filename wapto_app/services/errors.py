"""What can go wrong for a user: a sentence each, and what to do next."""

from __future__ import annotations

import math


class DomainError(Exception):
    """A refusal that a person can understand and act on. ``field`` names the input it belongs to, if any."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class NotFound(DomainError):
    def __init__(self, what: str) -> None:
        super().__init__(f"This {what} does not exist any more, or you may not see it.")


class Forbidden(DomainError):
    def __init__(self, permission: str) -> None:
        super().__init__("You do not have permission for this. Ask the owner of the workspace to grant it.")
        self.permission = permission


class Unfinished(DomainError):
    """Something must be done first, on the page ``path``; nothing else is possible before."""

    def __init__(self, path: str) -> None:
        super().__init__("One step is left before you can go on.")
        self.path = path


class OnlyLooking(Forbidden):
    """Somebody looks through the eyes of ``name`` and wants to change something."""

    def __init__(self, permission: str, name: str) -> None:
        super().__init__(permission)
        self.args = (f"You only look at what {name} sees. Stop viewing to change anything.",)
        self.message = self.args[0]


class SignedOut(DomainError):
    def __init__(self) -> None:
        super().__init__("You are signed out. Sign in again to go on.")


class Invalid(DomainError):
    """A value that cannot be accepted; ``field`` says which one."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message, field=field)


class LimitReached(DomainError):
    def __init__(self, what: str, limit: int) -> None:
        super().__init__(f"Your plan allows {limit:,} {what}. Choose a larger plan to add more.")


class NotInPlan(DomainError):
    """A feature that the plan leaves out."""

    def __init__(self, feature: str) -> None:
        super().__init__(f"Your plan does not include {feature}. Choose a plan that does under Subscription.")
        self.feature = feature


class WorkspaceLocked(DomainError):
    """The trial or the subscription is over."""

    def __init__(self) -> None:
        super().__init__("This workspace has no active plan. Choose one under Subscription to go on.")


class TooMany(DomainError):
    """Too many tries in a short time."""

    def __init__(self, retry_after: int) -> None:
        minutes = math.ceil(retry_after / 60)
        if minutes > 1:
            super().__init__(f"Too many tries. Wait {minutes} minutes and try again.")
        else:
            super().__init__("Too many tries. Wait a minute and try again.")
        self.retry_after = retry_after


class Conflict(DomainError):
    """Somebody else was faster, or the thing is not in the state that this needs."""


class NotConnected(DomainError):
    def __init__(self) -> None:
        super().__init__("No WhatsApp number is connected. Connect one under Integrations.")


class NeedsReconnect(DomainError):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"WhatsApp refused the access token of {name}. Reconnect the number under Integrations."
        )


class WindowClosed(DomainError):
    """Meta: 24-hour customer service window."""

    def __init__(self) -> None:
        super().__init__(
            "More than 24 hours have passed since the customer's last message. "
            "WhatsApp allows only approved templates until they write again."
        )


class OptedOut(DomainError):
    def __init__(self) -> None:
        super().__init__("This contact asked not to receive messages.")


class MarketingStopped(DomainError):
    """Meta: user preferences. The customer switched marketing messages off in WhatsApp itself."""

    def __init__(self) -> None:
        super().__init__(
            "This customer stopped marketing messages in WhatsApp. Send a template of another category, or wait until "
            "they write."
        )


class TemplateUnavailable(DomainError):
    """A template that WhatsApp does not accept at the moment."""


class Blocked(DomainError):
    """We blocked this contact."""

    def __init__(self) -> None:
        super().__init__("This contact is blocked. Unblock the contact to write to them.")
