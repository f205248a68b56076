"""Whether somebody is the operator, by what only the operator knows.

Whoever breaks into a service can make a session of the operator: services have the secrets that
sessions are made of, and write Redis. What makes somebody root, or replaces our code, therefore
needs the password itself, checked here against a copy that only root can read and write.
"""

import asyncio
import hmac
import math
from collections.abc import Callable
from time import monotonic

from pydantic import BaseModel, SecretStr
from starlette.requests import Request

from ...core.audit import append
from ...core.errors import Forbidden, Invalid, NoPasswordYet, RateLimited, StoreUnavailable
from ...core.files import read_plain
from ...core.log import get_logger
from ...core.password import is_hash, matches
from ...core.settings import Settings
from ..backoff import Backoff
from ..http import by_root
from ..state_file import StateFile
from .in_redis import HashInRedis

log = get_logger(__name__)

LOOK_S = 30.0
AGAIN_S = 1.0


class Kept(BaseModel):
    """``<data>/mgmt/password.json``. ``hash`` is empty before a password is set. ``known``: what a
    release from before this file had in Redis was taken over. ``told``: Redis has the hash."""

    hash: str = ""
    known: bool = False
    told: bool = True


class PasswordKeeper:
    """``run`` is an endless loop. The file is written first, and Redis follows it, if need be after
    a crash: nobody is ever left with a password that only one of them has."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = monotonic) -> None:
        self._data = settings.data
        self._file = StateFile(settings.data.mgmt, "password", Kept)
        self._redis = HashInRedis(settings)
        self._tries = Backoff(clock)
        self._lock = asyncio.Lock()

    async def prove(self, request: Request, password: SecretStr | None) -> None:
        """Return when root asks, or somebody who knows the password.

        Raises Forbidden (``password_needed``, ``password_wrong``), RateLimited, NoPasswordYet, and
        StoreUnavailable before what an older release left was taken over.
        """
        if by_root(request):
            return
        async with self._lock:
            await self._check(password)

    async def first(self, hashed: str, code: str) -> None:
        """Keep the first one of a new house. Raises Forbidden for a wrong setup code, Invalid when
        there is one already, StoreUnavailable."""
        async with self._lock:
            if (await self._known()).hash:
                raise Invalid(
                    "a password is set already", "Sign in with it.", key="already_initialised"
                )
            if not self._code_is(code):
                raise Forbidden(
                    "the setup code is wrong",
                    "It is in the address that bootstrap printed; `streamstead setup-code` on the "
                    "server prints it again. Without one: `sudo streamstead password`.",
                    key="setup_code_wrong",
                )
            await self._keep(hashed)

    async def change(self, password: SecretStr, hashed: str) -> None:
        """Keep another one. Raises as ``prove``, whoever asks."""
        async with self._lock:
            await self._check(password)
            await self._keep(hashed)

    async def reset(self, hashed: str) -> None:
        """Keep another one, for root. Raises StoreUnavailable when people can sign in by it only
        after Redis is back."""
        async with self._lock:
            self._tries.reset()
            await self._keep(hashed)

    async def run(self) -> None:
        """Take over what an older release left, and have Redis say what we say."""
        while True:
            try:
                async with self._lock:
                    kept = await self._known()
                    if kept.hash and not (kept.told and await self._redis.read()):
                        await self._tell(kept)
                wait_s = LOOK_S
            except StoreUnavailable:
                wait_s = AGAIN_S
            await asyncio.sleep(wait_s)

    async def _check(self, password: SecretStr | None) -> None:
        kept = await self._known()
        if not kept.hash:
            raise NoPasswordYet(
                "no password is set yet", "Open the address that bootstrap printed."
            )
        if password is None or not password.get_secret_value():
            raise Forbidden(
                "this needs the operator's password, also from who is signed in",
                "Type it in the page; a program sends it as `password`. Root on the server can do "
                "it without, by `streamstead`.",
                key="password_needed",
            )
        if self._tries.wait_s > 0:
            wait_s = math.ceil(self._tries.wait_s)
            raise RateLimited(
                "too many wrong passwords",
                f"Wait {wait_s} s and try again. Root on the server can do it by `streamstead`.",
                retry_after_s=wait_s,
            )
        self._tries.failed()  # also for who goes away before the answer
        if not await asyncio.to_thread(matches, kept.hash, password.get_secret_value()):
            log.warning("password.wrong", times=self._tries.failures)
            raise Forbidden(
                "this is not the operator's password",
                "Check Caps Lock and the keyboard layout. If it is what you sign in with, the "
                "manager knows another: set it anew on the server by `sudo streamstead password`.",
                key="password_wrong",
            )
        self._tries.reset()

    async def _known(self) -> Kept:
        """Return what is kept; the first time ever, what an older release has in Redis."""
        kept = self._file.read()
        if kept.known:
            return kept
        found = await self._redis.read()
        kept = Kept(known=True, hash=found if is_hash(found) else "")
        self._write(kept)
        if found:
            result = "ok" if kept.hash else "invalid"
            append(self._data.audit, "manager", "password/taken-over", "", "this machine", result)
            log.info("password.taken_over", result=result)
        return kept

    async def _keep(self, hashed: str) -> None:
        kept = Kept(known=True, hash=hashed, told=False)
        self._write(kept)
        try:
            await self._tell(kept)
        except StoreUnavailable as exc:
            raise StoreUnavailable(
                f"the password is kept, and counts as soon as Redis is back ({exc.message})",
                exc.help,
            ) from None

    async def _tell(self, kept: Kept) -> None:
        await self._redis.put(kept.hash)
        if not kept.told:
            self._write(kept.model_copy(update={"told": True}))

    def _write(self, kept: Kept) -> None:
        try:
            self._file.write(kept)
        except OSError as exc:
            raise StoreUnavailable(
                f"the disk does not take it: {exc.strerror}", "Make room and try again."
            ) from None

    def _code_is(self, code: str) -> bool:
        try:
            expected = read_plain(self._data.setup_code).strip()
        except OSError:
            return False
        return bool(expected) and hmac.compare_digest(expected, code.strip().encode())
