"""Message templates: list, create, edit, delete, review."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..errors import GraphError, invalid
from ..ids import node_id
from ..models import Json, Template
from ..otp import authentication_components
from .call import SUCCESS, Call, Handler
from .paging import page, select
from .template_review import fitting_category, submit, unpause
from .template_rules import CATEGORIES, check_bubble, check_components, check_name, refuse
from .uploads import picture_url

if TYPE_CHECKING:
    from ..sandbox import Sandbox

_NODE = "MessageTemplate"
_DEFAULTS = ("name", "parameter_format", "components", "language", "status", "category", "id")
_LIMIT = 250
_DAY = 86_400


def template_record(call: Call, template: Template) -> Json:
    """All fields of the node."""
    base = call.base_url
    return {
        "id": template.id,
        "name": template.name,
        "language": template.language,
        "status": template.status,
        "category": template.category,
        "components": [_shown(call.sandbox, component, base) for component in template.components],
        "parameter_format": template.parameter_format,
        "quality_score": {"score": template.quality, "date": int(template.updated)},
        "rejected_reason": template.rejected_reason,
        "previous_category": template.previous_category,
        "correct_category": None,
        "sub_category": None,
        "message_send_ttl_seconds": template.message_send_ttl_seconds,
        "cta_url_link_tracking_opted_out": None,
        "last_updated_time": _iso(template.updated),
        "health_status": {"can_send_message": "AVAILABLE" if template.status == "APPROVED" else "BLOCKED"},
    }


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def _shown(sandbox: Sandbox, component: Json, base: str) -> Json:
    if "cards" in component:
        cards = [
            {"components": [_shown(sandbox, part, base) for part in card["components"]]}
            for card in component["cards"]
        ]
        return component | {"cards": cards}
    handles = (component.get("example") or {}).get("header_handle")
    if not handles:
        return component
    example = component["example"] | {"header_handle": [picture_url(sandbox, str(handles[0]), base)]}
    return component | {"example": example}


async def listing(call: Call, _: str) -> Json:
    """`GET /{WABA}/message_templates`."""
    every = list(call.sandbox.store.templates.values())
    chosen = [template for template in every if _matches(call, template)]
    fields = call.query("fields")
    answer = page(
        call,
        chosen,
        lambda template: template.id,
        lambda template: select(template_record(call, template), fields, _DEFAULTS, _NODE),
    )
    if summary := call.query("summary"):
        counts: Json = {
            "total_count": len(chosen),
            "message_template_count": len(every),
            "message_template_limit": _LIMIT,
            "are_translations_complete": True,
        }
        answer["summary"] = {name: counts[name] for name in summary.split(",") if name in counts}
    return answer


def _matches(call: Call, template: Template) -> bool:
    for name in ("status", "category", "language"):
        wanted = call.query(name)
        if wanted and getattr(template, name).upper() not in wanted.upper().strip("[]").replace(
            '"', ""
        ).split(","):
            return False
    if (part := call.query("name")) and part.lower() not in template.name:
        return False
    if score := call.query("quality_score"):
        return template.quality == score.upper()
    for key in ("content", "name_or_content"):
        if text := call.query(key):
            words = " ".join(str(component.get("text", "")) for component in template.components)
            hay = words if key == "content" else f"{template.name} {words}"
            return text.lower() in hay.lower()
    return True


async def read(call: Call, node: str) -> Json:
    """`GET /{TEMPLATE_ID}`."""
    template = call.sandbox.store.templates[node]
    return select(template_record(call, template), call.query("fields"), _DEFAULTS, _NODE)


async def create(call: Call, _: str) -> Json:
    """`POST /{WABA}/message_templates`."""
    values = await call.json()
    store = call.sandbox.store
    name, language = str(values.get("name") or ""), str(values.get("language") or "")
    category = str(values.get("category") or "").upper()
    check_name(name, language, category)
    if store.find_template(name, language) is not None:
        raise refuse(
            2388024, "Content in this language already exists",
            f"There is already {language} content for this template. Create a new template and try again.",
        )  # fmt: skip
    if store.blocked_names.get(name, 0.0) > call.sandbox.clock.now():
        raise refuse(
            2388023,
            "Message template language is being deleted",
            f"New content cannot be added under the name {name} while it is being deleted. Try again in 4 weeks "
            "or use another name.",
        )
    if len(store.templates) >= _LIMIT:
        raise refuse(2388019, "Limit reached", f"A WhatsApp Business account has {_LIMIT} templates.")
    parameter_format = str(values.get("parameter_format") or "POSITIONAL").upper()
    components = _components(call.sandbox, values.get("components"), category, parameter_format)
    template = Template(
        node_id(), name, language, category, "PENDING", components, parameter_format=parameter_format
    )
    template.message_send_ttl_seconds = values.get("message_send_ttl_seconds")
    template.category = fitting_category(template)
    submit(call.sandbox, template)
    return {"id": template.id, "status": template.status, "category": template.category}


def _components(sandbox: Sandbox, components: Any, category: str, parameter_format: str) -> list[Json]:
    if parameter_format not in ("POSITIONAL", "NAMED"):
        raise invalid("Param parameter_format must be one of {NAMED, POSITIONAL}.")
    check_components(sandbox, components, category, named=parameter_format == "NAMED")
    check_bubble(components)
    upper = [_upper(component) for component in components]
    return authentication_components(upper) if category == "AUTHENTICATION" else upper


def _upper(component: Json) -> Json:
    result = component | {"type": str(component["type"]).upper()}
    if "format" in result:
        result["format"] = str(result["format"]).upper()
    if "buttons" in result:
        result["buttons"] = [button | {"type": str(button["type"]).upper()} for button in result["buttons"]]
    if "cards" in result:
        result["cards"] = [
            {"components": [_upper(part) for part in card["components"]]} for card in result["cards"]
        ]
    return result


async def edit(call: Call, node: str) -> Json:
    """`POST /{TEMPLATE_ID}`."""
    values = await call.params()
    template, now = call.sandbox.store.templates[node], call.sandbox.clock.now()
    if template.status not in ("APPROVED", "REJECTED", "PAUSED"):
        raise refuse(2593002, "Cannot edit", f"A template that is {template.status} cannot be edited.")
    category = str(values.get("category") or template.category).upper()
    if category not in CATEGORIES:
        raise invalid(f"Param category must be one of {{{', '.join(CATEGORIES)}}}.")
    if template.status == "APPROVED":
        _edit_limits(template, category, now)
    if "components" in values:
        template.components = _components(
            call.sandbox, values["components"], category, template.parameter_format
        )
    if category != template.category:
        template.previous_category, template.category = template.category, category
    template.message_send_ttl_seconds = values.get(
        "message_send_ttl_seconds", template.message_send_ttl_seconds
    )
    template.edits = [*template.edits, now]
    submit(call.sandbox, template)
    return SUCCESS


def _edit_limits(template: Template, category: str, now: float) -> None:
    if category != template.category:
        raise refuse(2593003, "Cannot edit", "The category of an approved template cannot be changed.")
    recent = [moment for moment in template.edits if moment > now - 30 * _DAY]
    if any(moment > now - _DAY for moment in recent) or len(recent) >= 10:
        raise refuse(
            2388039,
            "Too many edits",
            "An approved template can be edited once a day and 10 times in 30 days.",
        )


async def delete(call: Call, _: str) -> Json:
    """`DELETE /{WABA}/message_templates`: all languages of a name, or one by id."""
    name, store = str(await call.require("name")), call.sandbox.store
    one = call.query("hsm_id")
    doomed = [
        template
        for template in store.templates.values()
        if template.name == name and (one is None or template.id == one)
    ]
    if not doomed:
        raise refuse(2593002, "Message template not found", "There is no template of this name.")
    if any(template.status == "DISABLED" for template in doomed):
        raise refuse(2388025, "Cannot delete", "A disabled template cannot be deleted.")
    for template in doomed:
        if template.status == "APPROVED":
            store.blocked_names[name] = call.sandbox.clock.now() + 30 * _DAY
        store.remove_template(template)
        call.sandbox.contracts.pop(template.id, None)
    call.sandbox.hub.tell({"kind": "templates"})
    return SUCCESS


async def end_pause(call: Call, node: str) -> Json:
    """`POST /{TEMPLATE_ID}/unpause`."""
    template = call.sandbox.store.templates[node]
    if template.status != "PAUSED":
        raise GraphError(100, message="(#100) The template is not paused.")
    unpause(call.sandbox, template)
    return SUCCESS


async def previews(call: Call, _: str) -> Json:
    """`GET /{WABA}/message_template_previews`: Meta's own words for authentication templates."""
    advised = call.query("add_security_recommendation") == "true"
    minutes = call.query("code_expiration_minutes")
    parts: list[Json] = [{"type": "BODY", "add_security_recommendation": advised}]
    if minutes and minutes.isdecimal():
        parts.append({"type": "FOOTER", "code_expiration_minutes": int(minutes)})
    shown: Json = {}
    for part in authentication_components(parts):
        shown[part["type"].lower()] = part["text"]
    languages = (call.query("languages") or "en_US").split(",")
    return {"data": [{"language": language, **shown} for language in languages]}


EDGES: dict[tuple[str, str, str], Handler] = {
    ("waba", "message_templates", "GET"): listing,
    ("waba", "message_templates", "POST"): create,
    ("waba", "message_templates", "DELETE"): delete,
    ("waba", "message_template_previews", "GET"): previews,
    ("template", "", "GET"): read,
    ("template", "", "POST"): edit,
    ("template", "unpause", "POST"): end_pause,
}
