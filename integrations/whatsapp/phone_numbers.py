"""Business phone numbers: read, add, verify, register, secure with a PIN, route webhooks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from .connection import GraphConnection, Params, node, success
from .errors import Ambiguous
from .reading import JsonObject, as_bool, as_object, as_text, as_time

_LIST_FIELDS = (
    "id,display_phone_number,verified_name,quality_rating,code_verification_status,name_status,status,"
    "platform_type,throughput,account_mode,is_official_business_account,is_pin_enabled,is_on_biz_app,"
    "webhook_configuration"
)
_ONE_FIELDS = f"{_LIST_FIELDS},whatsapp_business_manager_messaging_limit,last_onboarded_time"
_PIN = re.compile(r"[0-9]{6}")


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A business number. Values are Meta's words, in upper case; a missing one is None.

    Attributes:
        id: Phone number id, which every call about the number takes.
        display_phone_number: As Meta formats it for people (`+1 631-555-5555`).
        verified_name: Name customers see.
        quality_rating: `GREEN`, `YELLOW`, `RED`, `NA` or `UNKNOWN`.
        status: `CONNECTED`, `PENDING`, `FLAGGED`, `RESTRICTED`, `BANNED`, `DISCONNECTED` …
        code_verification_status: `VERIFIED` is needed before `register`.
        name_status: Review of the display name.
        platform_type: `CLOUD_API` once registered.
        throughput: `STANDARD` (80 messages a second) or `HIGH` (1,000).
        messaging_limit: Portfolio limit, `TIER_250` … `TIER_UNLIMITED`; only from `phone_number`.
        account_mode: `LIVE` or `SANDBOX`.
        is_pin_enabled: Whether two-step verification is on.
        is_on_biz_app: Whether the phone app uses the number as well (coexistence, 20 messages a second).
        is_official: Whether the number has the badge of an official business account.
        last_onboarded_at: When it was last connected.
        raw: Everything Meta said.
    """

    id: str
    display_phone_number: str = ""
    verified_name: str = ""
    quality_rating: str | None = None
    status: str | None = None
    code_verification_status: str | None = None
    name_status: str | None = None
    platform_type: str | None = None
    throughput: str | None = None
    messaging_limit: str | None = None
    account_mode: str | None = None
    is_pin_enabled: bool | None = None
    is_on_biz_app: bool | None = None
    is_official: bool | None = None
    last_onboarded_at: datetime | None = None
    raw: JsonObject = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, data: JsonObject) -> PhoneNumber:
        """Read a phone number node."""
        limit = data.get("whatsapp_business_manager_messaging_limit") or data.get("messaging_limit_tier")
        return cls(
            id=as_text(data.get("id")) or "",
            display_phone_number=as_text(data.get("display_phone_number")) or "",
            verified_name=as_text(data.get("verified_name")) or "",
            quality_rating=as_text(data.get("quality_rating")),
            status=as_text(data.get("status")),
            code_verification_status=as_text(data.get("code_verification_status")),
            name_status=as_text(data.get("name_status")),
            platform_type=as_text(data.get("platform_type")),
            throughput=as_text(as_object(data.get("throughput")).get("level")),
            messaging_limit=as_text(limit),
            account_mode=as_text(data.get("account_mode")),
            is_pin_enabled=as_bool(data.get("is_pin_enabled")),
            is_on_biz_app=as_bool(data.get("is_on_biz_app")),
            is_official=as_bool(data.get("is_official_business_account")),
            last_onboarded_at=as_time(data.get("last_onboarded_time")),
            raw=data,
        )


