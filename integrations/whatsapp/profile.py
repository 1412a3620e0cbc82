"""The business profile that customers see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .connection import GraphConnection, node, success
from .reading import JsonObject, as_text, objects, texts

_FIELDS = "about,address,description,email,profile_picture_url,websites,vertical"

VERTICALS = (
    "OTHER", "AUTO", "BEAUTY", "APPAREL", "EDU", "ENTERTAIN", "EVENT_PLAN", "FINANCE", "GROCERY", "GOVT",
    "HOTEL", "HEALTH", "NONPROFIT", "PROF_SERVICES", "RETAIL", "TRAVEL", "RESTAURANT", "ALCOHOL",
    "ONLINE_GAMBLING", "PHYSICAL_GAMBLING", "OTC_DRUGS",
)  # fmt: skip
"""Industries Meta accepts. On reading, `UNDEFINED` and `NOT_A_BIZ` occur as well."""


@dataclass(frozen=True, slots=True)
class BusinessProfile:
    """What a customer sees when opening the business. Missing parts are empty."""

    about: str = ""
    address: str = ""
    description: str = ""
    email: str = ""
    profile_picture_url: str = ""
    websites: tuple[str, ...] = ()
    vertical: str = ""
    raw: JsonObject = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, data: JsonObject) -> BusinessProfile:
        """Read one element of Meta's `data` list."""
        return cls(
            about=as_text(data.get("about")) or "",
            address=as_text(data.get("address")) or "",
            description=as_text(data.get("description")) or "",
            email=as_text(data.get("email")) or "",
            profile_picture_url=as_text(data.get("profile_picture_url")) or "",
            websites=texts(data.get("websites")),
            vertical=as_text(data.get("vertical")) or "",
            raw=data,
        )


class ProfileCalls(GraphConnection):
    """`/{phone number id}/whatsapp_business_profile`."""

    async def business_profile(self, phone_number_id: str) -> BusinessProfile:
        """Return the profile of a number; an empty one when it has none yet."""
        answer = await self._get(f"{node(phone_number_id)}/whatsapp_business_profile", {"fields": _FIELDS})
        return BusinessProfile.from_json(next(iter(objects(answer.get("data"))), {}))

    async def update_business_profile(
        self,
        phone_number_id: str,
        *,
        about: str | None = None,
        address: str | None = None,
        description: str | None = None,
        email: str | None = None,
        websites: Sequence[str] | None = None,
        vertical: str | None = None,
        profile_picture_handle: str | None = None,
    ) -> bool:
        """Change the parts that are given; None leaves a part as it is.

        Meta: about 1-139 characters, address 256, description 512, email 128, at most two websites of
        256 characters each. `profile_picture_handle` comes from `upload_handle`.
        """
        parts: dict[str, Any] = {
            "about": about,
            "address": address,
            "description": description,
            "email": email,
            "websites": list(websites) if websites is not None else None,
            "vertical": vertical,
            "profile_picture_handle": profile_picture_handle,
        }
        body = {name: part for name, part in parts.items() if part is not None}
        answer = await self._post(
            f"{node(phone_number_id)}/whatsapp_business_profile", {"messaging_product": "whatsapp", **body}
        )
        return success(answer)
