"""Authentication templates: Meta writes their text itself."""

from __future__ import annotations

from .models import Json

_ADVICE = " For your security, do not share this code."
_OTP_URL = "https://www.whatsapp.com/otp/code/?otp_type={kind}&code=otp{{{{1}}}}"


def authentication_components(components: list[Json]) -> list[Json]:
    """The components as Meta stores and returns them."""
    return [_component(component) for component in components]


def _component(component: Json) -> Json:
    kind = str(component.get("type", "")).upper()
    if kind == "BODY":
        advised = bool(component.get("add_security_recommendation"))
        text = "*{{1}}* is your verification code." + (_ADVICE if advised else "")
        return {
            "type": "BODY",
            "text": text,
            "add_security_recommendation": advised,
            "example": {"body_text": [["123456"]]},
        }
    if kind == "FOOTER":
        minutes = component.get("code_expiration_minutes", 10)
        text = f"This code expires in {minutes} minute{'s' if minutes != 1 else ''}."
        return {"type": "FOOTER", "text": text, "code_expiration_minutes": minutes}
    if kind == "BUTTONS":
        return {"type": "BUTTONS", "buttons": [_button(button) for button in component.get("buttons", [])]}
    return component


def _button(button: Json) -> Json:
    kind = str(button.get("otp_type", "COPY_CODE")).upper()
    url = _OTP_URL.format(kind=kind)
    return {
        "type": "URL",
        "text": button.get("text") or "Copy code",
        "url": url,
        "example": [url],
        "otp": kind,
    }
