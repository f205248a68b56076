"""What every listener does with requests that never end."""

import asyncio
import functools
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import pytest
import uvicorn
from fastapi import Request
from starlette.responses import StreamingResponse
from uvicorn.server import ServerState

from streamstead.core import app as core_app
from streamstead.core import http_limits
from streamstead.core.app import Body, RawBodies, Reply, create_app
from streamstead.core.http_limits import MORE_TIME, LimitedHttp

LIMIT_S = 30
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"

Call = Callable[..., Any]


class Echo(Body):
    text: str


@pytest.fixture
def state() -> ServerState:
    return ServerState()


@pytest.fixture
async def call(state: ServerState) -> AsyncIterator[Call]:
    """Connect and send; the app has ``/echo`` and an endless ``/feed``."""
    app = create_app("x", "x", raw=RawBodies("/raw/", "application/octets", 100_000))

    @app.post("/echo")
    async def echo(body: Echo) -> Reply[str]:
        return Reply(data=body.text)

    @app.patch("/raw/{more_s}")
    async def raw(request: Request, more_s: float) -> Reply[int]:
        """Read piece by piece and give so much more time with each."""
        seen, loop = 0, asyncio.get_running_loop()
        async for piece in request.stream():
            seen += len(piece)
            request.scope[MORE_TIME](loop.time() + more_s)
        return Reply(data=seen)

    @app.get("/feed")
    async def feed() -> StreamingResponse:
        async def beat() -> AsyncIterator[bytes]:
            while True:
                yield b"beat\n"
                await asyncio.sleep(0.02)

        return StreamingResponse(beat())

    config = uvicorn.Config(
        app, lifespan="off", log_config=None, access_log=False, timeout_keep_alive=3
    )
    config.load()
    made = functools.partial(LimitedHttp, config, state, {})
    server = await asyncio.get_running_loop().create_server(made, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    writers = []

    async def connect(*pieces: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writers.append(writer)
        for piece in pieces:
            writer.write(piece)
        return reader, writer

    yield connect
    for writer in writers:
        writer.close()
    server.close()
    await until(lambda: not (state.connections or state.tasks))


async def reply(reader: asyncio.StreamReader) -> tuple[int, Any]:
    async with asyncio.timeout(LIMIT_S):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split()[0])
        return int(head.split()[1]), json.loads(await reader.readexactly(length))


async def rest(reader: asyncio.StreamReader) -> bytes:
    """Wait for the end of the connection."""
    async with asyncio.timeout(LIMIT_S):
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\r\n",
        b"GET",
        HEALTH[:-2],
        POST + b"Content-Length: 10\r\n\r\n",
        POST + b"Content-Length: 10\r\n\r\n{",
        POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\nA: b\r\n",
        HEALTH + b"\r\n",
        HEALTH + HEALTH[:-1],
    ],
)
async def test_a_request_that_never_ends_is_closed(
    call: Call, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(http_limits, "REQUEST_S", 0.1)
    reader, _ = await call(sent)
    await rest(reader)


async def test_sending_a_little_again_and_again_gains_no_time(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_limits, "REQUEST_S", 0.3)
    reader, writer = await call(HEALTH[:-2])

    async def trickle() -> None:
        while True:
            writer.write(b"A: b\r\n")
            await asyncio.sleep(0.05)

    trickling = asyncio.create_task(trickle())
    assert await rest(reader) == b""
    trickling.cancel()


async def test_an_answer_may_take_longer_than_its_request_might(
    call: Call, state: ServerState
) -> None:
    reader, _ = await call(b"GET /feed HTTP/1.1\r\nHost: h\r\n\r\n")
    async with asyncio.timeout(LIMIT_S):
        await reader.readuntil(b"beat")
        assert timer(state) is None
        await reader.readuntil(b"beat")


async def test_each_request_of_a_kept_connection_has_its_own_time(
    call: Call, state: ServerState
) -> None:
    reader, writer = await call()
    body = b'{"text":"hello"}'
    whole = POST + b"Content-Length: %d\r\n\r\n" % len(body) + body
    timers = []
    for _ in range(3):
        writer.write(whole[:40])
        await until(lambda: bool(state.connections) and timer(state) not in (None, *timers))
        timers.append(timer(state))
        writer.write(whole[40:])
        assert (await reply(reader))[1]["data"] == "hello"
        assert timer(state) is None
    writer.write(whole + HEALTH + whole[:40])
    assert [(await reply(reader))[0] for _ in range(2)] == [200, 200]
    await until(lambda: timer(state) is not None)


def timer(state: ServerState) -> Any:
    (connection,) = state.connections
    return cast(Any, connection)._timer


async def until(check: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while True:
            if check():
                return
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "flood",
    [
        b"GET /" + b"x" * 300_000,
        HEALTH[:-2] + b"A: " + b"x" * 300_000,
        POST + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"x" * 300_000,
        POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\nA: " + b"x" * 300_000,
    ],
)
async def test_a_head_without_end_is_closed_long_before_its_time(call: Call, flood: bytes) -> None:
    reader, _ = await call(flood)
    assert await rest(reader) == b""


async def test_a_head_of_many_small_headers_is_refused(call: Call) -> None:
    reader, _ = await call(HEALTH[:-2] + b"A: b\r\n" * 200 + b"\r\n")
    assert (await rest(reader)).startswith(b"HTTP/1.1 400 ")


async def test_heads_that_do_not_end_share_a_limit(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_limits, "MAX_HEADS_BYTES", 70_000)
    before = LimitedHttp._all_unread
    first, writer = await call(HEALTH[:-2] + b"A: " + b"x" * 20_000)
    await until(lambda: LimitedHttp._all_unread >= before + 20_000)
    later = [(await call(HEALTH[:-2] + b"A: " + b"x" * 30_000))[0] for _ in range(5)]
    ended = [asyncio.ensure_future(rest(reader)) for reader in later]
    while sum(one.done() for one in ended) < 4:
        await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED, timeout=0.1)
    writer.write(b"\r\n\r\n")
    assert (await reply(first))[0] == 200
    for one in ended:
        one.cancel()


