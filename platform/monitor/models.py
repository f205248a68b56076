"""What the API of the dashboard takes and tells. Times are ms since the epoch, UTC."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from ...core.app import Body
from ..alerts.models import AlertCounts

SeriesName = Literal[
    "cpu",
    "memory",
    "disk",
    "net_rx",
    "net_tx",
    "streams",
    "viewers",
    "outputs_live",
    "callbacks_rate",
    "callback_p95_ms",
]
SeriesRange = Literal["1h", "6h", "24h", "7d", "30d"]
Params = dict[str, str | int | float]


class HealthPart(BaseModel):
    """One thing to say, as a key that the page translates and what to put into it."""

    key: str
    params: Params


class HealthSentence(BaseModel):
    """How the house is; the worst comes first. There is always a part."""

    level: Literal["ok", "warn", "bad"]
    parts: list[HealthPart]


class UsedBytes(BaseModel):
    used_bytes: int
    total_bytes: int


class DiskUse(UsedBytes):
    """``full_in_days``: as it has been filling of late; null while it does not, or nobody knows."""

    path: str
    full_in_days: float | None


class NetworkRates(BaseModel):
    """Bits a second of the interface that leads to the internet, or all of them."""

    interface: str
    rx_bps: int
    tx_bps: int


class Traffic(BaseModel):
    """Of the month that began when the quota last began anew (``month``: its first day).

    ``used_bytes``: what counts towards the quota. ``forecast_bytes``: at the end of the month, if
    it goes on like this; null in its first hours. ``resets_on``: the day it begins anew. ``since``:
    the day from which on we counted, when that is later than the first.
    """

    month: str
    interface: str
    rx_bytes: int
    tx_bytes: int
    used_bytes: int
    quota_bytes: int | None
    forecast_bytes: int | None
    resets_on: str
    since: str


class TrafficSettings(BaseModel):
    """``interface``: empty for the one that leads to the internet."""

    quota_gb: float | None
    resets_on_day: int
    count: Literal["out", "both"]
    interface: str
    interfaces: list[str]
    traffic: Traffic


class UpdateTraffic(Body):
    """Change what is given; ``quota_gb`` null takes the quota away. 1 GB is 10^9 bytes."""

    quota_gb: Annotated[float | None, Field(ge=0.001, le=10_000_000)] = None
    resets_on_day: Annotated[int | None, Field(ge=1, le=28)] = None
    count: Literal["out", "both"] | None = None
    interface: Annotated[str | None, Field(max_length=32)] = None


class OutputCounts(BaseModel):
    live: int = 0
    retrying: int = 0
    failed: int = 0


class RecordingCounts(BaseModel):
    active: int = 0


class Incident(BaseModel):
    """Something that matters has happened; ``event`` is its type in the event stream."""

    at_ms: int
    level: Literal["info", "warning", "critical"]
    key: str
    params: Params
    event: str


class PrometheusState(BaseModel):
    """``reason``: why it is off, in words."""

    on: bool
    reason: str


class Dashboard(BaseModel):
    """Everything the first look at the house wants to know."""

    at_ms: int
    sentence: HealthSentence
    cpu_percent: float
    cores: int
    load1: float
    memory: UsedBytes
    swap: UsedBytes
    disks: list[DiskUse]
    network: NetworkRates
    traffic: Traffic
    streams: int
    viewers: int
    outputs: OutputCounts
    recordings: RecordingCounts
    uptime_s: int
    alerts: AlertCounts
    incidents: list[Incident]
    prometheus: PrometheusState


class SeriesRequest(Body):
    """``names``: all of them when absent."""

    range: SeriesRange = "1h"
    names: Annotated[list[SeriesName] | None, Field(max_length=20)] = None


class DashboardLine(BaseModel):
    """``points``: [time in ms, value]; null where nothing was measured."""

    name: SeriesName
    unit: Literal["percent", "bps", "count", "per_second", "ms"]
    points: list[tuple[int, float | None]]


class DashboardSeries(BaseModel):
    """``source``: ``own`` is what the house keeps by itself, for when Prometheus is off."""

    source: Literal["prometheus", "own"]
    step_s: int
    from_ms: int
    series: list[DashboardLine]
