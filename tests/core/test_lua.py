"""The pipe to Redis: batches, failures, and what comes after them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from redis import Redis as SyncRedis
from redis import exceptions as errors

from streamstead.core import lua
from streamstead.core.lua import LuaPipe
from streamstead.core.settings import Settings

from ..conftest import need, wait_until

ECHO = "redis.call('INCR', 'calls') return {ARGV[1], #ARGV, false}"
LIMIT_S = 60.0


@pytest.fixture
async def pipe(settings: Settings, redis_server: SyncRedis) -> AsyncIterator[LuaPipe]:
    made = LuaPipe.of(settings, ECHO)
    yield made
    made.close()
    await asyncio.sleep(0)


async def test_arguments_of_every_kind_arrive_and_text_comes_back(pipe: LuaPipe) -> None:
    for given, seen in (
        ("\u76f4\u64ad \U0001f3a5", "\u76f4\u64ad \U0001f3a5"),
        (b"\x00\r\n$5\r\n", "\x00\r\n$5\r\n"),
        (7, "7"),
        (1.5, "1.5"),
        ("x" * 300_000, "x" * 300_000),
        ("", ""),
    ):
        assert await pipe(given, "b") == [seen, 2, None]


async def test_bytes_that_are_no_text_do_not_break_the_pipe(pipe: LuaPipe) -> None:
    assert await pipe(b"\xff") == ["\ufffd", 1, None]
    assert await pipe("after") == ["after", 1, None]


async def test_calls_made_together_share_one_connection_and_get_their_own_reply(
    pipe: LuaPipe, redis_server: SyncRedis
) -> None:
    replies = await asyncio.gather(*(pipe(n) for n in range(500)))
    assert [reply[0] for reply in replies] == [str(n) for n in range(500)]
    ours = [one for one in redis_server.client_list() if one["cmd"] in ("evalsha", "eval")]
    assert len(ours) == 1


async def test_a_script_that_redis_forgot_is_told_again_and_done_once(
    pipe: LuaPipe, redis_server: SyncRedis
) -> None:
    await pipe("a")
    redis_server.script_flush()
    assert [reply[0] for reply in await asyncio.gather(pipe("b"), pipe("c"))] == ["b", "c"]
    assert redis_server.get("calls") == "3"


async def test_an_error_of_the_script_hits_only_its_own_call(
    settings: Settings, redis_server: SyncRedis
) -> None:
    pipe = LuaPipe.of(
        settings, "if ARGV[1] == 'bad' then return redis.error_reply('MINE no') end return {1}"
    )
    bad, good = await asyncio.gather(pipe("bad"), pipe("good"), return_exceptions=True)
    assert isinstance(bad, errors.ResponseError)
    assert str(bad) == "MINE no"
    assert good == [1]
    pipe.close()


async def test_a_wrong_password_is_an_error_each_time_and_the_right_one_then_works(
    settings: Settings, redis_server: SyncRedis
) -> None:
    pipe = LuaPipe(settings.data.redis_socket, "wrong", ECHO)
    for _ in range(3):
        with pytest.raises(errors.AuthenticationError):
            await pipe("a")
    redis_server.config_set("requirepass", "wrong")
    assert (await pipe("a"))[0] == "a"
    pipe.close()


async def test_writes_refused_by_a_full_redis_are_an_error_until_it_has_room(
    pipe: LuaPipe, redis_server: SyncRedis
) -> None:
    await pipe("a")
    redis_server.config_set("maxmemory", 1)
    with pytest.raises(errors.RedisError):
        await pipe("b")
    redis_server.config_set("maxmemory", 0)
    assert (await pipe("c"))[0] == "c"
    redis_server.config_set("min-replicas-to-write", 1)
    with pytest.raises(errors.RedisError):
        await pipe("d")
    redis_server.config_set("min-replicas-to-write", 0)
    assert (await pipe("e"))[0] == "e"


async def test_a_cancelled_caller_takes_nothing_from_the_others(pipe: LuaPipe) -> None:
    await pipe("first")
    calls = [asyncio.ensure_future(pipe(n)) for n in range(20)]
    await asyncio.sleep(0)
    for call in calls[::2]:
        call.cancel()
    done = await asyncio.gather(*calls, return_exceptions=True)
    assert [one[0] for one in done[1::2] if isinstance(one, list)] == [
        str(n) for n in range(1, 20, 2)
    ]
    assert all(isinstance(one, asyncio.CancelledError) for one in done[::2])
    assert (await pipe("last"))[0] == "last"


async def test_without_redis_each_call_fails_at_once_and_the_first_after_it_works(
    settings: Settings,
) -> None:
    pipe = LuaPipe.of(settings, ECHO)
    for _ in range(3):
        with pytest.raises(errors.ConnectionError):
            await pipe("a")
    async with fake_redis(settings.data.redis_socket, answer(b"*1\r\n:1\r\n")):
        assert await pipe("a") == [1]
    pipe.close()


async def test_a_restarted_redis_is_used_again_without_a_failed_call(
    settings: Settings, redis_server: SyncRedis, pipe: LuaPipe
) -> None:
    await pipe("before")
    link = pipe._link
    assert link is not None
    redis_server.shutdown(nosave=True)
    await until(lambda: link.broken is not None)
    with pytest.raises(errors.ConnectionError):
        await pipe("while")
    argv = [need("redis-server"), "--port", "0", "--save", ""]
    argv += ["--unixsocket", str(settings.data.redis_socket)]
    argv += ["--requirepass", settings.redis_password.get_secret_value()]
    child = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.DEVNULL)
    try:
        await asyncio.to_thread(wait_until, lambda: answers(redis_server), "Redis answers", 30.0)
        assert (await pipe("after"))[0] == "after"
    finally:
        child.kill()
        await child.wait()


def answers(client: SyncRedis) -> bool:
    try:
        return bool(client.ping())
    except errors.RedisError:
        return False


# What a real Redis does too rarely to wait for.

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def fake_redis(path: Path, behave: Behaviour) -> AsyncIterator[list[asyncio.StreamWriter]]:
    """Listen as Redis does, accept any password, and leave the rest to ``behave``."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await command(reader)
        writer.write(b"+OK\r\n")
        await behave(reader, writer)

    server = await asyncio.start_unix_server(serve, path)
    async with AsyncExitStack() as stack:
        stack.callback(path.unlink, missing_ok=True)
        stack.push_async_callback(server.wait_closed)
        stack.callback(server.close)
        stack.callback(lambda: [writer.close() for writer in writers])
        yield writers


