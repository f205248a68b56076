"""What a destination does when its server or the way there fails; and others do not feel it."""

import asyncio
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from streamstead.core.rtmp.chunk import VIDEO, Message
from streamstead.ffmpeg_forward.relay.backlog import MAX_BYTES
from streamstead.ffmpeg_forward.relay.connection import State
from streamstead.ffmpeg_forward.relay.hub import Hub
from streamstead.ffmpeg_forward.relay.limits import Limits

from ...conftest import free_port, need
from ..bad_links import BadLink, bad_link
from ..conftest import until
from ..sinks import RtmpSink, rtmp_sink
from .conftest import QUICK, STEADY, Show, Soon, running, sent, until_problem, until_state

pytestmark = pytest.mark.integration


async def test_a_server_that_was_away_is_back_soon_and_was_not_stormed(
    sink: RtmpSink, show: Show
) -> None:
    backoff = Soon()
    with rtmp_sink() as other:
        async with (
            sent(show, sink.url("steady"), limits=STEADY) as steady,
            sent(
                show, other.url(), limits=replace(QUICK, early_s=0.1, fresh_s=5.0), backoff=backoff
            ) as it,
        ):
            await until_state(steady, State.LIVE)
            await until_state(it, State.LIVE)
            other.kill()
            await until(lambda: it.status().attempts >= 4)
            await until_problem_is(it, "output_refused")
            told = [str(line["text"]) for line in it.status().lines]
            assert any("ended the connection" in line or "broke" in line for line in told)
            other.start()
            tries = len(backoff.delays)
            await until_state(it, State.LIVE)
            # The first try that finds it succeeds; one may have been under way.
            assert len(backoff.delays) <= tries + 1
            assert it.status().problem is None
            assert it.status().attempts == 0
            assert it.status().restarts == 1
            assert steady.status().state is State.LIVE
            assert (steady.status().drops, steady.status().restarts) == (0, 0)
        assert len(other.sessions()) == 2
    assert len(sink.sessions("steady")) == 1
    # Each wait is twice the one before, give or take: four tries in a quarter of a minute.
    assert sum(backoff.delays[:4]) > 10


async def until_problem_is(it: object, key: str) -> None:
    await until(lambda: (p := it.status().problem) is not None and p.key == key)  # type: ignore[attr-defined]


async def test_one_that_stops_reading_stalls_alone_and_goes_on_in_the_same_session(
    sink: RtmpSink, show: Show
) -> None:
    limits = replace(QUICK, stuck_s=60.0)
    with bad_link(sink.port) as link:
        async with (
            sent(show, sink.url("beside"), limits=STEADY) as beside,
            sent(show, link.url("frozen"), limits=limits) as it,
        ):
            await until_state(it, State.LIVE)
            await until_state(beside, State.LIVE)
            link.freeze()
            await until_state(it, State.STALLED)
            problem = it.status().problem
            assert problem is not None
            assert problem.key == "output_timeout"
            assert beside.status().state is State.LIVE
            link.thaw()
            await until_state(it, State.LIVE)
            assert it.status().attempts == 0
            assert beside.status().drops == 0
            assert show.late_s < 5.0
    assert len(sink.sessions("frozen")) == len(sink.sessions("beside")) == 1


async def test_a_black_hole_is_left_after_a_while_and_tried_again(
    sink: RtmpSink, show: Show
) -> None:
    with bad_link(sink.port) as link:
        async with sent(show, link.url("hole"), limits=replace(QUICK, handshake_s=0.5)) as it:
            await until_state(it, State.LIVE)
            link.freeze()
            await until(lambda: it.status().attempts >= 2)
            await until_problem_is(it, "output_timeout")
            # The server is to learn that the first connection is dead: it holds the key.
            await until(lambda: link.is_closed(0))
            link.cut()
            link.thaw()
            await until_state(it, State.LIVE)
    assert len(sink.sessions("hole")) >= 2


async def test_a_slow_way_loses_whole_gops_and_nobody_else_does(
    sink: RtmpSink, show: Show, clip_file: Path
) -> None:
    with bad_link(sink.port) as link:
        async with (
            sent(show, sink.url("swift"), limits=STEADY) as swift,
            sent(show, link.url("slow"), limits=replace(QUICK, stuck_s=60.0)) as it,
        ):
            await until_state(it, State.LIVE)
            link.bytes_s = 30_000  # of the 100,000 that are needed
            await until(lambda: it.status().drops >= 2)
            await until_problem_is(it, "output_slow")
            assert it.status().state in (State.LIVE, State.STALLED)
            assert it._session is not None
            assert it._session.backlog._bytes <= MAX_BYTES
            link.bytes_s = 0
            await until(lambda: it._session is not None and not it._session.backlog.is_skipping)
            assert (swift.status().state, swift.status().drops) == (State.LIVE, 0)
            assert show.late_s < 5.0
    path = next(path for path in sink.recordings() if path.name.startswith("slow-"))
    argv = [need("ffmpeg"), "-v", "error", "-xerror", "-i", str(path), "-f", "null", "-"]
    done = await asyncio.to_thread(
        subprocess.run, argv, capture_output=True, text=True, timeout=60, check=False
    )
    # What arrived can be decoded without a fault: it never begins in the middle of a GOP.
    assert (done.returncode, done.stderr) == (0, "")


