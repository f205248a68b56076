import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from streamstead.mgmt.health import Verdict, probe
from streamstead.mgmt.runtime.spec import HealthCheck, HttpProbe, RedisProbe


@asynccontextmanager
async def answering(path: Path, *replies: bytes) -> AsyncIterator[None]:
    """A server on a unix socket that answers each read with the next reply."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for reply in replies:
            await reader.read(1000)
            writer.write(reply)
        writer.close()

    async with await asyncio.start_unix_server(serve, path):
        yield


def http(path: Path, timeout_s: float = 30) -> HealthCheck:
    return HealthCheck(HttpProbe("/healthz", uds=path), timeout_s=timeout_s)


def redis(path: Path) -> HealthCheck:
    return HealthCheck(RedisProbe(path, "pw"), timeout_s=30)


async def test_http_200_is_good(tmp_path: Path) -> None:
    async with answering(tmp_path / "s", b"HTTP/1.1 200 OK\r\n\r\n"):
        assert (await probe(http(tmp_path / "s"))).verdict is Verdict.GOOD


@pytest.mark.parametrize("reply", [b"HTTP/1.1 503 No\r\n\r\n", b"", b"nonsense\r\n"])
async def test_another_http_answer_is_bad(tmp_path: Path, reply: bytes) -> None:
    async with answering(tmp_path / "s", reply):
        assert (await probe(http(tmp_path / "s"))).verdict is Verdict.BAD


async def test_silence_is_bad_after_the_time_limit(tmp_path: Path) -> None:
    hung_up = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()
        hung_up.set()

    async with await asyncio.start_unix_server(listen, tmp_path / "s"):
        found = await probe(http(tmp_path / "s", timeout_s=0.1))
        await hung_up.wait()
    assert found.verdict is Verdict.BAD
    assert found.detail.startswith("no answer within")


async def test_a_door_that_was_closed_is_bad(tmp_path: Path) -> None:
    async with answering(tmp_path / "s"):
        pass
    found = await probe(http(tmp_path / "s"))
    assert (found.verdict, found.detail) == (Verdict.BAD, "not listening")


async def test_a_closed_port_is_bad(free_port: Callable[[], int]) -> None:
    found = await probe(HealthCheck(HttpProbe("/", port=free_port())))
    assert (found.verdict, found.detail) == (Verdict.BAD, "not listening")


@pytest.mark.parametrize(
    ("replies", "verdict"),
    [
        ((b"+OK\r\n", b"+PONG\r\n"), Verdict.GOOD),
        ((b"+OK\r\n", b"-LOADING Redis is loading the dataset in memory\r\n"), Verdict.BUSY),
        ((b"-WRONGPASS invalid\r\n",), Verdict.BAD),
        # A restart would lose what it could not write.
        ((b"+OK\r\n", b"-MISCONF Errors writing to the AOF file\r\n"), Verdict.GOOD),
        ((b"+OK\r\n", b"-ERR\r\n"), Verdict.BAD),
    ],
)
async def test_redis_is_judged_by_its_answer_to_ping(
    tmp_path: Path, replies: tuple[bytes, ...], verdict: Verdict
) -> None:
    async with answering(tmp_path / "s", *replies):
        assert (await probe(redis(tmp_path / "s"))).verdict is verdict
