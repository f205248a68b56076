"""Whatever a server says: bounded memory, a clear problem, and no exception."""

import asyncio
import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamstead.core.rtmp import amf, chunk
from streamstead.core.rtmp.chunk import ChunkReader, Message
from streamstead.ffmpeg_forward.relay import rtmp_publish
from streamstead.ffmpeg_forward.relay.limits import Limits
from streamstead.ffmpeg_forward.relay.problems import PublishFailed, Step
from streamstead.ffmpeg_forward.relay.rtmp_address import RtmpAddress
from streamstead.ffmpeg_forward.relay.rtmp_publish import RtmpPublisher

HELLO = b"\x03" + bytes(2 * 1536)
MAX_KEPT = 2 << 20
ADDRESS = RtmpAddress.of("rtmp://server.example/live/very-secret")


class Wire(asyncio.Transport):
    """A transport that goes nowhere and keeps what was written."""

    def __init__(self, protocol: RtmpPublisher) -> None:
        super().__init__()
        self.written = bytearray()
        self._protocol = protocol
        self._closing = False

    def write(self, data: object) -> None:
        self.written += cast(bytes, data)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        return

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)

    abort = close


async def converse(answers: Iterable[bytes]) -> tuple[RtmpPublisher, Wire, str]:
    """Let a publisher begin while the server says this; return how it ended, "" for well."""
    publisher = RtmpPublisher(ADDRESS)
    wire = Wire(publisher)
    publisher.connection_made(wire)
    steps: list[Step] = []
    start = asyncio.create_task(publisher.start(None, steps.append, Limits()))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    for answer in answers:
        publisher.data_received(answer)
        assert kept(publisher) <= MAX_KEPT + len(answer)
        await asyncio.sleep(0)
    for _ in range(3):
        await asyncio.sleep(0)
    if not start.done():
        publisher.connection_lost(None)
    with suppress(PublishFailed):
        await start
    if not publisher.closed.done():
        return publisher, wire, ""
    problem = publisher.closed.result()
    assert "very-secret" not in repr(problem)
    return publisher, wire, problem.key


def kept(publisher: RtmpPublisher) -> int:
    """Return how much of what a server said is in memory."""
    reader = publisher._reader
    bodies = sum(len(one.body) for one in reader._channels.values())
    return len(reader._buffer) + bodies + len(publisher._hello or b"")


def spoken(kind: int, payload: bytes, channel: int = 3) -> bytes:
    return chunk.encode(Message(kind, 0, payload), channel)


def command(*values: amf.AmfValue) -> bytes:
    return spoken(chunk.COMMAND, amf.encode(*values))


GOOD = (
    HELLO,
    command("_result", 1, {"fmsVer": "x"}, {"code": "NetConnection.Connect.Success"}),
    command("_error", 2, None, {"code": "NetConnection.Call.Failed", "level": "error"}),
    command("_result", 4, None, 7),
    command("onStatus", 0, None, {"level": "status", "code": "NetStream.Publish.Start"}),
)


def status(code: str, description: str = "") -> bytes:
    about = {"level": "error", "code": code, "description": description}
    return command("onStatus", 0, None, about)


async def test_a_usual_server_is_understood_and_pings_are_answered() -> None:
    ping = spoken(chunk.USER_CONTROL, struct.pack(">HI", 6, 4711), 2)
    window = spoken(chunk.WINDOW_ACK, struct.pack(">I", 64), 2)
    _, wire, how = await converse([*GOOD, ping, window, ping * 4])
    assert how == ""
    said = list(messages(bytes(wire.written)))
    names = [amf.decode(one.payload)[0] for one in said if one.kind == chunk.COMMAND]
    assert names == ["connect", "releaseStream", "FCPublish", "createStream", "publish"]
    published = next(one for one in said if b"publish" in one.payload[:12] and one.stream_id)
    assert published.stream_id == 7
    assert amf.decode(published.payload)[3:] == ["very-secret", "live"]
    pongs = [one.payload for one in said if one.kind == chunk.USER_CONTROL]
    assert pongs == [struct.pack(">HI", 7, 4711)] * 5
    assert [one.kind for one in said].count(chunk.ACK) >= 1


def messages(data: bytes) -> Iterator[Message]:
    assert data[:1] == b"\x03"
    yield from ChunkReader().feed(data[1 + 2 * 1536 :])


