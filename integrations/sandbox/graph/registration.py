"""Adding, verifying and registering numbers; the two-step PIN; per-number webhooks."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from ..errors import GraphError, invalid
from ..ids import node_id
from ..models import Json, Number
from ..store import clean_number
from .call import SUCCESS, Call, Handler

if TYPE_CHECKING:
    from ..sandbox import Sandbox

_SPAN = 72 * 3600
_TRIES = 10
_REGIONS = frozenset((
    "AE", "AU", "BH", "BR", "CA", "CH", "DE", "GB", "ID", "IN", "JP", "KR", "SG", "ZA",
))  # fmt: skip


async def add(call: Call, _: str) -> Json:
    """`POST /{WABA}/phone_numbers`."""
    code, local = str(await call.require("cc")), str(await call.require("phone_number"))
    name = str(await call.require("verified_name"))
    digits = clean_number(f"{code.lstrip('+')}{local}")
    if digits is None:
        raise invalid("Param phone_number must be a valid phone number.")
    if any(number.digits == digits for number in call.sandbox.store.numbers.values()):
        raise GraphError(
            100,
            message="(#100) Invalid parameter",
            subcode=2388012,
            user_title="Phone number exists",
            user_message="This phone number was already added to this WhatsApp Business account.",
        )
    number = Number(
        id=node_id(),
        display_phone_number=f"+{code.lstrip('+')} {local}",
        verified_name=name,
        quality_rating="UNKNOWN",
        code_verification_status="NOT_VERIFIED",
        name_status="PENDING_REVIEW",
        status="PENDING",
        messaging_limit="TIER_250",
    )
    call.sandbox.store.add_number(number)
    call.sandbox.hub.tell({"kind": "numbers"})
    return {"id": number.id}


async def request_code(call: Call, node: str) -> Json:
    """`POST /{PNID}/request_code`: the code shows on the phone page."""
    method = str(await call.require("code_method"))
    await call.require("language")
    if method not in ("SMS", "VOICE"):
        raise invalid(f'Param code_method must be one of {{SMS, VOICE}} - got "{method}".')
    number = call.sandbox.store.numbers[node]
    if number.code_verification_status == "VERIFIED":
        raise GraphError(136024, "The phone number is already verified.")
    number.code = f"{secrets.randbelow(1_000_000):06d}"
    call.sandbox.store.add_number(number)
    call.sandbox.hub.tell({"kind": "numbers"})
    return SUCCESS


async def verify_code(call: Call, node: str) -> Json:
    """`POST /{PNID}/verify_code`."""
    code = str(await call.require("code")).replace("-", "").strip()
    number = call.sandbox.store.numbers[node]
    if number.code is None:
        raise GraphError(136025, "Ask for a code first.")
    if not secrets.compare_digest(code.encode(), number.code.encode()):
        raise GraphError(136025, "The code is wrong.")
    number.code = None
    number.code_verification_status = "VERIFIED"
    number.name_status = "AVAILABLE_WITHOUT_REVIEW"
    call.sandbox.store.add_number(number)
    call.sandbox.hub.tell({"kind": "numbers"})
    return SUCCESS


async def register(call: Call, node: str) -> Json:
    """`POST /{PNID}/register`."""
    body = await call.params()
    if body.get("messaging_product") != "whatsapp":
        raise invalid("The parameter messaging_product is required.")
    pin = _pin(await call.require("pin"))
    region = body.get("data_localization_region")
    if region is not None and region not in _REGIONS:
        raise invalid(f"Param data_localization_region must be one of {{{', '.join(sorted(_REGIONS))}}}")
    number, now = call.sandbox.store.numbers[node], call.sandbox.clock.now()
    number.registrations = _within(number.registrations, now)
    if number.code_verification_status != "VERIFIED":
        raise GraphError(133006, "Verify the phone number with request_code and verify_code first.")
    _check_pin(number, pin)
    number.pin, number.status, number.onboarded = pin, "CONNECTED", int(now)
    if number.quality_rating == "UNKNOWN":
        number.quality_rating = "GREEN"
    call.sandbox.store.add_number(number)
    call.sandbox.hub.tell({"kind": "numbers"})
    return SUCCESS


async def deregister(call: Call, node: str) -> Json:
    """`POST /{PNID}/deregister`."""
    number, now = call.sandbox.store.numbers[node], call.sandbox.clock.now()
    number.deregistrations = _within(number.deregistrations, now)
    if number.status != "CONNECTED":
        raise GraphError(133010, "The phone number is not registered.")
    number.status = "DISCONNECTED"
    call.sandbox.store.add_number(number)
    call.sandbox.hub.tell({"kind": "numbers"})
    return SUCCESS


async def change(call: Call, node: str) -> Json:
    """`POST /{PNID}`: the two-step PIN or the number's own webhook."""
    body = await call.params()
    number = call.sandbox.store.numbers[node]
    if "pin" in body:
        _set_pin(call.sandbox, number, _pin(body["pin"]))
    elif isinstance(body.get("webhook_configuration"), dict):
        await _set_webhook(call.sandbox, number, body["webhook_configuration"])
    elif body.get("new_display_name"):
        _rename(call.sandbox, number, str(body["new_display_name"]))
    else:
        raise invalid("One of pin, webhook_configuration and new_display_name is required.")
    call.sandbox.store.add_number(number)
    return SUCCESS


