"""The door SRS knocks at, byte by byte."""

import asyncio
import functools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
import uvicorn
from uvicorn.server import ServerState

from streamstead.core.app import create_app
from streamstead.core.errors import Refused
from streamstead.hooks import door as door_module
from streamstead.hooks.callback import Callback
from streamstead.hooks.callback_request import MAX_BODY_BYTES
from streamstead.hooks.door import MAX_HEAD_BYTES, Door
from streamstead.hooks.gate import Gate
from streamstead.hooks.receiver import Receiver

HOOK = "0123456789abcdef"
PATH = "/terraform/v1/hooks/srs/verify"
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"
LIMIT_S = 60.0


async def until(check: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while True:
            if check():
                return
            await asyncio.sleep(0.01)


@dataclass
class FakeGate:
    """Lets everybody in except the client ``bad``; holds callbacks back while ``open`` is clear."""

    seen: list[Callback] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def decide(self, callback: Callback) -> None:
        self.seen.append(callback)
        self.begun.set()
        await self.open.wait()
        if callback.client_id == "bad":
            raise Refused("no", key="wrong_secret")
        if callback.client_id == "bug":
            raise RuntimeError("a bug")

    @property
    def clients(self) -> list[str]:
        return [callback.client_id for callback in self.seen]


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def key(self) -> str:
        return str(json.loads(self.body)["data"]["key"])


@dataclass
class Caller:
    """A client that says exactly what the test wants."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def say(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)

    async def reply(self, *, has_body: bool = True) -> Reply:
        async with asyncio.timeout(LIMIT_S):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            lines = head.strip().split("\r\n")
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in lines[1:])
            }
            length = int(headers.get("content-length", 0)) if has_body else 0
            body = await self.reader.readexactly(length)
            return Reply(int(lines[0].split()[1]), headers, body)

    async def rest(self) -> bytes:
        """Wait for the end of the connection; return what came before it."""
        async with asyncio.timeout(LIMIT_S):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""


@dataclass
class Front:
    """The door, listening."""

    gate: FakeGate
    state: ServerState
    server: asyncio.Server
    stack: AsyncExitStack

    async def call(self, *pieces: bytes) -> Caller:
        port = self.server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        self.stack.callback(writer.close)
        caller = Caller(reader, writer)
        caller.say(*pieces)
        return caller

    async def ask(self, *pieces: bytes) -> Reply:
        return await (await self.call(*pieces)).reply()


@pytest.fixture
async def front() -> AsyncIterator[Front]:
    gate, state = FakeGate(), ServerState()
    gate.open.set()
    app = create_app("hooks", "Hooks")
    config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False)
    config.load()
    made = functools.partial(Door, Receiver(cast(Gate, gate)), HOOK, config, state, {})
    server = await asyncio.get_running_loop().create_server(made, "127.0.0.1", 0)
    async with AsyncExitStack() as stack:
        yield Front(gate, state, server, stack)
    server.close()
    await until(lambda: not (state.connections or state.tasks))


def body_of(client_id: str = "c1", **fields: Any) -> bytes:
    body = {"action": "on_publish", "client_id": client_id, "app": "live", "stream": "cam"}
    return json.dumps(body | fields).encode()


def request(
    body: bytes = b"",
    *headers: str,
    target: str = f"{PATH}?hook={HOOK}",
    method: str = "POST",
    version: str = "1.1",
) -> bytes:
    lines = [f"{method} {target} HTTP/{version}", "Host: 127.0.0.1", *headers]
    if not any(h.lower().startswith(("content-length", "transfer-encoding")) for h in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def chunks(body: bytes, size: int) -> bytes:
    cut = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in cut) + b"0\r\n\r\n"


async def test_a_callback_is_answered_and_the_connection_kept(front: Front) -> None:
    caller = await front.call()
    for path in (PATH, "/terraform/v1/hooks/srs/hls"):
        caller.say(request(body_of(), target=f"{path}?hook={HOOK}"))
        reply = await caller.reply()
        assert (reply.status, json.loads(reply.body)) == (200, {"code": 0, "data": None})
        assert reply.headers["content-type"] == "application/json"
        assert "connection" not in reply.headers
    assert front.gate.clients == ["c1", "c1"]


@pytest.mark.parametrize("how", [{"version": "1.0"}, {}])
async def test_a_client_that_wants_the_connection_closed_gets_it_closed(
    front: Front, how: dict[str, str]
) -> None:
    caller = await front.call(request(body_of(), "Connection: close", **how))
    reply = await caller.reply()
    assert (reply.status, reply.headers["connection"]) == (200, "close")
    assert await caller.rest() == b""


async def test_refusals_and_faults_have_the_envelope_and_keep_the_connection(front: Front) -> None:
    caller = await front.call(request(body_of("bad")), request(body_of("bug")), request(body_of()))
    refused, failed, good = [await caller.reply() for _ in range(3)]
    assert (refused.status, refused.key) == (401, "wrong_secret")
    assert (failed.status, json.loads(failed.body)["code"]) == (500, 4000)
    assert good.status == 200


async def test_requests_sent_at_once_are_answered_in_turn_and_one_at_a_time(front: Front) -> None:
    front.gate.open.clear()
    caller = await front.call(*(request(body_of(f"c{n}")) for n in range(300)))
    async with asyncio.timeout(LIMIT_S):
        await front.gate.begun.wait()
    assert front.gate.clients == ["c0"]
    front.gate.open.set()
    for _ in range(300):
        assert (await caller.reply()).status == 200
    assert front.gate.clients == [f"c{n}" for n in range(300)]


async def test_a_request_that_comes_byte_by_byte_is_understood(front: Front) -> None:
    caller = await front.call()
    cast(Any, caller.writer.transport).get_extra_info("socket").setsockopt(6, 1, 1)
    for version in (request(body_of()), request(b"", "Transfer-Encoding: chunked")):
        whole = version if body_of() in version else version + chunks(body_of(), 7)
        for at in range(len(whole)):
            caller.say(whole[at : at + 1])
            await asyncio.sleep(0)
        assert (await caller.reply()).status == 200
    assert front.gate.clients == ["c1", "c1"]


@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_a_body_in_chunks_is_the_last_of_its_connection(front: Front, size: int) -> None:
    body = body_of(param="?" + "x" * 8000)
    one = request(b"", "Transfer-Encoding: chunked") + chunks(body, size)
    caller = await front.call(one + request(body_of("another")))
    reply = await caller.reply()
    assert (reply.status, reply.headers["connection"]) == (200, "close")
    assert await caller.rest() == b""
    assert [callback.param for callback in front.gate.seen] == ["?" + "x" * 8000]


async def test_a_client_that_waits_for_the_word_gets_it(front: Front) -> None:
    body = body_of()
    expecting = request(b"", "Expect: 100-continue", f"Content-Length: {len(body)}")
    caller = await front.call(expecting)
    assert (await caller.reply()).status == 100
    caller.say(body)
    assert (await caller.reply()).status == 200


async def test_a_client_that_waits_for_the_word_but_may_not_is_told_at_once(front: Front) -> None:
    head = request(b"", "Expect: 100-continue", "Content-Length: 10", target=f"{PATH}?hook=no")
    assert (await front.ask(head)).status == 403


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "HEAD"])
async def test_only_post_is_taken(front: Front, method: str) -> None:
    caller = await front.call(request(method=method))
    reply = await caller.reply(has_body=False)
    assert (reply.status, reply.headers["connection"]) == (405, "close")
    rest = await caller.rest()
    assert rest == b"" if method == "HEAD" else json.loads(rest)["code"] == 4005
    assert front.gate.seen == []


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?",
        "?hook=",
        f"?hook={HOOK}x",
        f"?hook={HOOK[:-1]}",
        f"?hook={HOOK.upper()}",
        f"?hook={HOOK}&hook={HOOK}",
        f"?hook=wrong&hook={HOOK}",
        f"?Hook={HOOK}",
        f"?a={HOOK}",
        "?hook=%FF%00",
        "?" + "a=1&" * 50 + f"hook={HOOK}",
    ],
)
async def test_a_wrong_hook_secret_is_refused_before_the_body(front: Front, query: str) -> None:
    head = request(b"", "Content-Length: 300000000", target=PATH + query)
    reply = await front.ask(head)
    assert (reply.status, reply.key) == (403, "hook_secret_wrong")
    assert front.gate.seen == []


async def test_the_hook_secret_may_stand_beside_other_parameters(front: Front) -> None:
    target = f"{PATH}?a=b&hook=%30{HOOK[1:]}"
    assert (await front.ask(request(body_of(), target=target))).status == 200


@pytest.mark.parametrize(
    ("sent", "status", "key"),
    [
        (request(b""), 400, "malformed_json"),
        (request(b"", "Content-Length: 0"), 400, "malformed_json"),
        (request(b"{\x00}"), 400, "malformed_json"),
        (request(b'"\xff\xfe"'), 400, "malformed_json"),
        (request(body_of(stream="a\x00b")), 422, "invalid"),
        (request(body_of(param="?" + "x" * 9000)), 422, "invalid"),
        (request(b"", f"Content-Length: {MAX_BODY_BYTES + 1}"), 413, "body_too_large"),
        (request(b"", "Content-Length: 99999999999999999"), 413, "body_too_large"),
        (request(b"", "Content-Length: -1"), 400, "malformed_http"),
        (request(b"", "Content-Length: 1", "Content-Length: 2"), 400, "malformed_http"),
        (
            request(b"", "Content-Length: 1", "Transfer-Encoding: chunked"),
            400,
            "malformed_http",
        ),
        (request(b"", "A: b\x00c"), 400, "malformed_http"),
        (request(b"", "A b c"), 400, "malformed_http"),
        (request(b"", "Connection: upgrade", "Upgrade: websocket"), 400, "malformed_http"),
        (request(b"", "A: " + "x" * MAX_HEAD_BYTES), 413, "body_too_large"),
        (request(b"", "Transfer-Encoding: chunked") + b"zz\r\n", 400, "malformed_http"),
        (
            request(b"", "Transfer-Encoding: chunked") + chunks(b"x" * 70_000, 1000),
            413,
            "body_too_large",
        ),
        (
            request(b"", "Transfer-Encoding: chunked")
            + b"1;" + b"e" * 9 * MAX_BODY_BYTES + b"\r\nx\r\n",
            413,
            "body_too_large",
        ),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_refused_with_its_reason(
    front: Front, sent: bytes, status: int, key: str
) -> None:
    reply = await front.ask(sent)
    assert (reply.status, reply.key) == (status, key)
    assert front.gate.seen == []


async def test_parameters_of_8_kb_unicode_and_escapes_arrive_unchanged(front: Front) -> None:
    for param in ("?" + "x" * 8000, "?title=\u76f4\u64ad\U0001f3a5", "?a=%00%ff", "\x00\x01"):
        assert (await front.ask(request(body_of(param=param)))).status == 200
        assert front.gate.seen[-1].param == param


async def test_a_refused_sender_of_much_still_reads_the_answer(front: Front) -> None:
    head = request(b"", "Content-Length: 900000", target=f"{PATH}?hook=no")
    caller = await front.call(head, b"x" * 900_000)
    assert (await caller.reply()).status == 403
    assert await caller.rest() == b""


async def test_everything_else_is_uvicorns_from_the_first_byte(front: Front) -> None:
    for pieces in ((HEALTH,), tuple(HEALTH[n : n + 1] for n in range(len(HEALTH)))):
        reply = await front.ask(*pieces)
        assert (reply.status, json.loads(reply.body)["data"]["service"]) == (200, "hooks")
    reply = await front.ask(request(target="/terraform/v1/hooks/srs/other"))
    assert (reply.status, reply.key) == (404, "unknown_path")
    assert (await front.ask(b"\x16\x03\x01\r\n\r\n")).status == 400
    assert (await front.ask(b"x" * (MAX_HEAD_BYTES + 1))).status == 400


@pytest.mark.parametrize("path", [f"/x{PATH}", f"{PATH}/", PATH.replace("v", "%76"), f"//h{PATH}"])
async def test_a_path_that_only_resembles_is_not_a_callback(front: Front, path: str) -> None:
    body = request(body_of(), "Content-Type: application/json", target=f"{path}?hook={HOOK}")
    assert (await front.ask(body)).status == 404
    assert front.gate.seen == []


async def test_a_connection_may_go_over_from_callbacks_to_the_rest(front: Front) -> None:
    caller = await front.call(request(body_of()), request(body_of()) + HEALTH + HEALTH)
    for _ in range(2):
        assert json.loads((await caller.reply()).body)["data"] is None
    for _ in range(2):
        assert json.loads((await caller.reply()).body)["data"]["service"] == "hooks"


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"POST /terraform",
        request(body_of())[:60],
        request(body_of())[:-1],
        request(b"", "Transfer-Encoding: chunked") + b"5\r\nab",
        request(b"", "Content-Length: 9", target=f"{PATH}?hook=no"),
        HEALTH[:-2],
        request(body_of()),
    ],
)
async def test_a_request_that_never_ends_is_closed(
    front: Front, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(door_module, "REQUEST_S", 0.05)
    caller = await front.call(sent)
    await caller.rest()


async def test_more_connections_than_the_limit_are_turned_away(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_module, "MAX_CONNECTIONS", 2)
    first = await front.call(request(body_of()))
    second = await front.call(request(body_of()))
    assert [(await one.reply()).status for one in (first, second)] == [200, 200]
    third = await front.call()
    assert await third.rest() == b""
    first.writer.close()
    await until(lambda: len(front.state.connections) == 1)
    assert (await front.ask(request(body_of()))).status == 200


async def test_a_stop_answers_what_has_begun_and_closes_what_waits(front: Front) -> None:
    front.gate.open.clear()
    under_way, idle = await front.call(request(body_of())), await front.call(request(body_of("x")))
    await until(lambda: len(front.gate.seen) == 2)
    front.gate.open.set()
    assert (await idle.reply()).status == 200
    assert (await under_way.reply()).status == 200
    front.gate.open.clear()
    under_way.say(request(body_of("last")))
    await until(lambda: "last" in front.gate.clients)
    for connection in list(front.state.connections):
        connection.shutdown()
    assert await idle.rest() == b""
    front.gate.open.set()
    reply = await under_way.reply()
    assert (reply.status, reply.headers["connection"]) == (200, "close")
    assert await under_way.rest() == b""


async def test_answers_that_nobody_fetches_stop_the_reading(front: Front) -> None:
    caller = await front.call(request(body_of("first")))
    await caller.reply()
    (door,) = front.state.connections
    door.pause_writing()  # the transport says so when its buffer is full
    caller.say(request(body_of(param="?" + "x" * 4000)) * 1000)
    await until(lambda: not cast(Any, door)._transport.is_reading())
    assert len(cast(Any, door)._buffer) < 1_000_000
    assert front.gate.clients == ["first"]
    door.resume_writing()
    for _ in range(1000):
        assert (await caller.reply()).status == 200


async def test_a_caller_that_goes_away_does_no_harm(front: Front) -> None:
    front.gate.open.clear()
    caller = await front.call(request(body_of()))
    async with asyncio.timeout(LIMIT_S):
        await front.gate.begun.wait()
    caller.writer.transport.abort()
    await until(lambda: not front.state.connections)
    front.gate.open.set()
    assert (await front.ask(request(body_of()))).status == 200


def test_the_door_reads_the_secret_in_constant_time() -> None:
    uses: Callable[..., Any] = Door._check
    assert "compare_digest" in uses.__code__.co_names
