"""Passphrases of viewers: guessing is slow, and nobody can lock others out."""

import asyncio
import secrets
import unicodedata
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from redis.asyncio import Redis

from ..core.addresses import neighbours
from ..core.errors import RateLimited

T = TypeVar("T")

MAX_FAILURES = 20
FAILURE_WINDOW_S = 300
MAX_WAITING = 64
MAX_WAITING_EACH = 3
MAX_PHRASE = 256

_ADD = """
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return n
"""
_TAKE_BACK = """
if redis.call('EXISTS', KEYS[1]) == 1 then return redis.call('DECR', KEYS[1]) end
return 0
"""


class Unlocker:
    """``STREAMSTEAD_UNLOCK_TRIES:<address>``: wrong passphrases of an address, ends after 5 min; an
    IPv6 client counts by its /64.

    Hashes are made in worker threads, two at a time. One address may have three of them waiting and
    all together 64, so that a flood from one place leaves room for everybody else.
    """

    PREFIX = "STREAMSTEAD_UNLOCK_TRIES:"

    def __init__(self, redis: Redis, hasher: PasswordHasher | None = None) -> None:
        self._redis = redis
        self._hasher = hasher or PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._add = redis.register_script(_ADD)
        self._take_back = redis.register_script(_TAKE_BACK)
        self._slots = asyncio.Semaphore(2)
        self._waiting: Counter[str] = Counter()
        # What is compared when there is no passphrase: the time taken must not tell.
        self._nothing = self._hasher.hash(secrets.token_hex(16))

    async def hash(self, phrase: str) -> str:
        """Return what is stored of a passphrase."""
        return await asyncio.to_thread(self._hasher.hash, _normal(phrase))

    async def matches(self, hashed: str, phrase: str, address: str) -> bool:
        """Tell whether the passphrase is right; ``hashed`` "": never, after the same work.

        Raises RateLimited after 20 wrong ones of this address in 5 min; a right one counts nothing.
        """
        who = neighbours(address)
        if self._waiting[who] >= MAX_WAITING_EACH or self._waiting.total() >= MAX_WAITING:
            raise RateLimited("too many passphrases at once", "Try again.", retry_after_s=2)
        self._waiting[who] += 1
        try:
            # Counted before it is looked at: guesses sent at the same time count as well.
            if int(await self._add(keys=(self.PREFIX + who,), args=(FAILURE_WINDOW_S,))) > (
                MAX_FAILURES
            ):
                wait_s = max(1, int(await self._redis.ttl(self.PREFIX + who)))
                raise RateLimited(
                    f"too many wrong passphrases from {address}",
                    f"Wait {wait_s} s and try again. Other addresses are not affected.",
                    retry_after_s=wait_s,
                )
            right = await self._in_turn(lambda: self._verify(hashed, phrase))
            if right:
                await self._take_back(keys=(self.PREFIX + who,))
            return right
        finally:
            self._waiting[who] -= 1
            if self._waiting[who] <= 0:
                del self._waiting[who]

    async def _in_turn(self, work: Callable[[], T]) -> T:
        async with self._slots:
            return await asyncio.to_thread(work)

    def _verify(self, hashed: str, phrase: str) -> bool:
        try:
            right = self._hasher.verify(hashed or self._nothing, _normal(phrase))
        except (VerificationError, InvalidHashError):
            return False
        return right and hashed != ""


def _normal(phrase: str) -> str:
    """The same letters typed on a telephone and on a desk may come as other code points."""
    return unicodedata.normalize("NFC", phrase)