class PhoneNumberCalls(GraphConnection):
    """`/{WABA id}/phone_numbers` and `/{phone number id}`."""

    async def phone_number(self, phone_number_id: str) -> PhoneNumber:
        """Return one number with its messaging limit."""
        return PhoneNumber.from_json(await self._get(node(phone_number_id), {"fields": _ONE_FIELDS}))

    async def phone_numbers(self, waba_id: str) -> list[PhoneNumber]:
        """Return all numbers of a WABA."""
        params: Params = {"fields": _LIST_FIELDS, "limit": 100}
        pages = self._pages(f"{node(waba_id)}/phone_numbers", params, PhoneNumber.from_json)
        return [number async for number in pages]

    async def add_phone_number(
        self, waba_id: str, country_code: str, phone_number: str, verified_name: str
    ) -> str:
        """Add a number to a WABA and return its phone number id.

        Args:
            waba_id: The account that gets the number.
            country_code: Calling code, digits only (`1`).
            phone_number: The rest, digits only (`6505551234`).
            verified_name: Display name, which Meta reviews.
        """
        body = {"cc": country_code, "phone_number": phone_number, "verified_name": verified_name}
        answer = await self._post(f"{node(waba_id)}/phone_numbers", body)
        phone_number_id = as_text(answer.get("id"))
        if phone_number_id is None:
            raise Ambiguous("Meta added a number without telling its id")
        return phone_number_id

    async def request_code(
        self, phone_number_id: str, *, method: str = "SMS", language: str = "en_US"
    ) -> bool:
        """Have Meta send a verification code to the number, by `SMS` or `VOICE`."""
        body = {"code_method": method.upper(), "language": language}
        return success(await self._post(f"{node(phone_number_id)}/request_code", body))

    async def verify_code(self, phone_number_id: str, code: str) -> bool:
        """Prove possession of the number with the code it received."""
        digits = re.sub(r"\D", "", code)
        return success(await self._post(f"{node(phone_number_id)}/verify_code", {"code": digits}))

    async def register(self, phone_number_id: str, pin: str, *, region: str | None = None) -> bool:
        """Register a verified number for the Cloud API.

        Meta: at most 10 times in 72 hours per number (133016). Not for coexistence numbers.

        Args:
            phone_number_id: The number.
            pin: Six digits. The existing two-step PIN when there is one (else 133005), otherwise the new.
            region: Country that keeps the data at rest (`DE`, `IN` …); None for Meta's default.
        """
        body = {"messaging_product": "whatsapp", "pin": _checked_pin(pin)}
        if region:
            body["data_localization_region"] = region
        return success(await self._post(f"{node(phone_number_id)}/register", body))

    async def deregister(self, phone_number_id: str) -> bool:
        """Remove the number from the Cloud API. Meta: 10 times in 72 hours; not for coexistence numbers."""
        return success(await self._post(f"{node(phone_number_id)}/deregister"))

    async def set_pin(self, phone_number_id: str, pin: str) -> bool:
        """Set or change the two-step PIN (six digits). Meta: it cannot be read back or removed."""
        return success(await self._post(node(phone_number_id), {"pin": _checked_pin(pin)}))

    async def set_number_callback(self, phone_number_id: str, callback_url: str, verify_token: str) -> bool:
        """Route the webhooks of one number to a URL of its own; an empty URL removes the route."""
        override = {"override_callback_uri": callback_url, "verify_token": verify_token}
        return success(await self._post(node(phone_number_id), {"webhook_configuration": override}))

    async def request_sync(self, phone_number_id: str, sync_type: str) -> str | None:
        """Ask for the phone app's data (coexistence) and return Meta's request id.

        Meta: within 24 hours of connecting (2593108) and once each (2593107): first
        `smb_app_state_sync` (contacts), then `history`.
        """
        body = {"messaging_product": "whatsapp", "sync_type": sync_type}
        answer = await self._post(f"{node(phone_number_id)}/smb_app_data", body)
        return as_text(answer.get("request_id"))


def _checked_pin(pin: str) -> str:
    if not _PIN.fullmatch(pin):
        # The PIN itself stays out of the text: errors are logged.
        raise ValueError("a two-step PIN has exactly six digits")
    return pin
