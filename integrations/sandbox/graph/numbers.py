"""Business phone numbers: list, read, profile, automation, block list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import GraphError, invalid, status_error
from ..models import Json, Number
from ..store import clean_number
from .call import SUCCESS, Call, Handler, answer
from .paging import page, select
from .uploads import media_of_handle, picture_url

if TYPE_CHECKING:
    from ..sandbox import Sandbox

_NODE = "WhatsAppBusinessPhoneNumber"
_DEFAULTS = (
    "id", "verified_name", "code_verification_status", "display_phone_number", "quality_rating",
    "platform_type", "throughput", "last_onboarded_time", "webhook_configuration",
)  # fmt: skip
_VERTICALS = frozenset((
    "OTHER", "AUTO", "BEAUTY", "APPAREL", "EDU", "ENTERTAIN", "EVENT_PLAN", "FINANCE", "GROCERY", "GOVT",
    "HOTEL", "HEALTH", "NONPROFIT", "PROF_SERVICES", "RETAIL", "TRAVEL", "RESTAURANT", "ALCOHOL",
    "ONLINE_GAMBLING", "PHYSICAL_GAMBLING", "OTC_DRUGS",
))  # fmt: skip
_PROFILE_LIMITS = {"about": 139, "address": 256, "description": 512, "email": 128}


def number_record(sandbox: Sandbox, number: Number) -> Json:
    """All fields of the node."""
    return {
        "id": number.id,
        "display_phone_number": number.display_phone_number,
        "verified_name": number.verified_name,
        "quality_rating": number.quality_rating,
        "quality_score": {"score": number.quality_rating},
        "code_verification_status": number.code_verification_status,
        "name_status": number.name_status,
        "new_name_status": "NONE",
        "status": number.status,
        "platform_type": number.platform_type if number.status == "CONNECTED" else "NOT_APPLICABLE",
        "throughput": {"level": number.throughput},
        "account_mode": "LIVE",
        "is_official_business_account": False,
        "is_pin_enabled": number.pin is not None,
        "is_on_biz_app": False,
        "is_preverified_number": False,
        "search_visibility": "NON_VISIBLE",
        "messaging_limit_tier": number.messaging_limit,
        "whatsapp_business_manager_messaging_limit": number.messaging_limit,
        "last_onboarded_time": str(number.onboarded) if number.onboarded else None,
        "username": None,
        "certificate": None,
        "conversational_automation": number.automation,
        "webhook_configuration": _webhooks(sandbox, number),
        "health_status": health(sandbox, number),
    }


def _webhooks(sandbox: Sandbox, number: Number) -> Json:
    found = {
        "phone_number": number.webhook and number.webhook.get("override_callback_uri"),
        "whatsapp_business_account": sandbox.store.subscription["override"],
        "application": sandbox.store.callback["url"],
    }
    return {level: url for level, url in found.items() if url}


def health(sandbox: Sandbox, number: Number | None) -> Json:
    """`health_status` of a number or, without one, of the account."""
    config = sandbox.config
    entities: list[Json] = []
    if number is not None:
        entities.append(_number_health(number))
    for kind, node in (("WABA", config.waba_id), ("BUSINESS", config.business_id), ("APP", config.app_id)):
        entities.append({"entity_type": kind, "id": node, "can_send_message": "AVAILABLE"})
    ranking = ("BLOCKED", "LIMITED", "AVAILABLE")
    worst = min((entity["can_send_message"] for entity in entities), key=ranking.index)
    return {"can_send_message": worst, "entities": entities}


def _number_health(number: Number) -> Json:
    entity: Json = {"entity_type": "PHONE_NUMBER", "id": number.id, "can_send_message": "AVAILABLE"}
    if number.status != "CONNECTED":
        entity["can_send_message"] = "BLOCKED"
        entity["errors"] = [
            {
                "error_code": 141000,
                "error_description": "The phone number is not registered.",
                "possible_solution": "Register the phone number with the register call.",
            }
        ]
    elif number.quality_rating == "RED":
        entity["can_send_message"] = "LIMITED"
        entity["additional_info"] = ["The quality rating of this phone number is low."]
    return entity


async def listing(call: Call, _: str) -> Json:
    """`GET /{WABA}/phone_numbers`."""
    sandbox = call.sandbox
    numbers = list(sandbox.store.numbers.values())
    fields = call.query("fields")
    return page(
        call,
        numbers,
        lambda number: number.id,
        lambda number: select(number_record(sandbox, number), fields, _DEFAULTS, _NODE),
    )


async def read(call: Call, node: str) -> Json:
    """`GET /{PNID}`."""
    number = call.sandbox.store.numbers[node]
    return select(number_record(call.sandbox, number), call.query("fields"), _DEFAULTS, _NODE)


async def profile(call: Call, node: str) -> Json:
    """`GET /{PNID}/whatsapp_business_profile`."""
    stored = call.sandbox.store.numbers[node].profile
    names = ("about", "address", "description", "email", "profile_picture_url", "websites", "vertical")
    record: Json = {name: stored.get(name) for name in names} | {"messaging_product": "whatsapp"}
    if handle := stored.get("profile_picture_handle"):
        base = call.base_url
        record["profile_picture_url"] = picture_url(call.sandbox, handle, base)
    chosen = select(
        record, call.query("fields"), names, "WhatsAppBusinessProfile", always="messaging_product"
    )
    return {"data": [chosen]}


async def change_profile(call: Call, node: str) -> Json:
    """`POST /{PNID}/whatsapp_business_profile`."""
    values = await call.params()
    if values.get("messaging_product") != "whatsapp":
        raise invalid("The parameter messaging_product is required.")
    number = call.sandbox.store.numbers[node]
    changed: Json = {name: _profile_text(name, values[name]) for name in _PROFILE_LIMITS if name in values}
    if "websites" in values:
        changed["websites"] = _websites(values["websites"])
    if "vertical" in values:
        if values["vertical"] not in _VERTICALS:
            raise invalid(f"Param vertical must be one of {{{', '.join(sorted(_VERTICALS))}}}")
        changed["vertical"] = values["vertical"]
    if handle := values.get("profile_picture_handle"):
        if media_of_handle(call.sandbox, str(handle)) is None:
            raise invalid("Invalid parameter: profile_picture_handle is not a known upload handle.")
        changed["profile_picture_handle"] = str(handle)
    number.profile |= changed
    call.sandbox.store.add_number(number)
    return SUCCESS


def _profile_text(name: str, value: Any) -> str:
    limit = _PROFILE_LIMITS[name]
    if not isinstance(value, str) or len(value) > limit:
        raise invalid(f"Param {name} must be at most {limit} characters long.")
    if name == "about" and not value:
        raise invalid("Param about must be at least 1 character long.")
    if name == "email" and value and "@" not in value:
        raise invalid("Param email must be a valid email address.")
    return value


def _websites(value: Any) -> list[str]:
    sites = value if isinstance(value, list) else [value]
    if len(sites) > 2:
        raise invalid("Param websites must have at most 2 elements.")
    for site in sites:
        if not isinstance(site, str) or len(site) > 256 or not site.startswith(("https://", "http://")):
            raise invalid("Param websites must hold URLs of at most 256 characters.")
    return [str(site) for site in sites]


async def automation(call: Call, node: str) -> Json:
    """`POST /{PNID}/conversational_automation`."""
    values = await call.params()
    prompts, commands = values.get("prompts", []), values.get("commands", [])
    if len(prompts) > 4 or any(len(str(prompt)) > 80 for prompt in prompts):
        raise invalid("At most 4 prompts of at most 80 characters are allowed.")
    if len(commands) > 30:
        raise invalid("At most 30 commands are allowed.")
    for command in commands:
        if not 1 <= len(str(command.get("command_name", ""))) <= 32:
            raise invalid("A command_name has 1 to 32 characters.")
    number = call.sandbox.store.numbers[node]
    known = {
        name: values[name] for name in ("enable_welcome_message", "prompts", "commands") if name in values
    }
    number.automation = (number.automation or {"id": node}) | known
    call.sandbox.store.add_number(number)
    return SUCCESS


async def blocked(call: Call, node: str) -> Json:
    """`GET /{PNID}/block_users`."""
    store = call.sandbox.store
    people = [store.customers[key] for key in store.numbers[node].blocked if key in store.customers]
    return page(
        call,
        people,
        lambda customer: customer.id,
        lambda customer: {"messaging_product": "whatsapp", "wa_id": customer.wa_id},
    )


async def block(call: Call, node: str) -> Any:
    """`POST` and `DELETE /{PNID}/block_users`."""
    body = await call.params()
    users = body.get("block_users")
    if body.get("messaging_product") != "whatsapp" or not isinstance(users, list) or not users:
        raise invalid("The parameters messaging_product and block_users are required.")
    adding = call.method == "POST"
    number = call.sandbox.store.numbers[node]
    done: list[Json] = []
    failed: list[Json] = []
    for user in users:
        entry, problem = _block_one(call.sandbox, number, str(user.get("user", "")), adding=adding)
        if problem:
            failed.append(entry | {"errors": [status_error(139100, problem)]})
        else:
            done.append(entry)
    call.sandbox.store.add_number(number)
    call.sandbox.hub.tell({"kind": "customers"})
    return _block_answer(done, failed, adding=adding)


def _block_one(sandbox: Sandbox, number: Number, typed: str, *, adding: bool) -> tuple[Json, str | None]:
    customer = sandbox.store.customer_by_number(clean_number(typed) or "")
    if customer is None:
        return {"input": typed}, "This user never wrote to the number."
    entry: Json = {"input": typed, "wa_id": customer.wa_id}
    if not adding:
        number.blocked = [key for key in number.blocked if key != customer.id]
        return entry, None
    chat = sandbox.store.chats.get((customer.id, number.id))
    if chat is None or not chat.window_open(sandbox.clock.now()):
        return entry, "Only users who wrote in the last 24 hours can be blocked."
    if customer.id not in number.blocked:
        number.blocked.append(customer.id)
    return entry, None


def _block_answer(done: list[Json], failed: list[Json], *, adding: bool) -> Any:
    result: Json = {"added_users" if adding else "removed_users": done}
    if not failed:
        return {"messaging_product": "whatsapp", "block_users": result}
    error = GraphError(139100, "Failed to block some users." if adding else "Failed to unblock some users.")
    result["failed_users"] = failed
    return answer({"messaging_product": "whatsapp", "block_users": result} | error.body(), 400)


EDGES: dict[tuple[str, str, str], Handler] = {
    ("waba", "phone_numbers", "GET"): listing,
    ("number", "", "GET"): read,
    ("number", "whatsapp_business_profile", "GET"): profile,
    ("number", "whatsapp_business_profile", "POST"): change_profile,
    ("number", "conversational_automation", "POST"): automation,
    ("number", "block_users", "GET"): blocked,
    ("number", "block_users", "POST"): block,
    ("number", "block_users", "DELETE"): block,
}
