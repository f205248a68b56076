"""The manager's own copy of the operator's password: how it comes there, stays and is asked for."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import orjson
import pytest
from pydantic import SecretStr
from starlette.requests import Request

from streamstead.core.audit import AUDITED_HEADER
from streamstead.core.errors import (
    Forbidden,
    Invalid,
    NoPasswordYet,
    RateLimited,
    StoreUnavailable,
    StreamsteadError,
)
from streamstead.core.settings import Settings
from streamstead.mgmt.password.keeper import PasswordKeeper

from ...conftest import RedisServer
from .conftest import CODE, PASSWORD, Clock, hash_of


def asked_by(uid: int, *, handed_on: bool = False) -> Request:
    headers = [(AUDITED_HEADER.encode(), b"1")] if handed_on else []
    return Request({"type": "http", "client": (f"uid:{uid}", 0), "headers": headers})


PLATFORM = asked_by(61002, handed_on=True)


async def prove(keeper: PasswordKeeper, password: str | None) -> str:
    """Return the key of the refusal, or ok."""
    try:
        await keeper.prove(PLATFORM, None if password is None else SecretStr(password))
    except StreamsteadError as exc:
        return exc.key
    return "ok"


def in_redis(server: RedisServer) -> tuple[str | None, str | None]:
    found = server.client.hmget("STREAMSTEAD_ADMIN", ["password_hash", "generation"])
    assert isinstance(found, list)
    return found[0], found[1]


def kept(settings: Settings) -> dict[str, object]:
    found = orjson.loads((settings.data.mgmt / "password.json").read_bytes())
    assert isinstance(found, dict)
    return found


async def looked(keeper: PasswordKeeper, settings: Settings) -> None:
    """Let it look once, as it does at a start, until what it keeps is told."""
    task = asyncio.create_task(keeper.run())
    async with asyncio.timeout(30):
        while True:
            with suppress(FileNotFoundError):
                if kept(settings)["told"]:
                    break
            await asyncio.sleep(0.01)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_the_first_one_needs_the_setup_code_and_comes_once(
    keeper: PasswordKeeper, settings: Settings, redis_process: RedisServer
) -> None:
    hashed = hash_of(PASSWORD)
    for wrong in ("", "x", CODE + "x"):
        with pytest.raises(Forbidden) as refused:
            await keeper.first(hashed, wrong)
        assert refused.value.key == "setup_code_wrong"
    assert await prove(keeper, PASSWORD) == "no_password_yet"
    await keeper.first(hashed, CODE)
    assert in_redis(redis_process) == (hashed, "1")
    assert (settings.data.mgmt / "password.json").stat().st_mode & 0o777 == 0o600
    with pytest.raises(Invalid) as again:
        await keeper.first(hash_of("another"), CODE)
    assert again.value.key == "already_initialised"
    assert await prove(keeper, PASSWORD) == "ok"


async def test_whoever_writes_redis_proves_nothing_and_opens_no_second_sign_up(
    keeper: PasswordKeeper, redis_process: RedisServer
) -> None:
    await keeper.first(hash_of(PASSWORD), CODE)
    redis_process.client.hset("STREAMSTEAD_ADMIN", "password_hash", hash_of("the burglar's"))
    assert await prove(keeper, "the burglar's") == "password_wrong"
    redis_process.client.delete("STREAMSTEAD_ADMIN")
    with pytest.raises(Invalid):
        await keeper.first(hash_of("the burglar's"), CODE)
    assert await prove(keeper, PASSWORD) == "ok"


async def test_without_the_password_the_refusal_says_where_to_do_it(
    keeper: PasswordKeeper,
) -> None:
    await keeper.first(hash_of(PASSWORD), CODE)
    for nothing in (None, ""):
        assert await prove(keeper, nothing) == "password_needed"
    with pytest.raises(Forbidden, match="operator's password") as refused:
        await keeper.prove(PLATFORM, None)
    assert "page" in refused.value.help
    assert "streamstead" in refused.value.help


async def test_root_needs_none_and_nobody_else_is_root(keeper: PasswordKeeper) -> None:
    await keeper.prove(asked_by(0), None)
    for other in (asked_by(61002), asked_by(0, handed_on=True)):
        with pytest.raises(NoPasswordYet):
            await keeper.prove(other, None)


async def test_wrong_ones_have_to_wait_longer_and_longer_and_a_right_one_ends_that(
    keeper: PasswordKeeper, clock: Clock
) -> None:
    await keeper.first(hash_of(PASSWORD), CODE)
    assert [await prove(keeper, "wrong") for _ in range(3)] == [
        "password_wrong",
        "password_wrong",
        "rate_limited",
    ]
    for wait_s in (1, 2, 4, 8, 16, 32, 60, 60):
        with pytest.raises(RateLimited) as refused:
            await keeper.prove(PLATFORM, SecretStr(PASSWORD))
        assert refused.value.retry_after_s == wait_s
        clock.now_s += wait_s
        assert await prove(keeper, "wrong") == "password_wrong"
    clock.now_s += 60
    assert await prove(keeper, PASSWORD) == "ok"
    assert await prove(keeper, "wrong") == "password_wrong"
    assert await prove(keeper, PASSWORD) == "ok"


async def test_another_one_needs_the_old_one_and_ends_all_sessions(
    keeper: PasswordKeeper, redis_process: RedisServer
) -> None:
    await keeper.first(hash_of(PASSWORD), CODE)
    new = hash_of("another horse")
    with pytest.raises(Forbidden) as refused:
        await keeper.change(SecretStr("wrong"), new)
    assert refused.value.key == "password_wrong"
    await keeper.change(SecretStr(PASSWORD), new)
    assert in_redis(redis_process) == (new, "2")
    assert await prove(keeper, PASSWORD) == "password_wrong"
    assert await prove(keeper, "another horse") == "ok"


async def test_what_an_older_release_left_is_taken_over_once_and_noted(
    keeper: PasswordKeeper, settings: Settings, redis_process: RedisServer, old_hash: str
) -> None:
    await looked(keeper, settings)
    assert kept(settings) == {"hash": old_hash, "known": True, "told": True}
    [line] = next(settings.data.audit.iterdir()).read_bytes().splitlines()
    noted = orjson.loads(line)
    assert (noted["who"], noted["what"]) == ("manager", "password/taken-over")
    assert old_hash not in line.decode()
    redis_process.client.hset("STREAMSTEAD_ADMIN", "password_hash", hash_of("the burglar's"))
    again = PasswordKeeper(settings)
    await looked(again, settings)
    assert await prove(again, PASSWORD) == "ok"
    assert await prove(again, "the burglar's") == "password_wrong"


async def test_it_is_taken_over_before_the_first_question_is_answered(
    keeper: PasswordKeeper, old_hash: str
) -> None:
    assert await prove(keeper, "wrong") == "password_wrong"
    with pytest.raises(Invalid):
        await keeper.first(hash_of("another"), CODE)


@pytest.mark.parametrize(
    "text", ["nonsense", "$argon2id$v=19$m=4000000,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g", "x" * 10_000]
)
async def test_what_is_no_hash_of_ours_is_not_taken_over(
    keeper: PasswordKeeper, settings: Settings, redis_process: RedisServer, text: str
) -> None:
    redis_process.client.hset("STREAMSTEAD_ADMIN", "password_hash", text)
    await looked(keeper, settings)
    assert kept(settings)["hash"] == ""


async def test_a_new_house_that_was_looked_at_takes_nothing_over_later(
    keeper: PasswordKeeper, settings: Settings, redis_process: RedisServer
) -> None:
    await looked(keeper, settings)
    redis_process.client.hset("STREAMSTEAD_ADMIN", "password_hash", hash_of("the burglar's"))
    assert await prove(keeper, "the burglar's") == "no_password_yet"


async def test_killed_between_the_two_writes_the_next_start_does_the_second(
    keeper: PasswordKeeper, settings: Settings, redis_process: RedisServer
) -> None:
    await keeper.first(hash_of(PASSWORD), CODE)
    new = hash_of("another horse")
    redis_process.kill()  # the file is written, and Redis hears nothing
    with pytest.raises(StoreUnavailable, match="kept"):
        await keeper.change(SecretStr(PASSWORD), new)
    assert kept(settings) == {"hash": new, "known": True, "told": False}
    redis_process.start()
    assert in_redis(redis_process)[0] != new
    await looked(PasswordKeeper(settings), settings)
    assert in_redis(redis_process) == (new, "2")


async def test_redis_that_lost_its_data_is_told_again(
    keeper: PasswordKeeper,
    settings: Settings,
    redis_process: RedisServer,
    until: Callable[[Callable[[], object]], Awaitable[None]],
) -> None:
    hashed = hash_of(PASSWORD)
    await keeper.first(hashed, CODE)
    redis_process.client.flushall()
    task = asyncio.create_task(PasswordKeeper(settings).run())
    await until(lambda: in_redis(redis_process)[0] == hashed)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_root_sets_it_without_the_old_one_where_both_copies_differ(
    keeper: PasswordKeeper, redis_process: RedisServer, clock: Clock
) -> None:
    await keeper.first(hash_of(PASSWORD), CODE)
    redis_process.client.hset("STREAMSTEAD_ADMIN", "password_hash", hash_of("another horse"))
    with pytest.raises(Forbidden) as refused:
        await keeper.change(SecretStr("another horse"), hash_of("third"))
    assert "sudo streamstead password" in refused.value.help
    new = hash_of("third horse")
    await keeper.reset(new)
    assert in_redis(redis_process)[0] == new
    assert await prove(keeper, "third horse") == "ok"