async def test_a_large_body_is_no_large_head(call: Call) -> None:
    body = b'{"text":"%s"}' % (b"x" * 900_000)
    reader, _ = await call(POST + b"Content-Length: %d\r\n\r\n" % len(body), body)
    assert (await reply(reader))[0] == 200
    pieces = b"".join(b"1\r\n%c\r\n" % byte for byte in body[:100_000]) + b'2\r\n"}\r\n0\r\n\r\n'
    reader, _ = await call(POST + b"Transfer-Encoding: chunked\r\n\r\n", pieces)
    assert (await reply(reader))[0] == 200


async def test_a_body_that_comes_too_slowly_is_told_so_however_often_it_moves(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core_app, "BODY_TIMEOUT_S", 0.3)
    reader, writer = await call(POST + b"Transfer-Encoding: chunked\r\n\r\n")

    async def trickle() -> None:
        while True:
            writer.write(b"1\r\n \r\n")
            await asyncio.sleep(0.05)

    trickling = asyncio.create_task(trickle())
    status, answer = await reply(reader)
    trickling.cancel()
    assert (status, answer["data"]["key"]) == (408, "request_timeout")


async def test_bodies_that_do_not_end_share_a_limit_and_whole_ones_do_not(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core_app, "MAX_HELD_BYTES", 100_000)
    part = POST + b"Content-Length: 50000\r\n\r\n" + b" " * 40_000
    held = [await call(part) for _ in range(8)]
    waiting = {asyncio.ensure_future(reply(reader)): writer for reader, writer in held}
    while len(waiting) > 2:
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            waiting.pop(one).close()
            status, answer = one.result()
            assert (status, answer["data"]["key"]) == (429, "rate_limited")
    for one, writer in waiting.items():
        writer.write(b'{"text":"x"}'.rjust(10_000))
        assert (await one)[0] == 200
    body = b'{"text":"x"}'.rjust(90_000)
    for _ in range(3):
        reader, _ = await call(POST + b"Content-Length: 90000\r\n\r\n", body)
        assert (await reply(reader))[0] == 200


async def test_one_connection_too_many_is_turned_away(
    call: Call, state: ServerState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_limits, "MAX_CONNECTIONS", 2)
    readers = [(await call(HEALTH))[0] for _ in range(2)]
    assert [(await reply(reader))[0] for reader in readers] == [200, 200]
    third, _ = await call()
    assert await rest(third) == b""
    assert len(state.connections) == 2


def raw_head(length: int, more_s: float, kind: str = "application/octets") -> bytes:
    head = f"PATCH /raw/{more_s} HTTP/1.1\r\nHost: h\r\nContent-Type: {kind}\r\n"
    return f"{head}Content-Length: {length}\r\n\r\n".encode()


async def test_an_app_that_knows_its_sender_gives_a_body_more_time(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_limits, "REQUEST_S", 2.0)
    reader, writer = await call(raw_head(4, LIMIT_S))
    for _ in range(4):
        writer.write(b"x")
        await asyncio.sleep(0.8)
    assert await reply(reader) == (200, {"code": 0, "data": 4})


async def test_more_time_ends_too_and_outlives_no_request(call: Call) -> None:
    reader, _ = await call(raw_head(4, 0.2), b"x")
    assert await rest(reader) == b""
    # Given with the last piece it would end the connection before the next request.
    reader, writer = await call(raw_head(1, 0.2), b"x")
    assert (await reply(reader))[0] == 200
    await asyncio.sleep(0.4)
    writer.write(HEALTH)
    assert (await reply(reader))[0] == 200


async def test_raw_bodies_have_their_own_type_and_length_at_their_paths_only(call: Call) -> None:
    reader, _ = await call(raw_head(1, 1.0, "application/json"), b"1")
    assert (await reply(reader))[0] == 415
    reader, _ = await call(raw_head(100_001, 1.0))
    assert (await reply(reader))[0] == 413
    head = b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Type: application/octets\r\n"
    reader, _ = await call(head + b"Content-Length: 1\r\n\r\nx")
    assert (await reply(reader))[0] == 415
