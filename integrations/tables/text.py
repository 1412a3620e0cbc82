"""CSV: which encoding, which delimiter, and the rows."""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from charset_normalizer import from_bytes

ENCODINGS = (
    "utf-8",
    "utf-16",
    "cp1252",
    "iso-8859-1",
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "shift_jis",
    "euc_jp",
    "gb18030",
    "big5",
    "euc_kr",
    "koi8_r",
    "mac_roman",
)
"""What can be chosen, and what is guessed among."""
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
LONGEST_CELL = 100_000

_SAMPLE_BYTES = 256 * 1024
_SAMPLE_ROWS = 50
_CHUNK = 1024 * 1024
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Guessed among, the likelier first: what can be read in each of them looks like words only in one.
_GUESSED = [
    "cp1252", "cp1251", "shift_jis", "cp1250", "gb18030", "big5", "euc_kr", "euc_jp", "cp1256", "cp1253",
    "cp1254", "cp1255", "koi8_r",
]  # fmt: skip
_WESTERN = frozenset("áàâäãåæçéèêëíìîïñóòôöõøœßúùûüýÿÁÀÂÄÃÅÆÇÉÈÊËÍÌÎÏÑÓÒÔÖÕØŒÚÙÛÜÝ¿¡ºª°€«»‘’“”„–—…·´")
_ALPHABETS = ("cp1251", "koi8_r", "cp1253", "cp1255", "cp1256")
_SURE = 0.85
_WORD = re.compile(r"[^\s,;|\t\d\"'()./+\-]{3,}")
_EXCELS_HINT = "sep="


def encoding_of(path: Path) -> str:
    """Told by the mark at the beginning, by being valid UTF-8, or guessed from what reads like a language."""
    with path.open("rb") as file:
        sample = file.read(_SAMPLE_BYTES)
    for mark, encoding in _MARKS:
        if sample.startswith(mark):
            return encoding
    if wide := _without_mark(sample):
        return wide
    if _is_utf8(path):
        return "utf-8"
    if _is_western(sample):
        return "cp1252"
    if alphabet := _alphabet(_telling(sample)):
        return alphabet
    guess = from_bytes(_telling(sample), cp_isolation=_GUESSED, threshold=0.4).best()
    return guess.encoding if guess is not None else "cp1252"


def _is_western(sample: bytes) -> bool:
    """Words in which an accent stands here and there; Central European bytes would show signs among them."""
    try:
        words = [word for word in sample.decode("cp1252").split() if not word.isascii()]
    except UnicodeDecodeError:
        return False
    letters = [letter for word in words for letter in word if letter.isalpha() or not letter.isascii()]
    foreign = [letter for letter in letters if not letter.isascii()]
    return bool(foreign) and len(foreign) * 2 < len(letters) and all(each in _WESTERN for each in foreign)


def _alphabet(sample: bytes) -> str:
    """The encoding in which most words are of one alphabet and written as words are; a few names tell it."""
    best, encoding = max((_words_in(sample, each), each) for each in _ALPHABETS)
    return encoding if best > _SURE else ""


def _words_in(sample: bytes, encoding: str) -> float:
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        return 0
    words = [word for word in _WORD.findall(text) if not word.isascii()]
    good = [word for word in words if _is_word(word)]
    return len(good) / len(words) if words else 0


def _is_word(word: str) -> bool:
    if not word.isalpha() or len({unicodedata.name(letter, "").split(" ")[0] for letter in word}) > 1:
        return False
    return word.lower() == word.upper() or word.islower() or word.isupper() or word.istitle()


def _without_mark(sample: bytes) -> str:
    """UTF-16 of Western text has a zero in every second byte."""
    pairs = len(sample) // 2
    if pairs < 2:
        return ""
    if sample[1::2].count(0) > pairs * 0.4:
        return "utf-16-le"
    return "utf-16-be" if sample[0::2].count(0) > pairs * 0.4 else ""


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _telling(sample: bytes) -> bytes:
    """The lines with something else than ASCII in them: few among thousands, and the guess needs them all."""
    lines = sample.splitlines(keepends=True)
    foreign = [line for line in lines[:-1] or lines if not line.isascii()]
    return b"".join(foreign[:500]) or sample


def delimiter_of(path: Path, encoding: str) -> str:
    """The one by which the first rows fall into the same number of columns, and the more the better."""
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        sample = file.read(_SAMPLE_BYTES // 4)
    if hinted := _hinted(sample):
        return hinted
    return max(DELIMITERS.values(), key=lambda each: _score(sample, each))


def _hinted(sample: str) -> str:
    first = sample.lstrip("\ufeff").split("\n", 1)[0].strip("\r\"' ")
    if first.casefold().startswith(_EXCELS_HINT) and len(first) == len(_EXCELS_HINT) + 1:
        return first[-1]
    return ""


def _score(sample: str, delimiter: str) -> float:
    widths = []
    try:
        for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter):
            widths.append(len(row))
            if len(widths) > _SAMPLE_ROWS:
                break
    except csv.Error:
        return 0
    filled = Counter(width for width in widths if width)
    if not filled:
        return 0
    width, times = filled.most_common(1)[0]
    return 0 if width == 1 else times / filled.total() * min(width, 10) ** 0.5


def rows(path: Path, encoding: str, delimiter: str) -> Iterator[list[str]]:
    """Every record, empty ones too. Raises csv.Error."""
    csv.field_size_limit(LONGEST_CELL)
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        first = True
        for row in csv.reader(file, delimiter=delimiter, strict=False):
            if first and row:
                row[0] = row[0].lstrip("\ufeff")
            if not (first and _is_hint(row, delimiter)):
                yield row
            first = False


def _is_hint(row: list[str], delimiter: str) -> bool:
    """``sep=;`` itself falls apart at its delimiter."""
    return [cell.casefold() for cell in row] in ([_EXCELS_HINT, ""], [f"{_EXCELS_HINT}{delimiter}"])
