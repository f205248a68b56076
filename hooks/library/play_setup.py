"""Put together what recordings are watched with."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from redis.asyncio import Redis

from ...core.auth import Authenticator
from ...core.hook_queue import HookQueue
from ...core.hook_targets import HookTargetStore
from ...core.outbound import Outbound
from ...core.paths import DataDir
from ...core.play_rules import PassStore, PlayRuleStore
from ...core.sealed import PLAY_RULE, Sealer
from ...core.signed import PassSigner
from ..ask import WebhookAsker
from ..hls_log import HlsLog
from .buckets import Buckets
from .catalogue import Catalogue
from .delivery import Delivery
from .play import Play
from .play_gates import VodGates


@asynccontextmanager
async def open_play(
    data: DataDir,
    redis: Redis,
    master_key: bytes,
    authenticator: Authenticator,
    catalogue: Catalogue,
    buckets: Buckets,
    clock: Callable[[], int],
) -> AsyncIterator[tuple[Play, Delivery]]:
    """Yield both, with the gates that an earlier process left."""
    asker = WebhookAsker(
        HookTargetStore(redis, master_key),
        HookQueue(redis),
        Outbound(),
        Sealer(master_key, PLAY_RULE),
        clock,
    )
    play = Play(
        VodGates(data.vod_gates),
        HlsLog(data.vod_log),
        PlayRuleStore(redis),
        PassStore(redis),
        PassSigner(master_key),
        asker,
        authenticator,
        catalogue,
        clock,
    )
    await play.load()
    async with Delivery.opened(data.record, buckets.of) as delivery:
        yield play, delivery
