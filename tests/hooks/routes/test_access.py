"""Every call of the rules needs a session, and names what is wrong with a request."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis as SyncRedis

from streamstead.core.errors import Invalid
from streamstead.core.names import check_stream
from streamstead.hooks.main import create_api

from .conftest import Api

OPEN = {"/terraform/v1/hooks/play/unlock", "/terraform/v1/hooks/versions"}


def closed_paths() -> list[str]:
    paths = create_api().openapi()["paths"]
    return sorted(path for path in paths if path not in OPEN)


@pytest.mark.parametrize("path", closed_paths())
async def test_nothing_is_told_or_changed_without_a_session(api: Api, path: str) -> None:
    body = {"app": "live", "stream": "cam", "label": "x", "id": "0" * 8, "uuid": "u", "title": "t"}
    for headers in ({}, {"authorization": "Bearer wrong"}):
        reply = await api.client.post(path, json=body, headers=headers)
        assert reply.status_code in (401, 422), path
        if reply.status_code == 401:
            assert reply.json()["data"]["key"] in ("token_missing", "token_invalid")
    assert await api.house.known.all() == []
    assert await api.rooms.all() == []


# Enough of a body for every call that names a stream.
STREAM_CALLS = [
    ("streams/create", {}),
    ("streams/query", {}),
    ("streams/update", {"enabled": False}),
    ("streams/remove", {}),
    ("keys/list", {}),
    ("keys/create", {"label": "studio"}),
    ("play/rule/query", {}),
    ("play/rule/update", {"kind": "public"}),
    ("play/passes/list", {}),
    ("play/passes/create", {"label": "guest"}),
]


@pytest.mark.parametrize(("path", "rest"), STREAM_CALLS)
@pytest.mark.parametrize(
    ("app", "stream", "key"),
    [
        ("live", "../x", "name_invalid"),
        ("live", "a/b", "name_invalid"),
        ("live", "a\\b", "name_invalid"),
        ("live", "a?b", "name_invalid"),
        ("live", "a|b", "name_invalid"),
        ("live", ".hidden", "name_invalid"),
        ("live", "a\x00", "name_invalid"),
        ("live", "a\nb", "name_invalid"),
        ("..", "cam", "name_invalid"),
        ("s", "cam", "app_reserved"),
        ("p", "cam", "app_reserved"),
        ("live", "cam.m3u8", "name_invalid"),
        ("live", "", "invalid"),
        ("live", "a" * 256, "invalid"),
    ],
)
async def test_a_name_that_nobody_could_publish_is_refused(
    api: Api, path: str, rest: dict[str, object], app: str, stream: str, key: str
) -> None:
    assert await api.bad(path, {"app": app, "stream": stream, **rest}) == (422, key)
    assert await api.house.known.all() == []


@pytest.mark.parametrize(("path", "rest"), STREAM_CALLS)
async def test_an_unknown_field_is_named(api: Api, path: str, rest: dict[str, object]) -> None:
    body = {"app": "live", "stream": "cam", "surprise": 1, **rest}
    assert await api.bad(path, body) == (422, "unknown_field")


@given(st.text(max_size=300), st.text(max_size=300))
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_a_name_either_is_refused_or_is_a_safe_single_part_of_a_path(app: str, stream: str) -> None:
    try:
        url = check_stream(app, stream)
    except Invalid:
        return
    assert url.split("/") == [app, stream]
    for part in (app, stream):
        assert part not in (".", "..")
        assert part.isprintable()
        assert not set(part) & set("/\\|?#")


async def test_redis_away_is_said_in_words(api: Api, redis_server: SyncRedis) -> None:
    redis_server.shutdown(nosave=True)
    assert await api.bad("streams/list") == (503, "redis_unavailable")
