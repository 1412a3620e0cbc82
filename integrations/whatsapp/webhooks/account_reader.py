"""Reading the webhook fields about templates, numbers and accounts."""

from __future__ import annotations

from typing import Any

from ..reading import JsonObject, as_int, as_object, as_text, as_time, objects
from ..templates import normal_language
from .account_events import (
    UNLIMITED,
    AccountAlert,
    AccountReview,
    AccountSettingsUpdate,
    AccountUpdate,
    BusinessCapabilityUpdate,
    FlowEvent,
    PhoneNumberNameUpdate,
    PhoneNumberQualityUpdate,
    Restriction,
    SecurityEvent,
    TemplateButton,
    TemplateCategoryUpdate,
    TemplateComponentsUpdate,
    TemplateQualityUpdate,
    TemplateStatusUpdate,
)
from .change import required


def tier_limit(value: Any) -> int | None:
    """Read a messaging limit: `TIER_10K` or 10000; unlimited is `UNLIMITED` (-1), unknown is None."""
    number = as_int(value)
    if number is not None:
        return UNLIMITED if number < 0 else number
    name = (as_text(value) or "").upper().removeprefix("TIER_")
    if name == "UNLIMITED":
        return UNLIMITED
    thousands = as_int(name.removesuffix("K"))
    if thousands is None or thousands < 0:
        return None
    return thousands * 1000 if name.endswith("K") else thousands


def template_status(value: JsonObject) -> TemplateStatusUpdate | TemplateQualityUpdate:
    """Read `message_template_status_update`."""
    # One of Meta's own samples files a quality update under this field.
    if "new_quality_score" in value and "event" not in value:
        return template_quality(value)
    other, rejection = as_object(value.get("other_info")), as_object(value.get("rejection_info"))
    reason = as_text(value.get("reason")) or as_text(rejection.get("reason"))
    # Meta's word stands in one place and its sentence in another: neither is said twice.
    sentences = (as_text(rejection.get("reason")), as_text(rejection.get("recommendation")))
    recommendation = " ".join(each for each in sentences if each and each != reason)
    return TemplateStatusUpdate(
        **_template(value),
        status=required(value, "event").upper(),
        category=as_text(value.get("message_template_category")),
        reason=None if reason == "NONE" else reason,
        title=as_text(other.get("title")),
        description=as_text(other.get("description")) or recommendation,
        disable_date=as_text(as_object(value.get("disable_info")).get("disable_date")),
    )


def template_quality(value: JsonObject) -> TemplateQualityUpdate:
    """Read `message_template_quality_update`."""
    return TemplateQualityUpdate(
        **_template(value),
        previous=as_text(value.get("previous_quality_score")),
        current=required(value, "new_quality_score").upper(),
    )


def template_category(value: JsonObject) -> TemplateCategoryUpdate:
    """Read `template_category_update`, which is a notice or a fact."""
    return TemplateCategoryUpdate(
        **_template(value),
        category=as_text(value.get("new_category")),
        previous=as_text(value.get("previous_category")),
        upcoming=as_text(value.get("correct_category")),
        effective_at=as_time(value.get("category_update_timestamp")),
    )


def template_components(value: JsonObject) -> TemplateComponentsUpdate:
    """Read `message_template_components_update`."""
    return TemplateComponentsUpdate(
        **_template(value),
        body=as_text(value.get("message_template_element")) or "",
        header=as_text(value.get("message_template_title")),
        footer=as_text(value.get("message_template_footer")),
        buttons=tuple(_button(button) for button in objects(value.get("message_template_buttons"))),
    )


def _button(button: JsonObject) -> TemplateButton:
    return TemplateButton(
        type=as_text(button.get("message_template_button_type")) or "",
        text=as_text(button.get("message_template_button_text")) or "",
        url=as_text(button.get("message_template_button_url")),
        phone_number=as_text(button.get("message_template_button_phone_number")),
    )


def _template(value: JsonObject) -> dict[str, Any]:
    template_id, name = as_text(value.get("message_template_id")), as_text(value.get("message_template_name"))
    if template_id is None and name is None:
        raise ValueError("neither the id nor the name of the template is there")
    language = as_text(value.get("message_template_language")) or ""
    return {
        "template_id": template_id,
        "name": name or "",
        "language": normal_language(language),
        "raw": value,
    }


