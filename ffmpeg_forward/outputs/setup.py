"""Outputs, put together."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from redis.exceptions import RedisError

from ...core.log import get_logger
from ..services import Services
from .director import Director
from .feed import FfmpegFeed
from .metrics import OutputMetrics
from .oryx import take_over
from .states import States
from .store import OutputStore
from .tell import Teller
from .test_picture import TestPicture
from .trial import Trials

log = get_logger(__name__)

KIND = "outputs"
_RETRY_S = 2.0


@asynccontextmanager
async def open_outputs(state: Services) -> AsyncIterator[list[Coroutine[Any, Any, None]]]:
    """Fill ``outputs``, ``director``, ``states``, ``feed`` and ``trials``; yield the loops."""
    clock: Callable[[], int] = state.clock
    state.outputs = store = OutputStore(state.redis, state.master_key)
    state.director = director = Director(
        store,
        state.registry,
        state.events,
        state.relays,
        state.settings.rtmp_port,
        state.house_key,
        clock,
    )
    state.states = states = States(director.route, state.relays.status, director.fault, clock)
    state.feed = feed = FfmpegFeed()
    state.trials = Trials(TestPicture(state.settings.data.slate / "test-picture.flv"))
    teller = Teller(state.redis, store, states, lambda: director.decided, clock)

    async def snapshot() -> list[Any]:
        return [states.view(one) for one in await store.all()]

    def changed() -> None:
        feed.changed(KIND)
        teller.wake()

    def decided() -> None:
        states.forget({one.id for one in store.current}, state.relays.names)
        changed()

    feed.add(KIND, snapshot, partial=True)
    store.subscribe(changed)
    director.subscribe(decided)
    state.relays.subscribe(lambda _: changed())
    with OutputMetrics(lambda: store.current, states, clock).registered():
        yield [_take_over(store, clock), store.run(), director.run(), teller.run()]


async def _take_over(store: OutputStore, clock: Callable[[], int]) -> None:
    """Take over what SRS-cloud or Oryx has left in the store; never returns."""
    while True:
        try:
            await take_over(store, clock())
        except RedisError as exc:
            log.warning("outputs.not_taken_over", error=type(exc).__name__)
            await asyncio.sleep(_RETRY_S)
        else:
            await asyncio.Event().wait()
