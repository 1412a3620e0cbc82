"""A message in the form in which its reader may see it."""

from __future__ import annotations

from typing import Any

from wapto_app.services.masking import Mask, mask_numbers, mask_phone


def visible_wamid(mask: Mask, wamid: str | None) -> str:
    """WhatsApp's id of a message holds the customer's number, in base64."""
    if not wamid:
        return ""
    return "hidden" if mask.hides else wamid


def visible_content(mask: Mask, content: dict[str, Any]) -> dict[str, Any]:
    """The payload without Meta's raw data, and without numbers for whom they are hidden."""
    shown = {name: value for name, value in content.items() if name != "raw"}
    if not mask.hides:
        return shown
    for name in ("new_wa_id", "new_user_id"):
        if shown.get(name):
            shown[name] = mask_phone(str(shown[name]))
    if shown.get("kind") == "system":
        shown["body"] = mask_numbers(str(shown.get("body") or ""))
    for name in ("cards", "contacts"):
        if name in shown:
            shown[name] = [_masked_card(mask, card) for card in shown[name]]
    hidden: dict[str, Any] = mask.content(shown)
    return hidden


def _masked_card(mask: Mask, card: dict[str, Any]) -> dict[str, Any]:
    called = mask.everywhere(card.get("name"))
    return {**card, "name": called, "phones": _masked(card.get("phones") or []), "vcard": None}


def _masked(phones: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**phone, "phone": mask_phone(str(phone.get("phone") or "")), "wa_id": None} for phone in phones]
