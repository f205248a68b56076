"""Servers that are told of alerts: mail, HTTP, and one that takes everything and says nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass
class MailSink:
    """``mails``: what was sent, whole. ``refuse``: answer to each recipient."""

    port: int = 0
    mails: list[str] = field(default_factory=list)
    refuse: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def say(line: str) -> None:
            writer.write(line.encode() + b"\r\n")
            await writer.drain()

        await say("220 sink")
        while line := (await reader.readline()).decode().strip():
            word = line[:4].upper()
            if word == "QUIT":
                await say("221 bye")
                break
            if word == "DATA":
                await say("354 go on")
                body = await reader.readuntil(b"\r\n.\r\n")
                self.mails.append(body.decode())
                await say("250 taken")
            elif word == "RCPT" and self.refuse:
                await say(self.refuse)
            else:
                await say("250 yes")
        writer.close()


@dataclass
class HttpSink:
    """``posts``: (path, headers, body) of each request; ``status`` is the answer."""

    port: int = 0
    status: int = 200
    posts: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.posts.append((head[0].split(" ")[1], headers, body))
        answer = f"HTTP/1.1 {self.status} X\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}"
        writer.write(answer.encode())
        await writer.drain()
        writer.close()
        self.came.set()

    def said(self) -> list[Any]:
        return [orjson.loads(body) for _, _, body in self.posts]

    async def wait_for(self, count: int, timeout_s: float = 60) -> None:
        """Return once so many requests have come."""
        async with asyncio.timeout(timeout_s):
            while len(self.posts) < count:
                self.came.clear()
                await self.came.wait()


@dataclass
class Silence:
    """``connected``: how many are being kept waiting now."""

    port: int = 0
    connected: int = 0
    ever: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait_until_connected(self, timeout_s: float = 60) -> None:
        """Return once somebody is kept waiting."""
        async with asyncio.timeout(timeout_s):
            while not self.connected:
                self.changed.clear()
                await self.changed.wait()

    async def wait_until_left(self, timeout_s: float = 60) -> None:
        """Return once nobody is kept waiting any more."""
        async with asyncio.timeout(timeout_s):
            while self.connected:
                self.changed.clear()
                await self.changed.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connected += 1
        self.ever += 1
        self.changed.set()
        try:
            while await reader.read(1000):
                pass
        except ConnectionError:
            pass
        finally:
            self.connected -= 1
            self.changed.set()
            writer.close()


@asynccontextmanager
async def listening(sink: Any, port: int) -> AsyncIterator[Any]:
    """Have a sink listen on loopback."""
    sink.port = port
    server = await asyncio.start_server(sink.serve, "127.0.0.1", port)
    try:
        yield sink
    finally:
        server.close()
        await server.wait_closed()
