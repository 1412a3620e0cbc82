"""The words by which customers opt out and in, and what is answered."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.event import EventSpec
from typing_extensions import TypedDict as FormDict  # what pydantic validates, below Python 3.12

from state.base import Feedback, actor_of, success, watch
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import opt_words
from wapto_app.services.opt_words import LanguageRow, WordsForm


class OwnWords(FormDict):
    """One word a line."""

    own_out: str
    own_back: str


class OptWords(rx.State):
    """``editing`` is the code of the language whose answers stand in the dialog; empty when it is closed."""

    loaded: bool = False
    languages: list[LanguageRow] = []
    own_out: str = ""
    own_back: str = ""
    editing: str = ""

    @rx.event
    @requires(Permission.SETTINGS_DO)
    async def load(self) -> None:
        watch(self, OptWords.changed, [opt_words.TOPIC])
        self.editing = ""
        await self._show()

    @rx.event
    @requires(Permission.SETTINGS_DO)
    async def changed(self) -> None:
        await self._show()

    @rx.event
    @requires(Permission.SETTINGS_DO)
    async def switch(self, code: str, on: bool) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            name = await opt_words.switch(session, actor, code, on=on)
        await self._show()
        return success(f"{name} is on." if on else f"{name} is off: its words do nothing any more.")

    @rx.event
    @requires(Permission.SETTINGS_DO)
    async def edit(self, code: str) -> EventSpec:
        self.editing = code
        return Feedback.clear()

    @rx.event
    @requires(Permission.SETTINGS_DO)
    async def close(self) -> None:
        self.editing = ""

    @rx.event
    @requires(Permission.SETTINGS_DO)
    async def save(self, form: WordsForm) -> Any:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            name = await opt_words.save(session, actor, self.editing, form)
        self.editing = ""
        await self._show()
        return [Feedback.clear(), success(f"The answers in {name} are saved.")]

    @rx.event
    @requires(Permission.SETTINGS_DO)
    async def forget(self) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            name = await opt_words.reset(session, actor, self.editing)
        self.editing = ""
        await self._show()
        return success(f"The answers in {name} are the built-in ones again.")

    @rx.event
    @requires(Permission.SETTINGS_DO)
    async def save_own(self, form: OwnWords) -> Any:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await opt_words.save_own(session, actor, form["own_out"], form["own_back"])
        await self._show()
        return [Feedback.clear(), success("Your own words are saved.")]

    async def _show(self) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            found = await opt_words.load(session, actor)
        self.languages, self.own_out, self.own_back = found["languages"], found["own_out"], found["own_back"]
        self.loaded = True
