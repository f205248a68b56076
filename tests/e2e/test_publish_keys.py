"""Keys of single streams and rooms, with a real encoder on every media server."""

from collections.abc import Callable
from typing import Any

import pytest

from ..conftest import wait_until
from .house import Api, House, publishing, random_name


def make_key(api: Api, stream: str) -> tuple[str, str]:
    """Return (id, secret) of a new key."""
    made = api.call("/hooks/keys/create", app="live", stream=stream, label="studio")
    return made["key"]["id"], made["secret"]


def is_live(api: Api, stream: str) -> Callable[[], bool]:
    return lambda: f"live/{stream}" in api.streams()


def is_over(api: Api, stream: str) -> Callable[[], bool]:
    return lambda: f"live/{stream}" not in api.streams()


WAYS: dict[str, Callable[[Api, str, str], Any]] = {
    "rotate": lambda api, _, key_id: api.call("/hooks/keys/rotate", id=key_id),
    "revoke": lambda api, _, key_id: api.call("/hooks/keys/revoke", id=key_id),
    "disable": lambda api, _, key_id: api.call("/hooks/keys/update", id=key_id, enabled=False),
    "stream off": lambda api, stream, _: api.call(
        "/hooks/streams/update", app="live", stream=stream, enabled=False
    ),
    "stream removed": lambda api, stream, _: api.call(
        "/hooks/streams/remove", app="live", stream=stream
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_an_encoder_ends_with_its_key_and_does_not_come_back(
    house: House, api: Api, way: str
) -> None:
    stream = random_name()
    key_id, secret = make_key(api, stream)
    address = f"{house.rtmp}/{stream}?secret={secret}"
    with publishing(address) as encoder:
        wait_until(is_live(api, stream), "the key opens its stream", 60)
        WAYS[way](api, stream, key_id)
        wait_until(is_over(api, stream), "the stream is over", 60)
        assert encoder.wait() != 0
    with publishing(address) as encoder:
        assert encoder.wait() != 0
    assert not is_live(api, stream)()


def test_a_rotated_key_opens_by_its_new_secret(house: House, api: Api) -> None:
    stream = random_name()
    key_id, _ = make_key(api, stream)
    secret = api.call("/hooks/keys/rotate", id=key_id)["secret"]
    with publishing(f"{house.rtmp}/{stream}?secret={secret}"):
        wait_until(is_live(api, stream), "the new secret opens it", 60)
        [key] = api.call("/hooks/keys/list", app="live", stream=stream)["keys"]
        assert key["last_used_ms"] >= key["created_ms"]
        assert key["last_used_ip"]


def test_a_key_of_one_stream_does_not_open_another(house: House, api: Api) -> None:
    stream = random_name()
    _, secret = make_key(api, stream)
    with publishing(f"{house.rtmp}/{stream}2?secret={secret}") as encoder:
        assert encoder.wait() != 0
    assert not is_live(api, f"{stream}2")()


def test_a_room_opens_by_its_own_secret_and_ends_with_it(house: House, api: Api) -> None:
    room = api.call("/live/room/create", title="Room")
    stream, address = room["stream"], f"{house.rtmp}/{room['stream']}?secret="
    with publishing(address + api.secret()) as encoder:
        assert encoder.wait() != 0
    with publishing(address + room["secret"]) as encoder:
        wait_until(is_live(api, stream), "the room's secret opens it", 60)
        api.call("/live/room/remove", uuid=room["uuid"])
        wait_until(is_over(api, stream), "the stream is over", 60)
        assert encoder.wait() != 0
