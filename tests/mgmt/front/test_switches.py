"""Changes of the front in a real nginx: tested, made, read back, kept; or nothing of it."""

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from streamstead.core.errors import Conflict, Invalid, NotSupported
from streamstead.core.settings import Settings
from streamstead.hooks.gates import Gates
from streamstead.mgmt.front import office
from streamstead.mgmt.front.modules import Modules, modules_of
from streamstead.mgmt.front.settings import FrontChange, FrontSettings
from streamstead.mgmt.runtime.account import Account
from streamstead.mgmt.runtime.spec import RuntimeName
from streamstead.mgmt.services.common import FrontDoors, MediaServer, Plan
from streamstead.mgmt.services.front import front_spec

from .conftest import Kept, open_kept, own_address, trusted_certificate

pytestmark = pytest.mark.integration

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(port: int, serve: Serve) -> AsyncIterator[None]:
    async with await asyncio.start_server(serve, "127.0.0.1", port):
        yield


async def echo_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    body = json.dumps(head.split("\r\n")).encode()
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    writer.close()


async def change(kept: Kept, **fields: Any) -> dict[str, Any]:
    return await kept.office.update(FrontChange.model_validate(fields))


async def test_the_root_leads_where_the_operator_says(kept: Kept) -> None:
    await change(kept, homepage="https://example.com/$x")
    assert (await kept.client.get("/")).headers["location"] == "https://example.com/%24x"
    await change(kept, homepage="/watch/live/a")
    assert (await kept.client.get("/")).headers["location"] == "/watch/live/a"
    await change(kept, homepage="")
    assert (await kept.client.get("/")).headers["location"] == "/mgmt/"
    told = [one["data"]["changed"] for one in kept.house.events.after(0)]
    assert told == [["homepage"]] * 3


async def test_a_proxy_gets_the_request_but_not_our_session(
    kept: Kept, free_port: Callable[[], int]
) -> None:
    port = free_port()
    backend = f"http://127.0.0.1:{port}/base/"
    await change(kept, proxy={"location": "/blog", "backend": backend})
    cookies = "a=1; streamstead_session=secret; b=2"
    twice = "streamstead_session=x; streamstead_session=secret"
    async with server(port, echo_head):
        for path, target in (
            ("/blog", "/base/blog"),
            ("/blog/x%20y?q=%2F", "/base/blog/x%20y?q=%2F"),
        ):
            got = (await kept.client.get(path, headers={"cookie": cookies})).json()
            assert got[0] == f"GET {target} HTTP/1.1"
            assert "Cookie: a=1;b=2" in got
        got = (await kept.client.get("/blog", headers={"cookie": twice})).text
        assert "secret" not in got
        await change(kept, proxy={"location": "/", "backend": f"http://127.0.0.1:{port}"})
        assert (await kept.client.get("/else")).json()[0] == "GET /else HTTP/1.1"
        assert (await kept.client.get("/mgmt/")).text == "index"
        with pytest.raises(Conflict):
            await change(kept, homepage="https://example.com")
    away = await kept.client.get("/blog/")
    assert (away.status_code, away.json()["data"]["key"]) == (502, "backend_away")
    for location in ("/blog", "/"):
        state = await change(kept, proxy={"location": location})
    assert state["proxies"] == []
    assert (await kept.client.get("/blog")).status_code == 404


async def test_a_backend_sends_nobody_to_our_internal_places(
    kept: Kept, free_port: Callable[[], int]
) -> None:
    recordings = kept.house.data.record / "r1"
    recordings.mkdir(parents=True)
    (recordings / "private.ts").write_text("of who has a pass")
    port = free_port()

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 200 OK\r\nX-Accel-Redirect: /.recordings/r1/private.ts\r\n"
            b"Content-Length: 4\r\n\r\nmine"
        )
        writer.close()

    await change(kept, proxy={"location": "/blog", "backend": f"http://127.0.0.1:{port}"})
    async with server(port, lead):
        assert (await kept.client.get("/blog/")).text == "mine"
    await change(kept, proxy={"location": "/blog"})