def number_quality(value: JsonObject) -> PhoneNumberQualityUpdate:
    """Read `phone_number_quality_update`."""
    current = as_text(value.get("current_limit"))
    daily = value.get("max_daily_conversations_per_business")
    return PhoneNumberQualityUpdate(
        display_phone_number=as_text(value.get("display_phone_number")),
        event=required(value, "event").upper(),
        current_limit=current,
        old_limit=as_text(value.get("old_limit")),
        daily_limit=tier_limit(current if daily is None else daily),
        raw=value,
    )


def number_name(value: JsonObject) -> PhoneNumberNameUpdate:
    """Read `phone_number_name_update`."""
    reason = as_text(value.get("rejection_reason"))
    return PhoneNumberNameUpdate(
        display_phone_number=as_text(value.get("display_phone_number")),
        decision=required(value, "decision").upper(),
        requested_name=as_text(value.get("requested_verified_name")) or "",
        rejection_reason=None if reason == "NONE" else reason,
        raw=value,
    )


def capability(value: JsonObject) -> BusinessCapabilityUpdate:
    """Read `business_capability_update`."""
    return BusinessCapabilityUpdate(
        daily_limit=tier_limit(value.get("max_daily_conversations_per_business")),
        daily_limit_per_number=tier_limit(value.get("max_daily_conversation_per_phone")),
        max_numbers_per_waba=as_int(value.get("max_phone_numbers_per_waba")),
        max_numbers_per_business=as_int(value.get("max_phone_numbers_per_business")),
        raw=value,
    )


def account_update(value: JsonObject) -> AccountUpdate:
    """Read `account_update`."""
    waba, ban = as_object(value.get("waba_info")), as_object(value.get("ban_info"))
    return AccountUpdate(
        event=required(value, "event").upper(),
        phone_number=as_text(value.get("phone_number")),
        waba_id=as_text(waba.get("waba_id")),
        owner_business_id=as_text(waba.get("owner_business_id")),
        partner_app_id=as_text(waba.get("partner_app_id")),
        restrictions=tuple(_restriction(item) for item in objects(value.get("restriction_info"))),
        violation_type=as_text(as_object(value.get("violation_info")).get("violation_type")),
        ban_state=as_text(ban.get("waba_ban_state")),
        ban_date=as_text(ban.get("waba_ban_date")),
        country=as_text(value.get("country")),
        raw=value,
    )


def _restriction(item: JsonObject) -> Restriction:
    kind = as_text(item.get("restriction_type")) or ""
    return Restriction(type=kind, expires_at=as_time(item.get("expiration")))


def account_review(value: JsonObject) -> AccountReview:
    """Read `account_review_update`."""
    return AccountReview(decision=required(value, "decision").upper(), raw=value)


def account_alert(value: JsonObject) -> AccountAlert:
    """Read `account_alerts`."""
    info = as_object(value.get("alert_info")) or value
    return AccountAlert(
        alert_type=required(info, "alert_type"),
        severity=as_text(info.get("alert_severity")),
        status=as_text(info.get("alert_status")),
        description=as_text(info.get("alert_description")) or "",
        entity_type=as_text(value.get("entity_type")),
        entity_id=as_text(value.get("entity_id")),
        raw=value,
    )


def account_settings(value: JsonObject) -> AccountSettingsUpdate:
    """Read `account_settings_update`."""
    kind = required(value, "type")
    settings = as_object(value.get(kind))
    return AccountSettingsUpdate(
        type=kind,
        phone_number_id=as_text(settings.get("phone_number_id")),
        settings=settings,
        timestamp=as_time(value.get("timestamp")),
        raw=value,
    )


def security(value: JsonObject) -> SecurityEvent:
    """Read `security`."""
    return SecurityEvent(
        event=required(value, "event").upper(),
        display_phone_number=as_text(value.get("display_phone_number")),
        requester=as_text(value.get("requester")),
        raw=value,
    )


def flow(value: JsonObject) -> FlowEvent:
    """Read `flows`."""
    return FlowEvent(
        event=required(value, "event").upper(),
        flow_id=as_text(value.get("flow_id")),
        message=as_text(value.get("message")) or "",
        old_status=as_text(value.get("old_status")),
        new_status=as_text(value.get("new_status")),
        alert_state=as_text(value.get("alert_state")),
        raw=value,
    )
