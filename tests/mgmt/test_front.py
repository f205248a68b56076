"""The rendered nginx.conf in a real nginx, with little servers behind it that say what they got."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from streamstead.core.settings import Settings
from streamstead.hooks.gates import Gates
from streamstead.mgmt.config_files import ConfigFiles
from streamstead.mgmt.first_start import prepare
from streamstead.mgmt.runtime.account import Account
from streamstead.mgmt.runtime.process import ProcessRuntime
from streamstead.mgmt.runtime.spec import RuntimeName
from streamstead.mgmt.services.common import FrontDoors, MediaServer, Plan
from streamstead.mgmt.services.front import front_spec

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed"),
]

Until = Callable[[Callable[[], object]], Awaitable[None]]
SERVICES = ("platform", "hooks", "recorder", "ffmpeg", "srs_api", "srs_http")
ID = "0b6f2b0e-6f0f-4a52-9a3c-1c1d5f4f7a10"


async def echo(name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer every request with who was asked, for what, and with which headers."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            first, *rest = head.decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in rest if ": " in line)
            await reader.readexactly(int(headers.get("content-length", 0)))
            method, target, _ = first.split(" ")
            body = json.dumps(
                {"service": name, "method": method, "target": target, "headers": headers}
            ).encode()
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                b"X-Play-Uri: /as/the/gate/says?grant=g\r\n"
                b"Access-Control-Allow-Origin: *\r\nContent-Length: %d\r\n\r\n" % len(body)
            )
            writer.write(body)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


@pytest.fixture
async def behind(settings: Settings) -> AsyncIterator[dict[str, asyncio.Server]]:
    servers = {}
    for name in SERVICES:
        port = getattr(settings, f"{name}_port")

        async def serve(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str = name
        ) -> None:
            await echo(name, reader, writer)

        servers[name] = await asyncio.start_server(serve, "127.0.0.1", port)
    yield servers
    for server in servers.values():
        server.close()


@pytest.fixture
def share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A built page of three files; the templates are the real ones."""
    folder = tmp_path / "share"
    dist = folder / "ui" / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("the page")
    (dist / "watch.html").write_text("the player")
    (dist / "vod.html").write_text("the recording")
    (dist / "assets" / "app-1a2b.js").write_text("code();" * 200)
    monkeypatch.setattr(Plan, "share", folder)
    return folder


@pytest.fixture
async def front(
    settings: Settings,
    share: Path,
    behind: object,
    free_port: Callable[[], int],
    until: Until,
    tmp_path: Path,
) -> AsyncIterator[httpx.AsyncClient]:
    root = os.geteuid() == 0
    # As in life: root starts it, and its workers are another user who must reach the files.
    account = Account("nobody", 65534, 65534) if root else Account("", os.geteuid(), os.getegid())
    for path in (tmp_path, *tmp_path.parents):
        if root and path.stat().st_mode & 0o001 == 0:
            path.chmod(path.stat().st_mode | 0o011)
    prepare(settings.data, account)
    live = settings.data.html / "live"
    live.mkdir()
    (live / "a.m3u8").write_text("#EXTM3U\n" * 100)
    (live / "a-1.ts").write_bytes(b"G" * 188)
    (live / "a-1-1.ts.tmp").write_bytes(b"half")
    doors = FrontDoors(https=free_port())
    plan = Plan(settings, account, RuntimeName.PROCESS, MediaServer.EMBEDDED, doors)
    spec = front_spec(plan)
    runtime = ProcessRuntime(settings.data, account)
    ConfigFiles(spec, settings.data, account).write()
    assert await runtime.check(spec) is None
    await runtime.ensure(spec)
    base = f"http://127.0.0.1:{settings.http_port}"
    async with httpx.AsyncClient(
        base_url=base,
        verify=False,  # noqa: S501 - self-signed
        timeout=30,
    ) as client:
        client.headers["x-https-port"] = str(doors.https)
        async with asyncio.timeout(30):
            while True:
                try:
                    await client.get("/healthz")
                    break
                except httpx.ConnectError:
                    await asyncio.sleep(0.02)
        yield client
    await runtime.stop("front", 5)
    await runtime.close()