async def test_a_backend_whose_name_is_unknown_keeps_nothing_from_starting(kept: Kept) -> None:
    state = await change(kept, proxy={"location": "/x", "backend": "https://nowhere.invalid"})
    assert state["proxies"] == [{"location": "/x", "backend": "https://nowhere.invalid"}]
    assert (await kept.client.get("/mgmt/")).status_code == 200


async def test_a_reload_cuts_nobody_who_is_being_served(
    kept: Kept, free_port: Callable[[], int]
) -> None:
    port, go_on = free_port(), asyncio.Event()

    async def slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nX-Accel-Buffering: no\r\nConnection: close\r\n\r\n")
        writer.write(b"begin")
        await writer.drain()
        await go_on.wait()
        writer.write(b" end")
        writer.close()

    await change(kept, proxy={"location": "/slow", "backend": f"http://127.0.0.1:{port}"})
    async with server(port, slowly), kept.client.stream("GET", "/slow") as reply:
        pieces = reply.aiter_bytes()
        assert await anext(pieces) == b"begin"
        for embed in ("none", "any", "none"):
            await change(kept, embed=embed)
        go_on.set()
        assert b"".join([piece async for piece in pieces]) == b" end"


@pytest.mark.parametrize(
    ("fields", "ancestors"),
    [
        ({"embed": "none"}, "'none'"),
        ({"embed": "list", "embed_hosts": ["A.example", "a.example"]}, "'self' a.example"),
        ({"embed_hosts": ["a.example"]}, "*"),
    ],
)
async def test_players_are_shown_in_frames_of_whom_the_operator_allows(
    kept: Kept, fields: dict[str, Any], ancestors: str
) -> None:
    await change(kept, **fields)
    for path in ("/watch/live/a", "/vod/x"):
        policy = (await kept.client.get(path)).headers["content-security-policy"]
        assert policy.endswith(f"frame-ancestors {ancestors}")
        assert "script-src 'self';" in policy
    page = await kept.client.get("/mgmt/")
    assert page.headers["content-security-policy"].endswith("frame-ancestors 'none'")
    assert page.headers["x-frame-options"] == "DENY"


async def test_nobody_is_sent_to_a_certificate_that_browsers_warn_of(kept: Kept) -> None:
    for field in ("redirect_https", "hsts"):
        with pytest.raises(Conflict) as refused:
            await change(kept, **{field: True})
        assert refused.value.key == "https_off"
    assert not (await kept.office.state())["https_ready"]


async def test_with_a_certificate_pages_lead_to_https_and_players_do_not(
    ports: Settings, share: Path, tmp_path: Path
) -> None:
    trusted_certificate(ports, tmp_path)
    async with open_kept(ports, MediaServer.EMBEDDED, tmp_path) as kept:
        state = await change(kept, redirect_https=True, hsts=True)
        assert state["https_ready"]
        live = ports.data.html / "live"
        live.mkdir()
        (live / "a.m3u8").write_text("#EXTM3U")
        plain = f"http://127.0.0.1:{ports.web_http_port}"
        secure = f"https://127.0.0.1:{ports.web_https_port}"
        for path in ("/", "/mgmt/", "/watch/live/a", "/terraform/v1/mgmt/versions?x=1"):
            reply = await kept.client.get(plain + path)
            assert (reply.status_code, reply.headers["location"]) == (308, secure + path)
        (ports.data.www / ".well-known" / "acme-challenge").mkdir(parents=True, exist_ok=True)
        (ports.data.www / ".well-known" / "acme-challenge" / "t").write_text("token")
        for path in ("/.well-known/acme-challenge/t", "/live/a.m3u8", "/rtc/v1/whip/", "/healthz"):
            assert (await kept.client.get(plain + path)).status_code in (200, 502)
        # The door that is always open is the way in when a certificate has gone bad.
        assert (await kept.client.get("/mgmt/")).status_code == 200
        assert "strict-transport-security" not in (await kept.client.get("/mgmt/")).headers
        context = ssl.create_default_context(cafile=f"{tmp_path}/ca.crt")
        context.set_alpn_protocols(["h2"])
        kind = await asyncio.to_thread(spoken, ports.web_https_port, context)
        assert kind == "h2"
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        assert await asyncio.to_thread(spoken, ports.web_https_port, context) == "h2"
        async with httpx.AsyncClient(verify=False, timeout=60) as client:  # noqa: S501 - the name differs
            sent = (await client.get(f"{secure}/mgmt/")).headers["strict-transport-security"]
            assert sent == "max-age=15552000"
            await change(kept, hsts=False)
            sent = (await client.get(f"{secure}/mgmt/")).headers["strict-transport-security"]
            assert sent == "max-age=0"


