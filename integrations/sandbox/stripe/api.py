"""The edge of the API: keys, versions, idempotency, routing, errors."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from . import catalog, checkout, events, invoices, payments, portal, schedules, subscriptions
from .config import DAY, Json
from .errors import StripeError
from .faults import LostAnswer
from .forms import Params, decode

if TYPE_CHECKING:
    from .sandbox import StripeSandbox

Handler = Callable[..., Json]
_LARGEST_KEY = 255
_LARGEST_BODY = 1024 * 1024


def _retrieve(kind: str) -> Handler:
    return lambda sandbox, params, identity: sandbox.store.get(kind, identity)


def _list(kind: str, path: str, keep: Callable[[Params], Callable[[Json], bool]] | None = None) -> Handler:
    def listed(sandbox: StripeSandbox, params: Params) -> Json:
        condition = keep(params) if keep else None
        return sandbox.store.page(kind, params, f"/v1/{path}", condition)

    return listed


def _by(*names: str) -> Callable[[Params], Callable[[Json], bool]]:
    return lambda params: payments.keep_by(params, *names)


def _keep_subscriptions(params: Params) -> Callable[[Json], bool]:
    """Stripe: ended ones are left out unless asked for."""
    customer, status = params.text("customer"), params.text("status")
    return lambda each: (
        (not customer or each["customer"] == customer)
        and (
            status == "all"
            or (each["status"] == status if status else each["status"] not in subscriptions.ENDED)
        )
    )


def _invoice_lines(sandbox: StripeSandbox, params: Params, identity: str) -> Json:
    params.number("limit")
    found: Json = sandbox.store.get("invoice", identity)["lines"]
    return found


def _prices(params: Params) -> Callable[[Json], bool]:
    product, active = params.text("product"), params.text("active")
    return lambda each: (
        (not product or each["product"] == product) and (not active or each["active"] == (active == "true"))
    )


_ID = r"([A-Za-z0-9_]+)"
_RESOURCES: tuple[tuple[str, str, Any, Handler | None, Handler | None], ...] = (
    ("customers", "customer", _by("email"), catalog.create_customer, catalog.update_customer),
    ("products", "product", None, catalog.create_product, catalog.update_product),
    ("prices", "price", _prices, catalog.create_price, catalog.update_price),
    ("tax_rates", "tax_rate", None, catalog.create_tax_rate, catalog.update_tax_rate),
    ("checkout/sessions", "checkout.session", checkout.keep_sessions, checkout.create_session, None),
    (
        "subscriptions",
        "subscription",
        _keep_subscriptions,
        subscriptions.create_subscription,
        subscriptions.update_subscription,
    ),
    (
        "subscription_schedules",
        "subscription_schedule",
        _by("customer"),
        schedules.create_schedule,
        schedules.update_schedule,
    ),
    ("invoices", "invoice", invoices.keep_invoices, invoices.create_invoice, None),
    ("invoice_payments", "invoice_payment", payments.keep_payments, None, None),
    ("payment_intents", "payment_intent", _by("customer"), None, None),
    ("charges", "charge", _by("customer", "payment_intent"), None, None),
    ("refunds", "refund", _by("charge", "payment_intent"), payments.create_refund, None),
    ("disputes", "dispute", _by("charge", "payment_intent"), None, None),
    ("payment_methods", "payment_method", _by("customer"), None, None),
    ("events", "event", _by("type"), None, None),
    ("webhook_endpoints", "webhook_endpoint", None, events.create_endpoint, events.update_endpoint),
    (
        "billing_portal/configurations",
        "billing_portal.configuration",
        None,
        portal.create_configuration,
        portal.update_configuration,
    ),
)
_OTHERS: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "account", catalog.account),
    ("DELETE", f"customers/{_ID}", catalog.delete_customer),
    ("POST", f"customers/{_ID}/balance_transactions", catalog.adjust_balance),
    ("POST", f"checkout/sessions/{_ID}/expire", checkout.expire_session),
    ("DELETE", f"subscriptions/{_ID}", subscriptions.cancel_subscription),
    ("POST", f"subscription_schedules/{_ID}/release", schedules.release_schedule),
    ("GET", f"invoices/{_ID}/lines", _invoice_lines),
    ("POST", f"invoices/{_ID}/finalize", invoices.finalize_invoice),
    ("POST", f"invoices/{_ID}/pay", invoices.pay_invoice),
    ("POST", f"invoices/{_ID}/void", invoices.void_invoice),
    ("DELETE", f"webhook_endpoints/{_ID}", events.delete_endpoint),
    ("POST", "billing_portal/sessions", portal.create_session),
)


def _routes() -> list[tuple[str, re.Pattern[str], Handler]]:
    found: list[tuple[str, str, Handler]] = list(_OTHERS)
    for path, kind, keep, create, update in _RESOURCES:
        found.append(("GET", path, _list(kind, path, keep)))
        found.append(("GET", f"{path}/{_ID}", _retrieve(kind)))
        if create:
            found.append(("POST", path, create))
        if update:
            found.append(("POST", f"{path}/{_ID}", update))
    return [(method, re.compile(f"{path}$"), handler) for method, path, handler in found]


_ROUTES = _routes()


@dataclass(frozen=True, slots=True)
class _Kept:
    """The answer to a request that carried an idempotency key."""

    digest: str
    status: int
    body: bytes
    at: int


class Api:
    """``/v1/…`` as an ASGI app."""

    def __init__(self, sandbox: StripeSandbox) -> None:
        self._sandbox = sandbox
        self._kept: dict[str, _Kept] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        self._sandbox.learn_base(request)
        if self._sandbox.faults.latency_ms:
            await asyncio.sleep(self._sandbox.faults.latency_ms / 1000)
        body = await request.body()
        try:
            response = self._answer(request, body)
        except LostAnswer:
            await _break(send)
            return
        await response(scope, receive, send)

    def _answer(self, request: Request, body: bytes) -> Response:
        sandbox = self._sandbox
        headers = {"request-id": f"req_{secrets.token_hex(7)}"}
        try:
            headers["stripe-version"] = self._version(request)
            sandbox.gate.before()
            self._authorise(request)
            if len(body) > _LARGEST_BODY:
                raise StripeError("Request body is too large.", status=413)
            sandbox.catch_up()
            status, content = self._idempotent(request, body, headers)
            sandbox.gate.after()
        except StripeError as error:
            status, content = error.status, orjson.dumps(error.body())
        return Response(content, status, headers, media_type="application/json")

    def _version(self, request: Request) -> str:
        version = request.headers.get("stripe-version", self._sandbox.version)
        if not re.fullmatch(r"\d{4}-\d\d-\d\d(\.[a-z]+)?", version):
            raise StripeError(f"Invalid Stripe API version: {version}")
        return version

    def _authorise(self, request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise StripeError(
                "You did not provide an API key. You need to provide your API key in the Authorization header,"
                " using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
                status=401,
            )
        if self._sandbox.faults.revoked_key:
            raise StripeError(f"Expired API Key provided: {_masked(key)}", status=401, code="api_key_expired")
        if key != self._sandbox.config.secret_key:
            raise StripeError(f"Invalid API Key provided: {_masked(key)}", status=401)

    def _idempotent(self, request: Request, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """Stripe: the first answer is kept for a day and given again to the same request."""
        key = request.headers.get("idempotency-key", "")
        if not key or request.method != "POST":
            return self._routed(request, body)
        if len(key) > _LARGEST_KEY:
            raise StripeError("Idempotency keys have at most 255 characters.", kind="idempotency_error")
        digest = hashlib.sha256(f"{request.url.path}\n".encode() + body).hexdigest()
        kept = self._kept.get(key)
        now = self._sandbox.clock.now()
        if kept is not None and now - kept.at < DAY:
            if kept.digest != digest:
                raise StripeError(
                    "Keys for idempotent requests can only be used with the same parameters they were first used"
                    f" with. Try using a key other than '{key}' if you meant to execute a different request.",
                    kind="idempotency_error",
                )
            headers["idempotent-replayed"] = "true"
            return kept.status, kept.body
        status, content = self._routed_or_declined(request, body)
        self._kept[key] = _Kept(digest, status, content, now)
        return status, content

    def _routed_or_declined(self, request: Request, body: bytes) -> tuple[int, bytes]:
        """A refused card is an outcome and is kept; a request that was wrong may be put right under its key."""
        try:
            return self._routed(request, body)
        except StripeError as error:
            if error.status != 402:
                raise
            return error.status, orjson.dumps(error.body())

    def _routed(self, request: Request, body: bytes) -> tuple[int, bytes]:
        path = request.url.path.partition("/v1/")[2].rstrip("/")
        try:
            text = body.decode()
        except UnicodeDecodeError:
            raise StripeError("The request body is not UTF-8.") from None
        values = decode("&".join(filter(None, (request.url.query, text))))
        expand = [str(each) for each in values.pop("expand", []) or []]
        for method, pattern, handler in _ROUTES:
            found = pattern.match(path)
            if found and method == request.method:
                params = Params(values)
                answer = handler(self._sandbox, params, *found.groups())
                params.done()
                return 200, orjson.dumps(self._sandbox.store.expanded(answer, expand))
        raise StripeError(
            f"Unrecognized request URL ({request.method}: /v1/{path}). Please see https://stripe.com/docs or we"
            " can help at https://support.stripe.com/.",
            status=404,
        )


async def _break(send: Send) -> None:
    # A promised but missing body is the one way an ASGI app can cut a connection.
    headers = [(b"content-type", b"application/json"), (b"content-length", b"4096")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{", "more_body": True})
    raise httpx.ReadError("connection broken by the stand-in")


def _masked(key: str) -> str:
    return f"{key[:8]}{'*' * 12}{key[-4:]}" if len(key) > 12 else "*" * len(key)
