"""A tiny stand-in for Meta: real sockets, scripted answers, a record of what was asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "top-secret-token"
Writer = asyncio.StreamWriter


@dataclass
class Asked:
    """One request as it came over the wire."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return {key: values[0] for key, values in parse_qs(urlsplit(self.target).query).items()}

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Answer = Callable[[Writer], Awaitable[None]]


def answer(body: object = None, status: int = 200, **headers: str) -> Answer:
    """Make an answer: an object becomes JSON, bytes stay as they are."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def write(writer: Writer) -> None:
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(content)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
        await writer.drain()

    return write


def refusal(code: int, status: int = 400, **more: object) -> Answer:
    """Make an error answer of the Graph API."""
    return answer(
        {"error": {"message": f"(#{code}) nope", "type": "OAuthException", "code": code, **more}}, status
    )


async def hang_up(writer: Writer) -> None:
    """Close the connection instead of answering."""
    writer.close()


async def stay_silent(writer: Writer) -> None:
    """Keep the connection open and say nothing."""
    await asyncio.sleep(5)


async def break_off(writer: Writer) -> None:
    """Promise more than is sent."""
    writer.write(b"HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\nhalf")
    await writer.drain()
    writer.close()


@dataclass
class FakeMeta:
    """Answers in the order of `script`; the last answer is repeated."""

    port: int = 0
    script: list[Answer] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def last(self) -> Asked:
        return self.asked[-1]

    async def serve(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        try:
            while (asked := await _read_request(reader)) is not None:
                self.asked.append(asked)
                await (self.script.pop(0) if len(self.script) > 1 else self.script[0])(writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


async def _read_request(reader: asyncio.StreamReader) -> Asked | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    method, target, _ = head[0].split(" ", 2)
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)
    }
    if headers.get("transfer-encoding") == "chunked":
        return Asked(method, target, headers, await _read_chunks(reader))
    return Asked(method, target, headers, await reader.readexactly(int(headers.get("content-length", 0))))


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readline()).strip(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body
