"""How the house was, asked of Prometheus where that runs."""

import asyncio
from collections.abc import Sequence

import httpx

from ...core.loopback import NO_TLS
from ...core.settings import Settings
from .history import Point, Series

TIMEOUT_S = 8.0
PREFIX = "/prometheus"
"""Where it serves its own pages and API: as nginx shows it."""

QUERIES = {
    "cpu": "avg_over_time(streamstead_host_cpu_percent[{step}s])",
    "memory": "avg_over_time(streamstead_host_memory_percent[{step}s])",
    "disk": "avg_over_time(streamstead_host_disk_used_percent[{step}s])",
    "net_rx": "avg_over_time(streamstead_host_network_rx_bps[{step}s])",
    "net_tx": "avg_over_time(streamstead_host_network_tx_bps[{step}s])",
    "streams": "avg_over_time(streamstead_streams_live[{step}s])",
    "viewers": "avg_over_time(streamstead_viewers[{step}s])",
    "outputs_live": 'sum(avg_over_time(streamstead_output_state{{state="live"}}[{step}s]))',
    "callbacks_rate": "sum(rate(streamstead_callback_seconds_count[{step}s]))",
    "callback_p95_ms": (
        "1000 * histogram_quantile(0.95, "
        "sum by (le) (rate(streamstead_callback_seconds_bucket[{step}s])))"
    ),
}
LEAST_RANGE_S = 60
"""Shorter than some scrapes there is no rate."""


class Prometheus:
    """Client of the one on loopback. Every call raises nothing: None means it cannot say."""

    def __init__(self, settings: Settings) -> None:
        self._client = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{settings.prometheus_port}{PREFIX}",
            timeout=TIMEOUT_S,
            trust_env=False,
            verify=NO_TLS,
        )

    async def aclose(self) -> None:
        await self._client.aclose()

    async def series(
        self, names: Sequence[str], from_ms: int, to_ms: int, step_s: int
    ) -> Series | None:
        """Return name -> points, one a step; None when it does not answer or knows nothing."""
        found = await asyncio.gather(
            *(self._range(QUERIES[name], from_ms, to_ms, step_s) for name in names)
        )
        lines = [line for line in found if line is not None]
        if len(lines) != len(names):
            return None
        series = dict(zip(names, lines, strict=True))
        known = any(value is not None for line in lines for _, value in line)
        return series if known else None

    async def _range(self, query: str, from_ms: int, to_ms: int, step_s: int) -> list[Point] | None:
        step_ms = step_s * 1000
        first = from_ms // step_ms * step_ms
        params: dict[str, str | int] = {
            "query": query.format(step=max(step_s, LEAST_RANGE_S)),
            # A value of Prometheus is about what was before it.
            "start": first // 1000 + step_s,
            "end": to_ms // 1000 + step_s,
            "step": step_s,
            "timeout": "5s",
        }
        try:
            reply = await self._client.get("/api/v1/query_range", params=params)
            result = reply.json()["data"]["result"]
            values = {
                int(at) * 1000 - step_ms: float(value)
                for at, value in (result[0]["values"] if result else [])
            }
        except (httpx.HTTPError, ValueError, KeyError, TypeError, IndexError):
            return None
        return [(at, _number(values.get(at))) for at in range(first, to_ms + 1, step_ms)]


def _number(value: float | None) -> float | None:
    """NaN is what a quantile of nothing is."""
    return None if value is None or value != value else round(value, 3)
