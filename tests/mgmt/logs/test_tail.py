"""Following the logs, as pages do."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from streamstead.core.errors import RateLimited
from streamstead.core.paths import DataDir
from streamstead.mgmt.logs import tail
from streamstead.mgmt.logs.line import Line
from streamstead.mgmt.logs.query import Wanted
from streamstead.mgmt.logs.tail import LiveLogs
from streamstead.mgmt.runtime.logfile import rotate

Batch = tuple[list[Line], int]


async def _next(follow: AsyncIterator[Batch]) -> Batch:
    async with asyncio.timeout(60):
        return await anext(follow)


def _append(data: DataDir, name: str, *lines: str) -> None:
    with (data.logs / name).open("a") as file:
        file.writelines(f"{line}\n" for line in lines)


async def _begin(
    live: LiveLogs, wanted: Wanted
) -> tuple[AsyncIterator[Batch], asyncio.Task[Batch]]:
    follow = live.follow(wanted)
    first = asyncio.create_task(_next(follow))
    await asyncio.sleep(0)
    return follow, first


async def test_what_is_written_arrives_and_survives_rotation(data: DataDir) -> None:
    live = LiveLogs(data)
    follow, first = await _begin(live, Wanted())
    _append(data, "redis.log", "7:M 21 Nov 2026 18:01:02.500 # one")
    lines, skipped = await first
    assert [(line.service, line.level, line.text) for line in lines] == [
        ("redis", "warning", "one")
    ]
    assert skipped == 0
    assert rotate(data.logs / "redis.log", max_bytes=10)
    _append(data, "redis.log", "two")
    assert [line.text for line in (await _next(follow))[0]] == ["two"]
    (data.logs / "mgmt.log").rename(data.logs / "mgmt.log.1")
    _append(data, "mgmt.log", "three")
    assert [line.text for line in (await _next(follow))[0]] == ["three"]
    await follow.aclose()  # type: ignore[attr-defined]


async def test_only_lines_that_are_wanted_arrive(data: DataDir) -> None:
    live = LiveLogs(data)
    follow, first = await _begin(live, Wanted.of(["redis"], "warning", "low"))
    _append(data, "hooks.log", "low")
    _append(data, "redis.log", "7:M 21 Nov 2026 18:01:02.500 * low", "low")
    _append(data, "redis.log", "7:M 21 Nov 2026 18:01:02.500 # Low on room")
    assert [line.text for line in (await first)[0]] == ["Low on room"]
    await follow.aclose()  # type: ignore[attr-defined]


async def test_a_slow_viewer_loses_the_oldest_and_is_told(
    data: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "MAX_WAITING", 5)
    viewer = tail._Viewer(Wanted())
    viewer.waiting = tail.deque(maxlen=5)
    viewer.take([Line(1, "a", "info", str(number)) for number in range(9)])
    assert [line.text for line in viewer.waiting] == ["4", "5", "6", "7", "8"]
    assert viewer.skipped == 4


async def test_only_so_many_may_look_and_nothing_is_read_for_nobody(
    data: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "MAX_VIEWERS", 1)
    live = LiveLogs(data)
    follow, first = await _begin(live, Wanted())
    with pytest.raises(RateLimited):
        await anext(live.follow(Wanted()))
    _append(data, "hooks.log", "x")
    await first
    await follow.aclose()  # type: ignore[attr-defined]
    assert live._reader is None
    follow, first = await _begin(live, Wanted())
    _append(data, "hooks.log", "again")
    assert [line.text for line in (await first)[0]] == ["again"]
    await follow.aclose()  # type: ignore[attr-defined]
