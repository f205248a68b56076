"""A manager that keeps a password beside a real Redis."""

import secrets

import pytest
from argon2 import PasswordHasher

from streamstead.core.settings import Settings
from streamstead.mgmt.password.keeper import PasswordKeeper

from ...conftest import RedisServer

PASSWORD = "correct horse"
CODE = "the-setup-code"


def hash_of(password: str) -> str:
    """Return a hash that costs nothing, of the form of ours."""
    return PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(password)


class Clock:
    """Goes on when it is told."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keeper(settings: Settings, redis_process: RedisServer, clock: Clock) -> PasswordKeeper:
    """Of a new house, with a setup code."""
    for folder in (settings.data.mgmt, settings.data.audit):
        folder.mkdir()
    settings.data.setup_code.write_text(CODE + "\n")
    return PasswordKeeper(settings, clock)


@pytest.fixture
def old_hash(redis_process: RedisServer) -> str:
    """What a release from before has in Redis."""
    found = hash_of(PASSWORD)
    redis_process.client.hset("STREAMSTEAD_ADMIN", "password_hash", found)
    redis_process.client.hset("STREAMSTEAD_ADMIN", "note", secrets.token_hex(2))
    return found
