"""Voice messages: from what a browser records to what WhatsApp plays, without touching the sound.

Chromium records OPUS inside WebM; Meta takes voice messages as OPUS inside OGG. The packets are the same, so they are
only taken out of the one box and put into the other.

WebM: RFC 9559 (Matroska). OGG: RFC 3533. OPUS in OGG: RFC 7845. Length of OPUS packets: RFC 6716, section 3.1.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from wapto_app.services.errors import Invalid

_WEBM = b"\x1a\x45\xdf\xa3"
_OGG = b"OggS"
_MOST_BYTES = 16 * 1024 * 1024
"""Meta: the largest sound it takes."""
_MOST_ELEMENTS = 400_000
"""Two hours of sound. A file of nothing but empty elements would keep the processor busy for minutes."""
_MOST_OF_TRACK = 1_000
_DAMAGED = "This recording is damaged. Record it again."

# Ids of Matroska's elements.
_SEGMENT, _CLUSTER, _BLOCK_GROUP = 0x18538067, 0x1F43B675, 0xA0
_TRACKS, _TRACK_ENTRY, _CODEC, _CODEC_PRIVATE, _TRACK_NUMBER = 0x1654AE6B, 0xAE, 0x86, 0x63A2, 0xD7
_SIMPLE_BLOCK, _BLOCK = 0xA3, 0xA1
_PARENTS = frozenset({_SEGMENT, _CLUSTER, _BLOCK_GROUP, _TRACKS})
_LACING = 0x06

_SAMPLE_RATE = 48_000
_PAGE_SAMPLES = _SAMPLE_RATE
"""Samples after which a page is closed: one second, so that players can seek."""
_PAGE_SEGMENTS = 255
_LONGEST_PACKET = 120 * _SAMPLE_RATE // 1000
_PRE_SKIP = 312
"""What encoders of browsers need to settle, when the recording does not say."""


def is_webm(head: bytes) -> bool:
    return head.startswith(_WEBM)


def to_ogg(path: Path) -> None:
    """Make an OGG of a WebM, in its place. OGG stays as it is. Blocking: call it in a thread.

    Raises:
        Invalid: it is damaged, or holds something else than OPUS sound.
    """
    if path.stat().st_size > _MOST_BYTES:
        raise Invalid("file", "This recording is too long for WhatsApp. Record a shorter one.")
    data = path.read_bytes()
    if is_webm(data):
        path.write_bytes(remux(data))


def remux(webm: bytes) -> bytes:
    """OPUS out of WebM, in OGG. Raises Invalid."""
    track = _opus_track(webm)
    packets = [packet for packet in _packets(webm, track.number) if packet]
    if not packets:
        raise Invalid("file", "Nothing was recorded.")
    return b"".join(_pages(track.head, packets))


# --- WebM


@dataclass(frozen=True, slots=True)
class _Track:
    number: int
    head: bytes


@dataclass(frozen=True, slots=True)
class _Element:
    id: int
    start: int
    end: int


def _elements(data: bytes, start: int, end: int, most: int = _MOST_ELEMENTS) -> Iterator[_Element]:
    """The elements between two places, those inside of parents included; what was cut off ends where the data ends."""
    at, count = start, 0
    while at < end:
        count += 1
        if count > most:
            raise Invalid("file", _DAMAGED)
        id_, at = _id(data, at, end)
        size, at = _size(data, at, end)
        stop = end if size is None else min(at + size, end)
        yield _Element(id_, at, stop)
        # Recorders do not know how long a segment or cluster becomes: what follows is inside of it.
        at = at if id_ in _PARENTS else stop


def _id(data: bytes, at: int, end: int) -> tuple[int, int]:
    length = _length(data, at, end, most=4)
    return int.from_bytes(data[at : at + length]), at + length


def _size(data: bytes, at: int, end: int) -> tuple[int | None, int]:
    """The size; None for an unknown one, which is written as all ones."""
    length = _length(data, at, end, most=8)
    ones = (1 << (7 * length)) - 1
    value = int.from_bytes(data[at : at + length]) & ones
    return (None if value == ones else value), at + length


def _length(data: bytes, at: int, end: int, *, most: int) -> int:
    """How many bytes the number here takes: one more than it has leading zero bits."""
    length = 9 - data[at].bit_length() if at < end else most + 1
    if length > most or at + length > end:
        raise Invalid("file", _DAMAGED)
    return length


def _opus_track(webm: bytes) -> _Track:
    for element in _elements(webm, 0, len(webm)):
        if element.id == _TRACK_ENTRY:
            inside = _elements(webm, element.start, element.end, _MOST_OF_TRACK)
            parts = {part.id: webm[part.start : part.end] for part in inside}
            if parts.get(_CODEC, b"").rstrip(b"\0") == b"A_OPUS":
                number = int.from_bytes(parts.get(_TRACK_NUMBER, b"\x01"))
                return _Track(number, _mono_head(parts.get(_CODEC_PRIVATE, b"")))
        elif element.id == _CLUSTER:
            break
    raise Invalid("file", "This recording is not in a form that WhatsApp plays.")


def _mono_head(private: bytes) -> bytes:
    """The head of the OGG. One channel, as Meta wants; decoders mix packets with two of them down (RFC 7845, 5.1)."""
    known = private.startswith(b"OpusHead") and len(private) >= 19
    pre_skip, rate, gain = struct.unpack("<HIh", private[10:18]) if known else (_PRE_SKIP, _SAMPLE_RATE, 0)
    return b"OpusHead" + struct.pack("<BBHIhB", 1, 1, pre_skip, rate, gain, 0)


def _packets(webm: bytes, track: int) -> Iterator[bytes]:
    for element in _elements(webm, 0, len(webm)):
        if element.id in (_SIMPLE_BLOCK, _BLOCK):
            number, at = _size(webm, element.start, element.end)
            flags = at + 2  # after the time, relative to the cluster
            if flags >= element.end or webm[flags] & _LACING:
                raise Invalid("file", _DAMAGED)
            if number == track:
                yield webm[flags + 1 : element.end]


# --- OGG


def _pages(head: bytes, packets: Iterable[bytes]) -> Iterator[bytes]:
    tags = b"OpusTags" + struct.pack("<I", 5) + b"wapto" + struct.pack("<I", 0)
    yield _page([head], granule=0, number=0, first=True)
    yield _page([tags], granule=0, number=1)
    waiting: list[bytes] = []
    granule = since = 0
    number = 2
    for packet in packets:
        samples = samples_in(packet)
        full = _segments([*waiting, packet]) > _PAGE_SEGMENTS or since + samples > _PAGE_SAMPLES
        if waiting and full:
            yield _page(waiting, granule=granule, number=number)
            waiting, since, number = [], 0, number + 1
        waiting.append(packet)
        granule, since = granule + samples, since + samples
    yield _page(waiting, granule=granule, number=number, last=True)


def _segments(packets: list[bytes]) -> int:
    return sum(len(packet) // 255 + 1 for packet in packets)


def _page(
    packets: list[bytes], *, granule: int, number: int, first: bool = False, last: bool = False
) -> bytes:
    lacing = b"".join(b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255]) for packet in packets)
    if len(lacing) > _PAGE_SEGMENTS:
        raise Invalid("file", _DAMAGED)  # no encoder makes packets of that size
    kind = 2 * first + 4 * last
    header = struct.pack("<4sBBqIIIB", _OGG, 0, kind, granule, 0x57617074, number, 0, len(lacing)) + lacing
    page = header + b"".join(packets)
    return page[:22] + struct.pack("<I", _crc(page)) + page[26:]


def samples_in(packet: bytes) -> int:
    """How long a packet of OPUS sounds, in samples at 48 kHz. Raises Invalid."""
    configuration, code = packet[0] >> 3, packet[0] & 3
    if code == 3 and len(packet) < 2:
        raise Invalid("file", _DAMAGED)
    frames = 1 if code == 0 else 2 if code < 3 else packet[1] & 0x3F
    samples = frames * _frame_samples(configuration)
    if not 0 < samples <= _LONGEST_PACKET:
        raise Invalid("file", _DAMAGED)
    return samples


def _frame_samples(configuration: int) -> int:
    if configuration < 12:  # SILK: 10, 20, 40, 60 ms
        return (480, 960, 1920, 2880)[configuration & 3]
    if configuration < 16:  # hybrid: 10, 20 ms
        return (480, 960)[configuration & 1]
    return (120, 240, 480, 960)[configuration & 3]  # CELT: 2.5 to 20 ms


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte << 24
        for _bit in range(8):
            value = (value << 1) ^ (0x04C11DB7 if value & 0x80000000 else 0)
        table.append(value & 0xFFFFFFFF)
    return tuple(table)


_CRC = _crc_table()


def _crc(page: bytes) -> int:
    """OGG's own checksum: not reflected, so not that of zlib."""
    value = 0
    for byte in page:
        value = ((value << 8) & 0xFFFFFFFF) ^ _CRC[(value >> 24) ^ byte]
    return value
