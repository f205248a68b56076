"""Messages to other people's servers: what leaves, and what bad servers can do (nothing)."""

import asyncio
import hmac
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamstead.core.errors import Invalid, StreamsteadError
from streamstead.core.outbound import (
    Outbound,
    OutboundFailed,
    OutboundReply,
    OutboundTimeout,
    check_url,
    origin_of,
)
from streamstead.core.resolver import Resolver

from ..conftest import free_port
from ..web_servers import (
    WAIT_S,
    Answer,
    Flood,
    drips,
    endless_head,
    garbage,
    hangs,
    make_certificate,
    resets,
    says,
    web_server,
)

SECRET = "secret"
BODY = b'{"type":"test"}'


async def post(
    url: str,
    outbound: Outbound | None = None,
    *,
    body: bytes = BODY,
    timeout_s: float = WAIT_S,
    allow_private: bool = True,
    secret: str = SECRET,
) -> OutboundReply:
    return await (outbound or Outbound()).post_signed(
        url,
        body,
        secret,
        timeout_s=timeout_s,
        allow_private=allow_private,
        max_reply_bytes=4096,
        headers={"Streamstead-Event": "test"},
    )


async def test_a_message_is_json_signed_with_its_time() -> None:
    async with web_server(says(200, b"0")) as server:
        reply = await post(server.url + "?a=%20b&c", Outbound(now_s=lambda: 1_700_000_000.9))
    assert (reply.status, reply.body, reply.cut) == (200, b"0", False)
    [got] = server.got
    assert (got.path, got.body) == ("/hook?a=%20b&c", BODY)
    assert got.headers["content-type"] == "application/json"
    assert got.headers["host"] == f"127.0.0.1:{server.port}"
    assert got.headers["streamstead-event"] == "test"
    assert got.headers["user-agent"].startswith("Streamstead/")
    digest = hmac.new(b"secret", b"1700000000." + BODY, "sha256").hexdigest()
    assert got.headers["streamstead-signature"] == f"t=1700000000,v1={digest}"


async def test_without_a_secret_nothing_is_signed() -> None:
    async with web_server(says(204)) as server:
        await post(server.url, secret="")
    assert "streamstead-signature" not in server.got[0].headers


async def test_user_and_password_of_the_address_go_into_a_header_and_into_no_error() -> None:
    async with web_server(says(200)) as server:
        url = server.url.replace("http://", "http://me:p%40ss@") + "?token=hidden-token"
        await post(url)
        assert server.got[0].headers["authorization"] == "Basic bWU6cEBzcw=="
        server.answer = resets
        with pytest.raises(OutboundFailed) as failed:
            await post(url)
    told = f"{failed.value} {failed.value.help} {origin_of(url)}"
    for hidden in ("me:", "p%40ss", "p@ss", "hidden-token", "secret"):
        assert hidden not in told


async def test_a_name_is_resolved_once_and_that_address_used() -> None:
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(f"{host} {port}")
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    async with web_server(says(200)) as server:
        await post(f"http://crm.example.com:{server.port}/x", Outbound(resolve))
        assert server.got[0].headers["host"] == f"crm.example.com:{server.port}"
    assert asked == [f"crm.example.com {server.port}"]


@pytest.mark.parametrize("address", ["127.0.0.1", "::ffff:127.0.0.1", "169.254.169.254", "::1"])
async def test_a_name_that_leads_inside_is_not_connected_to(address: str) -> None:
    async def resolve(_: str, __: int) -> list[str]:
        return [address]

    async with web_server(says(200)) as server:
        with pytest.raises(OutboundFailed) as failed:
            await post(
                f"http://crm.example.com:{server.port}/x", Outbound(resolve), allow_private=False
            )
        assert failed.value.key == "outbound_private_address"
        assert server.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "127.1"])
async def test_however_loopback_is_written_it_is_refused(host: str) -> None:
    async with web_server(says(200)) as server:
        with pytest.raises(OutboundFailed) as failed:
            await post(f"http://{host}:{server.port}/x", allow_private=False)
        assert failed.value.key in ("outbound_private_address", "outbound_unreachable")
        assert server.connections == 0


async def test_the_next_address_is_tried_when_one_cannot_be_connected_to() -> None:
    async def resolve(_: str, __: int) -> list[str]:
        return ["127.0.0.9", "127.0.0.1"]  # nobody listens on the first

    async with web_server(says(200)) as server:
        reply = await post(f"http://crm.example.com:{server.port}/x", Outbound(resolve))
    assert reply.status == 200


async def test_a_redirect_is_not_followed() -> None:
    async with web_server(says(200)) as inside:
        moved = says(302, b"", f"Location: {inside.url}")
        async with web_server(moved) as server:
            with pytest.raises(OutboundFailed) as failed:
                await post(server.url)
    assert (failed.value.key, failed.value.http_status) == ("outbound_redirect", 302)
    assert inside.connections == 0


@pytest.mark.parametrize("answer", [hangs, drips])
async def test_time_is_limited_over_all(answer: Answer) -> None:
    async with web_server(answer) as server:
        with pytest.raises(OutboundTimeout) as failed:
            await post(server.url, timeout_s=0.5)
    assert failed.value.key == "outbound_timeout"
    assert failed.value.status == 504


@pytest.mark.parametrize("answer", [resets, garbage, endless_head])
async def test_what_is_no_answer_is_named(answer: Answer) -> None:
    async with web_server(answer) as server:
        with pytest.raises(OutboundFailed) as failed:
            await post(server.url)
    assert failed.value.key == "outbound_bad_reply"


