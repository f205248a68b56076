"""The data of Redis at one instant, as a file. Blocks; for threads and programs of their own."""

import time
from pathlib import Path
from typing import Any

from ..core.errors import Upstream
from ..core.settings import Settings

SAVE_S = 120.0
POLL_S = 0.05


def save_redis(settings: Settings) -> Path:
    """Let Redis write a dump of all it has now; return its path. Who asked removes it.

    Raises Upstream when Redis is away, or does not save.
    """
    # Late: the synchronous client is not what the services use.
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.exceptions import RedisError
    from redis.retry import Retry

    client: Any = Redis(
        unix_socket_path=str(settings.data.redis_socket),
        password=settings.redis_password.get_secret_value(),
        socket_timeout=10,
        retry=Retry(NoBackoff(), 1),
    )
    dump = settings.data.redis / "dump.rdb"
    until = time.monotonic() + SAVE_S
    try:
        _wait_for_savings(client, until)  # of somebody else, begun before this instant
        dump.unlink(missing_ok=True)
        # Not refused while the append-only file is rewritten, but begun right after.
        client.execute_command("BGSAVE", "SCHEDULE")
        while True:
            facts = _wait_for_savings(client, until)
            if facts["rdb_last_bgsave_status"] != "ok":
                raise Upstream(
                    "Redis could not save its data", "Look at its log: streamstead logs redis"
                )
            if dump.exists():
                return dump
            _pause(until)
    except RedisError as exc:
        raise Upstream(
            f"Redis does not answer ({type(exc).__name__})", "Look at: streamstead logs redis"
        ) from None
    finally:
        client.close()


def _wait_for_savings(client: Any, until: float) -> dict[str, Any]:
    while True:
        facts: dict[str, Any] = client.info("persistence")
        if not facts["rdb_bgsave_in_progress"]:
            return facts
        _pause(until)


def _pause(until: float) -> None:
    if time.monotonic() > until:
        raise Upstream(
            f"Redis did not save within {SAVE_S:.0f} s", "Look at: streamstead logs redis"
        )
    time.sleep(POLL_S)
