"""An emptied store is told from a new one."""

from pathlib import Path

import pytest
from redis.asyncio import Redis

from streamstead.core.epoch import StoreEpoch, StoreState
from streamstead.core.errors import StoreUnavailable
from streamstead.core.play_rules import PlayKind, PlayRuleStore

pytestmark = pytest.mark.integration


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store-id"


def content_and_mode(path: Path) -> tuple[str, int]:
    return path.read_text(), path.stat().st_mode & 0o777


def remove(path: Path) -> None:
    path.unlink()


async def test_a_new_machine_gets_an_id_and_a_public_default(redis: Redis, path: Path) -> None:
    epoch = StoreEpoch(redis, path)
    assert (epoch.value, epoch.state) == ("", StoreState.STARTING)
    assert await epoch.ensure() is False
    assert epoch.state is StoreState.READY
    assert content_and_mode(path) == (epoch.value, 0o600)
    assert epoch.value != ""
    rule, inherited = await PlayRuleStore(redis).get("live/cam")
    assert (rule.kind, inherited) == (PlayKind.PUBLIC, True)


async def test_a_restart_finds_the_store_ready(redis: Redis, path: Path) -> None:
    await StoreEpoch(redis, path).ensure()
    again = StoreEpoch(redis, path)
    assert again.value != ""
    await again.ensure()
    assert again.state is StoreState.READY


async def test_death_between_store_and_file_keeps_the_id_of_the_store(
    redis: Redis, path: Path
) -> None:
    first = StoreEpoch(redis, path)
    await first.ensure()
    remove(path)
    again = StoreEpoch(redis, path)
    await again.ensure()
    assert (again.value, again.state) == (first.value, StoreState.READY)


@pytest.mark.parametrize("other", [None, "another"])
async def test_an_emptied_or_foreign_store_is_told_once_and_not_filled(
    redis: Redis, path: Path, other: str | None
) -> None:
    await StoreEpoch(redis, path).ensure()
    await redis.flushall()
    if other:
        await redis.set(StoreEpoch.KEY, other)
    epoch = StoreEpoch(redis, path)
    assert await epoch.ensure() is True
    assert await epoch.ensure() is False
    assert epoch.state is StoreState.EMPTIED
    with pytest.raises(StoreUnavailable):
        await PlayRuleStore(redis).get("live/cam")


async def test_an_accepted_store_is_ready_again(redis: Redis, path: Path) -> None:
    epoch = StoreEpoch(redis, path)
    await epoch.ensure()
    await redis.flushall()
    await epoch.ensure()
    await epoch.accept()
    assert epoch.state is StoreState.READY
    assert (await PlayRuleStore(redis).get("live/cam"))[0].kind is PlayKind.PUBLIC
    assert await epoch.ensure() is False