async def test_a_closed_port_is_named() -> None:
    with pytest.raises(OutboundFailed) as failed:
        await post(f"http://127.0.0.1:{free_port()}/")
    assert failed.value.key == "outbound_unreachable"


async def test_of_an_endless_answer_only_the_beginning_is_read() -> None:
    flood = Flood()
    async with web_server(flood) as server:
        reply = await post(server.url)
    assert (reply.status, reply.body, reply.cut) == (200, b"x" * 4096, True)
    assert flood.sent < flood.size / 5


async def test_a_packed_answer_is_not_unpacked() -> None:
    async with web_server(says(200, b"\x1f\x8bpacked", "Content-Encoding: gzip")) as server:
        assert (await post(server.url)).body == b"\x1f\x8bpacked"
    assert server.got[0].headers["accept-encoding"] == "identity"


async def test_a_server_that_reads_nothing_is_given_up() -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    try:
        port = silent.getsockname()[1]
        with pytest.raises(OutboundTimeout):
            await post(f"http://127.0.0.1:{port}/", body=b"x" * 20_000_000, timeout_s=0.5)
    finally:
        silent.close()


def names(*, known: Path | None) -> Outbound:
    """Every name is this machine; ``known`` is the only certificate trusted."""

    async def resolve(_: str, __: int) -> list[str]:
        return ["127.0.0.1"]

    def trust() -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(known) if known else None)

    return Outbound(resolve, trust)


async def test_a_certificate_must_be_for_the_name_and_known(tmp_path: Path) -> None:
    tls, certificate = make_certificate(tmp_path, "crm.example.com")
    async with web_server(says(200), tls) as server:
        right = f"https://crm.example.com:{server.port}/"
        assert (await post(right, names(known=certificate))).status == 200
        with pytest.raises(OutboundFailed) as other_name:
            await post(f"https://evil.example.com:{server.port}/", names(known=certificate))
        with pytest.raises(OutboundFailed) as unknown:
            await post(right, names(known=None))
    assert other_name.value.key == unknown.value.key == "outbound_tls"
    assert "mismatch" in other_name.value.message.lower()
    assert "self" in unknown.value.message
    assert len(server.got) == 1


async def raw_server(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> asyncio.Server:
    return await asyncio.start_server(serve, "127.0.0.1", 0)


async def test_plain_text_where_tls_was_expected_is_named() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.com ESMTP\r\n" * 10)
        await reader.read()
        writer.close()

    async with await raw_server(greet) as server:
        with pytest.raises(OutboundFailed) as failed:
            await post(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    assert failed.value.key == "outbound_tls"


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_connection_is_closed_when_nobody_waits_any_more(scheme: str) -> None:
    connected, closed = asyncio.Event(), asyncio.Event()

    async def never_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)  # of the request, or of the handshake
        connected.set()
        await reader.read()  # until the other side ends
        closed.set()
        writer.close()

    async with await raw_server(never_answer) as server:
        url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        task = asyncio.create_task(post(url))
        async with asyncio.timeout(WAIT_S):
            await connected.wait()
            task.cancel()
            await closed.wait()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "http://",
        "http:///path",
        "http://exa mple.com/",
        "http://example.com/\r\nX-Injected: 1",
        "http://example.com\\@127.0.0.1/",
        "http://example..com/",
        "http://.example.com/",
        "http://example.com:99999/",
        "http://example.com:0/",
        "http://[::1/",
        "http://[fe80::1%25eth0]/",
        "http://münchen.de/",
        "http://" + "a" * 64 + ".com/",
        "http://example.com/" + "a" * 3000,
    ],
)
async def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_url(url, allow_private=True)
    assert refused.value.key == "outbound_bad_url"
    with pytest.raises(StreamsteadError):
        await post(url)


async def test_a_name_server_that_hangs_holds_up_no_other_name() -> None:
    asked, release = threading.Event(), threading.Event()
    names: list[str] = []

    def lookup(host: str, port: int, **_: Any) -> Sequence[Any]:
        names.append(host)
        if host == "slow.example.com":
            asked.set()
            release.wait(WAIT_S)
        return [(0, 0, 0, "", ("127.0.0.1", port))]

    resolver = Resolver(lookup)
    try:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await resolver("slow.example.com", 80)
        assert await asyncio.to_thread(asked.wait, WAIT_S)
        async with asyncio.timeout(WAIT_S):
            assert await resolver("quick.example.com", 80) == ["127.0.0.1"]
        assert names == ["slow.example.com", "quick.example.com"]
        waiting = asyncio.create_task(resolver("slow.example.com", 80))
        await asyncio.sleep(0)  # it joins the look-up that hangs
    finally:
        release.set()
    assert await waiting == ["127.0.0.1"]
    assert len(names) == 2


async def test_a_name_that_does_not_exist_is_an_error_of_the_system() -> None:
    with pytest.raises(OSError, match=r".+"):
        await Resolver()("no-such-name.invalid", 80)


@given(url=st.text(max_size=60) | st.from_regex(r"https?://[^/]{0,30}(/.{0,30})?", fullmatch=True))
def test_any_text_is_an_address_or_refused_by_name(url: str) -> None:
    try:
        clean, key = check_url(url, allow_private=True), ""
    except Invalid as refused:
        clean, key = "http://refused", refused.key
    assert key in ("", "outbound_bad_url", "outbound_private_address")
    assert httpx.URL(clean).scheme in ("http", "https")
    assert httpx.URL(clean).host
