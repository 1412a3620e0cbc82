"""What becomes of a template after it was submitted: review, category, quality, pauses. Each tells the business."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..models import Json, Template

if TYPE_CHECKING:
    from ..sandbox import Sandbox

QUALITIES = ("GREEN", "YELLOW", "RED", "UNKNOWN")
_DAY = 86_400
# What a reviewer stumbles over, with Meta's reason, its sentence and its recommendation.
_FORBIDDEN = (
    (
        re.compile(r"\b(bank card number|credit card number|password|pin code|cvv)\b", re.IGNORECASE),
        "SCAM",
        "The template asks for data that businesses must not ask for in a message.",
        "Remove the request for card numbers, passwords or codes.",
    ),
    (
        re.compile(r"\b(casino|gambling|firearms?|weapons?|cocaine|escort)\b", re.IGNORECASE),
        "ABUSIVE_CONTENT",
        "The template promotes goods that the commerce policy forbids.",
        "Remove the forbidden goods.",
    ),
    (
        re.compile(r"\b(lorem ipsum|asdf|test test)\b", re.IGNORECASE),
        "INVALID_FORMAT",
        "The purpose of the template cannot be recognised from its text.",
        "Say who writes and why, with real sample values.",
    ),
)
_PROMOTES = re.compile(
    r"\b(sale|discounts?|special offer|limited offer|promo(tion)?s?|coupon|voucher|buy now|shop now|best price|"
    r"black friday|deals?|descuentos?|rebajas?|oferta|promoci[oó]n|compra ahora)\b|\d\s?%\s?(off|de descuento)",
    re.IGNORECASE,
)
# Events that leave the status as it is.
_WARNINGS = ("FLAGGED", "LOCKED")
_PAUSES = ("FIRST_PAUSE", "SECOND_PAUSE")


def words_of(template: Template) -> str:
    """Everything that customers would read."""
    return " \n".join(_texts(template.components))


def _texts(components: list[Json]) -> list[str]:
    found = [str(component["text"]) for component in components if component.get("text")]
    for component in components:
        found += [str(button.get("text") or "") for button in component.get("buttons") or []]
        for card in component.get("cards") or []:
            found += _texts(card.get("components") or [])
    return found


def fitting_category(template: Template) -> str:
    """Meta decides itself since April 2025: what promotes something is marketing."""
    has_offer = any(component.get("type") == "LIMITED_TIME_OFFER" for component in template.components)
    if template.category == "UTILITY" and (has_offer or _PROMOTES.search(words_of(template))):
        return "MARKETING"
    return template.category


def submit(sandbox: Sandbox, template: Template) -> None:
    """Put it into the hands of the reviewers."""
    template.status, template.updated, template.rejected_reason = "PENDING", sandbox.clock.now(), "NONE"
    template.reviews += 1
    sandbox.contracts.pop(template.id, None)
    sandbox.store.add_template(template)
    sandbox.hub.tell({"kind": "templates"})
    later = sandbox.config.template_review_seconds
    sandbox.timeline.later(later, _review, sandbox, template, template.reviews)


def _review(sandbox: Sandbox, template: Template, number: int) -> None:
    is_same = sandbox.store.templates.get(template.id) is template and template.reviews == number
    if not is_same or template.status != "PENDING":
        return
    if "reject" in template.name:
        set_status(sandbox, template, "REJECTED", "INVALID_FORMAT")
        return
    for pattern, reason, sentence, recommendation in _FORBIDDEN:
        if pattern.search(words_of(template)):
            set_status(sandbox, template, "REJECTED", reason, sentence, recommendation)
            return
    change_category(sandbox, template, fitting_category(template))
    set_status(sandbox, template, "APPROVED")


def resume(sandbox: Sandbox) -> None:
    """Reviews that a restart interrupted start over, and pauses go on for as long as they would have."""
    now = sandbox.clock.now()
    for template in list(sandbox.store.templates.values()):
        if template.status == "PENDING":
            later = sandbox.config.template_review_seconds
            sandbox.timeline.later(later, _review, sandbox, template, template.reviews)
        elif template.status == "PAUSED" and template.paused_until:
            left = max(template.paused_until - now, 0)
            sandbox.timeline.in_hours(left, _end_pause, sandbox, template)


def end_pauses(sandbox: Sandbox) -> None:
    """Those whose time is over, after somebody moved the clock."""
    for template in list(sandbox.store.templates.values()):
        _end_pause(sandbox, template)


def _end_pause(sandbox: Sandbox, template: Template) -> None:
    is_over = template.paused_until and template.paused_until <= sandbox.clock.now() + 0.01
    if template.status == "PAUSED" and is_over and sandbox.store.templates.get(template.id) is template:
        unpause(sandbox, template)


def unpause(sandbox: Sandbox, template: Template) -> None:
    """By itself after a pause for quality, or because somebody asked for it."""
    more: Json = {"other_info": {"title": "UNPAUSE", "description": "The template can be sent again."}}
    _change(sandbox, template, "APPROVED", "NONE", more)


def set_status(
    sandbox: Sandbox,
    template: Template,
    status: str,
    reason: str = "NONE",
    sentence: str = "Variables or formatting do not follow the guidelines.",
    recommendation: str = "Check the format and submit again.",
) -> None:
    """Change a template's status and tell the business."""
    if status == "PAUSED":
        pause(sandbox, template)
        return
    if status in _WARNINGS:
        sandbox.traffic.announce_template(template, status, reason)
        return
    more: Json = {}
    if status == "REJECTED":
        more["rejection_info"] = {"reason": sentence, "recommendation": recommendation}
    elif status == "DISABLED":
        more["disable_info"] = {"disable_date": str(int(sandbox.clock.now()))}
        more["other_info"] = {"title": "DISABLED", "description": "Disabled after repeated low quality."}
    _change(sandbox, template, status, reason, more)


