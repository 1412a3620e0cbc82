"""Events about templates, numbers and accounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ..reading import JsonObject

UNLIMITED = -1
"""A messaging limit without an upper bound."""

_DISCONNECTING = frozenset(
    {"PARTNER_REMOVED", "PARTNER_APP_UNINSTALLED", "ACCOUNT_OFFBOARDED", "ACCOUNT_DELETED"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateEvent:
    """What all template events share. The language has an underscore, the id is always text."""

    template_id: str | None
    name: str
    language: str
    raw: JsonObject = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateStatusUpdate(TemplateEvent):
    """Review or life cycle of a template.

    Attributes:
        status: `APPROVED`, `REJECTED`, `PAUSED`, `DISABLED`, `PENDING_DELETION` …, unknown ones included.
        category: Its category now.
        reason: Why it was rejected; None for Meta's `NONE`.
        title: What kind of pause (`FIRST_PAUSE`, `UNPAUSE` …).
        description: Meta's sentence about it, or its recommendation after a rejection.
        disable_date: When it is or was disabled, as Meta writes it.
    """

    status: str
    category: str | None = None
    reason: str | None = None
    title: str | None = None
    description: str = ""
    disable_date: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateQualityUpdate(TemplateEvent):
    """Quality changed: `GREEN`, `YELLOW`, `RED` or `UNKNOWN`. Red leads to a pause."""

    previous: str | None
    current: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateCategoryUpdate(TemplateEvent):
    """Meta moves a template to another category.

    Attributes:
        category: The category now.
        previous: The category before, when the move has happened.
        upcoming: The category to come, when this is only the notice; 24 hours later at the earliest.
        effective_at: When `upcoming` takes effect.
    """

    category: str | None
    previous: str | None = None
    upcoming: str | None = None
    effective_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateButton:
    """A button of an edited template."""

    type: str
    text: str
    url: str | None = None
    phone_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateComponentsUpdate(TemplateEvent):
    """The text of a template was edited; carries the new texts."""

    body: str
    header: str | None = None
    footer: str | None = None
    buttons: tuple[TemplateButton, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneNumberQualityUpdate:
    """A number was onboarded, upgraded, flagged, or got another limit.

    Attributes:
        event: `ONBOARDING`, `THROUGHPUT_UPGRADE`, `FLAGGED`, `UNFLAGGED`, `UPGRADE`, `DOWNGRADE`.
        current_limit: `TIER_250` … `TIER_UNLIMITED`; being retired by Meta.
        old_limit: The limit before.
        daily_limit: Business-initiated conversations a day of the portfolio; `UNLIMITED` is -1.
    """

    display_phone_number: str | None
    event: str
    current_limit: str | None = None
    old_limit: str | None = None
    daily_limit: int | None = None
    raw: JsonObject = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneNumberNameUpdate:
    """The review of a display name ended: `APPROVED`, `REJECTED`, `PENDING` or `DEFERRED`."""

    display_phone_number: str | None
    decision: str
    requested_name: str = ""
    rejection_reason: str | None = None
    raw: JsonObject = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessCapabilityUpdate:
    """Limits changed; `UNLIMITED` is -1, None means not told.

    `daily_limit` is the number of different users a day the portfolio may write to first.
    """

    daily_limit: int | None = None
    daily_limit_per_number: int | None = None
    max_numbers_per_waba: int | None = None
    max_numbers_per_business: int | None = None
    raw: JsonObject = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction:
    """One restriction of an account; without `expires_at` it has no announced end."""

    type: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountUpdate:
    """Something happened to a WABA or to our access to it.

    Attributes:
        event: `DISABLED_UPDATE`, `ACCOUNT_RESTRICTION`, `PARTNER_REMOVED` …, unknown ones included.
        phone_number: The number concerned, if any.
        waba_id: The WABA concerned; the envelope may hold the business portfolio instead.
        owner_business_id: Portfolio of the WABA's owner.
        partner_app_id: The app that was added or removed.
        restrictions: What is restricted.
        violation_type: Which policy was violated.
        ban_state: `SCHEDULE_FOR_DISABLE`, `DISABLE` or `REINSTATE`.
        ban_date: When, as Meta writes it ("April 17, 2026").
        country: New country of the business.
    """

    event: str
    phone_number: str | None = None
    waba_id: str | None = None
    owner_business_id: str | None = None
    partner_app_id: str | None = None
    restrictions: tuple[Restriction, ...] = ()
    violation_type: str | None = None
    ban_state: str | None = None
    ban_date: str | None = None
    country: str | None = None
    raw: JsonObject = field(default_factory=dict, repr=False)

    @property
    def disconnects(self) -> bool:
        """Whether we have lost access: mark the connection as gone."""
        return self.event in _DISCONNECTING

    @property
    def stops_sending(self) -> bool:
        """Whether campaigns of the account must stop now."""
        if self.event == "DISABLED_UPDATE":
            return self.ban_state != "REINSTATE"
        return self.disconnects or self.event == "ACCOUNT_RESTRICTION"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountReview:
    """Meta reviewed the account: `APPROVED`, `REJECTED`, `PENDING` or `DEFERRED`."""

    decision: str
    raw: JsonObject = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountAlert:
    """A notice for the account's owner.

    `severity` is `CRITICAL`, `WARNING` or `INFORMATIONAL`; `status` is `ACTIVE` or `NONE`.
    """

    alert_type: str
    severity: str | None = None
    status: str | None = None
    description: str = ""
    entity_type: str | None = None
    entity_id: str | None = None
    raw: JsonObject = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettingsUpdate:
    """Settings of a number changed (calling and the like)."""

    type: str
    phone_number_id: str | None = None
    settings: JsonObject = field(default_factory=dict)
    timestamp: datetime | None = None
    raw: JsonObject = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityEvent:
    """The two-step PIN: `PIN_CHANGED`, `PIN_RESET_REQUEST` or `PIN_REQUEST_SUCCESS`."""

    event: str
    display_phone_number: str | None = None
    requester: str | None = None
    raw: JsonObject = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowEvent:
    """Status or health of a WhatsApp flow.

    `event` is `FLOW_STATUS_CHANGE`, `CLIENT_ERROR_RATE`, `ENDPOINT_ERROR_RATE`, `ENDPOINT_LATENCY`,
    `ENDPOINT_AVAILABILITY` or `FLOW_VERSION_EXPIRY_WARNING`; measurements are in `raw`.
    """

    event: str
    flow_id: str | None = None
    message: str = ""
    old_status: str | None = None
    new_status: str | None = None
    alert_state: str | None = None
    raw: JsonObject = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownField:
    """A webhook field this package does not know. Keep it and answer 200."""

    field: str
    raw: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Malformed:
    """A part of a webhook that cannot be read. The parts around it are not affected."""

    reason: str
    raw: object
