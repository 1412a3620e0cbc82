"""The second step: from which number, which template, and what stands in its gaps."""

from __future__ import annotations

from typing import Any, TypedDict

import reflex as rx
from reflex.event import EventSpec

from state.base import actor_of
from state.campaigns.wizard import CampaignWizard
from state.library_picker import LibraryPicker
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services.campaigns import choosing, drafts, mapping, preview_people, template_files
from wapto_app.services.campaigns.choosing import NumberChoice, TemplateChoice
from wapto_app.services.campaigns.drafts import ContentForm, DraftForm, VariantForm
from wapto_app.services.campaigns.mapping import FIXED, Choice, Preview, Rule
from wapto_app.services.campaigns.preview_people import PreviewPerson
from wapto_app.services.campaigns.template_files import HEADER
from wapto_app.services.errors import NotFound

LIBRARY = "campaign-file"
"""The picker of files."""
_SHARE = 50
_DECIDE_AFTER = 240
_TEST: dict[str, Any] = {"test_share": 20, "winner_by": "read", "decide_after": _DECIDE_AFTER}
_NO_TEST: dict[str, Any] = {"test_share": 0, "winner_by": "", "decide_after": 0}
_NO_PREVIEW = Preview(
    contact_id=0, contact="", phone="", header="none", header_text="", body="", footer="", buttons=[], cards=[],
    offer="", offer_ends="", file_key="", values=[], problem="",
)  # fmt: skip


class SlotRow(TypedDict):
    """A gap of the template and what stands in it. ``choice`` is ``fixed``, ``contact:name`` … or empty; ``text`` the
    fixed text; ``error`` what is wrong with it. ``card`` counts from 1; 0 is the message itself.
    """

    key: str
    card: int
    place: str
    name: str
    kind: str
    sample: str
    most: int
    required: bool
    choice: str
    text: str
    fallback: str
    error: str


class FileRow(TypedDict):
    """A ``PlacedFile``, and what is wrong with it."""

    place: str
    kind: str
    key: str
    name: str
    preview: bool
    error: str


class PartRow(TypedDict):
    """The message itself (``card`` 0), or a card of it: the file that it shows, if it shows one, and its gaps."""

    card: int
    files: list[FileRow]
    slots: list[SlotRow]


class VariantRow(TypedDict):
    """What is sent; ``template_id`` 0 while none is chosen. ``gaps`` counts those of all parts."""

    label: str
    template_id: int
    name: str
    language: str
    category: str
    share: int
    gaps: int
    parts: list[PartRow]
    error: str


