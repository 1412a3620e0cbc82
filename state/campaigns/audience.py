"""The first step: who gets it."""

from __future__ import annotations

from typing import Any, TypedDict

import reflex as rx
from reflex.event import EventSpec
from sqlmodel.ext.asyncio.session import AsyncSession

from state.base import actor_of
from state.campaigns.wizard import CampaignWizard
from wapto_app import runtime
from wapto_app.security.permissions import Actor, Permission
from wapto_app.security.policy import requires
from wapto_app.services import contacts
from wapto_app.services.campaigns import audience as audiences
from wapto_app.services.campaigns import choosing, drafts, lacking, uploads
from wapto_app.services.campaigns.audience import Summary
from wapto_app.services.campaigns.choosing import Named, PersonChoice
from wapto_app.services.campaigns.uploads import ProblemRow, UploadRow
from wapto_app.services.contacts import ContactFilter

LISTS = ("tags", "segments", "contacts", "without_tags", "without_segments", "without_contacts")
SHOWN = 30
_FOUND = 12
_MOST_PROBLEMS = 500


class Reason(TypedDict):
    """How many are left out, and why."""

    reason: str
    words: str
    count: int


class Count(TypedDict):
    """``audience.Summary``: Reflex takes only the standard library's own kind of it."""

    people: int
    sendable: int
    new: int
    skipped: list[Reason]
    sample: list[PersonChoice]


_NOTHING = Count(people=0, sendable=0, new=0, skipped=[], sample=[])


class Chosen(TypedDict):
    """What is chosen, with names. Of very many contacts the first are named; ``…_more`` are the others."""

    everyone: bool
    tags: list[Named]
    segments: list[Named]
    contacts: list[PersonChoice]
    contacts_more: int
    without_tags: list[Named]
    without_segments: list[Named]
    without_contacts: list[PersonChoice]
    without_contacts_more: int
    days: int


_EMPTY = Chosen(
    everyone=False, tags=[], segments=[], contacts=[], contacts_more=0, without_tags=[], without_segments=[],
    without_contacts=[], without_contacts_more=0, days=0,
)  # fmt: skip


