"""Deciding and reconciling, with a scripted nginx and a scripted control plane."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path

import orjson
import pytest

from streamstead.core.rtmp.chunk import Message
from streamstead.engine.boot import Boot
from streamstead.engine.clients import ClientTable, Phase
from streamstead.engine.control import Control
from streamstead.engine.dvr import Dvr
from streamstead.engine.events import Events
from streamstead.engine.fields import Notify
from streamstead.engine.flv_gateway import FlvGateway
from streamstead.engine.flv_viewer import FlvViewer
from streamstead.engine.gate import Gate
from streamstead.engine.hls_watch import HlsWatch
from streamstead.engine.hooks_client import HooksClient
from streamstead.engine.http_client import Reply
from streamstead.engine.http_head import Head, Refusal
from streamstead.engine.journal import Journal
from streamstead.engine.lifecycle import Lifecycle
from streamstead.engine.monitor import MISSES, Monitor
from streamstead.engine.stat import BadStat, Stat, StatClient, StatStream, StatVideo

PUBLISH, PLAY = "publish", "play"


def call(cid: int, kind: str = PUBLISH, name: str = "s", param: str = "") -> Notify:
    return Notify(kind, cid, "live", name, "192.0.2.1", "rtmp://h/live", "", "", param)


class ScriptedControl(Control):
    """nginx as the test says it is: ``clients`` are (stream, cid, publishing)."""

    def __init__(self) -> None:
        self.pid = 7
        self.clients: list[tuple[str, int, bool]] = []
        self.codec = "H264"
        self.dropped: list[int] = []
        self.broken = False

    async def stat(self) -> Stat:
        if self.broken:
            raise BadStat("broken")
        names = sorted({name for name, _, _ in self.clients})
        return Stat(self.pid, 1, 0, 0, tuple(self._stream(name) for name in names))

    def _stream(self, name: str) -> StatStream:
        mine = [StatClient(c, "192.0.2.1", p) for n, c, p in self.clients if n == name]
        video = StatVideo(self.codec, "", "", 1, 1)
        return StatStream("live", name, 1 << 20, 0, tuple(mine), video, None)

    async def drop(self, app: str, cid: int) -> bool:
        self.dropped.append(cid)
        return True


class Stage:
    def __init__(self, root: Path) -> None:
        self.told: list[tuple[str, str]] = []
        self.allow: Callable[[str], bool] = lambda action: True
        self.hang_at = ""
        self.reached = asyncio.Event()
        boot = Boot("vid-1", "n", "c", "1nternal", boot_id="b")
        self.journal = Journal(root / "journal")
        self.table = ClientTable(boot, self.journal)
        self.hooks = HooksClient(self.post, "h", boot)
        (root / "live").mkdir()
        hls = HlsWatch(root, ["live"], self.table, self.hooks, self.journal)
        self.events = Events()
        dvr = Dvr(root / "dvr", self.hooks, self.events, on=False)
        self.lifecycle = Lifecycle(self.table, self.hooks, hls, dvr)
        self.control = ScriptedControl()
        self.monitor = Monitor(self.control, self.table, self.lifecycle, self.events)
        self.gate = Gate(boot, ["live"], self.table, self.hooks, self.lifecycle, self.monitor.check)

    async def post(self, target: str, body: bytes, timeout_s: float) -> Reply:
        found = orjson.loads(body)
        self.told.append((found["action"], found["client_id"]))
        if found["action"] == self.hang_at:
            self.reached.set()
            await asyncio.sleep(30)
        return Reply(200, b'{"code":0}' if self.allow(found["action"]) else b'{"code":1}')

    async def enter(self, notify: Notify) -> bool:
        """Ask the gate, and let nginx show the client when it is let in."""
        allowed = await self.gate.handle(notify)
        if allowed:
            self.control.clients.append((notify.name, notify.cid, notify.call == PUBLISH))
        return allowed

    async def look(self, times: int = 1) -> None:
        for _ in range(times):
            await self.monitor.check()
        await self.hooks.drain(30)

    def of(self, cid: int) -> list[str]:
        return [action for action, who in self.told if who == f"b-{cid}"]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    found = Stage(tmp_path)
    yield found
    found.journal.close()


async def test_a_publisher_comes_and_goes(stage: Stage) -> None:
    assert await stage.enter(call(1))
    assert await stage.gate.handle(call(1, "publish_done"))
    assert await stage.gate.handle(call(1, "publish_done"))  # said twice, told once
    await stage.hooks.drain(30)
    assert stage.of(1) == ["on_connect", "on_publish", "on_unpublish", "on_close"]


async def test_one_that_is_refused_at_connect_is_asked_no_further(stage: Stage) -> None:
    stage.allow = lambda action: action != "on_connect"
    assert not await stage.enter(call(1))
    await stage.hooks.drain(30)
    assert stage.of(1) == ["on_connect"]
    assert stage.table.settled() == []


async def test_when_nginx_hangs_up_during_the_question_it_is_undone(stage: Stage) -> None:
    stage.hang_at = "on_publish"
    task = asyncio.create_task(stage.gate.handle(call(1)))
    await asyncio.wait_for(stage.reached.wait(), 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await stage.hooks.drain(30)
    assert stage.of(1) == ["on_connect", "on_publish", "on_unpublish", "on_close"]
    assert list(stage.table) == []


async def test_the_done_of_a_refused_duplicate_does_not_end_the_first(stage: Stage) -> None:
    await stage.enter(call(1))
    assert await stage.gate.handle(call(2))
    second = stage.table.by_cid(2)
    assert second is not None
    assert second.phase is Phase.DUPLICATE
    await stage.gate.handle(call(2, "publish_done"))
    await stage.hooks.drain(30)
    assert stage.of(2) == ["on_connect", "on_publish", "on_close"]
    assert stage.of(1) == ["on_connect", "on_publish"]
    publisher = stage.table.publisher("live", "s")
    assert publisher is not None
    assert publisher.cid == 1


async def test_a_duplicate_that_nginx_let_in_after_all_becomes_the_publisher(stage: Stage) -> None:
    await stage.enter(call(1))
    await stage.gate.handle(call(2))
    await stage.gate.handle(call(1, "publish_done"))
    stage.control.clients = [("s", 2, True)]
    await stage.look()
    publisher = stage.table.publisher("live", "s")
    assert publisher is not None
    assert publisher.cid == 2
    await stage.gate.handle(call(2, "publish_done"))
    await stage.hooks.drain(30)
    assert stage.of(2) == ["on_connect", "on_publish", "on_unpublish", "on_close"]


async def test_a_client_that_nginx_does_not_show_is_ended_after_some_looks(stage: Stage) -> None:
    await stage.enter(call(1))
    await stage.enter(call(2, PLAY))
    stage.control.clients = []
    await stage.look(MISSES - 1)
    assert len(stage.table.settled()) == 2
    await stage.look()
    assert stage.of(1)[-2:] == ["on_unpublish", "on_close"]
    assert stage.of(2)[-2:] == ["on_stop", "on_close"]


async def test_one_good_look_forgives_the_misses(stage: Stage) -> None:
    await stage.enter(call(1))
    shown = stage.control.clients
    for _ in range(3):
        stage.control.clients = []
        await stage.look(MISSES - 1)
        stage.control.clients = shown
        await stage.look()
    assert len(stage.table.settled()) == 1


async def test_statistics_that_fail_end_nobody(stage: Stage) -> None:
    await stage.enter(call(1))
    stage.control.broken = True
    await stage.look(MISSES + 2)
    assert len(stage.table.settled()) == 1
    assert stage.monitor.stat is None


async def test_a_new_worker_means_the_end_of_everyone_at_once(stage: Stage) -> None:
    await stage.enter(call(1))
    await asyncio.sleep(0.002)  # let in before the look, in whole milliseconds
    await stage.look()
    stage.control.pid, stage.control.clients = 8, []
    await stage.look()
    assert stage.of(1)[-2:] == ["on_unpublish", "on_close"]
    assert [e.key for e in stage.events.newest_first()] == ["worker_restarted"]


async def test_who_was_never_let_in_is_cut(stage: Stage) -> None:
    stage.control.clients = [("s", 99, True)]
    await stage.look(MISSES - 1)
    assert stage.control.dropped == []
    await stage.look()
    assert stage.control.dropped == [99]


async def test_an_unsupported_codec_is_cut_only_after_its_time_and_told_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.control.codec = "Jpeg"
    await stage.enter(call(1))
    await stage.look()
    assert stage.control.dropped == []
    client = stage.table.by_cid(1)
    assert client is not None
    client.since_ms -= 6000
    await stage.look(2)
    assert stage.control.dropped == [1, 1]
    assert [e.key for e in stage.events.newest_first()] == ["unsupported_codec"]


async def test_our_own_pull_is_let_in_unasked_and_never_announced(stage: Stage) -> None:
    assert await stage.enter(call(5, PLAY, param="?internal=1nternal"))
    assert not await stage.enter(call(6, PLAY, param="?internal=guess"))
    await stage.gate.handle(call(5, "play_done"))
    await stage.hooks.drain(30)
    assert stage.told == []


async def test_flv_viewers_have_a_limit_and_their_own_answer_beyond_it(stage: Stage) -> None:
    def no_pull(app: str, stream: str) -> AsyncGenerator[Message, None]:
        raise AssertionError("nobody may be pulled for")

    gateway = FlvGateway(stage.table, stage.hooks, stage.lifecycle.end, no_pull, max_viewers=0)
    await stage.enter(call(1))
    asked = len(stage.told)
    with pytest.raises(Refusal) as found:
        await gateway.admit(FlvViewer(gateway), Head("GET", "/live/s.flv"), "192.0.2.1")
    assert found.value.status == 503
    assert b"too_many_viewers" in found.value.encode()
    assert len(stage.told) == asked


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".x", "a b"])
async def test_a_bad_name_is_refused_unasked(stage: Stage, name: str) -> None:
    for kind in (PUBLISH, PLAY):
        assert not await stage.enter(call(1, kind, name))
    assert stage.told == []
