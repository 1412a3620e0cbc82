"""WhatsApp Business Accounts: facts, health, webhook subscription, and what a token may do."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from .connection import GraphConnection, node, success
from .reading import JsonObject, as_int, as_object, as_text, as_time, objects, texts

_WABA_FIELDS = (
    "id,name,currency,timezone_id,message_template_namespace,account_review_status,"
    "business_verification_status,ownership_type,owner_business_info,country,is_enabled_for_insights"
)


@dataclass(frozen=True, slots=True)
class WhatsAppBusinessAccount:
    """A WABA: the account that owns numbers and templates.

    Attributes:
        id: WABA id.
        name: Name in WhatsApp Manager.
        currency: Billing currency.
        account_review_status: `APPROVED`, `PENDING` or `REJECTED`.
        business_verification_status: Verification of the owning business.
        country: Country code of the owner.
        owner_business_id: Business portfolio, to which messaging limits belong.
        template_namespace: Legacy namespace of the templates.
        raw: Everything Meta said.
    """

    id: str
    name: str = ""
    currency: str | None = None
    account_review_status: str | None = None
    business_verification_status: str | None = None
    country: str | None = None
    owner_business_id: str | None = None
    template_namespace: str | None = None
    raw: JsonObject = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, data: JsonObject) -> WhatsAppBusinessAccount:
        """Read a WABA node."""
        return cls(
            id=as_text(data.get("id")) or "",
            name=as_text(data.get("name")) or "",
            currency=as_text(data.get("currency")),
            account_review_status=as_text(data.get("account_review_status")),
            business_verification_status=as_text(data.get("business_verification_status")),
            country=as_text(data.get("country")),
            owner_business_id=as_text(as_object(data.get("owner_business_info")).get("id")),
            template_namespace=as_text(data.get("message_template_namespace")),
            raw=data,
        )


@dataclass(frozen=True, slots=True)
class HealthProblem:
    """One reason why sending is limited or blocked. `solution` is Meta's suggestion."""

    code: int | None
    description: str
    solution: str


@dataclass(frozen=True, slots=True)
class HealthEntity:
    """The part one object plays in the health of another.

    Attributes:
        entity_type: `PHONE_NUMBER`, `WABA`, `BUSINESS`, `APP` or `MESSAGE_TEMPLATE`.
        id: Its id.
        can_send: `AVAILABLE`, `LIMITED` or `BLOCKED`.
        problems: Why.
        notes: Further remarks of Meta.
    """

    entity_type: str
    id: str
    can_send: str
    problems: tuple[HealthProblem, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: JsonObject) -> HealthEntity:
        """Read one of Meta's `entities`."""
        problems = (
            HealthProblem(
                as_int(error.get("error_code")),
                as_text(error.get("error_description")) or "",
                as_text(error.get("possible_solution")) or "",
            )
            for error in objects(data.get("errors"))
        )
        return cls(
            entity_type=as_text(data.get("entity_type")) or "",
            id=as_text(data.get("id")) or "",
            can_send=as_text(data.get("can_send_message")) or "",
            problems=tuple(problems),
            notes=texts(data.get("additional_info")),
        )


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a number, WABA or template can send: `AVAILABLE`, `LIMITED` or `BLOCKED`, and by whom."""

    can_send: str
    entities: tuple[HealthEntity, ...] = ()

    @classmethod
    def from_json(cls, answer: JsonObject) -> Health:
        """Read an answer with `health_status`."""
        status = as_object(answer.get("health_status"))
        entities = tuple(HealthEntity.from_json(entity) for entity in objects(status.get("entities")))
        return cls(as_text(status.get("can_send_message")) or "UNKNOWN", entities)


@dataclass(frozen=True, slots=True)
class SubscribedApp:
    """An app that receives the webhooks of a WABA, and the URL if it is not the app's own."""

    app_id: str
    name: str = ""
    override_callback_url: str | None = None


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """What an access token is and may do.

    Attributes:
        is_valid: Whether it works now.
        app_id: The app it belongs to.
        type: `SYSTEM_USER`, `USER`, `APP` …
        expires_at: None when it never expires.
        scopes: Granted permissions.
        targets: For each permission, the ids it is limited to (WABAs, portfolios).
        raw: Everything Meta said.
    """

    is_valid: bool
    app_id: str | None = None
    type: str | None = None
    expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()
    targets: dict[str, tuple[str, ...]] = field(default_factory=dict)
    raw: JsonObject = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, answer: JsonObject) -> TokenInfo:
        """Read an answer of `/debug_token`."""
        data = as_object(answer.get("data"))
        targets = {
            as_text(scope.get("scope")) or "": texts(scope.get("target_ids"))
            for scope in objects(data.get("granular_scopes"))
        }
        return cls(
            is_valid=data.get("is_valid") is True,
            app_id=as_text(data.get("app_id")),
            type=as_text(data.get("type")),
            # Meta: 0 means never.
            expires_at=as_time(data.get("expires_at")) if as_int(data.get("expires_at")) else None,
            scopes=texts(data.get("scopes")),
            targets=targets,
            raw=data,
        )


class AccountCalls(GraphConnection):
    """`/{WABA id}`, its subscribed apps, health of any node, and `/debug_token`."""

    async def waba(self, waba_id: str) -> WhatsAppBusinessAccount:
        """Return a WABA."""
        return WhatsAppBusinessAccount.from_json(await self._get(node(waba_id), {"fields": _WABA_FIELDS}))

    async def health(self, node_id: str) -> Health:
        """Return whether a number, WABA or template can send: what "test connection" asks."""
        return Health.from_json(await self._get(node(node_id), {"fields": "health_status"}))

    async def subscribe_app(
        self, waba_id: str, *, callback_url: str | None = None, verify_token: str | None = None
    ) -> bool:
        """Have the token's app receive the WABA's webhooks. Without this call none arrive.

        With `callback_url` (up to 200 characters) and `verify_token` they go to that URL, which Meta
        checks first with the GET handshake.
        """
        body: JsonObject = {}
        if callback_url:
            body = {"override_callback_uri": callback_url, "verify_token": verify_token or ""}
        return success(await self._post(f"{node(waba_id)}/subscribed_apps", body))

    async def subscribed_apps(self, waba_id: str) -> list[SubscribedApp]:
        """Return the apps that receive the WABA's webhooks."""
        answer = await self._get(f"{node(waba_id)}/subscribed_apps")
        return [_subscribed_app(item) for item in objects(answer.get("data"))]

    async def unsubscribe_app(self, waba_id: str) -> bool:
        """Stop the webhooks of a WABA to the token's app."""
        return success(await self._delete(f"{node(waba_id)}/subscribed_apps"))

    async def debug_token(self, input_token: str, app_token: str) -> TokenInfo:
        """Inspect a token.

        Args:
            input_token: The token to inspect.
            app_token: Token of the app it belongs to; `APP_ID|APP_SECRET` works.
        """
        connection = self._with_token(app_token)
        return TokenInfo.from_json(await connection._get("debug_token", {"input_token": input_token}))


def _subscribed_app(item: JsonObject) -> SubscribedApp:
    app = as_object(item.get("whatsapp_business_api_data"))
    return SubscribedApp(
        app_id=as_text(app.get("id")) or "",
        name=as_text(app.get("name")) or "",
        override_callback_url=as_text(item.get("override_callback_uri")),
    )
