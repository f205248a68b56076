"""How every output is, put together from what is wanted and what its relay tells."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...core.errors import StreamsteadError
from ..models import AirTimes, media_of, problem_of
from . import models
from .advice import advise
from .output import Output, OutputState, SourceKind
from .presets import preset_of

_RUNNING = frozenset(
    (OutputState.LIVE, OutputState.STALLED, OutputState.RETRYING, OutputState.FAILED)
)

Facts = Mapping[str, Any]
"""What a relay tells of a destination (relay/status.py)."""


@dataclass(frozen=True, slots=True)
class Route:
    """Which relay an output is on, and the name of what it is fed with."""

    relay: str
    source: str


@dataclass(frozen=True, slots=True)
class Standing:
    """``known`` False: the relay tells nothing at this moment, so the state is a guess."""

    state: OutputState
    since_ms: int
    route: Route | None = None
    facts: Facts = field(default_factory=dict)
    media: Facts | None = None
    size_changed: bool = False
    known: bool = True


class States:
    """Remembers since when; asked at any time, changes nothing else."""

    def __init__(
        self,
        route: Callable[[Output], Route | None],
        status: Callable[[str], Facts | None],
        fault: Callable[[Output], StreamsteadError | None],
        clock: Callable[[], int],
    ) -> None:
        self._route = route
        self._fault = fault
        self._status = status
        self._clock = clock
        self._since: dict[str, tuple[OutputState, int]] = {}
        self._sizes: dict[str, set[tuple[int, int]]] = {}

    def standing(self, output: Output) -> Standing:
        """Return how it is now."""
        now = self._clock()
        route = self._route(output)
        if route is None:
            return self._idle(output, now)
        status = self._status(route.relay)
        facts = destination_facts(status, output.id)
        media = media_facts(status)
        changed = self._size_changed(route.relay, media)
        if facts is None:
            state, since = OutputState.CONNECTING, self._since_of(output.id, OutputState.CONNECTING)
            return Standing(state, since, route, {}, media, changed, known=False)
        state = OutputState(facts["state"])
        since = self._since_of(output.id, state)
        since = int(facts.get("since_ms") or since)
        return Standing(state, since, route, facts, media, changed)

    def view(self, output: Output) -> models.Output:
        """Return it as the API tells it."""
        it = self.standing(output)
        facts, media = it.facts, media_of(it.media)
        preset = preset_of(output.platform)
        running = it.state in _RUNNING
        return models.Output(
            id=output.id,
            label=output.label,
            platform=output.platform,
            server=output.shown_server,
            key_hint=output.key_hint,
            has_key=output.has_key,
            source=source_of(output),
            enabled=output.enabled,
            sender=output.sender,
            verify_tls=output.verify_tls,
            give_up_after=output.give_up_after,
            order=output.order,
            schedule=AirTimes.of(output.schedule),
            created_ms=output.created_ms,
            state=it.state,
            since_ms=it.since_ms,
            live_since_ms=facts.get("live_since_ms"),
            bitrate_kbps=int(facts.get("bitrate_kbps") or 0) if running else 0,
            accepted_at_ms=facts.get("accepted_at_ms"),
            drops=int(facts.get("drops") or 0),
            restarts=int(facts.get("restarts") or 0),
            attempts=int(facts.get("attempts") or 0),
            next_try_ms=facts.get("next_try_ms"),
            problem=problem_of(facts.get("problem")),
            advice=advise(preset, media, it.size_changed),
            media=media,
        )

    def forget(self, kept_ids: set[str], kept_relays: set[str]) -> None:
        """Drop what is remembered of outputs and relays that are no more."""
        self._since = {id_: one for id_, one in self._since.items() if id_ in kept_ids}
        self._sizes = {name: one for name, one in self._sizes.items() if name in kept_relays}

    def _idle(self, output: Output, now_ms: int) -> Standing:
        fault = self._fault(output)
        if not output.enabled:
            state = OutputState.OFF
        elif not output.wanted(now_ms):
            state = OutputState.SCHEDULED
        elif fault is not None:
            problem = {"key": fault.key, "message": fault.message, "help": fault.help}
            since = self._since_of(output.id, OutputState.FAILED)
            return Standing(OutputState.FAILED, since, facts={"problem": problem})
        else:
            state = OutputState.WAITING
        return Standing(state, self._since_of(output.id, state))

    def _since_of(self, output_id: str, state: OutputState) -> int:
        known = self._since.get(output_id)
        if known is None or known[0] is not state:
            known = self._since[output_id] = (state, self._clock())
        return known[1]

    def _size_changed(self, relay: str, media: Facts | None) -> bool:
        sizes = self._sizes.setdefault(relay, set())
        if media and media.get("width") and media.get("height") and len(sizes) < 8:
            sizes.add((media["width"], media["height"]))
        return len(sizes) > 1


def source_of(output: Output) -> models.OutputSource:
    one = output.source
    return models.OutputSource(
        kind=one.kind, app=one.app, stream=one.stream, programme=one.programme
    )


def source_name(output: Output) -> str:
    """Return ``app/stream`` of an output that has one by name; else nothing."""
    one = output.source
    return f"{one.app}/{one.stream}" if one.kind is SourceKind.STREAM and one.app else ""


def destination_facts(status: Facts | None, output_id: str) -> Facts | None:
    """Return what the relay tells of one destination."""
    found: Facts | None = (status or {}).get("destinations", {}).get(output_id)
    return found


def media_facts(status: Facts | None) -> Facts | None:
    """Return what the relay tells of the media that it sends."""
    return (status or {}).get("media") or None
