"""Routes of the statistics: viewers over time, the session log, and the streams of a time."""

import re
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ..core.app import API, Body, Reply
from ..core.auth import SignedIn
from ..core.errors import Invalid
from ..core.registry import Kind
from .services import Services, ServicesDep
from .stats_queries import MAX_COUNTRIES, MAX_STREAMS, Range, SessionRow

router = APIRouter(prefix=f"{API}/mgmt/stats", tags=["statistics"])

MAX_RANGE_S = 90 * 86_400
MAX_POINTS = 1_500
STEPS_S = (10, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200)

_CURSOR = re.compile(r"(\d{1,15})\.(\d{1,15})")

Moment = Annotated[int, Field(ge=0, le=4_102_444_800_000, description="ms since the epoch")]
Name = Annotated[str, Field(max_length=255)]


class RangeRequest(Body):
    """From ``from_ms`` up to, not with, ``to_ms``; at most 90 days. Full seconds count."""

    from_ms: Moment
    to_ms: Moment


class ViewerStatsRequest(RangeRequest):
    """Without ``app`` and ``stream``: all streams. Without ``step_s``: chosen by the server."""

    app: Name | None = None
    stream: Name | None = None
    step_s: Annotated[int, Field(ge=1, le=MAX_RANGE_S)] | None = None


class ViewerPoint(BaseModel):
    """``viewers`` at the very moment ``at_ms``; ``peak`` is the highest count of the step."""

    at_ms: int
    viewers: int
    peak: int


class ProtocolStats(BaseModel):
    protocol: str
    sessions: int
    watch_s: int


class CountryStats(BaseModel):
    """``country``: two letters; null where it is not known."""

    country: str | None
    sessions: int


class ViewerStats(BaseModel):
    """What viewers did in a range. ``sessions`` are those that were there at any time of it,
    ``watch_s`` is how long all of them watched within it. There are no points of the future."""

    step_s: int
    points: list[ViewerPoint]
    peak: int
    watch_s: int
    sessions: int
    protocols: list[ProtocolStats]
    countries: list[CountryStats]


class SessionStatsRequest(RangeRequest):
    """``cursor``: of the page before."""

    app: Name | None = None
    stream: Name | None = None
    kind: Kind | None = None
    cursor: Annotated[str, Field(max_length=40)] | None = None
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100


class LoggedSession(BaseModel):
    """A publisher or a viewer. ``ip`` is the full address for a day, then its network
    (``192.0.2.0/24``, ``2001:db8:1::/48``); bytes as the media server counts them (send: to the
    client); ``ended_ms`` is null while it goes on, ``reason`` why it ended."""

    client_id: str
    kind: Kind
    app: str
    stream: str
    protocol: str
    ip: str
    country: str | None
    user_agent: str
    started_ms: int
    ended_ms: int | None
    send_bytes: int
    recv_bytes: int
    reason: str


class SessionStats(BaseModel):
    """The youngest first. ``cursor`` asks for the next page; null: this is the last."""

    sessions: list[LoggedSession]
    cursor: str | None


class StreamStats(BaseModel):
    """``sessions``, ``watch_s`` and ``peak`` of viewers; ``publish_s``: how long it was live."""

    app: str
    stream: str
    sessions: int
    watch_s: int
    peak: int
    publish_s: int


class StreamsStats(BaseModel):
    """Most watched first, 1 000 at most."""

    streams: list[StreamStats]


