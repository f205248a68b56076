"""FLV from RTMP messages: headers first, a start at a key frame, and slow viewers."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from streamstead.core.rtmp import amf, chunk
from streamstead.core.rtmp.chunk import Message
from streamstead.engine import flv_hub, flv_viewer
from streamstead.engine.flv_gateway import FlvGateway
from streamstead.engine.flv_hub import Hub
from streamstead.engine.flv_tag import Tag, Tracks, announced_tracks, tag_of
from streamstead.engine.flv_viewer import MAX_BUFFER, FlvViewer

META = Message(chunk.DATA, 0, amf.encode("onMetaData", {"videocodecid": 7, "audiocodecid": 10}))
SOUND_META = Message(chunk.DATA, 0, amf.encode("onMetaData", {"audiocodecid": 10}))
VIDEO_HEADER = Message(chunk.VIDEO, 0, b"\x17\x00\0\0\0avcc")
AUDIO_HEADER = Message(chunk.AUDIO, 0, b"\xaf\x00\x12\x10")


def key(at: int) -> Message:
    return Message(chunk.VIDEO, at, b"\x17\x01\0\0\0key%d" % at)


def inter(at: int) -> Message:
    return Message(chunk.VIDEO, at, b"\x27\x01\0\0\0inter%d" % at)


def sound(at: int) -> Message:
    return Message(chunk.AUDIO, at, b"\xaf\x01sound%d" % at)


class Recorder:
    """A viewer that is always fast."""

    def __init__(self) -> None:
        self.tracks: Tracks | None = None
        self.tags: list[Tag] = []
        self.entries: list[bool] = []
        self.finished = False
        self.started = asyncio.Event()

    def start(self, audio: bool, video: bool, tags: list[Tag]) -> None:
        self.started.set()
        self.tracks = Tracks(audio, video)
        self.tags = list(tags)

    def send(self, tag: Tag, entry: bool) -> None:
        self.tags.append(tag)
        self.entries.append(entry)

    def finish(self) -> None:
        self.finished = True


class Source:
    """A pull whose messages the test puts in."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Message | None] = asyncio.Queue()

    async def pull(self, app: str, stream: str) -> AsyncGenerator[Message, None]:
        while (message := await self.queue.get()) is not None:
            yield message
            self.queue.task_done()
        self.queue.task_done()

    async def put(self, *messages: Message) -> None:
        for message in messages:
            self.queue.put_nowait(message)
        await self.queue.join()


@asynccontextmanager
async def running_hub() -> AsyncGenerator[tuple[Hub, Source], None]:
    source = Source()
    hub = Hub("live", "s", source.pull)
    task = asyncio.create_task(hub.run())
    yield hub, source
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def tags(*messages: Message) -> list[Tag]:
    return [tag_of(message) for message in messages]


def test_a_tag_has_its_size_and_its_extended_timestamp() -> None:
    raw = tag_of(Message(chunk.VIDEO, 0x12345678, b"abc")).raw
    assert raw == b"\x09\0\0\x03\x34\x56\x78\x12\0\0\0abc" + (14).to_bytes(4, "big")


def test_metadata_announce_tracks_or_nothing() -> None:
    assert announced_tracks(META.payload) == Tracks(audio=True, video=True)
    assert announced_tracks(SOUND_META.payload) == Tracks(audio=True, video=False)
    assert announced_tracks(amf.encode("onMetaData", {"title": "x"})) is None
    assert announced_tracks(b"\xff") is None


async def test_the_first_viewer_begins_when_picture_and_sound_have_shown_themselves() -> None:
    async with running_hub() as (hub, source):
        viewer = Recorder()
        hub.add(viewer)
        await source.put(META, AUDIO_HEADER, sound(0))
        assert viewer.tracks is None
        await source.put(VIDEO_HEADER, key(10))
        assert viewer.tracks == Tracks(audio=True, video=True)
        assert viewer.tags == tags(META, VIDEO_HEADER, AUDIO_HEADER, key(10))


async def test_sound_alone_does_not_wait_for_a_picture() -> None:
    async with running_hub() as (hub, source):
        viewer = Recorder()
        hub.add(viewer)
        await source.put(SOUND_META, AUDIO_HEADER, sound(0), sound(23))
        assert viewer.tracks == Tracks(audio=True, video=False)
        assert viewer.entries == [True, True]


async def test_without_metadata_the_wait_has_an_end() -> None:
    before = flv_hub.TRACKS_WAIT_S
    flv_hub.TRACKS_WAIT_S = 0.05
    try:
        async with running_hub() as (hub, source):
            viewer = Recorder()
            hub.add(viewer)
            await source.put(AUDIO_HEADER, sound(0))
            await asyncio.wait_for(viewer.started.wait(), 30)
            assert viewer.tracks == Tracks(audio=True, video=False)
    finally:
        flv_hub.TRACKS_WAIT_S = before