def pause(sandbox: Sandbox, template: Template) -> None:
    """For low quality: 3 hours, then 6, and the third time it is over for good."""
    template.pauses += 1
    if template.pauses > len(_PAUSES):
        set_status(sandbox, template, "DISABLED")
        return
    seconds = sandbox.config.template_pause_seconds[template.pauses - 1]
    hours = 3 * template.pauses
    info = {"title": _PAUSES[template.pauses - 1], "description": f"Paused for {hours} hours: low quality."}
    _change(sandbox, template, "PAUSED", "NONE", {"other_info": info})
    template.paused_until = sandbox.clock.now() + seconds
    sandbox.store.add_template(template)
    sandbox.timeline.in_hours(seconds, _end_pause, sandbox, template)


def _change(sandbox: Sandbox, template: Template, status: str, reason: str, more: Json) -> None:
    template.status, template.updated = status, sandbox.clock.now()
    template.rejected_reason, template.paused_until = reason, 0.0
    sandbox.store.add_template(template)
    sandbox.traffic.announce_template(template, status, reason, **more)
    sandbox.hub.tell({"kind": "templates"})


def set_quality(sandbox: Sandbox, template: Template, score: str) -> None:
    """Change the quality and tell the business; low quality pauses what can be sent."""
    before, template.quality = template.quality, score
    template.updated = sandbox.clock.now()
    sandbox.store.add_template(template)
    value = _about(template) | {"previous_quality_score": before, "new_quality_score": score}
    sandbox.traffic.announce("message_template_quality_update", value)
    sandbox.hub.tell({"kind": "templates"})
    if score == "RED" and template.status == "APPROVED":
        pause(sandbox, template)


def change_category(sandbox: Sandbox, template: Template, category: str) -> None:
    """Move it to another category, with the event that Meta sends."""
    if category == template.category:
        return
    template.previous_category, template.category = template.category, category
    sandbox.store.add_template(template)
    value = _about(template) | {"previous_category": template.previous_category, "new_category": category}
    sandbox.traffic.announce("template_category_update", value)


def _about(template: Template) -> Json:
    return {
        "message_template_id": int(template.id),
        "message_template_name": template.name,
        "message_template_language": template.language,
    }
