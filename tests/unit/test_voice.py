"""Voice messages: OPUS out of WebM into OGG, whatever a browser or somebody hostile hands in."""

from __future__ import annotations

import struct
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wapto_app.services.errors import Invalid
from wapto_app.services.media import voice

SILENCE = bytes([0x78 | 0x04, 0xFF, 0xFE])  # CELT, 20 ms, one frame, stereo
HEAD = b"OpusHead" + struct.pack("<BBHIhB", 1, 2, 3840, 44_100, -7, 0)


def element(id_: str, body: bytes, *, size: int | None = None) -> bytes:
    """``size``: what it claims to have; -1 for unknown."""
    length = len(body) if size is None else size
    written = b"\x01" + b"\xff" * 7 if length < 0 else (length | 1 << 56).to_bytes(8)
    return bytes.fromhex(id_) + written + body


def block(packet: bytes, *, track: int = 1, flags: int = 0x80, id_: str = "a3") -> bytes:
    return element(id_, bytes([0x80 | track]) + struct.pack(">hB", 0, flags) + packet)


def webm(*blocks: bytes, codec: bytes = b"A_OPUS", private: bytes = HEAD, number: bytes = b"\x01") -> bytes:
    entry = element("ae", element("d7", number) + element("86", codec) + element("63a2", private))
    tracks = element("1654ae6b", entry)
    cluster = element("1f43b675", element("e7", b"\x00") + b"".join(blocks), size=-1)
    return element("1a45dfa3", element("4282", b"webm")) + element("18538067", tracks + cluster, size=-1)


def pages(ogg: bytes) -> list[tuple[int, int, int, list[bytes]]]:
    """Kind, granule, number and packets of each page; checks the checksums."""
    found, at = [], 0
    while at < len(ogg):
        magic, version, kind, granule, _serial, number, crc, count = struct.unpack(
            "<4sBBqIIIB", ogg[at : at + 27]
        )
        assert (magic, version) == (b"OggS", 0)
        lacing = ogg[at + 27 : at + 27 + count]
        start = at + 27 + count
        end = start + sum(lacing)
        page = ogg[at : at + 22] + b"\0\0\0\0" + ogg[at + 26 : end]
        assert voice._crc(page) == crc
        packets, packet = [], b""
        for length in lacing:
            packet += ogg[start : start + length]
            start += length
            if length < 255:
                packets.append(packet)
                packet = b""
        found.append((kind, granule, number, packets))
        at = end
    return found


def test_the_checksum_is_that_of_ogg() -> None:
    # The well-known check value of CRC-32 with this polynomial, start 0 and no reflection.
    assert voice._crc(b"123456789") == 0x89A1897F


def test_the_packets_come_through_untouched_in_pages_of_a_second() -> None:
    packets = [SILENCE + bytes([number]) * (number * 5) for number in range(120)]
    made = pages(voice.remux(webm(*(block(packet) for packet in packets))))
    assert [packet for page in made[2:] for packet in page[3]] == packets
    assert [page[2] for page in made] == list(range(len(made)))
    assert [page[0] for page in made] == [2, *[0] * (len(made) - 2), 4]
    assert [page[1] for page in made[:4]] == [0, 0, 48_000, 96_000]
    assert made[-1][1] == 120 * 960
    assert made[1][3][0].startswith(b"OpusTags")


def test_it_says_one_channel_as_whatsapp_wants_and_keeps_the_rest_of_the_head() -> None:
    (head,) = pages(voice.remux(webm(block(SILENCE))))[0][3]
    assert head == b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 3840, 44_100, -7, 0)


def test_a_head_that_is_missing_is_made() -> None:
    (head,) = pages(voice.remux(webm(block(SILENCE), private=b"")))[0][3]
    assert head[:10] == b"OpusHead\x01\x01"


def test_blocks_in_groups_and_other_tracks() -> None:
    grouped = element("a0", block(SILENCE, id_="a1", flags=0))
    made = pages(voice.remux(webm(grouped, block(b"picture", track=2), block(SILENCE))))
    assert made[-1][3] == [SILENCE, SILENCE]


def test_a_recording_that_was_cut_off_keeps_what_is_there() -> None:
    whole = webm(block(SILENCE), block(SILENCE * 50))
    assert pages(voice.remux(whole[:-40]))[-1][3][0] == SILENCE


@pytest.mark.parametrize(
    ("packet", "samples"),
    [
        (b"\x00", 480),  # SILK 10 ms
        (b"\x19", 2 * 2880),  # SILK 60 ms, two frames
        (b"\x68", 960),  # hybrid 20 ms
        (b"\x80", 120),  # CELT 2.5 ms
        (b"\xfb\x06", 6 * 960),  # CELT 20 ms, six frames
    ],
)
def test_the_length_of_a_packet(packet: bytes, samples: int) -> None:
    assert voice.samples_in(packet) == samples


@pytest.mark.parametrize("packet", [b"\xfb", b"\xfb\x00", b"\xfb\x3f"])
def test_a_packet_of_an_impossible_length_is_refused(packet: bytes) -> None:
    with pytest.raises(Invalid):
        voice.remux(webm(block(packet)))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x1a\x45\xdf\xa3",
        webm(),
        webm(block(b"")),
        webm(block(SILENCE), codec=b"V_VP8"),
        webm(block(SILENCE, flags=0x82)),
        webm(element("a3", b"\x81\x00")),
        webm(block(SILENCE + bytes(70_000))),
        b"\x00" * 100,
    ],
)
def test_what_is_no_recording_is_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(Invalid):
        voice.remux(data)


@given(st.binary(max_size=300), st.integers(0, 400))
def test_whatever_is_handed_in_is_refused_or_becomes_ogg(noise: bytes, at: int) -> None:
    whole = webm(block(SILENCE), block(SILENCE * 20))
    for data in (noise, whole[:at] + noise, whole[:at] + noise + whole[at + len(noise) :]):
        try:
            made = voice.remux(data)
        except Invalid:
            continue
        assert len(pages(made)) >= 3


def test_ogg_stays_and_webm_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "recording"
    path.write_bytes(webm(block(SILENCE)))
    voice.to_ogg(path)
    made = path.read_bytes()
    assert made.startswith(b"OggS")
    voice.to_ogg(path)
    assert path.read_bytes() == made


def test_an_endless_recording_is_not_even_read(tmp_path: Path) -> None:
    path = tmp_path / "recording"
    with path.open("wb") as file:
        file.truncate(16 * 1024 * 1024 + 1)
    with pytest.raises(Invalid, match="too long"):
        voice.to_ogg(path)


@pytest.mark.parametrize("tracks", [1, 20])
def test_a_file_of_empty_elements_is_given_up_soon(tracks: int) -> None:
    nothing = element("ae", b"\x81\x80" * (7_000_000 // tracks))
    began = time.process_time()
    with pytest.raises(Invalid, match="damaged"):
        voice.remux(element("1a45dfa3", b"") + element("1654ae6b", nothing * tracks, size=-1))
    with pytest.raises(Invalid, match="damaged"):
        voice.remux(webm(b"\x81\x80" * 7_000_000))
    assert time.process_time() - began < 8
