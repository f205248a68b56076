"""Have every channel run when it is to run, and know how each of them is.

It decides at once when a channel is changed, when its relay tells something, and when its time
begins or ends; every 10 s it looks again. While Redis is away nothing that runs is ended.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from redis.exceptions import RedisError

from ...core.errors import StreamsteadError
from ...core.events import EventStream, EventType
from ...core.log import get_logger
from ..outputs.states import Route
from ..outputs.store import OutputStore
from ..relays import Relays
from .channel import Channel, ChannelState, Trouble
from .files import OwnFiles
from .plan import PREFIX, Plan, Planner
from .standing import Standing, standing_of
from .store import ChannelStore

log = get_logger(__name__)

LOOK_S = 10.0
RETRY_S = 1.0
SWEEP_S = 600.0
LOST_MS = 15_000
"""So long a channel that was live may try again until somebody is told."""

TAKEN = Trouble(
    "channel_output_taken",
    "another channel feeds one of its outputs",
    "Stop that channel, or choose other outputs.",
)

_IDLE = (ChannelState.OFF, ChannelState.SCHEDULED, ChannelState.ENDED)


@dataclass
class _Known:
    """What was last seen of a channel."""

    standing: Standing
    since_ms: int


class Keeper:
    """``run`` is an endless loop. ``claims_changed`` is called when other outputs are fed."""

    def __init__(
        self,
        store: ChannelStore,
        outputs: OutputStore,
        files: OwnFiles,
        planner: Planner,
        relays: Relays,
        events: EventStream,
        clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._outputs = outputs
        self._files = files
        self._planner = planner
        self._relays = relays
        self._events = events
        self._clock = clock
        self._wake = asyncio.Event()
        self._changed = True
        self._plans: dict[str, Plan] = {}
        self._known: dict[str, _Known] = {}
        self._claims: dict[str, Route] = {}
        self._listeners: list[Callable[[], None]] = []
        self._claims_listeners: list[Callable[[], None]] = []
        self._swept = -SWEEP_S
        self._imported = False
        store.subscribe(self.wake)
        outputs.subscribe(self.wake)
        relays.subscribe(self._relay_told)

    def subscribe(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` whenever a channel or its state may be another."""
        self._listeners.append(changed)

    def on_claims(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` when channels feed other outputs than before."""
        self._claims_listeners.append(changed)

    def claims(self) -> Mapping[str, Route]:
        """Return the outputs that channels feed now."""
        return self._claims

    def standing(self, channel: Channel) -> tuple[Standing, int]:
        """Return how a channel is, and since when, in ms since the epoch."""
        known = self._known.get(channel.id)
        found = self._look_at(channel)
        if known is None or known.standing.state is not found.state:
            return found, found.live_since_ms or self._clock()
        return found, known.since_ms

    def troubles(self, channel: Channel) -> Mapping[str, Trouble]:
        """Return why items of a channel cannot be played now, by their id."""
        plan = self._plans.get(channel.id)
        return (plan.troubles if plan is not None else None) or {}

    def skip(self, channel: Channel) -> bool:
        """Go on with the next item; False when it is not running."""
        return self._relays.command(PREFIX + channel.id, op="skip")

    def _relay_told(self, name: str) -> None:
        if name.startswith(PREFIX):
            self._wake.set()

    def wake(self) -> None:
        """Look at everything again, now."""
        self._changed = True
        self._wake.set()

    async def run(self, rtmp_port: int) -> None:
        """Never returns."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            self._wake.clear()
            try:
                if self._changed or loop.time() >= due:
                    self._changed, due = False, loop.time() + RETRY_S
                    await self._import(rtmp_port)
                    due = loop.time() + await self._round()
                else:
                    await self._glance()
            except RedisError as exc:
                log.warning("channels.not_read", error=type(exc).__name__)
            for listener in self._listeners:
                listener()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await self._wake.wait()

    async def _import(self, rtmp_port: int) -> None:
        if not self._imported:
            await self._store.import_oryx(rtmp_port, self._clock())
            self._imported = True

    async def _glance(self) -> None:
        """Take note of what relays tell, which they do every second: Redis is not asked."""
        now = self._clock()
        for channel in self._store.current:
            if channel.phase(now) is ChannelState.STARTING and not channel.loop:
                self._changed |= _has_ended(self._relays.status(PREFIX + channel.id))
            await self._note(channel, now)
        if self._changed:
            self._wake.set()

    async def _round(self) -> float:
        """Decide once; return how long to wait for the next time, in seconds. Raises RedisError."""
        await self._outputs.all()
        await self._store.refresh()
        now = self._clock()
        plans = await asyncio.to_thread(self._plan_all, self._store.current)
        self._plans = plans
        wanted: dict[str, Plan] = {}
        for channel in self._store.current:
            if channel.phase(now) is ChannelState.STARTING and await self._goes_on(channel, now):
                wanted[channel.id] = plans[channel.id]
        self._apply(wanted)
        for channel in self._store.current:
            await self._note(channel, now)
        for gone in self._known.keys() - {one.id for one in self._store.current}:
            del self._known[gone]
        await self._sweep()
        edges = [one.next_change_ms(now) for one in self._store.current]
        edge = min((at for at in edges if at is not None), default=now + int(LOOK_S * 1000))
        return min(LOOK_S, max(0.0, (edge - now) / 1000))

    def _plan_all(self, channels: tuple[Channel, ...]) -> dict[str, Plan]:
        return {one.id: self._planner.plan(one) for one in channels}

    async def _goes_on(self, channel: Channel, now: int) -> bool:
        """Note when a run begins, and that it is over. Raises RedisError."""
        began = channel.began_ms(now)
        if not began:
            await self._change(channel, run_ms=now, ended_ms=0)
            return True
        status = self._relays.status(PREFIX + channel.id)
        over = channel.max_duration_s and now >= began + channel.max_duration_s * 1000
        if over or (not channel.loop and _has_ended(status)):
            await self._change(channel, ended_ms=now)
            return False
        return True

    async def _change(self, channel: Channel, **changes: Any) -> None:
        """Note something of the run that is meant; of another one it would be wrong."""

        def edit(one: Channel) -> Channel:
            same = (one.run_ms, one.ended_ms, one.enabled)
            if same != (channel.run_ms, channel.ended_ms, channel.enabled):
                return one
            return replace(one, **changes)

        with suppress(StreamsteadError):  # it was removed, or is being changed: the next round
            await self._store.change(channel.id, edit)

    def _apply(self, wanted: dict[str, Plan]) -> None:
        claims: dict[str, Route] = {}
        for id_, plan in wanted.items():
            if claims.keys() & set(plan.claims):
                wanted[id_] = self._plans[id_] = replace(
                    plan, config=None, trouble=TAKEN, claims=()
                )
                continue
            claims |= {output: Route(PREFIX + id_, "") for output in plan.claims}
        if claims != self._claims:
            self._claims = claims
            for listener in self._claims_listeners:
                listener()
        running = {PREFIX + id_: plan.config for id_, plan in wanted.items() if plan.config}
        for name, config in running.items():
            self._relays.want(name, config)
        self._relays.only(PREFIX, running)

    def _look_at(self, channel: Channel) -> Standing:
        phase = channel.phase(self._clock())
        if phase in _IDLE:
            return Standing(phase)
        plan = self._plans.get(channel.id)
        if plan is not None and plan.config is None:
            return Standing(ChannelState.FAILED, trouble=plan.trouble)
        return standing_of(channel, self._relays.status(PREFIX + channel.id), self._clock())

    async def _note(self, before: Channel, now: int) -> None:
        """Remember how a channel is, and tell what has become of it."""
        channel = next((one for one in self._store.current if one.id == before.id), before)
        found = self._look_at(channel)
        known = self._known.get(channel.id)
        if known is None:
            since = found.live_since_ms or now
            known = self._known[channel.id] = _Known(found, since)
        elif known.standing.state is not found.state:
            known.since_ms = found.live_since_ms or now
        known.standing = found
        event = _news(found.state, channel.told, now - known.since_ms)
        if event is not None:
            await self._tell(event, channel, found, now)
            log.info("channel.told", id=channel.id, state=found.state, told=event)

    async def _tell(self, type_: EventType, channel: Channel, found: Standing, now: int) -> None:
        to = channel.to
        data = {"channel": channel.id, "kind": channel.kind, "label": channel.label}
        if found.trouble is not None:
            data |= {"key": found.trouble.key, "message": found.trouble.message}
        stream = f"{to.app}/{to.stream}" if to.stream else ""
        await self._events.append(
            f"{type_.value}:{channel.id}:{channel.run_ms}:{now}", type_, now, stream, data
        )
        # Kept, so that another process does not tell it again.
        with suppress(StreamsteadError):
            await self._store.change(channel.id, lambda it: replace(it, told=type_.value))

    async def _sweep(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._swept < SWEEP_S:
            return
        self._swept = now
        try:
            await asyncio.to_thread(self._files.sweep, self._clock() / 1000)
        except OSError as exc:
            log.warning("films.not_swept", error=exc.strerror)


def _has_ended(status: Mapping[str, Any] | None) -> bool:
    """Tell whether everything was played, and nothing of it is on the air any more."""
    sources = (status or {}).get("sources", {})
    return bool(sources) and all(
        one.get("ended") and not one.get("now") for one in sources.values()
    )


def _news(state: ChannelState, told: str, for_ms: int) -> EventType | None:
    """Return what is to be told of a state; None for nothing, or nothing new."""
    news = None
    lost = state is ChannelState.RETRYING and for_ms >= LOST_MS
    if state is ChannelState.LIVE:
        news = EventType.CHANNEL_STARTED
    elif state is ChannelState.FAILED or lost:
        news = EventType.CHANNEL_FAILED
    elif state in _IDLE and told in (EventType.CHANNEL_STARTED, EventType.CHANNEL_FAILED):
        news = EventType.CHANNEL_ENDED
    return None if news == told else news
