"""Films for channels: sent as own files are, but never a recording."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import orjson
import pytest

from streamstead.core.media_limits import MediaLimitStore
from streamstead.core.settings import Settings
from streamstead.core.vlive_files import name_of, take_in

from .house import House, opened
from .test_tus import PATH, TUS, begin, key, metadata, offset, send

FILM = {"filename": "Season 1/Pilot.MP4", "purpose": "vlive"}


@pytest.fixture
async def house(settings: Settings, redis_process: object) -> AsyncIterator[House]:
    async with opened(settings) as house:
        yield house


async def ask(house: House, size: int, **words: str) -> httpx.Response:
    headers = TUS | {"Upload-Length": str(size), "Upload-Metadata": metadata(**words)}
    return await house.client.post(PATH, headers=headers)


async def test_a_film_goes_to_the_channels_and_not_into_the_library(house: House) -> None:
    address = await begin(house, 10, **FILM)
    await send(house, address, 0, b"01234")
    (listed,) = (await house.client.get(PATH)).json()["data"]["uploads"]
    assert (listed["purpose"], listed["offset_bytes"]) == ("vlive", 5)
    assert (await send(house, address, 5, b"56789")).status_code == 204
    id_ = address.rpartition("/")[2]
    film = house.settings.data.vlive / f"{id_}.mp4"
    assert film.read_bytes() == b"0123456789"
    assert orjson.loads(film.with_suffix(".json").read_bytes()) == {
        "name": "Pilot.MP4",
        "bytes": 10,
    }
    assert name_of(film) == "Pilot.MP4"
    assert await house.state.catalogue.work(kind="upload") == []
    # A client that missed the last answer asks again.
    assert await offset(house, address) == 10
    assert (await send(house, address, 10, b"")).status_code == 204


async def test_a_kill_before_a_film_was_moved_loses_nothing(
    settings: Settings, redis_process: object
) -> None:
    async with opened(settings) as house:
        address = await begin(house, 4, **FILM)
        folder = house.state.own_files.folder
        piece = folder.begin_piece(folder.get(address.rpartition("/")[2]))
        piece.write(b"film")
        assert piece.keep().whole
        piece.close()
    async with opened(settings) as house:
        async with asyncio.timeout(30):
            while (await send(house, address, 4, b"")).status_code == 423:  # noqa: ASYNC110
                await asyncio.sleep(0.02)  # it is being moved at this moment
        assert await offset(house, address) == 4
    (film,) = settings.data.vlive.glob("*.mp4")
    assert film.read_bytes() == b"film"


async def test_what_cannot_be_played_is_refused_before_a_byte_is_sent(house: House) -> None:
    for name in ("film.exe", "film", "film.mp4.sh", ".mp4/../x", "playlist.m3u8", "list.txt"):
        reply = await ask(house, 10, filename=name, purpose="vlive")
        assert (reply.status_code, key(reply)) == (422, "vlive_type"), name
    reply = await ask(house, 10, filename="film.mp4", purpose="other")
    assert reply.status_code == 422
    assert list(house.settings.data.upload.iterdir()) == []


async def test_films_take_no_more_than_the_operator_allows(house: House) -> None:
    limits = MediaLimitStore(house.state.redis)
    await limits.set(quota_mb=1)
    address = await begin(house, 600_000, **FILM)
    # What is on its way counts in whole.
    reply = await ask(house, 400_001, **FILM)
    assert (reply.status_code, key(reply)) == (507, "vlive_quota")
    assert (await ask(house, 400_001, filename="other.mp4")).status_code == 201
    await send(house, address, 0, bytes(600_000))
    assert (await ask(house, 400_001, **FILM)).status_code == 507
    assert (await ask(house, 400_000, **FILM)).status_code == 201
    await limits.set(quota_mb=0)
    assert (await ask(house, 5_000_000, **FILM)).status_code == 201


async def test_numbers_in_the_store_that_are_none_count_as_the_defaults(house: House) -> None:
    limits = MediaLimitStore(house.state.redis)
    before = await limits.get()
    await house.state.redis.hset(
        limits.KEY, mapping={"vlive": "fast", "camera": "-1", "quota": "9" * 40}
    )
    assert await limits.get() == before
    await house.state.redis.hset(limits.KEY, mapping={"vlive": "0", "camera": "800"})
    assert ((await limits.get()).vlive_kbps, (await limits.get()).camera_kbps) == (5000, 800)


def test_taking_a_film_in_again_changes_nothing(settings: Settings) -> None:
    part = settings.data_dir / "x.part"
    part.write_bytes(b"film")
    film = take_in(part, settings.data.vlive, "a" * 32, "x.mkv")
    assert take_in(part, settings.data.vlive, "a" * 32, "x.mkv") == film
    assert film.read_bytes() == b"film"
