"""The owner's page of words and answers."""

from __future__ import annotations

from typing import Any, TypedDict

from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import TypedDict as FormDict  # what pydantic validates, below Python 3.12

from integrations.whatsapp.webhooks.decoding import clean_text
from wapto_app.db import touch
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, preferences
from wapto_app.services.errors import Invalid
from wapto_app.services.opt_words.choices import NAME
from wapto_app.services.opt_words.folding import LONGEST, fold
from wapto_app.services.opt_words.words import BY_CODE, LANGUAGES, Language

ANSWER_MAX = 1_000
MOST_OWN = 50


class LanguageRow(TypedDict):
    """A language with its words, and what is answered in it. An answer may be changed and switched off."""

    code: str
    name: str
    on: bool
    out: list[str]
    back: list[str]
    says_goodbye: bool
    goodbye: str
    says_welcome: bool
    welcome: str
    is_changed: bool


class Settings(TypedDict):
    """Everything on the page. The own words stand one a line."""

    languages: list[LanguageRow]
    own_out: str
    own_back: str


class WordsForm(FormDict):
    """What is answered in one language."""

    goodbye: str
    welcome: str
    says_goodbye: bool
    says_welcome: bool


async def load(session: AsyncSession, actor: Actor) -> Settings:
    """What is set, with the built-in texts where nothing is."""
    actor.require(Permission.SETTINGS_DO)
    stored = await preferences.read(session, NAME)
    off, texts = set(stored.get("off") or ()), stored.get("texts") or {}
    return Settings(
        languages=[_row(each.code, each.code not in off, texts.get(each.code) or {}) for each in LANGUAGES],
        own_out="\n".join(stored.get("own_out") or ()),
        own_back="\n".join(stored.get("own_back") or ()),
    )


def _row(code: str, on: bool, texts: dict[str, Any]) -> LanguageRow:
    language = BY_CODE[code]
    return LanguageRow(
        code=code,
        name=language.name,
        on=on,
        out=list(language.out),
        back=list(language.back),
        says_goodbye=texts.get("says_goodbye", True),
        goodbye=texts.get("goodbye") or language.goodbye,
        says_welcome=texts.get("says_welcome", True),
        welcome=texts.get("welcome") or language.welcome,
        is_changed=bool(texts),
    )


async def switch(session: AsyncSession, actor: Actor, code: str, *, on: bool) -> str:
    """Listen to a language or not; its name. Raises Invalid for one that is not built in."""
    actor.require(Permission.SETTINGS_DO)
    language = _known(code)
    stored = await preferences.read(session, NAME)
    off = set(stored.get("off") or ()) - {code} | (set() if on else {code})
    await _keep(session, actor, {**stored, "off": sorted(off)}, language=code, on=on)
    return language.name


async def save(session: AsyncSession, actor: Actor, code: str, form: WordsForm) -> str:
    """Change what is answered in a language; its name.

    Raises:
        Invalid: naming the field.
    """
    actor.require(Permission.SETTINGS_DO)
    language = _known(code)
    texts: dict[str, Any] = {
        "says_goodbye": bool(form["says_goodbye"]),
        "says_welcome": bool(form["says_welcome"]),
        "goodbye": _answer("goodbye", form["goodbye"]),
        "welcome": _answer("welcome", form["welcome"]),
    }
    stored = await preferences.read(session, NAME)
    await _keep(
        session, actor, {**stored, "texts": {**(stored.get("texts") or {}), code: texts}}, language=code
    )
    return language.name


async def reset(session: AsyncSession, actor: Actor, code: str) -> str:
    """Back to the built-in answers of a language; its name."""
    actor.require(Permission.SETTINGS_DO)
    language = _known(code)
    stored = await preferences.read(session, NAME)
    texts = {key: each for key, each in (stored.get("texts") or {}).items() if key != code}
    await _keep(session, actor, {**stored, "texts": texts}, language=code, built_in=True)
    return language.name


async def save_own(session: AsyncSession, actor: Actor, own_out: str, own_back: str) -> None:
    """The workspace's own words, one a line.

    Raises:
        Invalid: naming the field: too many, too long, nothing but signs, or on both sides.
    """
    actor.require(Permission.SETTINGS_DO)
    out, back = _words("own_out", own_out), _words("own_back", own_back)
    both = {fold(word) for word in out} & {fold(word) for word in back}
    if both:
        raise Invalid("own_back", f"“{sorted(both)[0]}” cannot mean both. Take it out of one of the lists.")
    stored = await preferences.read(session, NAME)
    await _keep(session, actor, {**stored, "own_out": out, "own_back": back}, words=len(out) + len(back))


def _known(code: str) -> Language:
    if code not in BY_CODE:
        raise Invalid("language", "Choose a language of the list.")
    return BY_CODE[code]


def _answer(field: str, text: str) -> str:
    text = clean_text(text).strip()
    if len(text) > ANSWER_MAX:
        raise Invalid(field, f"An answer has at most {ANSWER_MAX:,} characters.")
    return text


def _words(field: str, text: str) -> list[str]:
    found: dict[str, str] = {}
    for line in clean_text(text).splitlines():
        word = " ".join(line.split())
        if not word:
            continue
        if len(word) > LONGEST:
            raise Invalid(field, f"“{word[:20]}…” is too long: a word has at most {LONGEST} characters.")
        if not fold(word):
            raise Invalid(field, f"“{word}” has no letter or digit in it.")
        found.setdefault(fold(word), word)
    if len(found) > MOST_OWN:
        raise Invalid(field, f"At most {MOST_OWN} words.")
    return list(found.values())


async def _keep(session: AsyncSession, actor: Actor, value: dict[str, Any], **detail: Any) -> None:
    await preferences.write(session, NAME, value)
    audit.record(session, actor, "opt_words.changed", "", **detail)
    touch(session, NAME)