async def command(reader: asyncio.StreamReader) -> list[bytes]:
    """Read one command; empty at the end of the connection."""
    head = await reader.readline()
    words = []
    for _ in range(int(head[1:] or b"0")):
        length = int((await reader.readline())[1:])
        words.append((await reader.readexactly(length + 2))[:-2])
    return words


def answer(*replies: bytes) -> Behaviour:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for reply in replies:
            await command(reader)
            writer.write(reply)
        await reader.read()

    return behave


async def until(check: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while True:
            if check():
                return
            await asyncio.sleep(0.01)


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


@pytest.fixture
async def lone(settings: Settings) -> AsyncIterator[LuaPipe]:
    """A pipe whose Redis the test plays itself."""
    made = LuaPipe.of(settings, ECHO)
    yield made
    made.close()
    await asyncio.sleep(0)


async def test_a_reply_in_pieces_is_put_together(settings: Settings, lone: LuaPipe) -> None:
    reply = b"*2\r\n:1\r\n$4\r\nlive\r\n"

    async def dribble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            await command(reader)
        for byte in reply * 2:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)
        await reader.read()

    async with fake_redis(settings.data.redis_socket, dribble):
        assert await asyncio.gather(lone(1), lone(2)) == [[1, "live"]] * 2


async def test_replies_that_come_together_go_to_their_calls(
    settings: Settings, lone: LuaPipe
) -> None:
    async def at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        words = [await command(reader) for _ in range(3)]
        writer.write(b"".join(b"*1\r\n$1\r\n%s\r\n" % word[3] for word in words))
        await reader.read()

    async with fake_redis(settings.data.redis_socket, at_once):
        assert await asyncio.gather(*(lone(n) for n in "abc")) == [["a"], ["b"], ["c"]]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("LOADING Redis is loading the dataset in memory", errors.BusyLoadingError),
        ("OOM command not allowed", errors.OutOfMemoryError),
        ("READONLY You can't write", errors.ReadOnlyError),
        ("NOAUTH Authentication required.", errors.AuthenticationError),
        ("BUSY Redis is busy", errors.ResponseError),
    ],
)
async def test_an_error_is_of_its_kind_and_the_pipe_goes_on(
    settings: Settings, lone: LuaPipe, line: str, kind: type[Exception]
) -> None:
    wrong = b"-%s\r\n" % line.encode()
    async with fake_redis(settings.data.redis_socket, answer(wrong, b"*1\r\n:1\r\n")) as made:
        with pytest.raises(errors.RedisError) as caught:
            await lone(1)
        assert type(caught.value) is kind
        assert await lone(2) == [1]
        assert len(made) == 1