@router.post("/viewers")
async def viewers(
    body: ViewerStatsRequest, services: ServicesDep, _: SignedIn
) -> Reply[ViewerStats]:
    """Tell how many watched over time, by which protocols and from which countries."""
    asked = _range(body, services, body.app, body.stream)
    step_s = _step(body)
    found = await services.stats.ask(lambda reader: reader.viewers(asked, step_s))
    protocols = sorted(found.protocols.items(), key=lambda one: -one[1].sessions)
    countries = sorted(found.countries.items(), key=lambda one: -one[1].sessions)
    return Reply(
        data=ViewerStats(
            step_s=step_s,
            points=[
                ViewerPoint(at_ms=one.at_s * 1000, viewers=one.viewers, peak=one.peak)
                for one in found.points
            ],
            peak=max((one.peak for one in found.points), default=0),
            watch_s=found.total.watch_ms // 1000,
            sessions=found.total.sessions,
            protocols=[
                ProtocolStats(protocol=name, sessions=one.sessions, watch_s=one.watch_ms // 1000)
                for name, one in protocols
                if one.sessions
            ],
            countries=[
                CountryStats(country=name or None, sessions=one.sessions)
                for name, one in countries[:MAX_COUNTRIES]
                if one.sessions
            ],
        )
    )


@router.post("/sessions")
async def sessions(
    body: SessionStatsRequest, services: ServicesDep, _: SignedIn
) -> Reply[SessionStats]:
    """List the sessions that were there at any time of the range."""
    asked = _range(body, services, body.app, body.stream)
    before = _read_cursor(body.cursor)
    rows = await services.stats.ask(
        # One more than asked for tells whether there is a next page.
        lambda reader: reader.sessions(asked, body.kind, before, body.limit + 1)
    )
    page = rows[: body.limit]
    more = len(rows) > body.limit
    return Reply(
        data=SessionStats(
            sessions=[_logged(row) for row in page],
            cursor=f"{page[-1].started_ms}.{page[-1].row_id}" if more else None,
        )
    )


@router.post("/streams")
async def streams(body: RangeRequest, services: ServicesDep, _: SignedIn) -> Reply[StreamsStats]:
    """Tell of each stream how long it was live and how much it was watched."""
    asked = _range(body, services)
    found = await services.stats.ask(lambda reader: reader.streams(asked))
    most = sorted(
        found.items(), key=lambda one: (-one[1].viewing.watch_ms, -one[1].publishing.watch_ms)
    )
    return Reply(
        data=StreamsStats(
            streams=[
                StreamStats(
                    app=app,
                    stream=stream,
                    sessions=one.viewing.sessions,
                    watch_s=one.viewing.watch_ms // 1000,
                    peak=one.peak,
                    publish_s=one.publishing.watch_ms // 1000,
                )
                for (app, stream), one in most[:MAX_STREAMS]
            ]
        )
    )


def _range(
    body: RangeRequest, services: Services, app: str | None = None, stream: str | None = None
) -> Range:
    """Return the range in full seconds, cut off at the present."""
    if body.to_ms <= body.from_ms:
        raise Invalid("to_ms is not after from_ms", "Give a range.", key="range_empty")
    if body.to_ms - body.from_ms > MAX_RANGE_S * 1000:
        raise Invalid("the range is longer than 90 days", "Ask for less.", key="range_too_long")
    from_s = body.from_ms // 1000
    to_s = min(-(-body.to_ms // 1000), services.clock() // 1000 + 1)
    return Range(from_s, max(from_s, to_s), app or "", stream or "")


def _step(body: ViewerStatsRequest) -> int:
    length_s = (body.to_ms - body.from_ms) // 1000 + 1
    if body.step_s is None:
        return next((step for step in STEPS_S if length_s / step <= MAX_POINTS), STEPS_S[-1])
    if length_s / body.step_s > MAX_POINTS + 1:
        raise Invalid(
            f"that would be more than {MAX_POINTS} points",
            "Give a longer step_s, or none.",
            key="step_too_short",
        )
    return body.step_s


def _read_cursor(cursor: str | None) -> tuple[int, int] | None:
    if cursor is None:
        return None
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise Invalid("the cursor is not one of ours", "Begin anew without it.", key="bad_cursor")
    return int(match[1]), int(match[2])


def _logged(row: SessionRow) -> LoggedSession:
    return LoggedSession(
        client_id=row.client_id,
        kind=Kind(row.kind),
        app=row.app,
        stream=row.stream,
        protocol=row.protocol,
        ip=row.ip,
        country=row.country,
        user_agent=row.user_agent,
        started_ms=row.started_ms,
        ended_ms=row.ended_ms,
        send_bytes=row.send_bytes,
        recv_bytes=row.recv_bytes,
        reason=row.reason,
    )
