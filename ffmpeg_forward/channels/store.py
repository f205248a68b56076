"""Where channels are kept."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
from redis.asyncio import Redis

from ...core.errors import Conflict, NotFound, StreamsteadError
from ...core.log import get_logger
from ...core.sealed import CHANNEL, Sealer
from ...core.store import text
from ..outputs.address import Address
from .channel import MAX_CHANNELS, Channel, ChannelKind, Destination, Item
from .legacy import from_oryx, to_oryx

log = get_logger(__name__)

_ATTEMPTS = 20
# The mirror is written with the channel, so it never disagrees.
_SWAP = """
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
  redis.call('HDEL', KEYS[2], ARGV[5])
  return 1
end
if ARGV[2] == '' and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then return -1 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('HSET', KEYS[2], ARGV[5], ARGV[6])
return 1
"""


class ChannelStore:
    """- ``STREAMSTEAD_CHANNELS`` hash: channel id -> Channel JSON, addresses and keys under seal.
    - ``SRS_VLIVE_CONFIG``, ``SRS_CAMERA_CONFIG`` hashes: what Oryx calls a channel -> its JSON
      there, without secrets and with ``channel``, the id, for programs that know Oryx. Entries
      without that are Oryx's own: ``import_oryx`` takes them over once.

    ``current`` is what was read last: while Redis is away it goes on to count.
    """

    KEY = "STREAMSTEAD_CHANNELS"
    MIRRORS = {ChannelKind.VLIVE: "SRS_VLIVE_CONFIG", ChannelKind.CAMERA: "SRS_CAMERA_CONFIG"}

    def __init__(self, redis: Redis, master_key: bytes) -> None:
        self._redis = redis
        self._sealer = Sealer(master_key, CHANNEL)
        self._swap = redis.register_script(_SWAP)
        self._listeners: list[Callable[[], None]] = []
        self.current: tuple[Channel, ...] = ()
        self.loaded = False
        """Whether ``current`` was ever read."""

    def subscribe(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` after every change."""
        self._listeners.append(changed)

    def seal(self, secret: str) -> str:
        """Return what may be stored of an address or a key."""
        return self._sealer.seal(secret)

    def url_of(self, item: Item) -> str:
        """Return the whole address of an item of type stream. Raises SealBroken."""
        return self._sealer.open(item.sealed)

    def address_of(self, to: Destination) -> Address:
        """Return the server and key of a destination that is an address. Raises SealBroken."""
        key = self._sealer.open(to.sealed_key) if to.sealed_key else ""
        return Address(self._sealer.open(to.sealed_server), key)

    async def all(self, kind: ChannelKind | None = None) -> list[Channel]:
        """Return every channel, oldest first. Raises RedisError."""
        found: list[Channel] = []
        for id_, raw in (await self._redis.hgetall(self.KEY)).items():
            try:
                one = Channel.from_json(raw)
            except (ValueError, KeyError, TypeError, AttributeError) as exc:
                log.error("channel.unreadable", id=id_, error=type(exc).__name__)
                continue
            if kind in (None, one.kind):
                found.append(one)
        return sorted(found, key=lambda one: (one.created_ms, one.id))

    async def refresh(self) -> None:
        """Read everything again. Raises RedisError."""
        self.current = tuple(await self.all())
        self.loaded = True

    async def get(self, channel_id: str) -> Channel:
        """Raises NotFound, RedisError."""
        raw = await self._redis.hget(self.KEY, channel_id)
        if raw is None:
            raise _unknown()
        return Channel.from_json(raw)

    async def create(self, channel: Channel) -> Channel:
        """Add a channel. Raises Conflict, with ``too_many_channels`` when there are 64."""
        made = replace(channel, id=channel.id or secrets.token_hex(6))
        if not made.compat:
            made = replace(made, compat=f"{made.kind}-{made.id}")
        if not await self._write(made, "", made.to_json()):
            raise Conflict("there is such a channel already", "Look at the list again.")
        return made

    async def change(self, channel_id: str, edit: Callable[[Channel], Channel]) -> Channel:
        """Replace a channel by ``edit(channel)``, whoever else changes it. Raises NotFound, and
        what ``edit`` does."""
        for _ in range(_ATTEMPTS):
            raw = await self._redis.hget(self.KEY, channel_id)
            if raw is None:
                raise _unknown()
            before = Channel.from_json(raw)
            after = edit(before)
            if after == before:
                return before
            if await self._write(after, text(raw), after.to_json()):
                return after
        raise Conflict("the channel is being changed by somebody else", "Try again.")

    async def remove(self, channel_id: str) -> None:
        """Forget a channel; files stay. Raises NotFound."""
        for _ in range(_ATTEMPTS):
            raw = await self._redis.hget(self.KEY, channel_id)
            if raw is None:
                raise _unknown()
            if await self._write(Channel.from_json(raw), text(raw), ""):
                return
        raise Conflict("the channel is being changed by somebody else", "Try again.")

    async def import_oryx(self, rtmp_port: int, now_ms: int) -> int:
        """Take over what Oryx has left in this store; return how many. Raises RedisError."""
        known = {(one.kind, one.compat) for one in await self.all()}
        taken = 0
        for kind, key in self.MIRRORS.items():
            for platform, raw in (await self._redis.hgetall(key)).items():
                if (kind, platform) in known:
                    continue
                try:
                    stored: Any = orjson.loads(raw)
                    if "channel" in stored:
                        continue  # a mirror of ours whose channel is gone
                    made = from_oryx(
                        text(platform),
                        kind,
                        stored,
                        rtmp_port=rtmp_port,
                        seal=self.seal,
                        now_ms=now_ms,
                    )
                    await self.create(made)
                except (StreamsteadError, ValueError, TypeError, AttributeError) as exc:
                    log.warning("channel.not_imported", kind=kind, error=type(exc).__name__)
                    continue
                taken += 1
                log.info("channel.imported", kind=kind, id=made.id, items=len(made.items))
        return taken

    async def _write(self, channel: Channel, before: str, after: str) -> bool:
        mirror = orjson.dumps(to_oryx(channel)).decode()
        verdict = await self._swap(
            keys=(self.KEY, self.MIRRORS[channel.kind]),
            args=(channel.id, before, after, MAX_CHANNELS, channel.compat, mirror),
        )
        if verdict == -1:
            raise Conflict(
                f"there are {MAX_CHANNELS} channels already",
                "Remove one that is no longer used.",
                key="too_many_channels",
            )
        if verdict == 1:
            await self.refresh()
            for listener in self._listeners:
                listener()
        return bool(verdict == 1)


def _unknown() -> NotFound:
    return NotFound(
        "there is no such channel",
        "It may have been removed: look at the list again.",
        key="channel_unknown",
    )
