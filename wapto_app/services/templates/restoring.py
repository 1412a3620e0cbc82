"""From what Meta shows of a template back to what somebody can edit and submit again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from wapto_app.services.templates.rules.shape import Json, components_of, objects_in

_OTP_TYPE = re.compile(r"otp_type=([A-Z_]+)")


def restored(components: Sequence[Json] | None, category: str) -> list[Json]:
    """Meta's components without what it adds: its links to samples cannot be submitted again."""
    plain = [_without_handle(each) for each in components_of(list(components or []))]
    return [_authentication(each) for each in plain] if category == "AUTHENTICATION" else plain


def _without_handle(component: Json) -> Json:
    kept = dict(component)
    example = kept.get("example")
    if isinstance(example, dict) and "header_handle" in example:
        rest = {key: value for key, value in example.items() if key != "header_handle"}
        kept = {key: value for key, value in kept.items() if key != "example"} | (
            {"example": rest} if rest else {}
        )
    if "cards" in kept:
        kept["cards"] = [
            {"components": [_without_handle(part) for part in objects_in(card, "components")]}
            for card in objects_in(kept, "cards")
        ]
    return kept


def _authentication(component: Json) -> Json:
    """Meta answers with the texts that it wrote; it takes only the choices."""
    kind = component.get("type")
    if kind == "BODY":
        return {
            "type": "BODY",
            "add_security_recommendation": bool(component.get("add_security_recommendation")),
        }
    if kind == "FOOTER":
        minutes = component.get("code_expiration_minutes")
        return {"type": "FOOTER", "code_expiration_minutes": minutes if isinstance(minutes, int) else 10}
    if kind == "BUTTONS":
        return {"type": "BUTTONS", "buttons": [_otp(each) for each in objects_in(component, "buttons")]}
    return component


def _otp(button: Json) -> Json:
    if button.get("type") == "OTP":
        return button
    found = _OTP_TYPE.search(str(button.get("url") or ""))
    otp: dict[str, Any] = {"type": "OTP", "otp_type": found[1] if found else "COPY_CODE"}
    for name in ("text", "autofill_text", "supported_apps", "zero_tap_terms_accepted"):
        if button.get(name):
            otp[name] = button[name]
    return otp
