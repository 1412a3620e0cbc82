"""From a letter to the mail: plain text and a simple HTML part with the install's name, logo and colour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_datetime, get_timezone
from babel.numbers import format_currency, format_decimal, get_currency_precision

from wapto_app.services.branding import Branding
from wapto_app.services.mail.letters import Letter
from wapto_app.services.mail.words import words_of


@dataclass(frozen=True, slots=True)
class Written:
    """A mail in words."""

    subject: str
    text: str
    html: str


def subject_of(letter: Letter, brand: Branding, locale: str) -> str:
    """One line, whatever the values hold."""
    line = words_of(letter.kind, locale).subject.format(**_filled(letter, brand, locale))
    return " ".join(line.split())[:255]


def write(letter: Letter, brand: Branding, locale: str, base_url: str) -> Written:
    """The whole mail; links of ours start with ``base_url``."""
    words = words_of(letter.kind, locale)
    values = _filled(letter, brand, locale)
    paragraphs = [paragraph.format(**values) for paragraph in words.paragraphs]
    link = letter.path if letter.path.startswith("https://") else base_url + letter.path
    action = words.action if letter.path else ""
    after = words.after.format(**values)
    text = "\n\n".join([*paragraphs, *([link] if action else []), *([after] if after else [])])
    html = _html(paragraphs, (action, link), after, brand, base_url)
    return Written(subject_of(letter, brand, locale), f"{text}\n\n-- \n{brand.name}\n", html)


def _filled(letter: Letter, brand: Branding, locale: str) -> dict[str, str]:
    language = _language(locale)
    return {"brand": brand.name} | {name: _shown(value, language) for name, value in letter.values.items()}


def _language(locale: str) -> Locale:
    try:
        return Locale.parse(locale, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def _shown(value: Any, language: Locale) -> str:
    if isinstance(value, dict) and "minor" in value:
        amount = value["minor"] / 10 ** get_currency_precision(value["currency"])
        return str(format_currency(amount, value["currency"], locale=language))
    if isinstance(value, dict):
        at, zone = datetime.fromisoformat(value["at"]), get_timezone(value["zone"])
        return str(format_datetime(at, "d MMMM y, HH:mm z", tzinfo=zone, locale=language))
    return str(format_decimal(value, locale=language)) if isinstance(value, int) else value


_PAGE = """<!doctype html>
<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"></head>
<body style="margin:0;padding:24px;background:#f6f7f6;color:#161b19;font:16px/1.5 system-ui,Arial,sans-serif">
<div style="max-width:520px;margin:0 auto;padding:32px;background:#ffffff;border:1px solid #e2e5e3;border-radius:12px">
{head}
{body}
</div>
</body></html>
"""
_BUTTON = (
    '<p style="margin:24px 0"><a href="{link}" style="display:inline-block;padding:10px 20px;border-radius:6px;'
    'background:{accent};color:#ffffff;font-weight:600;text-decoration:none">{action}</a></p>'
    '<p style="font-size:13px;color:#545e59;word-break:break-all">{link}</p>'
)


def _html(paragraphs: list[str], action: tuple[str, str], after: str, brand: Branding, base_url: str) -> str:
    words, link = action
    body = [f'<p style="white-space:pre-line">{escape(paragraph)}</p>' for paragraph in paragraphs]
    if words:
        body.append(_BUTTON.format(link=escape(link), accent=brand.accent, action=escape(words)))
    if after:
        body.append(f"<p>{escape(after)}</p>")
    return _PAGE.format(head=_head(brand, base_url), body="\n".join(body))


def _head(brand: Branding, base_url: str) -> str:
    name = escape(brand.name)
    if not brand.logo:
        return f'<p style="margin:0 0 16px;font-size:18px;font-weight:600;color:{brand.accent}">{name}</p>'
    source = escape(base_url + brand.logo_path)
    return f'<p style="margin:0 0 16px"><img src="{source}" alt="{name}" height="40" style="height:40px"></p>'