async def test_a_late_viewer_gets_the_headers_and_everything_since_the_key_frame() -> None:
    async with running_hub() as (hub, source):
        await source.put(META, VIDEO_HEADER, AUDIO_HEADER, key(0), inter(33))
        await source.put(key(2000), sound(2001), inter(2033))
        viewer = Recorder()
        hub.add(viewer)
        headers = tags(META, VIDEO_HEADER, AUDIO_HEADER)
        assert viewer.tags == headers + tags(key(2000), sound(2001), inter(2033))


async def test_a_group_of_pictures_that_grows_too_large_is_not_kept() -> None:
    async with running_hub() as (hub, source):
        big = Message(chunk.VIDEO, 40, b"\x27\x01\0\0\0" + bytes(flv_hub.MAX_GOP_BYTES))
        await source.put(META, VIDEO_HEADER, AUDIO_HEADER, key(0), big, inter(80))
        viewer = Recorder()
        hub.add(viewer)
        assert viewer.tags == tags(META, VIDEO_HEADER, AUDIO_HEADER)
        await source.put(key(2000))
        other = Recorder()
        hub.add(other)
        assert other.tags[-1] == tag_of(key(2000))


async def test_the_end_of_the_pull_finishes_every_viewer() -> None:
    async with running_hub() as (hub, source):
        early, waiting = Recorder(), Recorder()
        hub.add(early)
        await source.put(META, VIDEO_HEADER, AUDIO_HEADER)
        hub.add(waiting)
        source.queue.put_nowait(None)
        await source.queue.join()
        await asyncio.sleep(0)
        assert early.finished
        assert waiting.finished


class SlowTransport(asyncio.Transport):
    """A connection whose peer reads only when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.waiting = 0
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:  # type: ignore[override]
        self.written.append(bytes(data))
        self.waiting += len(data)

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True


def slow_viewer() -> tuple[FlvViewer, SlowTransport]:
    viewer = FlvViewer(FlvGateway.__new__(FlvGateway))
    transport = SlowTransport()
    viewer.connection_made(transport)
    return viewer, transport


async def test_a_slow_viewer_skips_to_a_later_key_frame_and_its_buffer_stays_bounded() -> None:
    viewer, transport = slow_viewer()
    viewer.start(True, True, tags(VIDEO_HEADER, AUDIO_HEADER, key(0)))
    big = Tag(bytes(1 << 20))
    for _ in range(20):
        viewer.send(big, False)
    assert transport.waiting < MAX_BUFFER + (2 << 20)
    assert viewer.dropped_tags == 16

    viewer.send(tag_of(key(1000)), True)  # still too much unsent
    assert viewer.dropped_tags == 17
    transport.waiting = 0
    viewer.send(tag_of(inter(1033)), False)
    assert viewer.dropped_tags == 18
    viewer.send(tag_of(key(2000)), True)
    viewer.send(tag_of(inter(2033)), False)
    assert transport.written[-2:] == [tag_of(key(2000)).raw, tag_of(inter(2033)).raw]
    viewer.cut()


async def test_a_viewer_that_skipped_gets_the_headers_again_which_may_be_new() -> None:
    async with running_hub() as (hub, source):
        await source.put(META, VIDEO_HEADER, AUDIO_HEADER, key(0))
        viewer, transport = slow_viewer()
        viewer.hub = hub
        hub.add(viewer)
        transport.waiting = MAX_BUFFER + 1
        changed = Message(chunk.VIDEO, 900, b"\x17\x00\0\0\0other")
        await source.put(inter(33), changed)
        transport.waiting = 0
        await source.put(key(1000))
        wanted = tags(META, changed, AUDIO_HEADER, key(1000))
        assert transport.written[-1] == b"".join(tag.raw for tag in wanted)
        viewer.cut()


async def test_a_viewer_without_a_key_frame_waits_for_one() -> None:
    viewer, transport = slow_viewer()
    viewer.start(True, True, tags(VIDEO_HEADER, AUDIO_HEADER))
    viewer.send(tag_of(inter(33)), False)
    assert viewer.dropped_tags == 1
    viewer.send(tag_of(key(40)), True)
    assert transport.written[-1].endswith(tag_of(key(40)).raw)
    viewer.cut()


async def test_only_a_viewer_that_does_not_read_counts_as_stalled() -> None:
    viewer, transport = slow_viewer()
    before = flv_viewer.STALLED_S
    flv_viewer.STALLED_S = 0.0
    try:
        viewer.start(True, True, tags(VIDEO_HEADER))
        transport.waiting = 0
        assert not viewer.is_stalled()  # it waits for a key frame, not we for it
        transport.waiting = 1
        assert viewer.is_stalled()
    finally:
        flv_viewer.STALLED_S = before
    viewer.cut()