@pytest.mark.parametrize(
    ("path", "service", "target"),
    [
        ("/terraform/v1/mgmt/versions", "platform", "/terraform/v1/mgmt/versions"),
        ("/terraform/v1/mgmt/live", "platform", "/terraform/v1/mgmt/live"),
        ("/terraform/v1/watch/live/a", "platform", "/terraform/v1/watch/live/a"),
        ("/terraform/v1/host/versions", "platform", "/terraform/v1/host/versions"),
        ("/terraform/v1/openapi.json", "platform", "/terraform/v1/openapi.json"),
        ("/terraform/v1/hooks/srs/secret", "hooks", "/terraform/v1/hooks/srs/secret"),
        ("/terraform/v1/live/room/list", "hooks", "/terraform/v1/live/room/list"),
        ("/terraform/v1/ffmpeg/demo/query", "ffmpeg", "/terraform/v1/ffmpeg/demo/query"),
        ("/live/a.m3u8?pass=x", "hooks", "/internal/play/hls/live/a?pass=x"),
        ("/s/abc.m3u8", "hooks", "/internal/play/hls/s/abc"),
        ("/terraform/v1/recordings/query", "recorder", "/terraform/v1/recordings/query"),
        ("/terraform/v1/uploads/", "recorder", "/terraform/v1/uploads/"),
        ("/terraform/v1/recordings/live", "recorder", "/terraform/v1/recordings/live"),
        ("/terraform/v1/ffmpeg/live", "ffmpeg", "/terraform/v1/ffmpeg/live"),
        ("/terraform/v1/ffmpeg/slate/upload", "ffmpeg", "/terraform/v1/ffmpeg/slate/upload"),
        (
            "/terraform/v1/ffmpeg/snapshot/live/a.jpg?at=1",
            "ffmpeg",
            "/terraform/v1/ffmpeg/snapshot/live/a.jpg?at=1",
        ),
        ("/terraform/v1/hooks/record/query", "recorder", "/terraform/v1/hooks/record/query"),
        (f"/terraform/v1/vod/{ID}?pass=x", "recorder", f"/terraform/v1/vod/{ID}?pass=x"),
        (f"/vod/{ID}.m3u8?pass=x", "recorder", f"/internal/vod/hls/{ID}?pass=x"),
        (f"/vod/{ID}.mp4?download=1", "recorder", f"/internal/vod/as/mp4/{ID}?download=1"),
        (f"/vod/{ID}.sprite.jpg", "recorder", f"/internal/vod/as/sprite.jpg/{ID}"),
        (
            f"/terraform/v1/hooks/dvr/hls/{ID}/index.m3u8",
            "recorder",
            f"/terraform/v1/hooks/dvr/hls/{ID}/index.m3u8",
        ),
        ("/live/a.flv?x=1", "srs_http", "/as/the/gate/says?grant=g"),
        ("/api/v1/versions", "srs_api", "/api/v1/versions"),
        ("/rtc/v1/whip/?app=live&stream=a", "srs_api", "/rtc/v1/whip/?app=live&stream=a"),
        ("/rtc/v1/whep?app=live&stream=a", "srs_api", "/as/the/gate/says?grant=g"),
        ("/rtc/v1/play/", "srs_api", "/rtc/v1/play/?"),
    ],
)
async def test_calls_reach_the_service_they_are_for(
    front: httpx.AsyncClient, path: str, service: str, target: str
) -> None:
    got = (await front.get(path)).json()
    assert (got["service"], got["target"]) == (service, target)


@pytest.mark.parametrize(
    "path",
    [
        "/terraform/v1/hooks/srs/verify?hook=hook-secret",
        "/terraform/v1/hooks/srs/verify/",
        "/terraform/v1/hooks/srs//verify",
        "/terraform/v1/hooks/srs/%76erify",
        "/terraform/v1/hooks/x/../srs/verify",
        "/terraform/v1/hooks/srs/hls",
        "/terraform/v1/unknown",
        "/terraform/v2/mgmt/versions",
    ],
)
async def test_callbacks_and_unknown_calls_are_404_in_the_envelope(
    front: httpx.AsyncClient, path: str
) -> None:
    reply = await front.post(path, json={})
    assert reply.status_code == 404
    assert reply.json()["code"] == 4004
    assert reply.json()["data"]["key"] == "unknown_path"


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/streams/",
        "/api/v1/clients/1",
        "/rtc/v1/other/",
        "/live/a-1-1.ts.tmp",
        "/live/",
        "/x",
        "/internal/play/check",
        "/internal/signed-in",
        "/.signed-in",
        "/internal/play/hls/live/a",
        "/.play/check",
        "/.segments/live/a-1.ts",
        f"/internal/vod/hls/{ID}",
        f"/internal/vod/file/{'0' * 32}/{ID}/index.m3u8",
        f"/.recordings/{ID}/index.mp4",
        f"/.kept/{ID}/a.ts",
        f"/.playlists/{ID}/index.m3u8",
        f"/v/{'0' * 32}/{ID}/recording.json",
        f"/v/{'0' * 32}/{ID}/manifest.json",
        f"/v/{'0' * 32}/{ID}/.hidden.ts",
        f"/v/{'0' * 32}/{ID}/%2e%2e/x.ts",
        f"/v/{'0' * 32}/../index.m3u8",
    ],
)
async def test_nothing_else_is_open(front: httpx.AsyncClient, path: str) -> None:
    assert (await front.get(path)).status_code == 404


