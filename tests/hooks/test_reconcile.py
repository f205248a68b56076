"""The registry follows the media server's own lists."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from streamstead.core.errors import Upstream
from streamstead.core.play_rules import PlayKind
from streamstead.core.registry import SessionState
from streamstead.core.srs import SrsApi
from streamstead.hooks.enforce import Enforcer
from streamstead.hooks.reconcile import Reconciler

from .conftest import SECRET, House

Publish = Callable[..., Awaitable[httpx.Response]]
API = Path(__file__).parent.parent / "fixtures/srs/api"
OLD_MS = 60_000


class Server:
    """Recorded replies of a real SRS behind the real HTTP client."""

    def __init__(self) -> None:
        self.version = json.loads((API / "versions.json").read_text())
        self.streams: list[dict[str, Any]] = []
        self.clients: list[dict[str, Any]] = []
        self.away = False

    def load(self, suffix: str = "") -> None:
        self.streams = json.loads((API / f"streams{suffix}.json").read_text())["streams"]
        self.clients = json.loads((API / f"clients{suffix}.json").read_text())["clients"]

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            raise httpx.ConnectError("refused")
        start = int(request.url.params.get("start", 0))
        match request.url.path:
            case "/api/v1/versions":
                return httpx.Response(200, json=self.version)
            case "/api/v1/streams/":
                return httpx.Response(200, json={"code": 0, "streams": self.streams[start:]})
            case "/api/v1/clients/":
                return httpx.Response(200, json={"code": 0, "clients": self.clients[start:]})
        return httpx.Response(404)


class NoGates:
    def close(self, app: str, stream: str, sid: str) -> None:
        raise AssertionError("nobody watches by HLS here")

    def streams(self) -> Iterator[tuple[str, str]]:
        return iter(())

    def unlink_all(self, app: str, stream: str) -> None:
        raise AssertionError("nobody watches by HLS here")


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
async def reconciler(house: House, server: Server) -> AsyncIterator[Reconciler]:
    transport = httpx.MockTransport(server.answer)
    async with httpx.AsyncClient(transport=transport, base_url="http://srs") as client:
        srs = SrsApi(client)
        enforcer = Enforcer(
            house.registry,
            house.rules,
            house.passes,
            house.known,
            house.secrets,
            house.keys,
            house.limits,
            srs,
            NoGates(),
            house.now,
        )
        yield Reconciler(
            house.registry,
            house.epoch,
            house.secrets,
            enforcer,
            house.events,
            srs,
            house.now,
        )


async def test_clients_the_server_has_and_we_missed_are_added(
    house: House, server: Server, reconciler: Reconciler
) -> None:
    server.load()
    assert await reconciler.once() == 3
    owners = {u: s.client_id for u, s in (await house.registry.publishers()).items()}
    assert owners == {"live/livestream": "7z8c28q0", "live/srtstream": "yuw3852l"}
    assert await house.registry.viewers() == {"live/livestream": {"rtmp": 1}}
    assert (await house.event_types()).count("registry.repaired") == 3
    assert await reconciler.once() == 0


async def test_webrtc_publishers_are_found_though_their_stream_names_none(
    house: House, server: Server, reconciler: Reconciler
) -> None:
    server.load("_webrtc")
    await reconciler.once()
    publishers = await house.registry.publishers()
    assert {u: (s.client_id, s.protocol.value) for u, s in publishers.items()} == {
        "live/whip1": ("y99699t5", "webrtc")
    }


async def test_sessions_the_server_no_longer_has_are_ended(
    house: House, publish: Publish, reconciler: Reconciler
) -> None:
    await publish()
    house.clock_ms += OLD_MS
    assert await reconciler.once() == 1
    assert await house.registry.publishers() == {}
    assert (await house.event_types())[-2:] == ["registry.repaired", "stream.unpublished"]


async def test_a_session_younger_than_the_list_is_left_alone(
    house: House, publish: Publish, reconciler: Reconciler
) -> None:
    await publish()
    assert await reconciler.once() == 0
    assert list(await house.registry.publishers()) == ["live/cam"]


async def test_a_client_that_left_a_moment_ago_is_not_brought_back_by_an_older_list(
    house: House, server: Server, reconciler: Reconciler
) -> None:
    server.load()
    await reconciler.once()
    await house.post({"action": "on_close", "client_id": "x2x03838", "app": "live"})
    assert await reconciler.once() == 0
    assert await house.registry.viewers() == {}


async def play(house: House, client_id: str, **changes: Any) -> int:
    body = {
        "server_id": "vid-1",
        "action": "on_play",
        "client_id": client_id,
        "ip": "203.0.113.9",
        "app": "live",
        "stream": "livestream",
        "tcUrl": "rtmp://203.0.113.1/live",
        "param": "",
    }
    return (await house.post(body | changes)).status_code


async def test_viewers_that_named_a_playlist_are_ended_when_the_server_lacks_them(
    house: House, reconciler: Reconciler
) -> None:
    assert await play(house, "v1", stream="cam.m3u8") == 200
    house.clock_ms += OLD_MS
    assert await reconciler.once() == 1
    assert await house.registry.viewers() == {}


@pytest.mark.parametrize("listed_first", [True, False])
async def test_a_list_does_not_bring_in_who_is_refused_at_this_moment(
    house: House, server: Server, publish: Publish, reconciler: Reconciler, listed_first: bool
) -> None:
    server.load("_webrtc")
    asked = {"stream": "whip1", "param": "?secret=wrong"}
    if listed_first:
        await reconciler.once()
    assert (await publish("y99699t5", **asked)).status_code == 401
    if not listed_first:
        await reconciler.once()
    assert "y99699t5" not in await house.registry.sessions()
    assert await house.registry.publishers() == {}


async def test_what_a_callback_says_counts_more_than_a_list_that_was_quicker(
    house: House, server: Server, publish: Publish, reconciler: Reconciler
) -> None:
    server.load()
    await reconciler.once()
    await house.known.ensure("live", "livestream", house.now())
    key, secret = await house.keys.create("live", "livestream", "studio", None, house.now())
    await house.rules.change("live/livestream", lambda rule: replace(rule, kind=PlayKind.PASS))
    given = await house.passes.create("live/livestream", "live", "livestream", "", house.now())
    token = house.signer.token(given.id, given.url, None)
    param = f"?secret={secret}"
    assert (await publish("7z8c28q0", stream="livestream", param=param)).status_code == 200
    assert await play(house, "x2x03838", param=f"?pass={token}") == 200
    sessions = await house.registry.sessions()
    assert sessions["7z8c28q0"].key_id == key.id
    assert sessions["x2x03838"].pass_id == given.id
    assert await house.registry.viewers() == {"live/livestream": {"rtmp": 1}}
    await reconciler.once()
    assert "x2x03838" in await house.registry.sessions()
    # Their ends are counted as those of anybody.
    await house.post({"action": "on_close", "client_id": "x2x03838", "app": "live"})
    assert await house.registry.viewers() == {}
    assert await house.redis.hgetall("STREAMSTEAD_PASS_VIEWERS") == {}


async def test_a_second_publisher_becomes_the_owner_when_the_server_says_so(
    house: House, server: Server, publish: Publish, reconciler: Reconciler
) -> None:
    server.load()
    await publish(client_id="gone", stream="livestream")
    house.clock_ms += OLD_MS
    await publish(client_id="7z8c28q0", stream="livestream", param=f"?secret={SECRET}")
    session = await house.registry.session("7z8c28q0")
    assert session is not None
    assert session.state is SessionState.CHALLENGER
    await reconciler.once()
    assert (await house.registry.publishers())["live/livestream"].client_id == "7z8c28q0"
    assert await house.registry.session("gone") is None


async def test_a_second_publisher_the_server_is_about_to_refuse_stays_a_challenger(
    house: House, server: Server, publish: Publish, reconciler: Reconciler
) -> None:
    server.load()
    await reconciler.once()
    await publish(client_id="second", stream="livestream")
    first = next(client for client in server.clients if client["id"] == "7z8c28q0")
    server.clients.append(first | {"id": "second"})
    await reconciler.once()
    assert (await house.registry.publishers())["live/livestream"].client_id == "7z8c28q0"


async def test_nothing_is_judged_while_the_server_is_away(
    house: House, server: Server, publish: Publish, reconciler: Reconciler
) -> None:
    await publish()
    house.clock_ms += OLD_MS
    server.away = True
    with pytest.raises(Upstream):
        await reconciler.once()
    assert list(await house.registry.publishers()) == ["live/cam"]