class ContentStep(rx.State):
    """``label`` is the variant in sight. ``people`` are those of the audience whose message can be looked at."""

    loaded: bool = False
    numbers: list[NumberChoice] = []
    channel_id: int = 0
    label: str = "A"
    variants: list[VariantRow] = []
    choices: list[Choice] = []
    test_share: int = 100
    winner_by: str = "read"
    decide_after: int = _DECIDE_AFTER
    picking: bool = False
    search: str = ""
    templates: list[TemplateChoice] = []
    preview: Preview = _NO_PREVIEW
    at: int = 0
    people: int = 0
    _people: list[PreviewPerson] = []
    _stored: list[dict[str, Any]] = []
    _place: str = HEADER

    @rx.var(initial_value={})
    def shown(self) -> dict[str, Any]:
        """The variant in sight."""
        return dict(next((each for each in self.variants if each["label"] == self.label), {}))

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def load(self) -> EventSpec | None:
        self.picking, self.label, self.at = False, "A", 0
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.numbers = await choosing.numbers(session, actor)
        draft = await self._draft()
        if draft is None:
            return None
        await self._read_people(draft["id"])
        await self._show(draft)
        self.loaded = True
        usable = [each for each in self.numbers if not each["problem"]]
        is_only = not draft["channel_id"] and len(usable) == 1
        return ContentStep.choose_number(str(usable[0]["id"])) if is_only else None

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def choose_number(self, channel_id: str) -> None:
        """Templates belong to the number's account: what is not of it is taken off by the service."""
        if channel_id.isdecimal() and len(channel_id) < 10:
            await self._save(channel_id=int(channel_id))

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def pick(self, label: str) -> None:
        self.label, self.picking, self.search = label[:1] or "A", True, ""
        await self._find()

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def close(self) -> None:
        self.picking, self.templates = False, []

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def find(self, text: str) -> None:
        self.search = text[:100]
        await self._find()

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def choose_template(self, template_id: int) -> None:
        """Its gaps and files begin with what is known: names that say it, and what WhatsApp was shown."""
        guessed, files = await self._guessed(template_id)
        self.picking, self.templates = False, []
        header = files.pop(HEADER, "")
        await self._change(
            self.label, template_id=template_id, mapping=guessed, file_key=header, card_files=files
        )

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def look(self, label: str) -> None:
        self.label = label
        await self._preview()

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def fill(self, key: str, choice: str) -> None:
        """What stands in a gap: ``fixed``, or something of the contact."""
        source, _, name = choice.partition(":")
        before = self._rule(key)
        if source == FIXED:
            await self._put(key, Rule(source=FIXED, name="", fallback=""))
        elif source:
            await self._put(
                key, Rule(source=source, name=name, fallback=before["fallback"] if before else "")
            )

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def write(self, key: str, text: str) -> None:
        await self._put(key, Rule(source=FIXED, name=text, fallback=""))

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def fall_back(self, key: str, text: str) -> None:
        """For whom nothing stands there."""
        if rule := self._rule(key):
            await self._put(key, Rule(source=rule["source"], name=rule["name"], fallback=text))

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def ask_file(self, place: str, kind: str) -> EventSpec:
        """For the header or a card: out of the library."""
        self._place = place
        return LibraryPicker.start(LIBRARY, kind)

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def attach(self, keys: list[str]) -> None:
        there = [each["card_files"] for each in self._stored if each["label"] == self.label]
        if keys and there and self._place == HEADER:
            await self._change(self.label, file_key=keys[0][:32])
        elif keys and there:
            await self._change(self.label, card_files={**there[0], self._place: keys[0][:32]})

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def test(self, on: bool) -> None:
        """A second variant, or none."""
        first = next(iter(self._stored), None)
        if first is not None and on:
            self.label = "B"
            two = [{**first, "share": _SHARE}, {**first, "label": "B", "share": 100 - _SHARE}]
            await self._save(variants=two, **_TEST)
        elif first is not None:
            self.label = "A"
            await self._save(variants=[{**first, "share": 100}], **_NO_TEST)

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def split(self, share: str) -> None:
        """``share`` percent of the test get A."""
        if share.isdecimal() and 0 < int(share[:3]) < 100 and len(self.variants) == 2:
            first, second = self._stored
            await self._save(variants=[{**first, "share": int(share)}, {**second, "share": 100 - int(share)}])

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def rule_test(self, name: str, value: str) -> None:
        if name == "winner_by":
            await self._save(winner_by=value)
        elif name in ("test_share", "decide_after") and value.isdecimal() and len(value) < 6:
            await self._save(**{name: int(value)})

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def step(self, by: int) -> None:
        """The message of the next one in sight, or of the one before."""
        if self._people:
            self.at = (self.at + (1 if by > 0 else -1)) % len(self._people)
            await self._preview()

    async def _draft(self) -> DraftForm | None:
        return (await self.get_state(CampaignWizard))._draft

    def _rule(self, key: str) -> Rule | None:
        found = [each["mapping"].get(key) for each in self._stored if each["label"] == self.label]
        return found[0] if found else None

    async def _put(self, key: str, rule: Rule) -> None:
        there = [each["mapping"] for each in self._stored if each["label"] == self.label]
        if there:
            await self._change(self.label, mapping={**there[0], key[:120]: rule})

    async def _change(self, label: str, **parts: Any) -> None:
        """Of one variant."""
        forms: Any = [{**each, **parts} if each["label"] == label else each for each in self._stored]
        await self._save(variants=forms)

    async def _save(self, **parts: Any) -> None:
        wizard = await self.get_state(CampaignWizard)
        draft = wizard._draft
        if draft is None:
            return
        form = {name: draft[name] for name in ContentForm.__annotations__ if name != "version"}  # type: ignore[literal-required]
        await self._show(await wizard._keep(drafts.save_content, **{**form, **parts}))

    async def _guessed(self, template_id: int) -> tuple[dict[str, Rule], dict[str, str]]:
        """What a gap's name says: a gap called like something of the contact gets that. And files, by their places."""
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            form = await choosing.template(session, actor, template_id)
            files = await template_files.samples(session, actor, template_id)
        return choosing.guessed(form, self.choices), files

    async def _find(self) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.templates = await choosing.templates(session, actor, self.channel_id, self.search)

    async def _read_people(self, campaign_id: int) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self._people = await preview_people.find(session, actor, campaign_id)
        self.people = len(self._people)

    async def _look_at(self, person: PreviewPerson) -> None:
        self._people = [person, *(each for each in self._people if each != person)]
        self.at, self.people = 0, len(self._people)
        await self._preview()

    def _whose(self) -> tuple[int, int]:
        """Contact and line of a file, of which one is 0; both for nobody in particular."""
        if self.at >= len(self._people):
            return 0, 0
        return self._people[self.at]["contact_id"], self._people[self.at]["row_id"]

    async def _show(self, draft: DraftForm) -> None:
        actor, wizard = await actor_of(self), await self.get_state(CampaignWizard)
        self._stored = [dict(each) for each in draft["variants"]]
        self.channel_id, self.test_share = draft["channel_id"], draft["test_share"]
        self.winner_by, self.decide_after = draft["winner_by"], draft["decide_after"]
        errors = wizard.problems.get("content", {})
        async with runtime.get().db.read() as session:
            self.choices = await mapping.choices(session, actor, draft["id"])
            self.variants = [await _row(session, actor, each, errors) for each in draft["variants"]]
        await self._preview()

    async def _preview(self) -> None:
        actor, wizard = await actor_of(self), await self.get_state(CampaignWizard)
        campaign_id = wizard.campaign_id
        try:
            async with runtime.get().db.read() as session:
                self.preview = await mapping.preview(session, actor, campaign_id, self.label, *self._whose())
        except NotFound:
            self.preview = _NO_PREVIEW