def _pin(value: object) -> str:
    pin = str(value)
    if len(pin) != 6 or not pin.isdecimal():
        raise invalid("Param pin must be exactly 6 digits.")
    return pin


def _check_pin(number: Number, pin: str) -> None:
    if number.pin is None or secrets.compare_digest(number.pin, pin):
        number.wrong_pins = 0
        return
    number.wrong_pins += 1
    if number.wrong_pins > 5:
        raise GraphError(133008, "Too many wrong PINs; try again later.")
    raise GraphError(133005, "The two-step verification PIN is not the one of this phone number.")


def _within(times: list[float], now: float) -> list[float]:
    recent = [moment for moment in times if moment > now - _SPAN]
    if len(recent) >= _TRIES:
        raise GraphError(133016, "At most 10 requests in 72 hours are allowed for a number.")
    return [*recent, now]


def _set_pin(sandbox: Sandbox, number: Number, pin: str) -> None:
    number.pin, number.wrong_pins = pin, 0
    value = {
        "display_phone_number": number.digits,
        "event": "PIN_CHANGED",
        "requester": sandbox.config.app_id,
    }
    sandbox.traffic.announce("security", value, number)


async def _set_webhook(sandbox: Sandbox, number: Number, wanted: Json) -> None:
    url = str(wanted.get("override_callback_uri") or "")
    if not url:
        number.webhook = None
        return
    await check_callback(sandbox, url, str(wanted.get("verify_token") or ""))
    number.webhook = {"override_callback_uri": url}


def _rename(sandbox: Sandbox, number: Number, name: str) -> None:
    number.name_status = "PENDING_REVIEW"
    sandbox.timeline.later(sandbox.config.template_review_seconds, _renamed, sandbox, number, name)


def _renamed(sandbox: Sandbox, number: Number, name: str) -> None:
    number.verified_name, number.name_status = name, "APPROVED"
    sandbox.store.add_number(number)
    value = {
        "display_phone_number": number.digits,
        "decision": "APPROVED",
        "requested_verified_name": name,
        "rejection_reason": None,
    }
    sandbox.traffic.announce("phone_number_name_update", value, number)
    sandbox.hub.tell({"kind": "numbers"})


async def check_callback(sandbox: Sandbox, url: str, verify_token: str) -> None:
    """Meta's handshake; refuses what does not answer the challenge."""
    if not url.startswith(("https://", "http://")) or len(url) > 200:
        raise invalid("The callback URL must be an http(s) URL of at most 200 characters.")
    if not verify_token:
        raise invalid("The parameter verify_token is required.")
    if not await sandbox.dispatcher.handshake(url, verify_token):
        raise GraphError(
            2200,
            message=(
                "(#2200) Callback verification failed with the following errors: the URL did not answer "
                "hub.challenge with status 200"
            ),
        )


EDGES: dict[tuple[str, str, str], Handler] = {
    ("waba", "phone_numbers", "POST"): add,
    ("number", "", "POST"): change,
    ("number", "request_code", "POST"): request_code,
    ("number", "verify_code", "POST"): verify_code,
    ("number", "register", "POST"): register,
    ("number", "deregister", "POST"): deregister,
}