def spoken(port: int, context: ssl.SSLContext) -> str | None:
    with (
        socket.create_connection(("127.0.0.1", port), timeout=60) as plain,
        context.wrap_socket(plain, server_hostname="live.test") as tls,
    ):
        return tls.selected_alpn_protocol()


needs_stream = pytest.mark.skipif(
    bool(modules_of(RuntimeName.PROCESS).no_stream), reason="nginx has no stream module"
)


@needs_stream
async def test_rtmps_is_rtmp_inside_tls(kept: Kept) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"rtmp " + await reader.readexactly(5))
        writer.close()

    settings = kept.settings
    assert (await change(kept, rtmps=True))["rtmps"]
    assert settings.rtmps_port in kept.house.supervisor.ports("front")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    async with server(settings.rtmp_port, echo):
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", settings.rtmps_port, ssl=context
        )
        writer.write(b"hello")
        assert await reader.readexactly(10) == b"rtmp hello"
        writer.close()
        await writer.wait_closed()
    await change(kept, rtmps=False)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", settings.rtmps_port)


@needs_stream
async def test_what_nginx_cannot_take_never_goes_live(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = kept.config()
    with socket.socket() as thief:
        thief.bind(("0.0.0.0", kept.settings.rtmps_port))
        thief.listen(1)
        with pytest.raises(Conflict) as refused:
            await change(kept, rtmps=True)
        assert refused.value.key == "port_taken"
        # Taken in between: the test of the configuration is good, and its reload is not.
        monkeypatch.setattr(office, "port_problem", lambda _: "")
        monkeypatch.setattr(office, "FRONT_TAKES_S", 1.0)
        with pytest.raises(Invalid) as late:
            await change(kept, rtmps=True, homepage="https://example.com")
        assert late.value.key == "configuration_refused"
        assert "bind()" in late.value.message
    assert kept.config() == before
    assert (await kept.client.get("/")).headers["location"] == "/mgmt/"
    assert not (kept.house.folder / "front.json").exists()


async def test_rtmps_without_its_module_is_refused_in_words(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office, "modules_of", lambda _: Modules(no_stream="it is not there"))
    with pytest.raises(NotSupported, match="it is not there"):
        await change(kept, rtmps=True)
    assert (await kept.office.state())["rtmps_possible"] == "it is not there"


async def test_the_embedded_media_server_serves_no_hls(kept: Kept) -> None:
    for field in ("hls", "no_hls_ctx"):
        with pytest.raises(NotSupported):
            await change(kept, **{field: False})


async def test_prometheus_is_for_who_is_signed_in_and_learns_nothing_of_the_session(
    kept: Kept,
) -> None:
    async def who(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        status = b"204 No Content" if b"session=good" in head else b"401 Unauthorized"
        writer.write(b"HTTP/1.1 %b\r\nConnection: close\r\n\r\n" % status)
        writer.close()

    kept.client.cookies.set("streamstead_session", "good")
    async with server(kept.settings.recorder_port, who):
        assert (await kept.client.get("/prometheus")).headers["location"] == "/prometheus/"
        away = await kept.client.get("/prometheus/graph")
        assert (away.status_code, away.json()["data"]["key"]) == (503, "prometheus_off")
        async with server(kept.settings.prometheus_port, echo_head):
            got = (await kept.client.get("/prometheus/api/v1/query?query=up")).json()
            assert got[0] == "GET /prometheus/api/v1/query?query=up HTTP/1.1"
            assert not [line for line in got if line.startswith(("Cookie", "Authorization"))]
            assert (await kept.client.delete("/prometheus/x")).status_code == 401
            kept.client.cookies.clear()
            stranger = await kept.client.get("/prometheus/graph")
            assert (stranger.status_code, stranger.json()["data"]["key"]) == (401, "token_missing")


async def test_hls_may_be_fetched_from_the_media_server_for_who_has_a_session(
    ports: Settings, share: Path, tmp_path: Path
) -> None:
    settings = ports.model_copy(update={"srs_bin": Path("/srv/srs/objs/srs")})
    async with open_kept(settings, MediaServer.SRS, tmp_path) as kept:
        state = await change(kept, hls=False)
        assert state["hls"] is False
        assert state["in_effect"] is None
        sid = "0123456789abcdef" * 2
        Gates(settings.data.gates).open("live", "a b", sid)
        async with server(settings.srs_http_port, echo_head):
            for name in ("a%20b.m3u8", "a%20b-17.ts"):
                reply = await kept.client.get(f"/p/{sid}/live/{name}?hls_ctx=1")
                assert reply.json()[0] == f"GET /live/{name}?hls_ctx=1 HTTP/1.1"
                assert reply.headers.get_list("access-control-allow-origin") == ["*"]
                assert (await kept.client.get(f"/p/{'0' * 32}/live/{name}")).status_code == 403
        with pytest.raises(Conflict) as refused:
            await change(kept, no_hls_ctx=False)
        assert refused.value.key == "hls_sessions_twice"


async def test_what_was_set_for_another_media_server_stands_in_no_other_change_s_way(
    ports: Settings, share: Path, tmp_path: Path
) -> None:
    ports.data.mgmt.mkdir()
    kept_before = FrontSettings(hls=False, no_hls_ctx=True, proxies={"/x y": "http://a", "/b": "c"})
    (ports.data.mgmt / "front.json").write_text(kept_before.model_dump_json())
    async with open_kept(ports, MediaServer.EMBEDDED, tmp_path) as kept:
        assert "/x y" not in kept.config()
        state = await change(kept, homepage="https://example.com")
        assert state["homepage"] == "https://example.com"


async def test_signing_in_is_slowed_down_for_each_address(kept: Kept) -> None:
    base = f"http://{own_address()}:{kept.settings.http_port}"
    path = "/terraform/v1/mgmt/login"
    replies = [await kept.client.post(base + path, json={}) for _ in range(30)]
    assert replies[0].status_code == 502
    assert (replies[-1].status_code, replies[-1].json()["data"]["key"]) == (429, "rate_limited")
    near = [await kept.client.post(path, json={}) for _ in range(30)]
    assert {one.status_code for one in near} == {502}


def test_another_release_does_not_change_the_configuration(
    settings: Settings, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan(settings, account, RuntimeName.PROCESS, MediaServer.EMBEDDED, FrontDoors(80, 443))
    texts = set()
    for release in ("1.0.0-aa", "1.0.1-bb"):
        monkeypatch.setattr(Plan, "share", settings.data.releases / release)
        texts.add(front_spec(plan).files[0].text)
    assert len(texts) == 1
    assert f"root {settings.data.root}/current/ui/dist;" in texts.pop()


def test_a_container_sees_all_releases_and_is_reloaded(
    settings: Settings, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan(settings, account, RuntimeName.DOCKER, MediaServer.SRS)
    found = []
    for release in ("1.0.0-aa", "1.0.1-bb"):
        monkeypatch.setattr(Plan, "share", settings.data.releases / release)
        found.append(front_spec(plan))
    assert found[0].hash == found[1].hash
    assert found[0].files_digest != found[1].files_digest


@pytest.mark.parametrize(("directive", "word"), [(True, "http2 on;"), (False, "ssl http2 default")])
def test_http2_is_asked_for_as_this_nginx_wants_it(
    settings: Settings,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
    directive: bool,
    word: str,
) -> None:
    monkeypatch.setattr(
        "streamstead.mgmt.services.front.modules_of", lambda _: Modules(http2_directive=directive)
    )
    plan = Plan(settings, account, RuntimeName.PROCESS, MediaServer.SRS, FrontDoors(80, 443))
    text = front_spec(plan).files[0].text
    assert word in text
    assert ("http2 on;" in text) is directive
    closed = front_spec(replace(plan, doors=FrontDoors())).files[0].text
    assert "http2 on;" not in closed
    assert "ssl http2" not in closed
