"""What ``wapto run --demo`` has to write with: quick replies, and business hours around the clock of the office."""

from __future__ import annotations

from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.security.permissions import Actor
from wapto_app.services import business_hours, quick_replies
from wapto_app.services.business_hours import HolidayForm, HoursForm, IntervalForm
from wapto_app.services.quick_replies import ReplyForm

_REPLIES = (
    (
        "hours",
        "Opening hours",
        "Hi {{first_name}}, we are here Monday to Friday from 9 to 17, and on Saturday from 10 to 13.",
    ),
    (
        "viewing",
        "Offer a viewing",
        "Thank you, {{first_name}}! Would *{{day}}* at *{{time}}* suit you for a viewing?\n\n_{{agent}}_",
    ),
    ("address", "Where we are", "You find us at 12 Quay Street, in the Harbour District. The door is open."),
    ("thanks", "", "You are welcome, {{first_name}} 😊 Write any time."),
)


async def prepare(session: AsyncSession) -> None:
    for shortcut, title, body in _REPLIES:
        form = ReplyForm(shortcut=shortcut, title=title, body=body, scope="shared", file="")
        await quick_replies.create(session, Actor.system(), form)
    day = [IntervalForm(start="09:00", end="12:30"), IntervalForm(start="13:00", end="17:00")]
    saturday = [IntervalForm(start="10:00", end="13:00")]
    await business_hours.save(
        session,
        Actor.system(),
        HoursForm(
            on=True,
            time_zone="Europe/London",
            week=[*[day] * 5, saturday, []],
            holidays=[HolidayForm(day="2026-12-25", name="Christmas Day")],
        ),
    )
