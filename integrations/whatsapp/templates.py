"""Message templates: list, create, edit, delete. Sending one is `messages.template`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .connection import GraphConnection, Page, node, success
from .errors import Ambiguous
from .reading import JsonObject, as_object, as_text, as_time, objects

_FIELDS = (
    "id,name,status,category,language,components,quality_score,rejected_reason,parameter_format,"
    "previous_category,correct_category,sub_category,last_updated_time"
)


@dataclass(frozen=True, slots=True)
class Template:
    """A template as Meta has it. Unknown values of status and category are kept as they are.

    Attributes:
        id: Template id, always text.
        name: `[a-z0-9_]`, up to 512 characters; unique together with the language.
        language: With underscore (`pt_BR`).
        status: Only `APPROVED` can be sent.
        category: `MARKETING`, `UTILITY` or `AUTHENTICATION`; Meta may change it by itself.
        components: Meta's component objects. Media headers come back with a link, not with our handle.
        quality: `GREEN`, `YELLOW`, `RED` or `UNKNOWN`.
        rejected_reason: Why it was rejected; None when it was not.
        parameter_format: `POSITIONAL` (`{{1}}`) or `NAMED` (`{{first_name}}`).
        previous_category: Set when Meta has changed the category.
        correct_category: Set when Meta is going to change the category.
        last_updated_at: Last change at Meta.
        raw: Everything Meta said.
    """

    id: str
    name: str
    language: str
    status: str
    category: str
    components: tuple[JsonObject, ...] = ()
    quality: str | None = None
    rejected_reason: str | None = None
    parameter_format: str = "POSITIONAL"
    previous_category: str | None = None
    correct_category: str | None = None
    last_updated_at: datetime | None = None
    raw: JsonObject = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, data: JsonObject) -> Template:
        """Read a template node."""
        reason = as_text(data.get("rejected_reason"))
        return cls(
            id=as_text(data.get("id")) or "",
            name=as_text(data.get("name")) or "",
            language=normal_language(as_text(data.get("language")) or ""),
            status=(as_text(data.get("status")) or "").upper(),
            category=(as_text(data.get("category")) or "").upper(),
            components=tuple(objects(data.get("components"))),
            quality=as_text(as_object(data.get("quality_score")).get("score")),
            rejected_reason=None if reason == "NONE" else reason,
            parameter_format=(as_text(data.get("parameter_format")) or "POSITIONAL").upper(),
            previous_category=as_text(data.get("previous_category")),
            correct_category=as_text(data.get("correct_category")),
            last_updated_at=as_time(data.get("last_updated_time")),
            raw=data,
        )


@dataclass(frozen=True, slots=True)
class CreatedTemplate:
    """Meta's answer to a creation. The category is Meta's decision, not what we asked for."""

    id: str
    status: str
    category: str


class TemplateCalls(GraphConnection):
    """`/{WABA id}/message_templates` and `/{template id}`."""

    async def templates(
        self, waba_id: str, *, after: str | None = None, limit: int = 100, **filters: str
    ) -> Page[Template]:
        """Return one page of a WABA's templates.

        Args:
            waba_id: The account.
            after: Cursor of the page before.
            limit: Templates a page.
            filters: Meta's filters: `name` (part of it), `name_or_content`, `content`, `status`,
                `category`, `language`, `quality_score`.
        """
        path = f"{node(waba_id)}/message_templates"
        return await self._page(path, _query(limit, filters), Template.from_json, after)

    def all_templates(self, waba_id: str, *, limit: int = 100, **filters: str) -> AsyncIterator[Template]:
        """Iterate over every template of a WABA; filters as in `templates`."""
        path = f"{node(waba_id)}/message_templates"
        return self._pages(path, _query(limit, filters), Template.from_json)

    async def template(self, template_id: str) -> Template:
        """Return one template."""
        return Template.from_json(await self._get(node(template_id), {"fields": _FIELDS}))

    async def create_template(
        self,
        waba_id: str,
        *,
        name: str,
        language: str,
        category: str,
        components: Sequence[Mapping[str, Any]],
        parameter_format: str | None = None,
        message_send_ttl_seconds: int | None = None,
        allow_category_change: bool | None = None,
    ) -> CreatedTemplate:
        """Submit a template for review. Meta: 100 an hour per WABA; review takes up to 24 hours."""
        options = {
            "parameter_format": parameter_format,
            "message_send_ttl_seconds": message_send_ttl_seconds,
            "allow_category_change": allow_category_change,
        }
        body: JsonObject = {"name": name, "language": language, "category": category}
        body["components"] = list(components)
        body |= {key: value for key, value in options.items() if value is not None}
        answer = await self._post(f"{node(waba_id)}/message_templates", body)
        return _created(answer, category)

    async def edit_template(
        self,
        template_id: str,
        *,
        components: Sequence[Mapping[str, Any]] | None = None,
        category: str | None = None,
        message_send_ttl_seconds: int | None = None,
    ) -> bool:
        """Replace parts of a template, which starts a new review.

        Meta: only when approved, rejected or paused; an approved one once in 24 hours and 10 times in 30
        days, and never its category.
        """
        parts = {
            "components": list(components) if components is not None else None,
            "category": category,
            "message_send_ttl_seconds": message_send_ttl_seconds,
        }
        body = {key: value for key, value in parts.items() if value is not None}
        return success(await self._post(node(template_id), body))

    async def delete_template(self, waba_id: str, name: str, *, template_id: str | None = None) -> bool:
        """Delete a template in all its languages, or in one with `template_id`.

        Meta: the name of an approved template stays blocked for 30 days.
        """
        params = {"name": name} | ({"hsm_id": template_id} if template_id else {})
        return success(await self._delete(f"{node(waba_id)}/message_templates", params))

    async def unpause_template(self, template_id: str) -> bool:
        """End a pause that came from pacing; pauses for quality end by themselves."""
        return success(await self._post(f"{node(template_id)}/unpause"))


def normal_language(code: str) -> str:
    """Write a language as the API does: webhooks sometimes say `en-US` for `en_US`."""
    return code.replace("-", "_")


def _query(limit: int, filters: Mapping[str, str]) -> dict[str, str | int]:
    return {"fields": _FIELDS, "limit": limit, **filters}


def _created(answer: JsonObject, category: str) -> CreatedTemplate:
    template_id = as_text(answer.get("id"))
    if template_id is None:
        raise Ambiguous("Meta created a template without telling its id")
    return CreatedTemplate(
        id=template_id,
        status=(as_text(answer.get("status")) or "PENDING").upper(),
        category=(as_text(answer.get("category")) or category).upper(),
    )
