"""Meta's rules for the texts of a template: what they may hold, and where their variables may stand."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wapto_app.services.templates.rules.shape import Json
from wapto_app.services.templates.words import say

VARIABLE = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")
NAMED = re.compile(r"[a-z][a-z0-9_]*")
EMOJI = re.compile(
    # An emoji with its skin and whatever is joined to it counts once; flags are two letters.
    r"[\U0001F1E6-\U0001F1FF]{2}"
    r"|[\U0001F300-\U0001F3FA\U0001F400-\U0001FAFF\U0001F004\U0001F0CF\U0001F170-\U0001F251\u2600-\u27BF\u2B50\u2B55]"
    r"[\ufe0f\U0001F3FB-\U0001F3FF]*"
    r"(?:\u200d[\U0001F300-\U0001FAFF\u2600-\u27BF][\ufe0f\U0001F3FB-\U0001F3FF]*)*"
)
# Bold, italics, struck out and code, as WhatsApp writes them.
FORMATTING = re.compile(r"[*~`]|(?<!\w)_[^_\n]+_(?!\w)")
MOST_EMOJI = 10
# Scripts that write without spaces: a character is as good as a word.
_WITHOUT_SPACES = re.compile(r"[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_BRACES = re.compile(r"\{\{|\}\}")
_CROWDED = re.compile(r"\n{3,}|\t| {5,}")


def names_in(text: str) -> list[str]:
    """The names of its variables, each once, in order."""
    return list(dict.fromkeys(VARIABLE.findall(text)))


def length_problem(text: str, most: int) -> str:
    if len(text) > most:
        return say(f"At most {most:,} characters fit here; this has {len(text):,}. Shorten it.")
    return ""


def plain_problem(text: str) -> str:
    """What headers and buttons may not hold. Meta: no line breaks, emoji or formatting."""
    bare = VARIABLE.sub("", text)
    if "\n" in text or "\r" in text or "\t" in text:
        return say("This is a single line. Remove the line break.")
    if EMOJI.search(bare):
        return say("WhatsApp allows no emoji here. Remove it.")
    if FORMATTING.search(bare):
        return say("WhatsApp allows no formatting here (* _ ~ `). Remove it.")
    return ""


def variable_problem(text: str, *, named: bool) -> str:
    """Whether its variables are written and numbered as Meta wants."""
    if _BRACES.search(VARIABLE.sub("", text)):
        wanted = "{{first_name}}" if named else "{{1}}"
        return say(f"There is a variable that is not complete. Write it as {wanted}.")
    names = names_in(text)
    if named:
        wrong = next((name for name in names if not NAMED.fullmatch(name)), "")
        if wrong:
            return say(
                f"The variable {{{{{wrong}}}}} has a name that WhatsApp refuses. Begin with a small letter and use "
                "small letters, digits and _ only."
            )
    elif names != [str(number) for number in range(1, len(names) + 1)]:
        return say("Number the variables {{1}}, {{2}}, {{3}} … in the order of the text, without a gap.")
    return ""


def body_problem(text: str, *, named: bool, most: int) -> str:
    """What is wrong with a body, in one sentence; empty when nothing is."""
    return next(filter(None, _body_problems(text, named=named, most=most)), "")


def _body_problems(text: str, *, named: bool, most: int) -> Iterator[str]:
    if not text.strip():
        yield say("Write the text of the message.")
        return
    yield length_problem(text, most)
    yield variable_problem(text, named=named)
    yield _ends_problem(text)
    if _CROWDED.search(text):
        yield say(
            "WhatsApp allows no tabs, at most one empty line and at most four spaces in a row. Remove some."
        )
    if len(EMOJI.findall(text)) > MOST_EMOJI:
        yield say(f"A template has at most {MOST_EMOJI} emoji. Remove some.")
    yield _ratio_problem(text)


def _ends_problem(text: str) -> str:
    stripped = text.strip()
    if VARIABLE.match(stripped):
        return say("The text cannot begin with a variable. Write a word before it.")
    if names_in(stripped) and stripped.endswith("}}"):
        return say("The text cannot end with a variable. Write a word after it.")
    if re.search(r"\}\}\s*\{\{", text):
        return say("Two variables cannot stand side by side. Write a word between them.")
    return ""


def words_in(text: str) -> int:
    """How many words it has beside its variables."""
    bare = VARIABLE.sub(" ", text)
    return len(_WITHOUT_SPACES.findall(bare)) + len(_WITHOUT_SPACES.sub(" ", bare).split())


def _ratio_problem(text: str) -> str:
    variables, words = len(VARIABLE.findall(text)), words_in(text)
    if variables * 2 > words:
        return say(
            f"{variables} variables are too many for {words} words: WhatsApp wants two words for each. "
            "Write more text or use fewer variables."
        )
    return ""


def missing_samples(component: Json, text: str, kind: str, *, named: bool) -> list[str]:
    """The variables that have no sample. ``kind`` is Meta's key: ``body_text`` or ``header_text``."""
    samples = samples_in(component, kind, named=named)
    return [name for name in names_in(text) if not samples.get(name, "").strip()]


def samples_in(component: Json, kind: str, *, named: bool) -> dict[str, str]:
    """By the name of the variable. Meta writes those of a body in a list of lists, those of a header in a list."""
    example = component.get("example")
    if not isinstance(example, dict):
        return {}
    if named:
        found = example.get(f"{kind}_named_params")
        return {
            str(each.get("param_name")): str(each.get("example") or "")
            for each in (found if isinstance(found, list) else [])
            if isinstance(each, dict)
        }
    found = example.get(kind)
    if isinstance(found, list) and found and isinstance(found[0], list):
        found = found[0]
    return {str(number): str(each) for number, each in enumerate(found, 1)} if isinstance(found, list) else {}
