"""Where channels are kept: sealed, mirrored for Oryx, and taken over from it."""

import asyncio
from dataclasses import replace
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis

from streamstead.core.errors import Conflict, NotFound
from streamstead.ffmpeg_forward.channels.channel import (
    MAX_CHANNELS,
    Channel,
    ChannelItemType,
    ChannelKind,
    ChannelToKind,
    Destination,
    Item,
)
from streamstead.ffmpeg_forward.channels.legacy import check_platform, own_path
from streamstead.ffmpeg_forward.channels.store import ChannelStore

KEY = b"k" * 32
URL = "rtsp://admin:s3cret-word@10.0.0.2/ch1"
RTMP_PORT = 19350


@pytest.fixture
def store(redis: Redis) -> ChannelStore:
    return ChannelStore(redis, KEY)


def channel(store: ChannelStore, **changes: Any) -> Channel:
    item = Item("i1", ChannelItemType.STREAM, "Door", "rtsp://***@10.0.0.2/ch1", store.seal(URL))
    made = Channel("", ChannelKind.CAMERA, "Door", "", Destination(stream="door"), items=(item,))
    return replace(made, **changes)


async def everything(redis: Redis) -> str:
    """Return all that Redis holds, as text."""
    found = []
    for key in await redis.keys():
        found.append(str(await redis.hgetall(key)))
    return "\n".join(found)


async def test_what_is_stored_comes_back_and_tells_no_password(
    store: ChannelStore, redis: Redis
) -> None:
    made = await store.create(channel(store))
    assert await store.get(made.id) == made
    assert await store.all() == [made]
    assert await store.all(ChannelKind.VLIVE) == []
    assert store.url_of(made.items[0]) == URL
    assert "s3cret" not in await everything(redis)
    mirror = orjson.loads(await redis.hget("SRS_CAMERA_CONFIG", made.compat) or "")
    assert mirror["files"][0]["target"] == "rtsp://***@10.0.0.2/ch1"
    assert (mirror["platform"], mirror["enabled"], mirror["secret"]) == (made.compat, False, "")
    await store.remove(made.id)
    assert await redis.hgetall("SRS_CAMERA_CONFIG") == {}
    with pytest.raises(NotFound):
        await store.get(made.id)


async def test_changes_by_two_at_once_both_count(store: ChannelStore) -> None:
    made = await store.create(channel(store))

    async def add(number: int) -> None:
        await store.change(made.id, lambda it: replace(it, label=f"{it.label}{number}"))

    await asyncio.gather(*(add(number) for number in range(8)))
    assert sorted((await store.get(made.id)).label[4:]) == list("01234567")


async def test_there_is_an_end_to_their_number(store: ChannelStore, redis: Redis) -> None:
    for _ in range(MAX_CHANNELS):
        await store.create(channel(store))
    with pytest.raises(Conflict) as refused:
        await store.create(channel(store))
    assert refused.value.key == "too_many_channels"


async def test_what_cannot_be_read_stops_no_other(store: ChannelStore, redis: Redis) -> None:
    made = await store.create(channel(store))
    await redis.hset(store.KEY, mapping={"a": "no json", "b": "{}", "c": '{"kind":"x"}'})
    assert await store.all() == [made]


def oryx(**changes: Any) -> str:
    entry = {
        "platform": "vlive-1",
        "server": "rtmp://a.rtmp.youtube.com/live2",
        "secret": "key-s3cret",
        "enabled": True,
        "custom": True,
        "label": "Night",
        "files": [
            {
                "name": "night.mp4",
                "path": "upload/abc.mp4",
                "size": 7,
                "uuid": "abc",
                "target": "/data/vlive/abc.mp4",
                "type": "upload",
                "format": {"duration": "3.2"},
                "video": {"codec_name": "h264"},
                "audio": None,
            }
        ],
    }
    return orjson.dumps(entry | changes).decode()


async def test_what_oryx_left_is_taken_over_once(store: ChannelStore, redis: Redis) -> None:
    camera = oryx(
        platform="camera-1",
        server=f"rtmp://127.0.0.1:{RTMP_PORT}/live/",
        secret="door?secret=abc",
        enabled=False,
        files=[{"name": "c", "uuid": "u", "target": URL, "type": "stream"}],
        extraAudio="silent",
    )
    await redis.hset("SRS_VLIVE_CONFIG", mapping={"vlive-1": oryx()})
    await redis.hset("SRS_CAMERA_CONFIG", mapping={"camera-1": camera})
    assert await store.import_oryx(RTMP_PORT, 5) == 2
    film, door = sorted(await store.all(), key=lambda one: one.kind, reverse=True)
    assert (film.label, film.enabled, film.compat) == ("Night", True, "vlive-1")
    assert film.to.kind is ChannelToKind.ADDRESS
    assert store.address_of(film.to).key == "key-s3cret"
    assert (film.items[0].id, film.items[0].target) == ("abc", "vlive/abc.mp4")
    assert (door.to.kind, door.to.app, door.to.stream) == (ChannelToKind.STREAM, "live", "door")
    assert (door.extra_audio, store.url_of(door.items[0])) == ("silent", URL)
    assert "s3cret" not in await everything(redis)
    assert await store.import_oryx(RTMP_PORT, 6) == 0
    # Removed is removed: it does not come back by itself.
    await store.remove(film.id)
    assert await store.import_oryx(RTMP_PORT, 7) == 0
    assert [one.id for one in await store.all()] == [door.id]


async def test_odd_entries_of_oryx_are_passed_over(store: ChannelStore, redis: Redis) -> None:
    odd = {
        "vlive-a": "no json",
        "vlive-b": "[]",
        "vlive-c": oryx(server="file:///etc", platform="vlive-c"),
        "other": oryx(),
        "vlive-d": oryx(files=[{"target": "/etc/passwd", "type": "file"}, 5]),
        "vlive-e": oryx(files=[{"target": "vlive/../config/x.mp4"}, {"target": "/etc/x.mp4"}]),
    }
    await redis.hset("SRS_VLIVE_CONFIG", mapping=odd)
    assert await store.import_oryx(RTMP_PORT, 5) == 1
    (taken,) = await store.all()
    assert (taken.compat, taken.items) == ("vlive-e", ())


def test_paths_of_oryx_are_found_again() -> None:
    assert own_path("vlive/a.mp4") == "vlive/a.mp4"
    assert own_path("/data/vlive/a.mp4") == "vlive/a.mp4"
    assert own_path("./containers/data/upload/a.mp4") == "upload/a.mp4"
    for path in ("/etc/passwd", "vlive", "vlive/../x.mp4", ""):
        with pytest.raises(ValueError, match="none"):
            own_path(path)


def test_names_of_oryx_are_told_apart() -> None:
    for name in ("wx", "bilibili", "kuaishou", "vlive-1", "my-vlive-7"):
        assert check_platform(name, ChannelKind.VLIVE) == name
    for name in ("camera-1", "youtube", "vlive-" + "x" * 80, "vlive-\n", "vlive-/x"):
        with pytest.raises(Exception, match="platform"):
            check_platform(name, ChannelKind.VLIVE)
