"""The recorder as the service puts it together, without its port: real Redis, disk and FFmpeg."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from streamstead.core.errors import NotFound
from streamstead.core.runner import background
from streamstead.core.settings import Settings
from streamstead.hooks.library.recording import Recording, State
from streamstead.hooks.recorder.main import open_recorder

from ...conftest import need

API = "/terraform/v1"
LIMIT_S = 60.0
OVER = (State.READY, State.FAILED)


@dataclass
class House:
    """What the operator can call, and what lies behind it."""

    settings: Settings
    client: httpx.AsyncClient
    state: Any

    @property
    def root(self) -> Path:
        return self.settings.data.record

    async def call(self, path: str, **body: Any) -> Any:
        """Call; return ``data`` of an answer that must be good."""
        reply = await self.client.post(API + path, json=body)
        assert reply.status_code == 200, (path, reply.text)
        return reply.json()["data"]

    async def refused(self, path: str, **body: Any) -> str:
        """Call; return the key of an answer that must be an error."""
        reply = await self.client.post(API + path, json=body)
        assert reply.status_code >= 400, (path, reply.text)
        return str(reply.json()["data"]["key"])

    async def finished(self, id_: str) -> Recording:
        """Wait until nothing more is made of a recording; return it."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                with suppress(NotFound):  # it is not entered yet
                    found: Recording = await self.state.catalogue.get(id_)
                    if found.state in OVER:
                        return found
                await asyncio.sleep(0.02)

    async def imported(self) -> list[Recording]:
        """Return the recordings that were taken in, oldest first, when all are finished."""
        found = await self.state.catalogue.work(kind="import")
        return [await self.finished(one.id) for one in found]


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[House]:
    """Run a recorder in this process; leaving it is as sudden for the disk as a kill."""
    settings.data.master_key.write_bytes(b"k" * 32)
    async with open_recorder(settings) as running, background(*running.loops):
        app = running.listeners[0].app
        assert isinstance(app, FastAPI)
        secret = settings.api_secret.get_secret_value()
        transport = httpx.ASGITransport(app)
        headers = {"Authorization": f"Bearer {secret}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://recorder", headers=headers, timeout=LIMIT_S
        ) as client:
            yield House(settings, client, app.state)


def ffmpeg(*arguments: str | Path, cwd: Path | None = None) -> None:
    """Run FFmpeg; it must work."""
    argv = [need("ffmpeg"), "-v", "error", "-nostdin", "-y", *map(str, arguments)]
    subprocess.run(argv, check=True, timeout=120, cwd=cwd)


def frames(path: Path, track: str = "v:0") -> int:
    """Count the frames of a file by decoding it."""
    asked = ["-v", "error", "-select_streams", track, "-count_frames", "-show_entries"]
    argv = [need("ffprobe"), *asked, "stream=nb_read_frames", "-of", "csv=p=0", str(path)]
    said = subprocess.run(argv, check=True, capture_output=True, timeout=120).stdout.decode()
    # Of a playlist it is said once for the programme and once for the track.
    return int(said.split()[0].strip(",")) if said.split() else 0


def picture(seconds: float, size: str = "160x90", rate: int = 10) -> list[str]:
    """Return the inputs of a moving picture with a tone."""
    return [
        *("-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}:duration={seconds}"),
        *("-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=44100:duration={seconds}"),
    ]


H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "10", "-pix_fmt", "yuv420p"]