class AudienceStep(rx.State):
    """``summary`` is counted after every change, ``counting`` until then. ``found`` answers the search for people.

    ``agreed``: the people of the next file agreed to get messages. ``problems_of`` is the file whose unusable lines
    are shown, ``more_problems`` whether there are more of them.
    """

    loaded: bool = False
    chosen: Chosen = _EMPTY
    tags: list[Named] = []
    segments: list[Named] = []
    files: list[UploadRow] = []
    found: list[PersonChoice] = []
    search: str = ""
    summary: Count = _NOTHING
    counting: bool = True
    may_upload: bool = False
    agreed: bool = False
    problems_of: str = ""
    problems: list[ProblemRow] = []
    more_problems: bool = False
    _audience: Any = None
    _asked: int = 0
    _counted: int = 0

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def load(self) -> EventSpec:
        wizard = await self.get_state(CampaignWizard)
        draft = wizard._draft
        self._audience = draft["audience"] if draft else audiences.nobody()
        self.search, self.found, self.problems_of, self.agreed = "", [], "", False
        self.may_upload = uploads.may_upload(await actor_of(self))
        await self._show()
        self.loaded = True
        return self._count()

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def put(self, part: str, item: int, on: bool) -> EventSpec | None:
        """Choose a tag, a segment or a contact, or take it off."""
        if part not in LISTS or self._audience is None:
            return None
        others = [each for each in self._audience[part] if each != item]  # type: ignore[literal-required]
        return await self._change(**{part: [*others, item] if on else others})

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def clear(self, part: str) -> EventSpec | None:
        return await self._change(**{part: []}) if part in LISTS else None

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def choose(self, part: str, item: str) -> EventSpec | None:
        """The same from a list of options, whose values are texts."""
        return AudienceStep.put(part, int(item), True) if item.isdecimal() and len(item) < 10 else None

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def take_everyone(self, on: bool) -> EventSpec | None:
        return await self._change(everyone=on)

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def rest(self, days: str) -> EventSpec | None:
        """Who got a campaign within so many days is left out."""
        return await self._change(not_within_days=int(days) if days.isdecimal() and len(days) < 4 else 0)

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    async def find(self, text: str) -> None:
        self.search = text[:100]
        self.found = await self._find() if self.search.strip() else []

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def agree(self, on: bool) -> None:
        self.agreed = on

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def uploaded(self, key: str) -> EventSpec | None:
        there, self.agreed = self._audience["uploads"] if self._audience else [], False
        return await self._change(uploads=[*(each for each in there if each != key), key[:32]])

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def drop_file(self, key: str) -> EventSpec | None:
        there = self._audience["uploads"] if self._audience else []
        self.problems_of = ""
        return await self._change(uploads=[each for each in there if each != key])

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def phone_column(self, key: str, column: str) -> EventSpec:
        await uploads.choose_phone_column(runtime.get().db, await actor_of(self), key, column)
        await self._show()
        return self._count()

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def country(self, key: str, region: str) -> EventSpec | None:
        """Of the numbers that are written without its code; empty when all have one."""
        column = next((each["phone_column"] for each in self.files if each["key"] == key), "")
        if not column:
            return None
        await uploads.choose_phone_column(runtime.get().db, await actor_of(self), key, column, region)
        await self._show()
        return self._count()

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def show_problems(self, key: str) -> None:
        self.problems_of, self.problems, self.more_problems = key, [], False
        if key:
            await self._read_problems()

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def next_problems(self) -> None:
        if self.problems_of and self.more_problems:
            await self._read_problems()

    async def _read_problems(self) -> None:
        actor, after = await actor_of(self), self.problems[-1]["line"] if self.problems else 0
        async with runtime.get().db.read() as session:
            found = await uploads.problems(session, actor, self.problems_of, after)
            [file] = await uploads.rows(session, actor, [self.problems_of])
        self.problems = [*self.problems, *found]
        # All rows go to the browser anew each time; whoever wants to read so many takes the file.
        self.more_problems = len(self.problems) < min(file["bad_rows"], _MOST_PROBLEMS)

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def count(self) -> None:
        """Of several changes in a row only the last one is counted."""
        if self._counted == self._asked or self._audience is None:
            return
        self._counted = self._asked
        wizard, actor = await self.get_state(CampaignWizard), await actor_of(self)
        if wizard._draft is None:
            return
        async with runtime.get().db.read() as session:
            found = await counted(session, actor, wizard._draft)
        self.summary = Count(**found)  # type: ignore[typeddict-item]
        self.counting = False

    def _count(self) -> EventSpec:
        self._asked, self.counting = self._asked + 1, True
        return AudienceStep.count()

    async def _change(self, **parts: Any) -> EventSpec | None:
        wizard = await self.get_state(CampaignWizard)
        if self._audience is None:
            return None
        wanted = audiences.read({**self._audience, **parts})
        draft = await wizard._keep(drafts.save_audience, audience=wanted)
        self._audience = draft["audience"]
        await self._show()
        return self._count()

    async def _find(self) -> list[PersonChoice]:
        actor, wanted = await actor_of(self), ContactFilter(**{**contacts.EVERYONE, "search": self.search})  # type: ignore[typeddict-item]
        async with runtime.get().db.read() as session:
            page = await contacts.listing(session, actor, wanted, limit=_FOUND)
        return [PersonChoice(id=each["id"], name=each["name"], phone=each["phone"]) for each in page.rows]

    async def _show(self) -> None:
        actor, wanted = await actor_of(self), self._audience or audiences.nobody()
        async with runtime.get().db.read() as session:
            self.tags = await choosing.tags(session, actor)
            self.segments = await choosing.segments(session, actor)
            self.files = await uploads.rows(session, actor, wanted["uploads"])
            inside = await choosing.people(session, actor, wanted["contacts"][:SHOWN])
            outside = await choosing.people(session, actor, wanted["without_contacts"][:SHOWN])
        self.chosen = Chosen(
            everyone=wanted["everyone"],
            tags=_named(self.tags, wanted["tags"]),
            segments=_named(self.segments, wanted["segments"]),
            contacts=inside,
            contacts_more=max(0, len(wanted["contacts"]) - SHOWN),
            without_tags=_named(self.tags, wanted["without_tags"]),
            without_segments=_named(self.segments, wanted["without_segments"]),
            without_contacts=outside,
            without_contacts_more=max(0, len(wanted["without_contacts"]) - SHOWN),
            days=wanted["not_within_days"],
        )


def _named(known: list[Named], ids: list[int]) -> list[Named]:
    """What is chosen, by name; what was deleted since is said to be."""
    names = {each["id"]: each for each in known}
    return [names.get(each) or Named(id=each, name="", colour="") for each in ids]


async def counted(session: AsyncSession, actor: Actor, draft: Any) -> Summary:
    """Who gets a draft, with what it sends: who lacks a value for a gap is left out too."""
    first, others = templates_of(draft)
    bare = await lacking.bare_rules(session, draft["id"])
    return await audiences.summary(session, actor, draft["audience"], first, others=others, bare=bare)


def templates_of(draft: Any) -> tuple[int, list[int]]:
    """The template of a draft, and that of its variant B."""
    ids = [each["template_id"] for each in draft["variants"]] if draft else []
    return (ids[0] if ids else 0), ids[1:]
