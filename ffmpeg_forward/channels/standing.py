"""How a channel is, read from what its relay tells."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .channel import Channel, ChannelState, Trouble

_WORKING = ("connecting", "waiting")


@dataclass(frozen=True, slots=True)
class Now:
    """The item that is being read; ``position_ms`` counts from when that began."""

    index: int
    name: str
    position_ms: int


@dataclass(frozen=True, slots=True)
class Standing:
    """``media``: as the relay tells it; ``kbps``: what the destinations take, of the fastest;
    ``next_try_ms``: when one in trouble connects again, None where nobody knows."""

    state: ChannelState
    trouble: Trouble | None = None
    now: Now | None = None
    kbps: int = 0
    media: Mapping[str, Any] | None = None
    live_since_ms: int | None = None
    next_try_ms: int | None = None


def standing_of(channel: Channel, status: Mapping[str, Any] | None, now_ms: int) -> Standing:
    """Return how a channel is that is to run; ``status`` is its relay's, None for none yet."""
    if status is None:
        return Standing(ChannelState.STARTING)
    sources = list(status.get("sources", {}).values())
    ways = list(status.get("destinations", {}).values())
    source: Mapping[str, Any] = sources[0] if sources else {}
    live = [one for one in ways if one.get("state") == "live"]
    media = status.get("media")
    now = _now(channel, source.get("now"), now_ms)
    played = source.get("now") or {}
    comes = source.get("alive") or "id" in played
    if live and media and comes:
        return Standing(
            ChannelState.LIVE,
            # One of several may be in trouble while the others have no idea of it.
            _trouble(next((one.get("problem") for one in ways if one not in live), None)),
            now,
            max(int(one.get("bitrate_kbps") or 0) for one in live),
            media,
            min(one.get("live_since_ms") or now_ms for one in live),
        )
    trouble = _trouble(source.get("problem"))
    if trouble is not None and not source.get("alive"):
        next_ms = (source.get("now") or {}).get("next_try_ms")
        return Standing(ChannelState.RETRYING, trouble, now, next_try_ms=next_ms)
    trouble = trouble or _trouble(next((it["problem"] for it in ways if it.get("problem")), None))
    if ways and all(one.get("state") == "failed" for one in ways):
        return Standing(ChannelState.FAILED, trouble, now, media=media)
    if trouble is not None and not any(one.get("state") in _WORKING for one in ways):
        tries = [one["next_try_ms"] for one in ways if one.get("next_try_ms")]
        next_ms = min(tries, default=None)
        return Standing(ChannelState.RETRYING, trouble, now, media=media, next_try_ms=next_ms)
    return Standing(ChannelState.STARTING, trouble, now, media=media)


def _now(channel: Channel, told: Mapping[str, Any] | None, now_ms: int) -> Now | None:
    """Return what is played, by its place among the channel's items, shuffled or not."""
    if not told or "id" not in told:
        return None
    for index, item in enumerate(channel.items):
        if item.id == told["id"]:
            since = int(told.get("since_ms") or now_ms)
            return Now(index, item.name, max(0, now_ms - since))
    return None


def _trouble(told: Mapping[str, Any] | None) -> Trouble | None:
    if not told:
        return None
    return Trouble(*(str(told.get(name) or "") for name in ("key", "message", "help")))