async def test_versions_of_the_media_server_can_only_be_read(front: httpx.AsyncClient) -> None:
    assert (await front.request("DELETE", "/api/v1/versions")).status_code == 403


async def test_what_a_client_says_about_its_address_is_overwritten(
    front: httpx.AsyncClient,
) -> None:
    lies = {"X-Real-IP": "1.2.3.4", "X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https"}
    for path in ("/terraform/v1/mgmt/versions", "/live/a.flv", "/rtc/v1/whip/?app=live"):
        headers = (await front.get(path, headers=lies)).json()["headers"]
        assert headers["x-real-ip"] == "127.0.0.1"
        assert headers["x-forwarded-for"] == "127.0.0.1"
        assert headers["x-forwarded-proto"] == "http"


@pytest.mark.parametrize(
    ("query", "authorization", "target"),
    [
        ("?app=live&stream=a", "Bearer k3y", "/rtc/v1/whip/?app=live&stream=a&secret=k3y"),
        ("", "bearer k3y", "/rtc/v1/whip/?secret=k3y"),
        ("?app=live", "Bearer a&app=other", "/rtc/v1/whip/?app=live"),
        ("?app=live", "Basic k3y", "/rtc/v1/whip/?app=live"),
    ],
)
async def test_a_bearer_token_of_whip_becomes_the_secret(
    front: httpx.AsyncClient, query: str, authorization: str, target: str
) -> None:
    headers = {"Authorization": authorization, "Content-Type": "application/sdp"}
    reply = await front.post(f"/rtc/v1/whip/{query}", headers=headers, content="v=0")
    assert reply.json()["target"] == target


async def test_playlists_are_fresh_and_segments_are_kept(
    front: httpx.AsyncClient, settings: Settings
) -> None:
    sid = "0123456789abcdef" * 2
    Gates(settings.data.gates).open("live", "a", sid)
    playlist = await front.get(f"/p/{sid}/live/a.m3u8")
    assert playlist.headers["content-type"] == "application/vnd.apple.mpegurl"
    assert playlist.headers["cache-control"] == "no-store"
    assert playlist.headers["content-encoding"] == "gzip"
    segment = await front.get(f"/p/{sid}/live/a-1.ts")
    assert segment.headers["content-type"] == "video/mp2t"
    assert "immutable" in segment.headers["cache-control"]
    assert "content-encoding" not in segment.headers
    for reply in (playlist, segment, await front.get("/live/a.flv")):
        assert reply.headers.get_list("access-control-allow-origin") == ["*"]


async def test_other_sites_may_not_read_our_calls(front: httpx.AsyncClient) -> None:
    page = await front.get("/mgmt/")
    assert "access-control-allow-origin" not in page.headers


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/mgmt/", "the page"),
        ("/mgmt/setup", "the page"),
        ("/mgmt/any/where", "the page"),
        ("/watch/live/a", "the player"),
        (f"/vod/{ID}", "the recording"),
        ("/vod/something-else", "the recording"),
    ],
)
async def test_every_address_of_the_page_is_the_page(
    front: httpx.AsyncClient, path: str, text: str
) -> None:
    reply = await front.get(path)
    assert (reply.status_code, reply.text) == (200, text)
    assert reply.headers["cache-control"] == "no-cache"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'self'" in reply.headers["content-security-policy"]
    assert reply.headers["server"] == "nginx"


async def test_assets_are_kept_and_compressed(front: httpx.AsyncClient) -> None:
    reply = await front.get("/assets/app-1a2b.js")
    assert "immutable" in reply.headers["cache-control"]
    assert reply.headers["content-encoding"] == "gzip"
    assert (await front.get("/assets/none.js")).status_code == 404


