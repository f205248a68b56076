"""The one transcode that Oryx knows."""

from dataclasses import asdict, replace

import orjson
import pytest
from redis.asyncio import Redis

from streamstead.core.errors import Invalid
from streamstead.core.house_grant import HouseGrants
from streamstead.core.registry import DEFAULT_VHOST, Kind, Protocol, Session
from streamstead.ffmpeg_forward.transcode.argv import SOFTWARE
from streamstead.ffmpeg_forward.transcode.keeper import TranscodeState
from streamstead.ffmpeg_forward.transcode.oryx import (
    WORK_ID,
    Oryx,
    OryxStore,
    OryxTranscode,
    check,
    masked,
)

from .conftest import HOUSE_KEY, MASTER_KEY, Stage, publishing

WANTED = OryxTranscode(
    all=True,
    vbitrate=60,
    abitrate=32,
    vpreset="ultrafast",
    server="rtmp://localhost/live",
    secret="livestream-trans?secret=0123456789abcdef",
)


def live(*streams: str) -> dict[str, Session]:
    """Return publishers, the last one the newest."""
    return {
        f"live/{stream}": Session(
            client_id=stream,
            kind=Kind.PUBLISH,
            protocol=Protocol.RTMP,
            vhost=DEFAULT_VHOST,
            app="live",
            stream=stream,
            url=f"live/{stream}",
            ip="127.0.0.1",
            since_ms=number,
        )
        for number, stream in enumerate(streams)
    }


@pytest.fixture
def oryx(redis: Redis) -> Oryx:
    return Oryx(OryxStore(redis, MASTER_KEY), HouseGrants(HOUSE_KEY), 19350)


async def test_the_key_is_sealed_and_what_oryx_left_is_taken_over(oryx: Oryx, redis: Redis) -> None:
    assert await oryx.store.get() == OryxTranscode()
    left = orjson.dumps(asdict(WANTED) | {"new": 1}).decode()
    await redis.hset("SRS_TRANSCODE_CONFIG", "global", left)
    assert await oryx.store.get() == WANTED
    assert await oryx.store.get() == WANTED
    everything = str(await redis.hgetall("SRS_TRANSCODE_CONFIG")) + str(
        await redis.get(OryxStore.KEY)
    )
    assert "0123456789abcdef" not in everything
    assert "vbitrate" in everything
    other = Oryx(OryxStore(redis, b"x" * 32), HouseGrants(HOUSE_KEY), 1)
    assert (await other.store.get()).all is False


async def test_a_password_in_the_servers_address_is_sealed_too(oryx: Oryx, redis: Redis) -> None:
    far = replace(WANTED, server="rtmp://me:pass-of-mine@example.com/app?token=hidden")
    await redis.hset("SRS_TRANSCODE_CONFIG", "global", orjson.dumps(asdict(far)).decode())
    assert await oryx.store.get() == far
    assert await oryx.store.get() == far
    everything = str(await redis.hgetall("SRS_TRANSCODE_CONFIG")) + str(
        await redis.get(OryxStore.KEY)
    )
    assert "rtmp://example.com/app" in everything
    for secret in ("pass-of-mine", "hidden"):
        assert secret not in everything
        assert secret not in far.shown_server
    (work,) = await oryx.works(live("a"), {})
    assert "pass-of-mine" in work.build(SOFTWARE).secrets


def test_of_a_server_that_is_no_address_nothing_is_shown() -> None:
    assert replace(WANTED, server="rtmp://[x:y/z").shown_server == ""
    assert replace(WANTED, server="rtmp://host:port/z").shown_server == ""


@pytest.mark.parametrize("left", ["", "[]", '{"all": "yes", "vbitrate": "x"}'])
async def test_nonsense_that_was_left_is_nothing(oryx: Oryx, redis: Redis, left: str) -> None:
    await redis.hset("SRS_TRANSCODE_CONFIG", "global", left)
    assert await oryx.store.get() == OryxTranscode()