async def test_it_gives_up_after_so_many_tries_until_somebody_asks(
    sink: RtmpSink, show: Show
) -> None:
    port = free_port()
    async with sent(show, f"rtmp://127.0.0.1:{port}/live/x", give_up_after=2) as it:
        await until_state(it, State.FAILED)
        assert it.status().attempts == 2
        assert it.status().next_try_ms is None
        it.retry_now()
        assert it.status().attempts == 0
        await until_state(it, State.FAILED)
        assert it.status().attempts == 2


async def test_asking_again_does_not_wait_for_the_next_try(sink: RtmpSink, show: Show) -> None:
    class Late(Soon):
        def delay_s(self) -> float:
            return 3600.0

    sink.allow = lambda session: session.stream != "later"
    async with sent(show, sink.url("later"), backoff=Late()) as it:
        await until_problem(it, "output_wrong_key")
        sink.allow = lambda _: True
        it.retry_now()
        await until_state(it, State.LIVE)
        it.retry_now()  # no effect
        await asyncio.sleep(0)
        assert it.status().state is State.LIVE


async def test_a_show_that_ends_ends_the_session_and_the_next_one_begins_another(
    sink: RtmpSink, clip: list[Message]
) -> None:
    hub = Hub()
    first, second = Show(clip, hub), Show(clip, hub)
    async with sent(first, sink.url("shows")) as it:
        assert it.status().state is State.WAITING
        async with running(first.run()):
            await until_state(it, State.LIVE)
        hub.over()
        await until(lambda: sink.sessions("shows")[0].ended_s is not None)
        await until_state(it, State.WAITING)
        async with running(second.run()):
            await until_state(it, State.LIVE)
    assert len(sink.sessions("shows")) == 2


async def test_a_silent_show_is_no_fault_of_the_server(sink: RtmpSink, show: Show) -> None:
    with bad_link(sink.port) as link:
        async with sent(show, link.url("silent")) as it:
            await until_state(it, State.LIVE)
            show.pauses.set()
            await until_state(it, State.WAITING)
            assert it.status().problem is None
            assert len(sink.sessions("silent")) == 1
            link.cut()  # as servers do with publishers who send nothing
            await until(lambda: sink.sessions("silent")[0].ended_s is not None)
            assert it.status().state is State.WAITING
            assert it.status().attempts == 0
            show.pauses.clear()
            await until_state(it, State.LIVE)


async def test_a_show_that_ends_while_a_try_is_waited_for_does_not_hasten_it(
    clip: list[Message],
) -> None:
    class Late(Soon):
        def delay_s(self) -> float:
            self.delays.append(3600.0)
            return 3600.0

    hub, backoff = Hub(), Late()
    show = Show(clip, hub)
    url = f"rtmp://127.0.0.1:{free_port()}/live/x"
    async with sent(show, url, backoff=backoff) as it:
        for _ in range(3):
            async with running(show.run()):
                await until_problem(it, "output_refused")
            hub.over()
        assert len(backoff.delays) == 1
        assert it.status().state is State.RETRYING


async def test_ending_it_at_any_moment_leaves_nothing(sink: RtmpSink, show: Show) -> None:
    with bad_link() as hole:
        for link in (sink, hole):
            for wait_s in (0.0, 0.005, 0.02):
                assert isinstance(link, RtmpSink | BadLink)
                async with sent(show, link.url("brief"), limits=Limits()):
                    await asyncio.sleep(wait_s)
    await until(lambda: all(one.ended_s for one in sink.sessions("brief")))
    names = [task.get_coro().__qualname__ for task in asyncio.all_tasks()]  # type: ignore[union-attr]
    assert not [name for name in names if "Destination" in name or "close" in name]


async def test_it_connects_while_the_first_key_frame_is_still_waited_for(
    sink: RtmpSink, clip: list[Message]
) -> None:
    hub = Hub()
    show = Show(clip, hub)
    async with sent(show, sink.url("eager")) as it:
        hub.expect(clip[1])
        await until(lambda: bool(sink.sessions("eager")))
        assert it.status().state is State.CONNECTING
        async with running(show.run()):
            await until_state(it, State.LIVE)
    assert len(sink.sessions("eager")) == 1


async def test_a_server_that_hangs_up_on_an_unusual_codec_probably_does_not_take_it(
    sink: RtmpSink,
) -> None:
    hub = Hub()
    hub.expect(Message(VIDEO, 0, b"\x90hvc1" + bytes(30)))
    with bad_link(sink.port) as link:
        limits = replace(QUICK, early_s=60.0, fresh_s=60.0)
        async with sent(Show([], hub), link.url("odd"), limits=limits) as it:
            # The server lets it in a moment before the sender hears of that.
            await until(lambda: any("begins" in str(one["text"]) for one in it.status().lines))
            link.cut()
            await until_problem(it, "output_codec")
            problem = it.status().problem
            assert problem is not None
            assert "HEVC" in problem.message
