"""WhatsApp Flows: create, upload JSON, publish, deprecate."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson
from starlette.datastructures import UploadFile

from ..errors import GraphError, invalid
from ..ids import node_id
from ..models import Flow, Json
from .call import SUCCESS, Call, Handler
from .paging import page, select

if TYPE_CHECKING:
    from ..sandbox import Sandbox

_CATEGORIES = frozenset((
    "SIGN_UP", "SIGN_IN", "APPOINTMENT_BOOKING", "LEAD_GENERATION", "CONTACT_US", "CUSTOMER_SUPPORT",
    "SURVEY", "OTHER",
))  # fmt: skip
_NODE = "Flow"
_DEFAULTS = ("id", "name", "status", "categories", "validation_errors")


def flow_record(call: Call, flow: Flow) -> Json:
    """All fields of the node."""
    parsed = _parse(flow.flow_json) or {}
    base = call.base_url
    config = call.sandbox.config
    return {
        "id": flow.id,
        "name": flow.name,
        "status": flow.status,
        "categories": flow.categories,
        "validation_errors": flow.validation_errors,
        "json_version": parsed.get("version"),
        "data_api_version": parsed.get("data_api_version"),
        "endpoint_uri": flow.endpoint_uri,
        "preview": {"preview_url": f"{base}/?flow={flow.id}", "expires_at": "2099-01-01T00:00:00+0000"},
        "whatsapp_business_account": {"id": config.waba_id, "name": config.waba_name},
        "application": {"id": config.app_id, "name": config.app_name},
        "health_status": {"can_send_message": "AVAILABLE" if flow.status == "PUBLISHED" else "BLOCKED"},
    }


async def create(call: Call, _: str) -> Json:
    """`POST /{WABA}/flows`."""
    values = await call.params()
    name = str(await call.require("name"))
    if any(flow.name == name for flow in call.sandbox.store.flows.values()):
        raise GraphError(139000, message="(#139000) A flow with this name exists.", subcode=4016019)
    flow = Flow(node_id(), name, _categories(values.get("categories")))
    flow.endpoint_uri = values.get("endpoint_uri")
    source = call.sandbox.store.flows.get(str(values.get("clone_flow_id")))
    flow_json = values.get("flow_json") or (source and source.flow_json)
    if flow_json:
        _set_json(flow, str(flow_json))
    if str(values.get("publish")).lower() == "true":
        _publish(flow)
    call.sandbox.store.add_flow(flow)
    return {"id": flow.id, "success": True, "validation_errors": flow.validation_errors}


def _categories(value: Any) -> list[str]:
    try:
        names = orjson.loads(value) if isinstance(value, str) else value
    except orjson.JSONDecodeError:
        names = [value]
    if not isinstance(names, list) or not names or not set(names) <= _CATEGORIES:
        raise invalid(f"Param categories must be an array of {{{', '.join(sorted(_CATEGORIES))}}}.")
    return [str(name) for name in names]


def _parse(text: str | None) -> Json | None:
    try:
        parsed = json.loads(text or "")
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None


def _set_json(flow: Flow, text: str) -> None:
    flow.flow_json = text
    flow.validation_errors = [_problem(message) for message in _problems(_parse(text))]


def _problems(parsed: Json | None) -> list[str]:
    if parsed is None:
        return ["The flow JSON is not valid JSON."]
    problems = []
    if not parsed.get("version"):
        problems.append("Required property 'version' is missing.")
    screens = parsed.get("screens")
    if not isinstance(screens, list) or not screens:
        return [*problems, "Required property 'screens' is missing."]
    for screen in screens:
        if not isinstance(screen, dict) or not screen.get("id") or not screen.get("layout"):
            problems.append("Every screen needs 'id' and 'layout'.")
    if not any(isinstance(screen, dict) and screen.get("terminal") for screen in screens):
        problems.append("At least one screen must be terminal.")
    return problems


def _problem(message: str) -> Json:
    where = {"line_start": 1, "line_end": 1, "column_start": 1, "column_end": 1}
    return {"error": "INVALID_PROPERTY", "error_type": "JSON_SCHEMA_ERROR", "message": message, **where}


def _publish(flow: Flow) -> None:
    if flow.status != "DRAFT":
        raise GraphError(139002, message="(#139002) Only a draft flow can be published.", subcode=4016012)
    if flow.validation_errors or not flow.flow_json:
        raise GraphError(
            139002,
            message="(#139002) Publishing without valid flow JSON is not possible.",
            subcode=4016013,
            user_title="Flow has validation errors",
            user_message="; ".join(item["message"] for item in flow.validation_errors) or "No flow JSON.",
        )
    flow.status = "PUBLISHED"


async def listing(call: Call, _: str) -> Json:
    """`GET /{WABA}/flows`."""
    flows = list(call.sandbox.store.flows.values())
    fields = call.query("fields")
    return page(
        call,
        flows,
        lambda flow: flow.id,
        lambda flow: select(flow_record(call, flow), fields, _DEFAULTS, _NODE),
    )


async def read(call: Call, node: str) -> Json:
    """`GET /{FLOW_ID}`."""
    flow = call.sandbox.store.flows[node]
    return select(flow_record(call, flow), call.query("fields"), _DEFAULTS, _NODE)


async def update(call: Call, node: str) -> Json:
    """`POST /{FLOW_ID}`: name, categories, endpoint."""
    values, flow = await call.params(), call.sandbox.store.flows[node]
    flow.name = str(values.get("name") or flow.name)
    if "categories" in values:
        flow.categories = _categories(values["categories"])
    flow.endpoint_uri = values.get("endpoint_uri", flow.endpoint_uri)
    call.sandbox.store.add_flow(flow)
    return SUCCESS


async def upload(call: Call, node: str) -> Json:
    """`POST /{FLOW_ID}/assets`."""
    values, flow = await call.params(), call.sandbox.store.flows[node]
    if flow.status != "DRAFT":
        raise GraphError(139001, message="(#139001) A published flow cannot be changed.", subcode=4016006)
    if values.get("asset_type") != "FLOW_JSON":
        raise invalid("Param asset_type must be FLOW_JSON.")
    file = values.get("file")
    if not isinstance(file, UploadFile):
        raise invalid("The parameter file is required.")
    _set_json(flow, (await file.read()).decode("utf-8", "replace"))
    call.sandbox.store.add_flow(flow)
    return {"success": True, "validation_errors": flow.validation_errors}


async def assets(call: Call, node: str) -> Json:
    """`GET /{FLOW_ID}/assets`."""
    flow = call.sandbox.store.flows[node]
    if flow.flow_json is None:
        return {"data": []}
    base = call.base_url
    url = f"{base}/v25.0/cdn/flow-{flow.id}"
    return {"data": [{"name": "flow.json", "asset_type": "FLOW_JSON", "download_url": url}]}


async def publish(call: Call, node: str) -> Json:
    """`POST /{FLOW_ID}/publish`."""
    flow = call.sandbox.store.flows[node]
    _publish(flow)
    _announce(call.sandbox, flow, "DRAFT")
    return SUCCESS


async def deprecate(call: Call, node: str) -> Json:
    """`POST /{FLOW_ID}/deprecate`."""
    flow = call.sandbox.store.flows[node]
    if flow.status != "PUBLISHED":
        raise GraphError(
            139003, message="(#139003) Only a published flow can be deprecated.", subcode=4016010
        )
    flow.status = "DEPRECATED"
    _announce(call.sandbox, flow, "PUBLISHED")
    return SUCCESS


def _announce(sandbox: Sandbox, flow: Flow, old: str) -> None:
    sandbox.store.add_flow(flow)
    value = {
        "event": "FLOW_STATUS_CHANGE",
        "message": f"Flow {flow.name} changed status from {old} to {flow.status}",
        "flow_id": flow.id,
        "old_status": old,
        "new_status": flow.status,
    }
    sandbox.traffic.announce("flows", value)


async def delete(call: Call, node: str) -> Json:
    """`DELETE /{FLOW_ID}`: drafts only."""
    flow = call.sandbox.store.flows[node]
    if flow.status != "DRAFT":
        raise GraphError(139004, message="(#139004) Only a draft flow can be deleted.", subcode=4016007)
    call.sandbox.store.remove_flow(flow)
    return SUCCESS


EDGES: dict[tuple[str, str, str], Handler] = {
    ("waba", "flows", "GET"): listing,
    ("waba", "flows", "POST"): create,
    ("flow", "", "GET"): read,
    ("flow", "", "POST"): update,
    ("flow", "", "DELETE"): delete,
    ("flow", "assets", "GET"): assets,
    ("flow", "assets", "POST"): upload,
    ("flow", "publish", "POST"): publish,
    ("flow", "deprecate", "POST"): deprecate,
}
