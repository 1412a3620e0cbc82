"""One segment: its rules, and who fits while they are edited."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import reflex as rx
from reflex.event import EventSpec
from typing_extensions import TypedDict

from state.base import Feedback, actor_of, success
from state.segments import NO_WORDS
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import segments
from wapto_app.services.errors import Invalid, NotFound
from wapto_app.services.segments import Sample, Vocabulary

_LARGEST_ID = 2**31 - 1
_LONGEST = 100_000
_NEW: dict[str, Any] = {"join": "and", "rules": [{"field": "tags", "op": "any_of", "items": []}]}


class SegmentForm(TypedDict):
    """``rules`` is JSON of the tree."""

    name: str
    rules: str


class SegmentEditor(rx.State):
    """``segment_id`` is 0 for a new one. ``opened`` changes with each that is opened: the builder starts anew."""

    loaded: bool = False
    missing: bool = False
    opened: int = 0
    segment_id: int = 0
    name: str = ""
    rules: dict[str, Any] = {}
    words: Vocabulary = NO_WORDS
    count: int = 0
    sample: list[Sample] = []
    problems: dict[str, str] = {}

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    async def load(self) -> EventSpec:
        self.loaded = self.missing = False
        self.segment_id, self.name = segment_in(str(self.router.url.path)), ""
        self.rules = _beginning(self.router.url.query_parameters)
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            try:
                if self.segment_id:
                    found = await segments.get(session, actor, self.segment_id)
                    self.name, self.rules = found["name"], found["rules"]
            except NotFound:
                self.missing = True
            self.words = await segments.vocabulary(session, actor, [self.rules])
        self.opened, self.loaded = self.opened + 1, True
        await self._look(self.rules)
        return Feedback.clear()

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    async def try_out(self, rules: str) -> EventSpec:
        """``rules`` is JSON of the tree."""
        await self._look(_tree(rules))
        return Feedback.clear()

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def save(self, form: SegmentForm) -> list[EventSpec]:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await segments.save(session, actor, form["name"], _tree(form["rules"]), self.segment_id)
        saved = success(f"“{' '.join(form['name'].split())}” is saved.")
        return [Feedback.clear(), saved, rx.redirect("/segments")]

    async def _look(self, rules: dict[str, Any]) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            seen = await segments.preview(session, actor, rules)
        self.count, self.sample, self.problems = seen["count"], seen["sample"], seen["problems"]


def segment_in(path: str) -> int:
    """The id at the end of the address; 0 for ``/segments/new``, and one that nothing has for nonsense."""
    last = path.rstrip("/").rsplit("/", 1)[-1]
    if last == "new":
        return 0
    return min(int(last), _LARGEST_ID) if _is_id(last) and int(last) else _LARGEST_ID


def _beginning(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What a new segment begins with: ``/segments/new?campaign=7&fate=unread`` comes from the people of a campaign."""
    campaign, fate = str(asked.get("campaign", "")), str(asked.get("fate", ""))
    if fate not in segments.OPERATORS[segments.Kind.CAMPAIGNS] or not _is_id(campaign):
        return _NEW
    return {"join": "and", "rules": [{"field": "campaign", "op": fate, "items": [int(campaign)]}]}


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 11


def _tree(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text) if len(text) <= _LONGEST else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Invalid("rules", "The rules could not be read. Load the page again.")
    return found
