"""What a programme means to its relay, and what the relay tells of it."""

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from ..relay.config import (
    LOCAL,
    PROGRAMME,
    SLATE,
    STREAM,
    DestinationConfig,
    HouseFormat,
    RelayConfig,
    SlateConfig,
    SourceConfig,
)
from .programme import Programme, Start

PREFIX = "programme-"
State = Literal["off", "starting", "slate", "live"]
SourceState = Literal["offline", "connecting", "ready", "on_air", "lost"]

LOST_MS = 10_000
"""A source that has been quiet for longer is offline."""

LOCAL_ID = "local"
"""Id of the destination that is a stream of this house."""


def relay_name(programme_id: str) -> str:
    """Return the name of the relay that carries a programme."""
    return PREFIX + programme_id


def relay_config(
    programme: Programme,
    destinations: Iterable[DestinationConfig],
    *,
    live: Collection[str],
    rtmp_port: int,
    house_key: str,
    slate_file: Callable[[str], Path | None],
) -> RelayConfig:
    """Return what the relay of an enabled programme is told.

    ``live``: urls of the streams that are believed to be on. ``slate_file`` finds an own picture
    or clip by its id; without it the card is shown.
    """
    out = list(destinations)
    if programme.local_stream:
        out.append(DestinationConfig(LOCAL_ID, LOCAL + programme.local_stream))
    return RelayConfig(
        name=relay_name(programme.id),
        mode=PROGRAMME,
        rtmp_port=rtmp_port,
        house_key=house_key,
        sources=tuple(
            SourceConfig(
                id=one.url, kind=STREAM, app=one.app, stream=one.stream, live=one.url in live
            )
            for one in programme.sources
        ),
        destinations=tuple(out),
        slate=_slate(programme, slate_file),
        normalise=_house_format(programme),
        taken=programme.taken,
        hold=programme.hold,
        buffer_ms=programme.buffer_ms,
        lost_after_ms=programme.lost_after_ms,
        wait_for_source=programme.start is Start.FIRST_SOURCE,
    )


def _slate(programme: Programme, slate_file: Callable[[str], Path | None]) -> SlateConfig:
    slate = programme.slate
    path = slate_file(slate.file_id) if slate.file_id else None
    return SlateConfig(
        kind=slate.kind.value if path else "card",
        title=slate.title or programme.label,
        subtitle=slate.subtitle,
        path=str(path or ""),
        audio=slate.audio.value,
    )


def _house_format(programme: Programme) -> HouseFormat | None:
    wanted = programme.normalise
    if not wanted.enabled:
        return None
    return HouseFormat(
        width=wanted.width,
        height=wanted.height,
        fps=wanted.fps,
        video_kbps=wanted.video_kbps,
        audio_rate=wanted.audio_rate,
    )


def state_of(programme: Programme, told: Mapping[str, Any] | None) -> tuple[State, str | None]:
    """Return (state, what is on air): ``off``, ``starting``, ``slate`` or ``live``; the url of a
    source, ``slate``, or None."""
    if not programme.enabled:
        return "off", None
    on_air = told.get("on_air") if told else None
    if on_air is None:
        return "starting", None
    return ("slate" if on_air == SLATE else "live"), str(on_air)


def source_state(url: str, told: Mapping[str, Any] | None, on_air: str | None) -> SourceState:
    """Return ``offline``, ``connecting``, ``ready``, ``on_air`` or ``lost``."""
    if told is None:
        return "offline"
    if on_air == url:
        return "on_air"
    source = told.get("sources", {}).get(url)
    if source is None:
        return "connecting"
    if source["alive"]:
        return "ready"
    quiet_ms = source["quiet_ms"]
    return "offline" if quiet_ms is None or quiet_ms > LOST_MS else "lost"