async def test_it_takes_the_newest_stream_that_nobody_made_here_and_stays_with_it(
    oryx: Oryx,
) -> None:
    renditions = {"live/b_small": "live/b"}
    await oryx.store.set(replace(WANTED, all=False))
    assert await oryx.works(live("a"), {}) == []
    await oryx.store.set(WANTED)
    assert await oryx.works({}, {}) == []
    (work,) = await oryx.works(live("a", "b", "b_small", "livestream-trans"), renditions)
    assert (work.source, work.targets) == ("live/b", ("live/livestream-trans",))
    (again,) = await oryx.works(live("a", "b", "c"), renditions)
    assert (again.source, again.digest) == ("live/b", work.digest)
    (other,) = await oryx.works(live("a"), renditions)
    assert other.source == "live/a"
    assert other.digest != work.digest


async def test_a_stream_of_the_house_needs_no_key_and_another_server_gets_the_whole_address(
    oryx: Oryx,
) -> None:
    await oryx.store.set(WANTED)
    (work,) = await oryx.works(live("a"), {})
    command = work.build(SOFTWARE)
    assert "0123456789abcdef" not in " ".join(command.argv)
    assert command.argv[-1].startswith("rtmp://127.0.0.1:19350/live/livestream-trans?grant=")
    assert "baseline" in command.argv
    assert oryx.output(WANTED) == "rtmp://localhost/live/livestream-trans"
    far = replace(WANTED, server="rtmp://example.com/app", secret="key-of-mine")
    await oryx.store.set(far)
    (work,) = await oryx.works(live("a"), {})
    command = work.build(SOFTWARE)
    assert (command.argv[-1], work.targets) == ("rtmp://example.com/app/key-of-mine", ())
    assert "key-of-mine" in command.secrets
    assert oryx.output(far) == "rtmp://example.com/app/***"


@pytest.mark.parametrize(
    "wrong",
    [
        {"vcodec": "libx265"},
        {"acodec": "libmp3lame"},
        {"vprofile": "x"},
        {"vpreset": "placebo"},
        {"vbitrate": 1},
        {"achannels": 6},
        {"server": "http://localhost/live"},
        {"server": "file:///etc"},
        {"server": "rtmp://169.254.169.254/live"},
        {"server": "rtmp://[fe80::1]/live"},
        {"server": ""},
        {"secret": "a b"},
        {"secret": "a\nb"},
    ],
)
def test_what_cannot_be_run_is_refused(wrong: dict[str, object]) -> None:
    check(WANTED)
    with pytest.raises(Invalid):
        check(replace(WANTED, **wrong))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        ("livestream-trans?secret=0123456789abcdef", "livestream-trans?***cdef"),
        ("livestream-trans?s=1", "livestream-trans?***"),
        ("0123456789abcdef", "***cdef"),
        ("", ""),
    ],
)
def test_only_the_end_of_a_key_is_shown(secret: str, shown: str) -> None:
    assert masked(secret) == shown


@pytest.mark.integration
async def test_the_newest_stream_is_transcoded_by_a_real_ffmpeg(stage: Stage) -> None:
    await stage.oryx.store.set(WANTED)
    keeper = stage.start()
    async with publishing(stage):
        await stage.until(lambda: stage.live("livestream-trans"), "the transcode is live")
        await stage.until(
            lambda: keeper.how(WORK_ID, enabled=True).state is TranscodeState.LIVE, "it is told"
        )
        assert stage.oryx.source == "live/cam"
        # What comes of it is protected as the stream itself.
        assert await stage.redis.hget("STREAMSTEAD_RENDITIONS", "live/livestream-trans") == (
            "live/cam"
        )
        await stage.oryx.store.set(replace(WANTED, all=False))
        keeper.wake()
        await stage.until(lambda: not stage.live("livestream-trans"), "it has ended")
