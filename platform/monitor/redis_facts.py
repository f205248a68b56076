"""How Redis is, and whether those who read events keep up: one round trip of two commands."""

from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis

from ...core.events import EventStream
from ...core.store import text


@dataclass(frozen=True, slots=True)
class RedisFacts:
    """``not_saving``: why not, empty while it does. ``lag``: consumer group -> events that it has
    not dealt with."""

    memory_bytes: int
    memory_max: int
    clients: int
    commands: int
    not_saving: str
    lag: dict[str, int] = field(default_factory=dict)

    @property
    def memory_percent(self) -> float:
        return 100 * self.memory_bytes / self.memory_max if self.memory_max else 0.0


async def look_at_redis(redis: Redis) -> RedisFacts:
    """Raises RedisError."""
    async with redis.pipeline(transaction=False) as pipe:
        pipe.info("everything")
        pipe.xinfo_groups(EventStream.KEY)
        info, groups = await pipe.execute(raise_on_error=False)
    if isinstance(info, Exception):
        raise info
    # The stream is not there before the first event.
    return RedisFacts(
        memory_bytes=int(info["used_memory"]),
        memory_max=int(info.get("maxmemory", 0)),
        clients=int(info["connected_clients"]),
        commands=int(info.get("total_commands_processed", 0)),
        not_saving=_trouble(info),
        lag={} if isinstance(groups, Exception) else dict(map(_lag, groups)),
    )


def _lag(group: Any) -> tuple[str, int]:
    # Redis cannot tell the lag after entries were removed in the middle: what is pending counts.
    return text(group["name"]), int(group.get("lag") or 0) + int(group["pending"])


def _trouble(info: dict[str, Any]) -> str:
    said = {
        "aof_last_write_status": "the append-only file cannot be written",
        "aof_last_bgrewrite_status": "the append-only file cannot be written anew",
        "rdb_last_bgsave_status": "a snapshot cannot be written",
    }
    return "; ".join(words for name, words in said.items() if info.get(name, "ok") != "ok")
