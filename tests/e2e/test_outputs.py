"""Outputs of a whole house to real servers: live at once, and not to be disturbed by anything."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ..conftest import wait_until
from ..ffmpeg_forward.sinks import RtmpSink, rtmp_sink
from .house import Api, House, _command_lines, in_time, publishing, random_name

SECRET = "very-secret-key"


class Outputs:
    """Some outputs of one stream to one sink, each with a key of its own."""

    def __init__(self, house: House, api: Api, sink: RtmpSink, stream: str, count: int) -> None:
        self.house, self.api, self.sink, self.stream = house, api, sink, stream
        self.keys = [f"{SECRET}-{stream}-{n}" for n in range(count)]
        self.ids = [str(self._make(key)["id"]) for key in self.keys]

    def _make(self, key: str) -> dict[str, Any]:
        made: dict[str, Any] = self.api.call(
            "/ffmpeg/outputs/create",
            platform="custom",
            server=f"rtmp://127.0.0.1:{self.sink.port}/live",
            key=key,
            source={"kind": "stream", "app": "live", "stream": self.stream},
            enabled=True,
        )
        return made

    def shown(self) -> list[dict[str, Any]]:
        found = self.api.call("/ffmpeg/outputs/list")["outputs"]
        return [one for one in found if one["id"] in self.ids]

    def states(self) -> set[str]:
        return {one["state"] for one in self.shown()}

    def live(self) -> bool:
        return self.states() == {"live"}

    def sessions(self) -> int:
        """How many publishers the sink has let in."""
        return sum(len(self.sink.sessions(key)) for key in self.keys)

    def open_sessions(self) -> int:
        found = [one for key in self.keys for one in self.sink.sessions(key)]
        return sum(one.ended_s is None for one in found)

    def accepted(self) -> list[int]:
        return [one["accepted_at_ms"] or 0 for one in self.shown()]

    def remove(self) -> None:
        for id_ in self.ids:
            self.api.call("/ffmpeg/outputs/remove", id=id_)


@pytest.fixture
def house(first_house: House) -> House:
    return first_house


@pytest.fixture(scope="module")
def sink() -> Iterator[RtmpSink]:
    with rtmp_sink() as found:
        yield found


@pytest.fixture
def outputs(house: House, api: Api, sink: RtmpSink) -> Iterator[Outputs]:
    made = Outputs(house, api, sink, random_name(), 3)
    yield made
    made.remove()


def relay_pids(house: House) -> list[int]:
    """Return the relay processes of this house."""
    found = _command_lines().items()
    return [
        pid
        for pid, argv in found
        if argv[-1] == str(house.data) and any(word.endswith(".relay") for word in argv)
    ]


def until_all_right(house: House, gone: int) -> None:
    def check() -> bool:
        one = house.services()["ffmpeg_forward"]
        return bool(one["state"] == "running" and one["pid"] != gone)

    wait_until(in_time(check), "ffmpeg_forward is back")


def took(what: str, begun: float) -> None:
    print(f"{what}: {time.monotonic() - begun:.2f} s")


def grown(outputs: Outputs) -> Callable[[], bool]:
    """Return a check that every output was accepted something after this moment."""
    before = outputs.accepted()
    return in_time(lambda: all(a > b for a, b in zip(outputs.accepted(), before, strict=True)))


# httpcore leaves the socket of a refused unix connection to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_outputs_outlive_everything_but_their_stream(house: House, outputs: Outputs) -> None:
    api, sink = outputs.api, outputs.sink
    assert outputs.states() == {"waiting"}
    with publishing(f"{house.rtmp}/{outputs.stream}?secret={api.secret()}"):
        wait_until(lambda: f"live/{outputs.stream}" in api.streams(), "the stream is listed")
        begun = time.monotonic()
        wait_until(outputs.live, "all three are live")
        took("published -> three outputs live", begun)
        assert outputs.sessions() == 3
        assert {one["media"]["video_codec"] for one in outputs.shown()} == {"avc"}
        [relay] = relay_pids(house)

        # One more while live touches no other.
        late = Outputs(house, api, sink, outputs.stream, 0)
        late.keys = [f"{SECRET}-late"]
        begun = time.monotonic()
        late.ids = [str(late._make(late.keys[0])["id"])]
        wait_until(lambda: late.sessions() == 1, "the fourth publishes")
        took("output added -> publishing", begun)
        wait_until(late.live, "the fourth is live")
        late.remove()
        wait_until(lambda: late.open_sessions() == 0, "the fourth has ended")
        assert (outputs.sessions(), outputs.open_sessions()) == (3, 3)

        # kill -9 of the service, and a restart as an upgrade does it: nobody notices.
        for number in (signal.SIGKILL, signal.SIGTERM):
            pid = int(house.services()["ffmpeg_forward"]["pid"])
            os.kill(pid, number)
            until_all_right(house, pid)
            wait_until(in_time(outputs.live), "all are live again")
            wait_until(grown(outputs), "all go on")
            assert relay_pids(house) == [relay]
            assert (outputs.sessions(), outputs.open_sessions()) == (3, 3)

        # kill -9 of the relay: another one, and one more session each.
        os.kill(relay, signal.SIGKILL)
        begun = time.monotonic()
        wait_until(lambda: outputs.sessions() == 6, "all publish again")
        wait_until(in_time(outputs.live), "all are live again")
        took("relay killed -> three outputs live", begun)
        assert len(relay_pids(house)) == 1
    begun = time.monotonic()
    wait_until(lambda: outputs.open_sessions() == 0, "the sink has lost all publishers")
    took("source ended -> outputs ended", begun)
    wait_until(lambda: outputs.states() == {"waiting"}, "all wait for the next show")
    wait_until(lambda: relay_pids(house) == [], "no relay is left")
    assert outputs.sessions() == 6


def test_the_keys_are_nowhere_to_be_read(house: House, outputs: Outputs) -> None:
    api, sink = outputs.api, outputs.sink
    sink.allow = lambda _: False
    try:
        with publishing(f"{house.rtmp}/{outputs.stream}?secret={api.secret()}"):
            wait_until(lambda: outputs.states() == {"retrying"}, "all are refused")
            shown = outputs.shown()
            assert {one["problem"]["key"] for one in shown} == {"output_wrong_key"}
            lines = [api.call("/ffmpeg/outputs/log", id=id_)["lines"] for id_ in outputs.ids]
            argv = list(_command_lines().values())
            compat = [api.call("/ffmpeg/forward/secret"), api.call("/ffmpeg/forward/streams")]
            assert all(lines)
            assert SECRET not in str([shown, lines, argv, compat])
    finally:
        sink.allow = lambda _: True
    found = [path for path in house.data.rglob("*") if path.is_file() and not path.is_symlink()]
    told = [path for path in found if "releases" not in path.parts]
    assert any(path.parent.name == "logs" for path in told)
    assert [str(path) for path in told if SECRET.encode() in path.read_bytes()] == []
