"""A test push: how far it comes with good and with bad servers."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from streamstead.core.errors import RateLimited
from streamstead.core.rtmp.chunk import Message
from streamstead.ffmpeg_forward.outputs import trial
from streamstead.ffmpeg_forward.outputs.address import Address
from streamstead.ffmpeg_forward.outputs.models import OutputTest
from streamstead.ffmpeg_forward.outputs.test_picture import TestPicture as Picture
from streamstead.ffmpeg_forward.outputs.trial import MAX_TRIALS, Trials, TrialTarget, run_trial
from streamstead.ffmpeg_forward.relay.config import Sender
from streamstead.ffmpeg_forward.relay.connection import SentSoFar
from streamstead.ffmpeg_forward.relay.problems import Problem

from ...conftest import free_port, need
from ..sinks import RtmpSink, rtmp_sink, srt_sink

KEY = "some-secret-key-4711"


@pytest.fixture(scope="module")
def picture_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need("ffmpeg")
    return tmp_path_factory.mktemp("picture") / "test-picture.flv"


@pytest.fixture
def trials(picture_file: Path) -> Trials:
    return Trials(Picture(picture_file, seconds=2))


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a good server, too, may take nothing for a while."""
    monkeypatch.setattr(trial, "SETTLE_S", 60.0)


@pytest.fixture(scope="module")
def sink() -> Iterator[RtmpSink]:
    with rtmp_sink() as found:
        yield found


def target(server: str, key: str = KEY, **more: Any) -> TrialTarget:
    return TrialTarget(Address.of(server, key), Sender.NATIVE, True, 1935, **more)


def steps(found: OutputTest) -> dict[str, bool | None]:
    return {one.name: one.ok for one in found.steps}


def fault(found: OutputTest) -> str:
    problems = [one.problem for one in found.steps if one.problem is not None]
    assert len(problems) == 1
    assert problems[0].message
    assert KEY not in found.model_dump_json()
    return problems[0].key


@pytest.mark.usefixtures("patient")
async def test_a_good_server_takes_all_of_it(trials: Trials, sink: RtmpSink) -> None:
    sink.allow = lambda _: True
    found = await run_trial(trials, target(f"rtmp://127.0.0.1:{sink.port}/live"))
    assert found.ok, found
    assert steps(found) == {
        "dns": True,
        "connect": True,
        "tls": None,
        "handshake": True,
        "publish": True,
        "media": True,
        "accepted": True,
    }
    # The last of it may still be on its way.
    assert found.acked_bytes > 100_000
    assert found.sent_bytes > 100_000
    assert found.kbps > 0
    assert [one.stream for one in sink.sessions(KEY)] == [KEY]


async def test_a_wrong_key_is_named_at_its_step(trials: Trials, sink: RtmpSink) -> None:
    sink.allow = lambda _: False
    found = await run_trial(trials, target(f"rtmp://127.0.0.1:{sink.port}/live"))
    assert not found.ok
    assert fault(found) == "output_wrong_key"
    assert (steps(found)["connect"], steps(found)["accepted"]) == (True, None)


async def test_a_port_where_nobody_listens_is_named_at_its_step(trials: Trials) -> None:
    found = await run_trial(trials, target(f"rtmp://127.0.0.1:{free_port()}/live"))
    assert fault(found) == "output_refused"
    assert (steps(found)["dns"], steps(found)["connect"]) == (True, False)
    assert steps(found)["handshake"] is None


@pytest.fixture
async def odd() -> AsyncIterator[int]:
    """A server of another protocol; yields its port."""

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"SSH-2.0-x\r\n")
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def test_a_server_that_is_no_rtmp_server_is_named(trials: Trials, odd: int) -> None:
    found = await run_trial(trials, target(f"rtmp://127.0.0.1:{odd}/live"))
    assert fault(found) == "output_not_rtmp"
    assert steps(found)["handshake"] is False


async def test_a_server_without_tls_is_named_at_its_step(trials: Trials, odd: int) -> None:
    found = await run_trial(trials, target(f"rtmps://127.0.0.1:{odd}/live"))
    assert fault(found) == "output_tls"
    assert (steps(found)["connect"], steps(found)["tls"]) == (True, False)
    assert steps(found)["handshake"] is None


@pytest.fixture
async def silent() -> AsyncIterator[int]:
    """A server that takes connections and says nothing; yields its port."""
    held: list[asyncio.StreamWriter] = []

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    for writer in held:
        writer.close()
    await server.wait_closed()


async def test_no_more_than_two_at_once_and_a_place_is_free_again_afterwards(
    trials: Trials, silent: int
) -> None:
    place = target(f"rtmp://127.0.0.1:{silent}/live")
    async with AsyncExitStack() as stack:
        running = [asyncio.create_task(run_trial(trials, place)) for _ in range(MAX_TRIALS)]
        for task in running:
            stack.callback(task.cancel)
        async with asyncio.timeout(30):
            while not trials.limit.locked():  # noqa: ASYNC110 - looked at, not announced
                await asyncio.sleep(0.01)
        with pytest.raises(RateLimited):
            await run_trial(trials, place)
    await asyncio.wait(running)
    assert not trials.limit.locked()


@pytest.mark.usefixtures("patient")
async def test_srt_is_tried_out_too(trials: Trials) -> None:
    with srt_sink("correct-horse") as (port, _):
        more = "passphrase=correct-horse&pbkeylen=16"
        found = await run_trial(trials, target(f"srt://127.0.0.1:{port}", more))
        assert found.ok, found
        assert found.acked_bytes > 20_000
        assert (steps(found)["tls"], steps(found)["accepted"]) == (None, True)
    found = await run_trial(trials, target(f"srt://127.0.0.1:{port}"))
    assert fault(found) == "output_srt"
    assert (steps(found)["connect"], steps(found)["media"]) == (False, None)


class Sparing:
    """Says what has arrived when it is given more, as FFmpeg does; it got the picture at once."""

    def __init__(self) -> None:
        self.closed: asyncio.Future[Problem] = asyncio.get_running_loop().create_future()
        self.writable = True
        self.on_writable = lambda: None
        self.times: list[int] = []
        self._told = 0

    def send(self, message: Message, timestamp: int) -> None:
        if self.times and timestamp > 2100:
            self._told = 1_000_000
        self.times.append(timestamp)

    def progress(self) -> SentSoFar:
        return SentSoFar(self._told, True)

    async def close(self) -> None:
        return

    def abandon(self) -> None:
        return


async def test_the_picture_goes_on_until_it_is_told_that_it_has_arrived(
    trials: Trials, monkeypatch: pytest.MonkeyPatch
) -> None:
    sparing = Sparing()

    async def opened(*_: Any, **__: Any) -> Sparing:
        return sparing

    monkeypatch.setattr(trial, "open_connection", opened)
    found = await run_trial(trials, target("srt://127.0.0.1:1"))
    assert found.acked_bytes == 1_000_000
    assert 2100 < sparing.times[-1] < 6000
    assert sparing.times == sorted(sparing.times)


@pytest.fixture
def cut(picture_file: Path) -> Callable[[], None]:
    """Leave only the begin of the kept picture."""
    return lambda: os.truncate(picture_file, 20_000)


async def test_a_broken_picture_is_made_again(trials: Trials, cut: Callable[[], None]) -> None:
    whole = await trials.picture.messages()
    cut()
    again = await trials.picture.messages()
    assert len(again) == len(whole)
    assert [one.timestamp for one in again] == sorted(one.timestamp for one in again)
