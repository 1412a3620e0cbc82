"""Gathers what the reader can see and holds it against the catalogs.

    python -m wapto_app.ui.messages            what is missing or no longer used, per language; exit code 1 if any
    python -m wapto_app.ui.messages --write    put what is missing into the catalogs, empty, and drop what is not used

Two kinds of text: *words* are what ``t()``, ``tn()`` and their twins in the JSX files show and must be translated;
*sentences* are finished English that the server sends (notices, refusals) and may be. Their gaps are called ``{name}``.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from integrations.whatsapp import error_codes

ROOT = Path(__file__).parents[2]
LOCALES = ROOT / "wapto_app" / "locales"
_WORDS_IN = ("pages", "wapto_app/ui")
_METAS_WORDS = "integrations/whatsapp/error_codes.py"
_SENTENCES_IN = ("state", "wapto_app/services", "wapto_app/security", "wapto_app/web")
# Development only: its words are nobody's.
_SKIPPED = {"kitchen_sink.py", "i18n.py"}
_STRING = r'"((?:[^"\\]|\\.)*)"'
_JSX_ONE = re.compile(rf"\btr\(\s*{_STRING}")
_JSX_MANY = re.compile(rf"\btrn\(\s*{_STRING},\s*{_STRING}")
_GAP = re.compile(r"\{(\w+)\}")


@dataclass
class Messages:
    """Text → where it stands. ``problems`` are calls whose text cannot be known beforehand."""

    words: dict[str, str] = field(default_factory=dict)
    sentences: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def plural_key(one: str, many: str) -> str:
    """The catalog's key of a text that depends on a number; see ``trn`` in ``i18n.jsx``."""
    return f"{one} | {many}"


def gaps(text: str) -> set[str]:
    return set(_GAP.findall(text))


def gather(root: Path = ROOT) -> Messages:
    """Everything that the sources under ``root`` can show."""
    found = Messages()
    for path in _sources(root, _WORDS_IN, "*.py"):
        _python_words(path, path.relative_to(root), found)
    for path in _sources(root, _WORDS_IN, "*.jsx"):
        _jsx_words(path, path.relative_to(root), found)
    refusals = _refusals(root)
    for path in _sources(root, _SENTENCES_IN, "*.py"):
        _python_sentences(path, path.relative_to(root), refusals, found)
    if (root / _METAS_WORDS).exists():
        found.sentences |= dict.fromkeys(error_codes.texts(), _METAS_WORDS)
    return found


def _sources(root: Path, folders: tuple[str, ...], pattern: str) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in sorted((root / folder).rglob(pattern)) if path.name not in _SKIPPED)


def _calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield node.func.id if isinstance(node.func, ast.Name) else node.func.attr, node


def _python_words(path: Path, shown: Path, found: Messages) -> None:
    for name, call in _calls(path):
        wanted = {"t": 1, "tn": 2}.get(name)
        if wanted is None:
            continue
        place = f"{shown}:{call.lineno}"
        literals = [arg.value for arg in call.args[:wanted] if isinstance(arg, ast.Constant)]
        texts = [text for text in literals if isinstance(text, str)]
        if len(texts) < wanted:
            found.problems.append(f"{place}: {name}() needs its text as a literal")
            continue
        found.words.setdefault(texts[0] if wanted == 1 else plural_key(*texts), place)
        found.problems += _unfilled(place, texts, call, {"n"} if name == "tn" else set())


def _unfilled(place: str, texts: list[str], call: ast.Call, given: set[str]) -> list[str]:
    filled = given | {str(keyword.arg) for keyword in call.keywords}
    missing = {gap for text in texts for gap in gaps(text)} - filled
    return [f"{place}: nothing fills {{{name}}}" for name in sorted(missing)]


def _jsx_words(path: Path, shown: Path, found: Messages) -> None:
    source = path.read_text(encoding="utf-8")
    for match in _JSX_ONE.finditer(source):
        found.words.setdefault(json.loads(f'"{match[1]}"'), str(shown))
    for match in _JSX_MANY.finditer(source):
        one, many = (json.loads(f'"{match[i]}"') for i in (1, 2))
        found.words.setdefault(plural_key(one, many), str(shown))


def _refusals(root: Path) -> set[str]:
    """Names of the error classes whose text a person reads."""
    tree = ast.parse((root / "wapto_app/services/errors.py").read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)} | {
        "__init__",
        "say",
        "success",
    }


def _python_sentences(path: Path, shown: Path, refusals: set[str], found: Messages) -> None:
    for name, call in _calls(path):
        if name not in refusals:
            continue
        for arg in call.args:
            text = _sentence(arg)
            if " " in text:
                found.sentences.setdefault(text, f"{shown}:{call.lineno}")


def _sentence(node: ast.expr) -> str:
    """A literal, or an f-string with its expressions as named gaps; empty for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_sentence(part) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        names = [part.id for part in ast.walk(node.value) if isinstance(part, ast.Name)]
        return f"{{{names[-1] if names else 'value'}}}"
    return ""


def catalogs() -> dict[str, dict[str, Any]]:
    """Language code → catalog."""
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(LOCALES.glob("*.json"))
    }


def missing(catalog: dict[str, Any], found: Messages) -> list[str]:
    """Words that the catalog does not translate."""
    return [text for text in found.words if not _is_translated(catalog.get(text))]


def _is_translated(entry: Any) -> bool:
    if isinstance(entry, dict):
        return bool(entry.get("other")) and all(entry.values())
    return bool(entry)


def unused(catalog: dict[str, Any], found: Messages) -> list[str]:
    return [text for text in catalog if text not in found.words and text not in found.sentences]


def wrong_gaps(catalog: dict[str, Any]) -> list[str]:
    """Keys whose translation has other gaps than the text. A form for one may leave the number out."""
    wrong = []
    for text, entry in catalog.items():
        forms = entry if isinstance(entry, dict) else {"other": entry}
        for form, translation in forms.items():
            differing = gaps(translation) ^ gaps(text)
            if translation and differing - ({"n"} if form == "one" else set()):
                wrong.append(text)
    return sorted(set(wrong))


def write(code: str, catalog: dict[str, Any], found: Messages) -> None:
    """Add what is missing, with empty translations, and drop what is no longer used."""
    kept = {text: entry for text, entry in catalog.items() if text in found.words or text in found.sentences}
    for text in missing(catalog, found):
        kept.setdefault(text, {"one": "", "other": ""} if " | " in text else "")
    (LOCALES / f"{code}.json").write_text(
        json.dumps(dict(sorted(kept.items())), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )


def main(arguments: list[str]) -> int:
    found = gather()
    faults = list(found.problems)
    for code, catalog in catalogs().items():
        if "--write" in arguments:
            write(code, catalog, found)
        faults += [f"{code}: missing: {text!r} ({found.words[text]})" for text in missing(catalog, found)]
        faults += [f"{code}: no longer used: {text!r}" for text in unused(catalog, found)]
        faults += [f"{code}: other gaps than the text: {text!r}" for text in wrong_gaps(catalog)]
    sys.stdout.write(("\n".join(faults) or f"{len(found.words)} texts, all translated.") + "\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