async def _row(session: Any, actor: Any, variant: VariantForm, errors: dict[str, str]) -> VariantRow:
    """A variant with the gaps of its template; a template that is gone is like none."""
    label = variant["label"]
    row = VariantRow(
        label=label, template_id=0, name="", language="", category="", share=variant["share"], gaps=0, parts=[],
        error=errors.get(f"{label}.template", ""),
    )  # fmt: skip
    if not variant["template_id"]:
        return row
    try:
        form = await choosing.template(session, actor, variant["template_id"])
    except NotFound:
        return row
    for name in ("name", "language", "category"):
        row[name] = form[name]
    row["template_id"], row["gaps"] = form["id"], len(form["slots"])
    keys = {**variant["card_files"], HEADER: variant["file_key"]}
    files = [
        FileRow(**each, error=errors.get(f"{label}.{template_files.field_of(each['place'])}", ""))
        for each in await template_files.placed(session, actor, form["files"], keys)
    ]
    slots = [
        _slot(slot, variant["mapping"].get(slot["key"]), errors.get(f"{label}.{slot['key']}", ""))
        for slot in form["slots"]
    ]
    row["parts"] = [
        PartRow(
            card=card,
            files=[each for each in files if template_files.number_of(each["place"]) == card],
            slots=[each for each in slots if each["card"] == card],
        )
        for card in range(len(form["cards"]) + 1)
    ]
    return row


def _slot(slot: Any, rule: Rule | None, error: str) -> SlotRow:
    is_fixed = rule is not None and rule["source"] == FIXED
    choice = "" if rule is None else FIXED if is_fixed else f"{rule['source']}:{rule['name']}"
    return SlotRow(
        key=slot["key"],
        card=slot["card"] + 1,
        place=slot["place"],
        name=slot["name"],
        kind=slot["kind"],
        sample=slot["sample"],
        most=slot["most"],
        required=slot["required"],
        choice=choice,
        text=rule["name"] if rule and is_fixed else "",
        fallback=rule["fallback"] if rule else "",
        error=error,
    )
