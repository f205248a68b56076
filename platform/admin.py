"""The operator's password: set once with the setup code, checked, changed.

The manager keeps it and has Redis know its hash, by which it is checked here.
"""

import asyncio
import ipaddress
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from argon2 import PasswordHasher
from redis.asyncio import Redis

from ..core.auth import AdminStore
from ..core.errors import Invalid, NoPasswordYet, RateLimited, WrongPassword
from ..core.files import write_atomic
from ..core.password import check_strength, matches, slow_hasher
from ..core.paths import DataDir
from .host import Host, HostRefused

T = TypeVar("T")

MAX_FAILURES = 10
FAILURE_WINDOW_S = 300
MAX_WAITING = 20
KEEP_S = 20.0
"""The manager checks and keeps one at a time."""


class FailureStore:
    """``STREAMSTEAD_LOGIN_FAILURES:<address>``: count of wrong passwords, ends after 5 min. An
    IPv6 client counts by its /64. Nobody can use up another address's tries."""

    PREFIX = "STREAMSTEAD_LOGIN_FAILURES:"

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._add = redis.register_script(
            "local n = redis.call('INCR', KEYS[1]) "
            "if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end return n"
        )

    def _key(self, address: str) -> str:
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return self.PREFIX + "unknown"
        if ip.version == 6:
            return self.PREFIX + str(ipaddress.IPv6Network((int(ip), 64), strict=False))
        return self.PREFIX + str(ip)

    async def check(self, address: str) -> None:
        """Raise RateLimited when this address has tried too often."""
        key = self._key(address)
        if int(await self._redis.get(key) or 0) >= MAX_FAILURES:
            wait_s = max(1, int(await self._redis.ttl(key)))
            raise RateLimited(
                f"too many wrong passwords from {address}",
                f"Wait {wait_s} s and try again. Other addresses are not affected.",
                retry_after_s=wait_s,
            )

    async def add(self, address: str) -> None:
        await self._add(keys=(self._key(address),), args=(FAILURE_WINDOW_S,))

    async def clear(self, address: str) -> None:
        await self._redis.delete(self._key(address))


class Admin:
    """The one operator account."""

    def __init__(
        self,
        store: AdminStore,
        failures: FailureStore,
        data: DataDir,
        host: Host,
        hasher: PasswordHasher | None = None,
    ) -> None:
        self._store = store
        self._host = host
        self.api_keys = store.api_keys
        self._failures = failures
        self._data = data
        self._hasher = hasher or slow_hasher()
        self._slots = asyncio.Semaphore(2)
        self._waiting = 0

    async def is_set(self) -> bool:
        return await self._store.password_hash() is not None

    async def finish_setup(self) -> None:
        """Do again what a crash between setting the password and this may have left undone."""
        if await self.is_set():
            await asyncio.to_thread(self._end_setup)

    async def set_first(self, password: str, code: str | None, address: str, local: bool) -> None:
        """Set the password of a new installation.

        ``local``: the caller sits on this machine and needs no code. Raises Invalid when one is
        set already or it is weak, Forbidden for a wrong code, RateLimited.
        """
        if await self.is_set():
            raise Invalid(
                "a password is set already", "Sign in with it.", key="already_initialised"
            )
        if local:
            code = await asyncio.to_thread(self._code)
        else:
            await self._failures.check(address)
        check_strength(password)
        asked = {"hash": await self._in_turn(self._hasher.hash, password), "code": code or ""}
        try:
            await self._host.call("POST", "/v1/password/first", asked, KEEP_S)
        except HostRefused as exc:
            if exc.key == "setup_code_wrong":
                await self._failures.add(address)
            raise
        await asyncio.to_thread(self._end_setup)

    async def check(self, password: str, address: str) -> None:
        """Raise NoPasswordYet, WrongPassword or RateLimited unless the password is right."""
        hashed = await self._store.password_hash()
        if hashed is None:
            raise NoPasswordYet(
                "no password is set yet", "Open the address that bootstrap printed."
            )
        await self._failures.check(address)
        if not await self._in_turn(lambda text: matches(hashed, text), password):
            await self._failures.add(address)
            raise WrongPassword("the password is wrong", "Check Caps Lock and the keyboard layout.")
        await self._failures.clear(address)

    async def change(self, password: str, new: str, address: str) -> None:
        """Change it; every session ends. Raises as ``check``; Invalid when the new one is weak, and
        HostRefused when the manager knows another password than people sign in with."""
        await self.check(password, address)
        check_strength(new)
        hashed = await self._in_turn(self._hasher.hash, new)
        asked = {"password": password, "hash": hashed}
        await self._host.call("POST", "/v1/password/change", asked, KEEP_S)

    def _code(self) -> str:
        try:
            return self._data.setup_code.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return ""

    def _end_setup(self) -> None:
        # The marker stops mgmt from making another code.
        write_atomic(self._data.password_set, "1\n")
        with suppress(OSError):
            Path(self._data.setup_code).unlink(missing_ok=True)

    async def _in_turn(self, work: Callable[[str], T], password: str) -> T:
        """Hash in a thread, two at a time; refuse a flood instead of queueing it."""
        if self._waiting >= MAX_WAITING:
            raise RateLimited("too many sign-ins at once", "Try again.", retry_after_s=2)
        self._waiting += 1
        try:
            async with self._slots:
                return await asyncio.to_thread(work, password)
        finally:
            self._waiting -= 1
