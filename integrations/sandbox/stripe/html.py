"""The look of the pages: plain HTML without scripts, light and dark."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape

from starlette.responses import HTMLResponse

from .cards import CARDS

_STYLE = """
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1a1f26;--soft:#5c6672;--line:#dfe3e8;--go:#4f46e5;
--bad:#b42318;--badbg:#fef3f2;--ok:#067647;--okbg:#ecfdf3}
@media(prefers-color-scheme:dark){:root{--bg:#11151a;--card:#1a2027;--ink:#e8ebee;--soft:#9aa5b1;--line:#323b45;
--go:#818cf8;--bad:#fda29b;--badbg:#3a1512;--ok:#75e0a7;--okbg:#0d2a1c}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:34rem;margin:0 auto;padding:2rem 1rem 4rem}h1{font-size:1.35rem;margin:0 0 .25rem;overflow-wrap:anywhere}
h2{font-size:1rem;margin:0 0 .75rem}section{background:var(--card);border:1px solid var(--line);border-radius:12px;
padding:1.25rem;margin-top:1rem}p{margin:.25rem 0}.soft{color:var(--soft)}.note{font-size:.8rem;color:var(--soft);
text-align:center;margin-bottom:1rem}table{width:100%;border-collapse:collapse}td{padding:.4rem 0;vertical-align:top;
border-top:1px solid var(--line);overflow-wrap:anywhere}tr:first-child td{border-top:0}td.n{text-align:right;
white-space:nowrap;padding-left:1rem;font-variant-numeric:tabular-nums}tr.total td{font-weight:600}
label.card{display:flex;gap:.6rem;align-items:center;padding:.55rem .75rem;border:1px solid var(--line);
border-radius:8px;margin-bottom:.4rem;cursor:pointer;flex-wrap:wrap}label.card code{font-size:.85rem}
label.card span{color:var(--soft);font-size:.85rem;margin-left:auto}label.card:has(:checked){border-color:var(--go);
outline:1px solid var(--go)}label.field{display:block;font-weight:500;margin:.75rem 0 .25rem}
input[type=email],select{width:100%;padding:.55rem .7rem;border:1px solid var(--line);border-radius:8px;
background:var(--bg);color:inherit;font:inherit}
button,a.button{display:inline-block;padding:.6rem 1rem;border-radius:8px;
border:1px solid var(--line);background:var(--card);color:inherit;font:inherit;font-weight:600;cursor:pointer;
text-decoration:none;text-align:center}button.go{background:var(--go);border-color:var(--go);color:#fff;width:100%;
margin-top:1rem}@media(prefers-color-scheme:dark){button.go{color:#11151a}}.row{display:flex;gap:.5rem;flex-wrap:wrap;
margin-top:.75rem}.bad,.ok{padding:.7rem .9rem;border-radius:8px;margin-top:1rem;color:var(--bad);
background:var(--badbg)}.ok{color:var(--ok);background:var(--okbg)}a{color:var(--go)}
:focus-visible{outline:2px solid var(--go);outline-offset:2px}
@media print{.row,.note,form{display:none}body{background:#fff}}
"""


def page(title: str, *parts: str, status: int = 200) -> HTMLResponse:
    """A whole page; the parts are HTML already."""
    body = "\n".join(parts)
    return HTMLResponse(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="robots" content="noindex"><style>{_STYLE}</style></head><body><main>'
        '<p class="note">Payment sandbox. No real card works here and no money moves.</p>'
        f"{body}</main></body></html>",
        status,
        {"cache-control": "no-store"},
    )


def section(title: str, *parts: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def rows(lines: Iterable[tuple[str, str]], total: tuple[str, str] | None = None) -> str:
    """A table of names and amounts."""
    cells = "".join(f'<tr><td>{escape(a)}</td><td class="n">{escape(b)}</td></tr>' for a, b in lines)
    if total:
        cells += f'<tr class="total"><td>{escape(total[0])}</td><td class="n">{escape(total[1])}</td></tr>'
    return f"<table>{cells}</table>"


def problem(text: str) -> str:
    return f'<p class="bad" role="alert">{escape(text)}</p>' if text else ""


def said(text: str) -> str:
    return f'<p class="ok" role="status">{escape(text)}</p>' if text else ""


def cards(chosen: str = "") -> str:
    """A choice of test cards."""
    chosen = chosen or CARDS[0].number
    return "".join(
        f'<label class="card"><input type="radio" name="number" value="{card.number}"'
        f"{' checked' if card.number == chosen else ''}><code>{_grouped(card.number)}</code>"
        f"<span>{escape(card.label)}</span></label>"
        for card in CARDS
    )


def _grouped(number: str) -> str:
    return " ".join(number[index : index + 4] for index in range(0, len(number), 4))


def form(action: str, *parts: str) -> str:
    return f'<form method="post" action="{escape(action)}">{"".join(parts)}</form>'


def hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'


def button(text: str, *, go: bool = False) -> str:
    return f'<button type="submit"{" class=go" if go else ""}>{escape(text)}</button>'


def link(text: str, href: str) -> str:
    """Only to the web: an address may come from a request."""
    safe = href if href.startswith(("http://", "https://", "/")) else "#"
    return f'<a class="button" href="{escape(safe)}">{escape(text)}</a>'


def day(moment: int) -> str:
    at = datetime.fromtimestamp(moment, UTC)
    return f"{at.day} {at:%B %Y}"


def pdf(lines: list[str]) -> bytes:
    """A one-page PDF of these lines (PDF 1.4, one built-in font)."""
    shown = [line.encode("latin-1", "replace").decode("latin-1") for line in lines[:60]]
    texts = [line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)") for line in shown]
    content = "BT /F1 11 Tf 50 790 Td 14 TL " + " T* ".join(f"({text}) Tj" for text in texts) + " ET"
    stream = content.encode("latin-1")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, each in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
