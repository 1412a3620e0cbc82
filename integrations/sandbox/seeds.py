"""The first day: two business numbers, a few people, templates of every kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .ids import business_scoped_id
from .models import Customer, Json, Number, Template
from .otp import authentication_components

if TYPE_CHECKING:
    from .store import Store

# Reserved or unassigned lines, so that no demo ever names a real person's number.
_PEOPLE = (
    ("c1", "Maya Thompson", "12025550143", None, "maya.t", False),
    ("c2", "Jonas Weber", "491713920005", None, None, False),
    ("c3", "Camille Laurent", "33639981234", None, None, False),
    # Registered before Brazil's ninth digit and with Mexico's old 1: wa_id differs from what people dial.
    ("c4", "Rafael Souza", "5531991234567", "553191234567", None, False),
    ("c5", "Lucía Hernández", "525555501234", "5215555501234", None, False),
    ("c6", "Noor", "447700900461", None, "noor.writes", True),
)


def plant(store: Store, now: float) -> None:
    """Fill an empty store."""
    config = store.config
    for number_id, shown, name in (
        (config.phone_number_id, config.display_phone_number, config.verified_name),
        (config.second_phone_number_id, config.second_display_phone_number, config.second_verified_name),
    ):
        number = Number(number_id, shown, name, onboarded=int(now), profile=_profile(name))
        store.add_number(number)
    if config.seed_customers:
        _people(store)
    if config.seed_templates:
        for offset, template in enumerate(_templates()):
            template.id = str(1_400_000_000_000_001 + offset)
            template.updated = now - 86_400 * 7
            store.add_template(template)


def _people(store: Store) -> None:
    for key, name, number, wa_id, username, hidden in _PEOPLE:
        user_id = business_scoped_id(number, store.config.business_id)
        store.add_customer(
            Customer(key, name, number, wa_id or number, user_id, username=username, hidden=hidden)
        )


def _profile(name: str) -> Json:
    return {
        "about": "Usually answers within an hour",
        "address": "12 Quay Street, Harbour District",
        "description": f"{name}: homes to rent and to buy by the water.",
        "email": "hello@harbourhomes.example",
        "websites": ["https://harbourhomes.example/"],
        "vertical": "PROF_SERVICES",
    }


def _body(text: str, *examples: str) -> Json:
    body: Json = {"type": "BODY", "text": text}
    if examples:
        body["example"] = {"body_text": [list(examples)]}
    return body


def _buttons(*buttons: Json) -> Json:
    return {"type": "BUTTONS", "buttons": list(buttons)}


def _header(text: str) -> Json:
    return {"type": "HEADER", "format": "TEXT", "text": text}


def _picture(name: str) -> Json:
    return {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": [f"sample:{name}"]}}


def _footer(text: str) -> Json:
    return {"type": "FOOTER", "text": text}


def _quick(text: str) -> Json:
    return {"type": "QUICK_REPLY", "text": text}


def _link(text: str, url: str, example: str | None = None) -> Json:
    button: Json = {"type": "URL", "text": text, "url": url}
    return button | {"example": [example]} if example else button


def _card(picture: str) -> Json:
    return {
        "components": [
            _picture(picture),
            _body("{{1}}, from {{2}} a month.", "Two rooms", "$1,450"),
            _buttons(
                _quick("Book a viewing"), _link("Details", "https://harbourhomes.example/h/{{1}}", "h-1")
            ),
        ]
    }


def _templates() -> list[Template]:
    return [*_utility(), *_marketing(), *_not_sendable()]


def _utility() -> list[Template]:
    order = "Hello {{1}}, your order {{2}} is on its way and arrives on {{3}}. Thank you for choosing us!"
    pedido = "Hola {{1}}, tu pedido {{2}} va en camino y llega el {{3}}. ¡Gracias por elegirnos!"
    named: Json = {
        "type": "BODY",
        "text": "Hi {{first_name}}, we confirm your viewing of *{{home}}* on {{day}}. Does it suit you?",
        "example": {
            "body_text_named_params": [
                {"param_name": "first_name", "example": "Maya"},
                {"param_name": "home", "example": "Quay Street 12"},
                {"param_name": "day", "example": "Friday at 3 pm"},
            ]
        },
    }
    hello = [
        _header("Hello World"),
        _body(
            "Welcome and congratulations!! This message demonstrates your ability to send a WhatsApp message "
            "notification from the Cloud API, hosted by Meta. Thank you for taking the time to test with us."
        ),
        _footer("WhatsApp Business Platform sample message"),
    ]
    return [
        _approved("hello_world", "en_US", "UTILITY", hello),
        _approved("order_update", "en_US", "UTILITY", [
            _header("Order update"), _body(order, "Maya", "#1042", "Friday"), _footer("Harbour Homes"),
            _buttons(_link("Track order", "https://harbourhomes.example/o/{{1}}", "1042")),
        ]),
        _approved("order_update", "es", "UTILITY", [
            _header("Tu pedido"), _body(pedido, "Lucía", "#1042", "viernes"), _footer("Harbour Homes"),
            _buttons(_link("Seguir pedido", "https://harbourhomes.example/o/{{1}}", "1042")),
        ]),
        _approved("viewing_reminder", "en", "UTILITY", [
            named, _buttons(_quick("Yes, see you there"), _quick("Choose another day"))
        ], parameter_format="NAMED"),
        _approved("viewing_place", "en_US", "UTILITY", [
            {"type": "HEADER", "format": "LOCATION"},
            _body("Here is where we meet for your viewing, {{1}}. Ring the bell twice.", "Maya"),
            _buttons({"type": "PHONE_NUMBER", "text": "Call us", "phone_number": "+16505550100"}),
        ]),
        _approved("otp_code", "en_US", "AUTHENTICATION", authentication_components([
            {"type": "BODY", "add_security_recommendation": True},
            {"type": "FOOTER", "code_expiration_minutes": 10},
            _buttons({"type": "OTP", "otp_type": "COPY_CODE", "text": "Copy code"}),
        ])),
    ]  # fmt: skip


def _marketing() -> list[Template]:
    coupon: Json = {"type": "COPY_CODE", "example": "HARBOUR10", "text": "Copy offer code"}
    offer: Json = {
        "type": "LIMITED_TIME_OFFER",
        "limited_time_offer": {"text": "10% off!", "has_expiration": True},
    }
    return [
        _approved("summer_open_house", "en_US", "MARKETING", [
            _picture("summer"),
            _body("Hi {{1}}! Our *summer open house* is on {{2}}. Come and see {{3}} new homes.",
                  "Maya", "Saturday", "14"),
            _footer("Reply STOP to opt out"),
            _buttons(_quick("I will be there"), _quick("Stop promotions"),
                     _link("See the homes", "https://harbourhomes.example/open-house")),
        ]),
        _approved("first_month_offer", "en_US", "MARKETING", [
            _picture("offer"), offer,
            _body("Hi {{1}}, sign this week and the first month is 10% off. Use the code below.", "Maya"),
            _buttons(coupon, _link("Sign now", "https://harbourhomes.example/sign/{{1}}", "maya")),
        ]),
        _approved("new_homes_carousel", "en_US", "MARKETING", [
            _body("Hello {{1}}, three homes came in that fit your search:", "Maya"),
            {"type": "CAROUSEL", "cards": [_card("home-1"), _card("home-2"), _card("home-3")]},
        ]),
    ]  # fmt: skip


def _not_sendable() -> list[Template]:
    rejected = _approved(
        "free_money", "en_US", "MARKETING", [_body("You won! Send us your bank card number to get paid.")]
    )
    rejected.status, rejected.rejected_reason = "REJECTED", "SCAM"
    paused = _approved(
        "flash_sale", "en_US", "MARKETING",
        [_body("Only today: everything must go, {{1}}! Do not miss it.", "Maya"), _buttons(_quick("Stop"))],
    )  # fmt: skip
    paused.status, paused.quality = "PAUSED", "RED"
    return [rejected, paused]


def _approved(name: str, language: str, category: str, components: list[Json], **more: Any) -> Template:
    return Template("", name, language, category, "APPROVED", components, quality="GREEN", **more)
