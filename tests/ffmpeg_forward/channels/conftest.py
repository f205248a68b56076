"""The whole service in this process, with real Redis, real relays and films of a few seconds."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from redis.asyncio import Redis

from streamstead.core.events import EventStream
from streamstead.core.runner import background
from streamstead.core.settings import Settings
from streamstead.ffmpeg_forward.channels.setup import ChannelPart
from streamstead.ffmpeg_forward.main import open_ffmpeg

from ..clips import ffmpeg, make_clip

API = "/terraform/v1"
LIMIT_S = 60.0
SECONDS = 1.5
"""Of each film."""


@dataclass
class House:
    """What the operator can call, and what lies behind it."""

    settings: Settings
    client: httpx.AsyncClient
    app: FastAPI

    @property
    def part(self) -> ChannelPart:
        found: ChannelPart = self.app.state.channels
        return found

    @property
    def redis(self) -> Redis:
        found: Redis = self.app.state.redis
        return found

    async def call(self, call: str, /, **body: Any) -> Any:
        """Call below ``ffmpeg/``; return ``data`` of an answer that must be good."""
        reply = await self.client.post(f"{API}/ffmpeg/{call}", json=body)
        assert reply.status_code == 200, (call, reply.text)
        return reply.json()["data"]

    async def key(self, call: str, /, **body: Any) -> str:
        """Call below ``ffmpeg/``; return the key of an answer that must be an error."""
        reply = await self.client.post(f"{API}/ffmpeg/{call}", json=body)
        assert reply.status_code >= 400, (call, reply.text)
        return str(reply.json()["data"]["key"])

    async def channel(self, id_: str) -> dict[str, Any]:
        found = (await self.call("channels/list"))["channels"]
        return next(one for one in found if one["id"] == id_)

    async def until(
        self, id_: str, check: Callable[[dict[str, Any]], bool], limit_s: float = LIMIT_S
    ) -> dict[str, Any]:
        """Wait until a channel is as ``check`` wants it; return it."""
        found: dict[str, Any] = {}
        try:
            async with asyncio.timeout(limit_s):
                while True:
                    found = await self.channel(id_)
                    if check(found):
                        return found
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"it stayed as {found}") from None

    async def until_state(self, id_: str, state: str) -> dict[str, Any]:
        return await self.until(id_, lambda it: it["state"] == state)

    async def until_told(self, *types: str) -> None:
        """Wait until exactly these events of channels were told, in this order."""
        found: list[str] = []
        try:
            async with asyncio.timeout(LIMIT_S):
                while found != list(types):
                    entries = await self.redis.xrange(EventStream.KEY)
                    kinds = [one["type"] for _, one in entries]
                    found = [one for one in kinds if one.startswith("channel.")]
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"{found} was told") from None


Opener = Callable[..., Any]


@pytest.fixture
def opened(settings: Settings, redis_process: object) -> Opener:
    """Open the service, any number of times one after the other; its relays stay unless the house
    is being stopped (``close_house``). ``changes``: of its settings."""

    @asynccontextmanager
    async def open_(**changes: Any) -> AsyncIterator[House]:
        settings.data.master_key.write_bytes(b"k" * 32)
        mine = settings.model_copy(update=changes)
        async with open_ffmpeg(mine) as running, background(*running.loops):
            app = running.listeners[0].app
            assert isinstance(app, FastAPI)
            secret = settings.api_secret.get_secret_value()
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(app, raise_app_exceptions=False),
                base_url="http://ffmpeg",
                headers={"Authorization": f"Bearer {secret}"},
                timeout=LIMIT_S,
            ) as client:
                yield House(mine, client, app)

    return open_


def close_house(settings: Settings) -> None:
    """Have relays end with the service, as when the whole house is stopped."""
    settings.data.stop_mark.touch()


@pytest.fixture
async def house(settings: Settings, opened: Opener) -> AsyncIterator[House]:
    async with opened() as house:
        settings.data.upload.mkdir(exist_ok=True)
        yield house
        close_house(settings)


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """``a`` and ``b``: of different size, rate and sound. ``song``: sound alone."""
    root = tmp_path_factory.mktemp("films")
    return {
        "a": make_clip(root / "a.mp4", seconds=SECONDS),
        "b": make_clip(root / "b.mkv", size="256x144", fps=30, sound_rate=48000, seconds=SECONDS),
        "song": make_song(root / "song.m4a"),
    }


def make_song(path: Path) -> Path:
    ffmpeg("-f", "lavfi", "-i", "sine=frequency=440", "-t", str(SECONDS), "-c:a", "aac", str(path))
    return path


def lay(settings: Settings, film: Path, name: str = "") -> str:
    """Put a film where channels find it; return its path for ``target``."""
    settings.data.vlive.mkdir(exist_ok=True)
    name = name or film.name
    (settings.data.vlive / name).write_bytes(film.read_bytes())
    return f"vlive/{name}"
