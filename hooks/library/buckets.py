"""Which bucket holds a recording's copy, ready to be read from."""

import asyncio
from dataclasses import dataclass, replace

from ...core.errors import NotFound
from ..storage.object_store import ObjectStore
from ..storage.targets import StorageTarget, StorageTargetStore
from .recording import Recording


@dataclass(frozen=True, slots=True)
class Bucket:
    """``redirect``: players fetch from it themselves; else it goes through us."""

    store: ObjectStore
    redirect: bool


class Buckets:
    """Keeps one connection pool a target, for as long as nothing about the target changes."""

    def __init__(self, targets: StorageTargetStore) -> None:
        self._targets = targets
        self._open: dict[str, tuple[StorageTarget, ObjectStore]] = {}

    async def of(self, recording: Recording) -> Bucket | None:
        """Return None for a recording without a copy, or whose target was removed.

        Raises RedisError, SealBroken, StorageFailed.
        """
        if not recording.target_id:
            return None
        try:
            target = await self._targets.get(recording.target_id)
        except NotFound:
            return None
        return Bucket(await self.store(target), target.delivery == "redirect")

    async def store(self, target: StorageTarget) -> ObjectStore:
        """Return the bucket of a target. Raises SealBroken, StorageFailed."""
        # How the last use of it went is no reason to connect anew.
        plain = replace(target, health_ok=None, health_key="", health_message="", health_ms=0)
        known, store = self._open.get(target.id, (None, None))
        if store is None or known != plain:
            secret = self._targets.secret(target)
            made = await asyncio.to_thread(ObjectStore, target, secret)
            self._open[target.id] = (plain, made)
            if store is not None:
                await asyncio.to_thread(store.close)
            store = made
        return store