async def test_each_way_to_say_no_has_its_meaning() -> None:
    said = {
        status("NetStream.Publish.BadName", "Already publishing"): "output_busy",
        status(
            "NetStream.Publish.BadName", "very-secret is unknown".replace("very-secret", "it")
        ): ("output_wrong_key"),
        status("NetStream.Publish.Denied"): "output_wrong_key",
        status("NetStream.Publish.Rejected", "codec not supported"): "output_codec",
        status("NetStream.Authenticate.UsherFailed"): "output_wrong_key",
        status("NetStream.Failed", "odd"): "output_refused",
    }
    for answer, key in said.items():
        _, _, how = await converse([*GOOD[:4], answer])
        assert how == key
    rejected = {"level": "error", "code": "NetConnection.Connect.Rejected"}
    _, _, how = await converse([HELLO, command("_error", 1, None, rejected)])
    assert how == "output_refused"
    wants = rejected | {"description": "[ AccessManager.Reject ] : [ authmod=adobe ]"}
    publisher, _, how = await converse([HELLO, command("_error", 1, None, wants)])
    assert how == "output_refused"
    assert "user and a password" in publisher.closed.result().message


async def test_hanging_up_means_what_it_came_after() -> None:
    assert (await converse([]))[2] == "output_not_rtmp"
    assert (await converse([HELLO]))[2] == "output_refused"
    assert (await converse(GOOD[:2]))[2] == "output_wrong_key"
    assert (await converse(GOOD[:4]))[2] == "output_wrong_key"


async def test_a_server_may_end_it_later_with_a_reason() -> None:
    _, _, how = await converse([*GOOD, status("NetStream.Publish.Denied", "the event is over")])
    assert how == "output_wrong_key"
    _, _, how = await converse([*GOOD, command("close", 0, None)])
    assert how == "output_closed"


async def test_one_that_never_stops_talking_is_left() -> None:
    ping = spoken(chunk.USER_CONTROL, struct.pack(">HI", 6, 1), 2)
    many = ping * 4000
    count = rtmp_publish.MAX_SAID_BYTES // len(many) + 1
    publisher, wire, how = await converse([*GOOD, *[many] * count])
    assert how == "output_not_rtmp"
    written = len(wire.written)
    publisher.data_received(many)
    assert len(wire.written) == written


async def test_huge_messages_and_many_unfinished_ones_are_refused() -> None:
    huge = bytes([3, 0, 0, 0]) + (5 << 20).to_bytes(3, "big") + bytes([20, 0, 0, 0, 0])
    assert (await converse([HELLO, huge]))[2] == "output_not_rtmp"
    begun = [
        bytes([cid, 0, 0, 0]) + (60_000).to_bytes(3, "big") + bytes([20, 0, 0, 0, 0]) + bytes(128)
        for cid in range(3, 63)
    ]
    assert (await converse([HELLO, *begun]))[2] == "output_not_rtmp"


@pytest.mark.parametrize("before", ["", "x" * 150])
async def test_a_key_that_a_server_quotes_is_not_shown(before: str) -> None:
    away = f"{before} {ADDRESS.key} is not known"
    for last in (
        status("NetStream.Publish.BadName", away),
        command("_error", 1, None, {"code": "x", "description": away}),
        command("close", 0, None, {"code": "x", "description": away}),
    ):
        publisher, _, _ = await converse([*GOOD[:1], last])
        message = publisher.closed.result().message
        assert "***" in message
        assert "very" not in message


async def test_words_of_a_server_are_shown_as_one_short_line() -> None:
    words = "no\r\n\x1b[31m" + "x" * 5000
    publisher, _, _ = await converse([*GOOD[:4], status("NetStream.Publish.Denied", words)])
    message = publisher.closed.result().message
    assert message.isprintable()
    assert len(message) < 300


_AMF = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
_NAMES = st.sampled_from(["_result", "_error", "onStatus", "onFCPublish", "close", "onBWDone", ""])
_COMMANDS = st.builds(
    lambda name, number, rest: command(name, number, *rest),
    _NAMES,
    st.integers(0, 6),
    st.lists(_AMF, max_size=3),
)
_MESSAGES = st.builds(spoken, st.integers(0, 255), st.binary(max_size=600), st.integers(2, 63))
_SAID = st.lists(_COMMANDS | _MESSAGES | st.binary(max_size=300), max_size=12)


@settings(max_examples=100)
@given(good=st.integers(0, len(GOOD)), said=_SAID)
def test_anything_at_all(good: int, said: list[bytes]) -> None:
    publisher, wire, how = asyncio.run(converse([*GOOD[:good], *said]))
    assert how == "" or how.startswith("output_")
    assert len(wire.written) < 100_000
    if how:
        assert publisher.closed.result().message
