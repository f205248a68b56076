"""Whose servers are told what happens here, and who of them is asked before somebody publishes."""

import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from pathlib import Path

import orjson
from redis.asyncio import Redis

from .errors import Conflict, NotFound
from .sealed import HOOK_TARGET, Sealer
from .store import text

MAX_TARGETS = 16
DEFAULT_ID = "default"
"""The target that SRS-cloud and Oryx know; the only one with ``opaque`` and ``host``."""

_ATTEMPTS = 20
_SCRIPT = Path(__file__).with_name("hook_targets.lua")


class Fallback(StrEnum):
    """What becomes of a publisher when a blocking target gives no answer."""

    REFUSE = "refuse"
    ACCEPT = "accept"


@dataclass(frozen=True, slots=True)
class HookTarget:
    """``types`` are values of EventType; ``sealed_secret`` is for ``HookTargetStore.secret``."""

    id: str
    label: str
    url: str
    types: tuple[str, ...]
    created_ms: int
    sealed_secret: str = ""
    enabled: bool = True
    allow_private: bool = False
    blocking: bool = False
    fallback: Fallback = Fallback.REFUSE
    opaque: str = ""
    host: str = ""

    @classmethod
    def from_json(cls, raw: str | bytes) -> "HookTarget":
        """Read what is stored; fields of other versions are ignored."""
        stored = orjson.loads(raw)
        known = {one.name: stored[one.name] for one in fields(cls) if one.name in stored}
        known |= {"types": tuple(known["types"]), "fallback": Fallback(known["fallback"])}
        return cls(**known)

    def to_json(self) -> str:
        return orjson.dumps(asdict(self)).decode()


class HookTargetStore:
    """- ``STREAMSTEAD_HOOK_TARGETS`` hash: target id -> HookTarget JSON; 16 at most.
    - ``STREAMSTEAD_HOOK_BLOCKING`` string: exists while an enabled target is blocking and wants
      ``stream.published``. Written with the targets, so it never disagrees.
    - ``SRS_HOOKS`` hash: ``target``, ``all`` ("true"/"false"), ``opaque``, ``host`` of the target
      "default", for programs that know Oryx; ``req`` and ``res``, its last exchange as text.
    """

    KEY = "STREAMSTEAD_HOOK_TARGETS"
    BLOCKING = "STREAMSTEAD_HOOK_BLOCKING"
    ORYX = "SRS_HOOKS"
    BYTES = "STREAMSTEAD_HOOK_BYTES"
    QUEUE = "STREAMSTEAD_HOOK_"
    QUEUE_PARTS = ("DUE", "PENDING", "LOG", "ITEMS", "HEALTH")

    def __init__(self, redis: Redis, master_key: bytes) -> None:
        self._redis = redis
        self._sealer = Sealer(master_key, HOOK_TARGET)
        self._script = redis.register_script(_SCRIPT.read_text(encoding="utf-8"))

    async def all(self) -> list[HookTarget]:
        """Return every target, oldest first."""
        found = [HookTarget.from_json(raw) for raw in await self._redis.hvals(self.KEY)]
        return sorted(found, key=lambda one: (one.created_ms, one.id))

    async def get(self, target_id: str) -> HookTarget:
        """Raises NotFound."""
        raw = await self._redis.hget(self.KEY, target_id)
        if raw is None:
            raise _unknown()
        return HookTarget.from_json(raw)

    def secret(self, target: HookTarget) -> str:
        """Return what its messages are signed with. Raises SealBroken."""
        return self._sealer.open(target.sealed_secret)

    async def create(self, target: HookTarget) -> str:
        """Add a target and return its secret, which is shown once.

        Raises Conflict, with the key ``too_many_targets`` when there are 16.
        """
        secret = _new_secret()
        if not await self._write(replace(target, sealed_secret=self._sealer.seal(secret)), ""):
            raise Conflict("there is such a target already", "Look at the list again.")
        return secret

    async def change(self, target_id: str, edit: Callable[[HookTarget], HookTarget]) -> HookTarget:
        """Replace a target by ``edit(target)``, whoever else changes it. Raises NotFound."""
        for _ in range(_ATTEMPTS):
            raw = await self._redis.hget(self.KEY, target_id)
            if raw is None:
                raise _unknown()
            after = edit(HookTarget.from_json(raw))
            if await self._write(after, text(raw)):
                return after
        raise Conflict("the target is being changed by somebody else", "Try again.")

    async def rotate(self, target_id: str) -> tuple[HookTarget, str]:
        """Give a target a new secret; the old one signs nothing any more. Raises NotFound."""
        secret = _new_secret()
        sealed = self._sealer.seal(secret)
        return await self.change(target_id, lambda it: replace(it, sealed_secret=sealed)), secret

    async def remove(self, target_id: str) -> None:
        """Forget a target, what waits for it and its log. Raises NotFound."""
        for _ in range(_ATTEMPTS):
            raw = await self._redis.hget(self.KEY, target_id)
            if raw is None:
                raise _unknown()
            if await self._call("remove", target_id, text(raw), "", ("", "false", "", "")) == 1:
                return
        raise Conflict("the target is being changed by somebody else", "Try again.")

    async def oryx(self) -> dict[str, str]:
        """Return the fields of ``SRS_HOOKS``."""
        found = await self._redis.hgetall(self.ORYX)
        return {text(key): text(value) for key, value in found.items()}

    async def _write(self, target: HookTarget, before: str) -> bool:
        mirror = (target.url, str(target.enabled).lower(), target.opaque, target.host)
        verdict = await self._call("write", target.id, before, target.to_json(), mirror)
        if verdict == -1:
            raise Conflict(
                f"there are {MAX_TARGETS} targets already",
                "Remove one that is no longer used.",
                key="too_many_targets",
            )
        return verdict == 1

    async def _call(
        self, op: str, target_id: str, before: str, after: str, mirror: tuple[str, ...]
    ) -> int:
        queue = [f"{self.QUEUE}{part}:{target_id}" for part in self.QUEUE_PARTS]
        return int(
            await self._script(
                keys=(self.KEY, self.BLOCKING, self.ORYX, self.BYTES, *queue),
                args=(op, target_id, before, after, MAX_TARGETS, *mirror),
            )
        )


def new_target_id() -> str:
    """Return an id that no other target has."""
    return secrets.token_hex(4)


def _new_secret() -> str:
    return secrets.token_hex(32)


def _unknown() -> NotFound:
    return NotFound("there is no such target", "Look at the list again.", key="target_unknown")
