"""The alerts of the house: judged after every look, told, kept, listed."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from ...core.errors import Invalid, NotFound
from ...core.events import Event, EventStream
from ...core.log import get_logger
from ...core.settings import Settings
from ..monitor.looks import Looks, View
from ..monitor.models import Traffic
from .board import Active, Board, Change, Kind, Readings
from .causes import Causes
from .latches import Latches
from .messages import Message
from .models import Alert, AlertCounts, AlertMessage, AlertRule, PastAlert
from .notifier import Notifier
from .rules import RULES, Rule, changed
from .store import MAX_HISTORY, AlertStore, past

log = get_logger(__name__)

GROUP = "alerts"
RETRY_S = 1.0
MAX_UNSAVED = 500
SEEN_MS = 30_000
"""Figures of services are younger."""

_CHANGEABLE = ("enabled", "threshold", "for_s", "level")


class Alerts:
    """``load_all`` first; ``take_events`` is an endless loop; ``judge`` follows every look.

    ``subscribe``: called whenever what is listed may have changed. ``on_event``: told every event.
    """

    def __init__(
        self,
        settings: Settings,
        redis: Redis,
        events: EventStream,
        looks: Looks,
        notifier: Notifier,
        clock: Callable[[], int],
        steady_s: Callable[[], float] | None = None,
    ) -> None:
        self._redis = redis
        self._events = events
        self._looks = looks
        self._clock = clock
        self._steady_s = steady_s or (lambda: asyncio.get_running_loop().time())
        self._store = AlertStore(redis)
        self._board = Board()
        self._latches = Latches()
        self._causes = Causes(settings.data, self._latches)
        self._overrides: dict[str, dict[str, Any]] = {}
        self._history: list[dict[str, Any]] = []
        self._unsaved: list[tuple[Change, Message]] = []
        self._dirty = False
        self._loaded = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []
        self._event_listeners: list[Callable[[Event], None]] = []
        self.notifier = notifier
        self.rules: dict[str, Rule] = dict(RULES)

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after every change of what is listed."""
        self._listeners.append(listener)

    def on_event(self, listener: Callable[[Event], None]) -> None:
        """Tell ``listener`` of every event of the house, once."""
        self._event_listeners.append(listener)

    async def load_all(self) -> None:
        """Go on where an earlier process has ended; waits until Redis answers."""
        while True:
            try:
                kept = await self._store.load()
                await self.notifier.load()
            except RedisError as exc:
                log.info("alerts.waiting", error=type(exc).__name__)
                await asyncio.sleep(RETRY_S)
            else:
                break
        self._board.load(kept.active, kept.told_ms)
        self._latches.load(kept.latches)
        self._overrides = kept.overrides
        self._history = kept.history
        for name, overrides in kept.overrides.items():
            if name in RULES:
                self.rules[name] = changed(RULES[name], overrides)
        self._loaded.set()

    async def take_events(self) -> None:
        """Learn from events what cannot be looked at; never returns."""
        await self._loaded.wait()
        while True:
            try:
                async for batch in self._events.consume(GROUP):
                    for event in batch:
                        self._latches.take(event)
                        self._looks.nudge(event.type)
                        for listener in self._event_listeners:
                            listener(event)
                    if self._latches.changed:
                        await self.save()
                        self._looks.hurry()
                    await self._events.ack(GROUP, batch)
            except RedisError as exc:
                log.info("alerts.events_unreadable", error=type(exc).__name__)
                await asyncio.sleep(RETRY_S)

    async def judge(self, view: View, traffic: Traffic | None) -> None:
        """Compare what was seen with the rules; tell and keep what has changed."""
        if not self._loaded.is_set():
            return
        self._drop_old_latches(view)
        await self.update(self._causes.readings(view, traffic))

    async def update(self, readings: Readings) -> None:
        """The same for readings."""
        before = self._listed()
        changes = self._board.update(readings, self.rules, self._clock(), self._steady_s())
        news = [(change, self._message(change)) for change in changes]
        for change, message in news:
            log.warning(
                "alert.firing" if change.kind is Kind.FIRED else "alert.cleared",
                rule=change.alert.rule,
                subject=change.alert.subject,
                said=message.text,
                told=change.tell,
            )
            if change.kind is Kind.CLEARED:
                self._history = [past(change, message), *self._history][:MAX_HISTORY]
        self.notifier.take([message for change, message in news if change.tell])
        self._unsaved = [*self._unsaved, *news][-MAX_UNSAVED:]
        self._dirty = self._dirty or bool(news)
        if self._dirty or self._latches.changed:
            await self.save()
        self.notifier.wake()
        if before != self._listed():
            self._changed()

    async def save(self) -> None:
        """Write everything in one transaction; when Redis is away, with the next look."""
        news, ids = list(self._unsaved), set(self._latches.changed)
        latches = {id_: self._latches.latches.get(id_) for id_ in ids}
        self._dirty = True
        try:
            async with self._redis.pipeline() as pipe:
                active = list(self._board.active.values())
                self._store.save(pipe, active, self._board.told_ms, latches, news)
                waiting = self.notifier.save(pipe)
                await pipe.execute()
        except RedisError as exc:
            log.info("alerts.not_kept", error=type(exc).__name__)
            return
        self.notifier.saved(waiting)
        self._unsaved = self._unsaved[len(news) :]
        self._latches.changed -= ids
        self._dirty = bool(self._unsaved)

    def listed(self) -> list[Alert]:
        """The worst first."""
        return [self._shown(one) for one in self._board.sorted()]

    def history(self) -> list[PastAlert]:
        """The newest first."""
        return [PastAlert.model_validate(one) for one in self._history]

    def counts(self) -> AlertCounts:
        """Count what fires."""
        firing = [one.level for one in self._board.active.values() if one.firing]
        return AlertCounts(critical=firing.count("critical"), warning=firing.count("warning"))

    def firing(self) -> Iterator[Active]:
        """Yield what fires, the worst first."""
        return (one for one in self._board.sorted() if one.firing)

    async def acknowledge(self, id_: str) -> Alert:
        """Raises NotFound for one that is over."""
        one = self._board.acknowledge(id_)
        if one is None:
            raise NotFound(
                "there is no such alert now", "It may be over: look at the list.", key="alert_over"
            )
        await self.save()
        self._changed()
        return self._shown(one)

    def rules_shown(self) -> list[AlertRule]:
        return [self._rule_shown(rule) for rule in self.rules.values()]

    async def update_rule(self, name: str, changes: Mapping[str, Any], reset: bool) -> AlertRule:
        """Raises NotFound, Invalid, RedisError."""
        delivered = RULES.get(name)
        if delivered is None:
            raise NotFound(
                "there is no such rule", "Look at the list of rules.", key="rule_unknown"
            )
        threshold = changes.get("threshold")
        if threshold is not None:
            if delivered.threshold is None:
                raise Invalid(f"{name} has no threshold", "Leave it out.", key="alert_threshold")
            if not delivered.least <= threshold <= delivered.most:
                raise Invalid(
                    f"the threshold of {name} is from {delivered.least:g} to {delivered.most:g}",
                    "Choose a value in between.",
                    key="alert_threshold",
                )
        overrides = {} if reset else dict(self._overrides.get(name, {}))
        overrides |= {key: value for key, value in changes.items() if key in _CHANGEABLE}
        overrides = {k: v for k, v in overrides.items() if getattr(delivered, k) != v}
        await self._store.set_rule(name, overrides)
        self._overrides[name] = overrides
        self.rules[name] = changed(delivered, overrides)
        self._looks.hurry()
        return self._rule_shown(self.rules[name])

    def _drop_old_latches(self, view: View) -> None:
        """What was removed while it failed tells of no end: its service knows what there is."""
        outputs = view.figures.get("ffmpeg_forward")
        if outputs is None:
            return
        wrong = {
            dict(labels)["transcode"]
            for labels, value in outputs.values.get("streamstead_transcode_state", {}).items()
            if value and dict(labels)["state"] in ("failed", "refused", "retrying", "starting")
        }
        self._latches.keep_only("transcode_failed", wrong, view.at_ms - SEEN_MS)

    def _message(self, change: Change) -> Message:
        one = change.alert
        rule = self.rules[one.rule]
        over = change.kind is Kind.CLEARED
        return Message(
            alert=one.id,
            rule=one.rule,
            subject=one.subject,
            level=one.level,
            over=over,
            text=rule.words(one.params),
            help=rule.help(one.params),
            since_ms=one.since_ms,
            at_ms=change.ended_ms if over else self._clock(),
            params=one.params,
        )

    def _shown(self, one: Active) -> Alert:
        rule = self.rules[one.rule]
        return Alert(
            id=one.id,
            rule=one.rule,
            level=one.level,
            state="firing" if one.firing else "pending",
            subject=one.subject,
            since_ms=one.since_ms,
            message=AlertMessage(key=one.rule, params=one.params),
            text=rule.words(one.params),
            help=rule.help(one.params),
            acknowledged=one.acknowledged,
        )

    def _rule_shown(self, rule: Rule) -> AlertRule:
        return AlertRule(
            rule=rule.name,
            level=rule.level,
            enabled=rule.enabled,
            threshold=rule.threshold,
            unit=rule.unit,
            for_s=rule.for_s,
            min=rule.least,
            max=rule.most,
            changed=bool(self._overrides.get(rule.name)),
        )

    def _listed(self) -> list[tuple[str, bool, bool]]:
        return [(one.id, one.firing, one.acknowledged) for one in self._board.active.values()]

    def _changed(self) -> None:
        for listener in self._listeners:
            listener()