@pytest.mark.parametrize("said", [b"", b"*2\r\n:1\r\n", b"!nonsense\r\n", b":1\r\n" * 9])
async def test_a_broken_connection_fails_every_call_under_way_and_the_next_has_a_new_one(
    settings: Settings, lone: LuaPipe, said: bytes
) -> None:
    async def breaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(3):
            await command(reader)
        writer.write(said)
        writer.close()

    async with fake_redis(settings.data.redis_socket, breaks):
        done = await asyncio.gather(*(lone(n) for n in range(3)), return_exceptions=True)
        broken = [one for one in done if isinstance(one, errors.ConnectionError)]
        assert len(broken) == (0 if said.startswith(b":") else 3)
        assert len({id(one) for one in broken}) == len(broken)
        link = lone._link
        assert link is not None
        await until(lambda: link.broken is not None)
    async with fake_redis(settings.data.redis_socket, answer(b"*1\r\n:1\r\n")):
        assert await lone(1) == [1]


async def test_a_redis_that_says_nothing_is_given_up_after_the_limit(
    settings: Settings, lone: LuaPipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lua, "ANSWER_TIMEOUT_S", 0.1)
    async with fake_redis(settings.data.redis_socket, silent):
        done = await asyncio.gather(*(lone(n) for n in range(3)), return_exceptions=True)
        assert [type(one) for one in done] == [errors.TimeoutError] * 3


async def test_time_is_counted_from_the_call_not_from_the_one_before(
    settings: Settings, lone: LuaPipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lua, "ANSWER_TIMEOUT_S", 3.0)
    late = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            await command(reader)
            await late.wait()
            writer.write(b"*1\r\n:1\r\n")
        await reader.read()

    async with fake_redis(settings.data.redis_socket, slow):
        first = asyncio.ensure_future(lone(1))
        await until(lambda: lone._link is not None and lone._link._watch is not None)
        assert lone._link is not None
        lone._link._look_at_oldest()  # as the timer does; nothing is old enough
        late.set()
        assert await first == [1]
        assert await lone(2) == [1]
        lone._link._look_at_oldest()  # and nothing waits
        assert lone._link.broken is None


async def test_too_many_calls_at_once_fail_without_harm_to_the_rest(
    settings: Settings, lone: LuaPipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lua, "MAX_WAITING", 4)
    async with fake_redis(settings.data.redis_socket, answer(*[b"*1\r\n:1\r\n"] * 5)):
        await lone("first")
        done = await asyncio.gather(*(lone(n) for n in range(10)), return_exceptions=True)
        assert done[:4] == [[1]] * 4
        assert [type(one) for one in done[4:]] == [errors.ConnectionError] * 6


async def test_a_closed_pipe_fails_what_is_under_way(settings: Settings, lone: LuaPipe) -> None:
    async with fake_redis(settings.data.redis_socket, silent):
        call = asyncio.ensure_future(lone(1))
        await until(lambda: lone._link is not None)
        lone.close()
        with pytest.raises(errors.ConnectionError):
            await call
