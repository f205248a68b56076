"""A recorder without its listeners: real Redis, real disk, a media server that the test plays."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis

from streamstead.core.events import EventStream
from streamstead.core.paths import DataDir
from streamstead.core.registry import Kind, Protocol, Session, StreamRegistry, stream_url
from streamstead.hooks.callback import parse
from streamstead.hooks.library.catalogue import Catalogue
from streamstead.hooks.library.catalogue_query import Query
from streamstead.hooks.library.recording import Recording
from streamstead.hooks.record_rules import RecordRules
from streamstead.hooks.recorder.capture import Capture
from streamstead.hooks.spool import Spool

from .media_server import FakeServer, make_pieces

LIMIT_S = 60.0


@pytest.fixture(scope="session")
def pieces(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Twelve consecutive seconds of a test picture."""
    return make_pieces(tmp_path_factory.mktemp("pieces") / "small")


@pytest.fixture(scope="session")
def other_pieces(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three seconds of another size."""
    return make_pieces(tmp_path_factory.mktemp("pieces") / "other", 3, "192x108")


@dataclass
class Recorder:
    """Capture as the service runs it, and everything around it."""

    data: DataDir
    redis: Redis
    server: FakeServer
    rules: RecordRules = field(default_factory=lambda: RecordRules(record_all=True, grace_s=1))
    catalogue: Catalogue | None = None
    capture: Capture | None = None
    resumed: list[str] = field(default_factory=list)
    _task: asyncio.Task[None] | None = None
    _spool: Spool | None = None

    @property
    def registry(self) -> StreamRegistry:
        return StreamRegistry(self.redis)

    def now(self) -> int:
        return self.server.now_ms

    def use(self, rules: RecordRules) -> None:
        """Let other rules count, in both processes."""
        self.rules = rules
        self.save_rules()
        self.start_hooks()
        if self.capture is not None:
            self.capture.wake()

    def save_rules(self) -> None:
        """Write them down as of now, by the clock of the test."""
        self.rules.save(self.data.record_rules)
        os.utime(self.data.record_rules, ns=(self.now() * 1_000_000, self.now() * 1_000_000))

    def start_hooks(self) -> None:
        self.stop_hooks()
        self._spool = Spool(self.data, self.now)

    def stop_hooks(self) -> None:
        if self._spool is not None:
            self._spool.close()
        self._spool = None

    async def start(self) -> None:
        self.catalogue = await Catalogue.open(
            self.data.record, self.data.library / "library.sqlite"
        )
        self.capture = Capture(
            self.data,
            self.catalogue,
            lambda: self.rules,
            self.registry,
            EventStream(self.redis),
            self.now,
            self.resumed.append,
            self._forget_manual,
        )
        self._task = asyncio.create_task(self.capture.run())

    async def _forget_manual(self, url: str) -> None:
        self.rules = replace(self.rules, manual={})

    async def stop(self) -> None:
        """End it as a kill does, as far as the disk can tell."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if self.catalogue is not None:
            await self.catalogue.close()
        self._task = self.catalogue = self.capture = None

    async def publish(self, client: str = "pub1") -> None:
        session = Session(
            client_id=client,
            kind=Kind.PUBLISH,
            protocol=Protocol.RTMP,
            vhost="__defaultVhost__",
            app=self.server.app,
            stream=self.server.stream,
            url=stream_url("", self.server.app, self.server.stream),
            ip="127.0.0.1",
            since_ms=self.now(),
        )
        await self.registry.found(session, self.now())
        if self.capture is not None:
            self.capture.wake()

    async def unpublish(self, client: str = "pub1") -> None:
        await self.registry.finish(client, self.now(), "on_unpublish")

    async def segment(self, client: str = "pub1", told: bool = True) -> None:
        """The media server finishes a segment; ``told``: its callback arrives."""
        callback = self.server.write() | {"client_id": client}
        if told and self._spool is not None:
            segment = await self._spool.take(parse(orjson.dumps(callback)))
            await self.registry.segment(
                f"{self.server.app}/{self.server.stream}",
                f"{client}:{segment['name']}",
                segment,
                self.now(),
            )

    async def recordings(self) -> list[Recording]:
        """Return all, oldest first."""
        assert self.catalogue is not None
        page = await self.catalogue.page(Query(limit=200, order="asc"))
        return list(page.items)

    async def until(self, check: Callable[[list[Recording]], Any], what: str) -> list[Recording]:
        """Wait for the library to be so; return it."""
        end = asyncio.get_running_loop().time() + LIMIT_S
        while True:
            found = await self.recordings()
            if check(found):
                return found
            assert asyncio.get_running_loop().time() < end, (
                f"not within {LIMIT_S} s: {what}: {found}"
            )
            await asyncio.sleep(0.02)


@pytest.fixture
async def recorder(tmp_path: Path, redis: Redis, pieces: list[Path]) -> AsyncIterator[Recorder]:
    data = DataDir(tmp_path)
    for folder in (data.config, data.spool, data.record, data.library, data.html):
        folder.mkdir(parents=True)
    recorder = Recorder(data, redis, FakeServer(data.html, pieces))
    recorder.save_rules()
    recorder.start_hooks()
    yield recorder
    await recorder.stop()
    recorder.stop_hooks()