@pytest.mark.parametrize("path", ["/", "/mgmt"])
async def test_the_root_leads_to_the_page_whatever_the_host(
    front: httpx.AsyncClient, path: str
) -> None:
    reply = await front.get(path)
    assert (reply.status_code, reply.headers["location"]) == (302, "/mgmt/")


async def test_a_body_over_1_mb_is_413_in_the_envelope(front: httpx.AsyncClient) -> None:
    body = b'"' + b"x" * 1_100_000 + b'"'
    reply = await front.post("/terraform/v1/mgmt/login", content=body)
    assert reply.status_code == 413
    assert reply.json()["data"]["key"] == "body_too_large"


async def test_a_file_for_slates_may_be_larger_but_not_without_end(
    front: httpx.AsyncClient, settings: Settings
) -> None:
    path = "/terraform/v1/ffmpeg/slate/upload"
    headers = {"Content-Type": "application/octet-stream"}
    reply = await front.post(path, content=b"x" * 2_000_000, headers=headers)
    assert reply.status_code == 200
    reader, writer = await asyncio.open_connection("127.0.0.1", settings.http_port)
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 300000000\r\n\r\n"
    writer.write(head.encode())
    assert b" 413 " in await reader.readline()
    answer = await reader.readuntil(b"}}")
    assert b"200 MB" in answer
    assert b"body_too_large" in answer
    writer.close()
    await writer.wait_closed()


async def test_a_service_that_is_away_is_502_in_the_envelope(
    front: httpx.AsyncClient, behind: dict[str, asyncio.Server]
) -> None:
    behind["platform"].close()
    await behind["platform"].wait_closed()
    reply = await front.get("/terraform/v1/mgmt/versions")
    assert reply.status_code == 502
    assert reply.json()["data"]["key"] == "upstream"
    assert reply.json()["data"]["help"]


async def test_passes_stay_out_of_the_log_though_the_services_are_away(
    front: httpx.AsyncClient, behind: dict[str, asyncio.Server], settings: Settings
) -> None:
    for server in behind.values():
        server.close()
    addresses = (
        "/terraform/v1/watch/live/cam",
        "/live/cam.flv",
        "/rtc/v1/whep",
        "/s/abc.m3u8",
        f"/terraform/v1/vod/{ID}",
        f"/vod/{ID}.m3u8",
        f"/vod/{ID}.mp4",
        f"/terraform/v1/hooks/vod/hls/{ID}.m3u8",
    )
    for address in addresses:
        assert (await front.get(f"{address}?pass=let-me-in")).status_code == 502
    assert (await front.post("/terraform/v1/mgmt/login")).status_code == 502
    logged = (settings.data.logs / "front.log").read_text()
    assert "/terraform/v1/mgmt/login" in logged
    assert "let-me-in" not in logged


async def test_https_answers_with_the_self_signed_certificate(front: httpx.AsyncClient) -> None:
    port = front.headers["x-https-port"]
    reply = await front.get(f"https://127.0.0.1:{port}/terraform/v1/mgmt/versions")
    assert reply.json()["headers"]["x-forwarded-proto"] == "https"


@pytest.mark.parametrize(
    ("version", "options"), [((1, 18, 0), ()), ((1, 19, 5), ("-e", "stderr")), ((), ())]
)
def test_an_old_nginx_is_not_given_options_it_does_not_know(
    settings: Settings,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
    version: tuple[int, ...],
    options: tuple[str, ...],
) -> None:
    monkeypatch.setattr("streamstead.core.nginx.nginx_version", lambda: version)
    spec = front_spec(Plan(settings, account, RuntimeName.PROCESS, MediaServer.EMBEDDED))
    assert spec.argv[1:-2] == options
    assert spec.check[1:-3] == options


async def test_every_door_is_in_the_configuration(settings: Settings, account: Account) -> None:
    plan = Plan(
        settings, account, RuntimeName.PROCESS, MediaServer.SRS, FrontDoors(8180, 8443), ipv6=True
    )
    text = front_spec(plan).files[0].text
    for line in ("listen 8180 ", "listen [::]:8180 ", "listen 8443 ssl ", "listen [::]:8443 ssl "):
        assert line in text
    closed = front_spec(replace(plan, doors=FrontDoors(), ipv6=False)).files[0].text
    assert "ssl" not in closed
    assert "[::]" not in closed
