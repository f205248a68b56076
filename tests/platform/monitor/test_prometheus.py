"""A real Prometheus reads what we tell it, by our rules, and tells it to the dashboard."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from streamstead.core.metrics import gauge
from streamstead.core.settings import Settings
from streamstead.platform.monitor.history import Series
from streamstead.platform.monitor.prometheus import PREFIX, QUERIES, Prometheus
from streamstead.platform.monitor.scrape import CallbackRates, parse

from ...conftest import free_port, need

RULES = Path(__file__).parents[3] / "containers" / "prometheus"

RULES_TEST = """
rule_files: [{rules}/alert_rules.yml, {rules}/recording_rules.yml]
evaluation_interval: 15s
tests:
  - interval: 15s
    input_series:
      - {{series: 'streamstead_service_up{{service="hooks"}}', values: '1 1 0 0 0 0'}}
      - {{series: 'streamstead_host_disk_used_percent', values: '93x6'}}
      - {{series: 'streamstead_certificate_days', values: '10x6'}}
      - {{series: 'streamstead_certificate_own', values: '1x6'}}
      - series: 'streamstead_output_state{{output="a",platform="twitch",state="failed"}}'
        values: '1x6'
    alert_rule_test:
      - eval_time: 1m15s
        alertname: ServiceDown
        exp_alerts:
          - exp_labels: {{severity: critical, service: hooks}}
            exp_annotations:
              summary: hooks does not run.
              help: It is started again by itself; its log on the page of services says why it ends.
      - eval_time: 1m15s
        alertname: DiskLow
        exp_alerts:
          - exp_labels: {{severity: warning}}
            exp_annotations:
              summary: 93.0 % of the disk is in use.
              help: Delete recordings, set how long they are kept, or upload them to a bucket.
      - {{eval_time: 1m15s, alertname: DiskCritical, exp_alerts: []}}
      - {{eval_time: 1m15s, alertname: CertificateExpiring, exp_alerts: []}}
    promql_expr_test:
      - expr: streamstead:outputs:by_state
        eval_time: 1m
        exp_samples: [{{labels: 'streamstead:outputs:by_state{{state="failed"}}', value: 1}}]
"""


def promtool(*args: str) -> None:
    done = subprocess.run(
        [need("promtool"), *args], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.integration
def test_the_rules_are_valid_and_fire_when_they_should(tmp_path: Path) -> None:
    files = sorted(str(path) for path in RULES.glob("*_rules.yml"))
    assert len(files) == 2
    promtool("check", "rules", *files)
    test = tmp_path / "test.yml"
    test.write_text(RULES_TEST.format(rules=RULES))
    promtool("test", "rules", str(test))


class Told:
    """A service that tells what a test wants."""

    def __init__(self) -> None:
        self.text = ""
        self.scrapes = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.scrapes += 1
        body = self.text.encode()
        head = (
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain; version=0.0.4\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()


CONFIG = """
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: platform
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


@pytest.fixture
async def told(settings: Settings, tmp_path: Path) -> AsyncIterator[Told]:
    """A service and a Prometheus that scrapes it every second."""
    told, port = Told(), free_port()
    server = await asyncio.start_server(told.serve, "127.0.0.1", port)
    config = tmp_path / "prometheus.yml"
    config.write_text(CONFIG.format(port=port))
    child = await asyncio.create_subprocess_exec(
        need("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={tmp_path / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{settings.prometheus_port}",
        f"--web.route-prefix={PREFIX}/",
        f"--web.external-url=http://127.0.0.1:{settings.prometheus_port}{PREFIX}/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield told
    finally:
        child.terminate()
        await child.wait()
        server.close()
        await server.wait_closed()


async def known(client: Prometheus) -> Series:
    """Return the last two minutes once each line has a value."""
    async with asyncio.timeout(60):
        while True:
            now = time.time_ns() // 1_000_000
            found = await client.series(tuple(QUERIES), now - 120_000, now, 15)
            if found and all(any(v is not None for _, v in line) for line in found.values()):
                return found
            await asyncio.sleep(0.3)


@pytest.mark.integration
async def test_every_line_of_the_dashboard_is_known_to_prometheus(
    settings: Settings, told: Told
) -> None:
    from prometheus_client import CollectorRegistry, Histogram, generate_latest

    registry = CollectorRegistry()
    seconds = Histogram(
        "streamstead_callback_seconds", "x", buckets=(0.001, 0.002, 0.004), registry=registry
    )
    fixed = "\n".join(
        f"streamstead_{name} {value}"
        for name, value in (
            ("host_cpu_percent", 12),
            ("host_memory_percent", 34),
            ("host_disk_used_percent", 56),
            ("host_network_rx_bps", 1000),
            ("host_network_tx_bps", 2000),
            ("streams_live", 3),
            ("viewers", 40),
            ('output_state{output="a",platform="x",state="live"}', 1),
            ('output_state{output="b",platform="x",state="live"}', 1),
            ('output_state{output="b",platform="x",state="failed"}', 0),
        )
    )

    async def go_on() -> None:
        while True:
            for _ in range(10):
                seconds.observe(0.0015)
            told.text = f"{fixed}\n{generate_latest(registry).decode()}"
            await asyncio.sleep(0.2)

    client = Prometheus(settings)
    going = asyncio.create_task(go_on())
    try:
        found = await known(client)
    finally:
        going.cancel()
        await client.aclose()
    last = {
        name: [value for _, value in line if value is not None][-1] for name, line in found.items()
    }
    assert (last["cpu"], last["memory"], last["disk"]) == (12, 34, 56)
    assert (last["net_rx"], last["net_tx"]) == (1000, 2000)
    assert (last["streams"], last["viewers"], last["outputs_live"]) == (3, 40, 2)
    rate, late = last["callbacks_rate"], last["callback_p95_ms"]
    assert rate is not None
    assert rate > 1
    assert late is not None
    assert 1 < late <= 2
    steps = [at for at, _ in found["cpu"]]
    assert all(at % 15_000 == 0 for at in steps)


async def test_a_prometheus_that_is_away_says_nothing(settings: Settings) -> None:
    client = Prometheus(settings)
    assert await client.series(("cpu",), 0, 60_000, 15) is None
    await client.aclose()


def test_rates_and_percentiles_are_worked_out_without_prometheus() -> None:
    def text(fast: int, slow: int) -> str:
        total = fast + slow
        return (
            f'streamstead_callback_seconds_bucket{{le="0.001"}} {fast}\n'
            f'streamstead_callback_seconds_bucket{{le="0.002"}} {total}\n'
            f'streamstead_callback_seconds_bucket{{le="+Inf"}} {total}\n'
            f"streamstead_callback_seconds_count {total}\n"
        )

    rates = CallbackRates()
    assert rates.take(parse(text(100, 0)), 0.0) == (None, None)
    assert rates.take(parse(text(190, 10)), 10.0) == (10.0, pytest.approx(1.5))
    assert rates.take(parse(text(190, 10)), 20.0) == (0.0, None)
    # The service began again.
    assert rates.take(parse(text(5, 0)), 30.0) == (None, None)
    assert rates.take(parse(""), 40.0) == (None, None)


def test_figures_are_summed_by_label() -> None:
    figures = parse(
        'streamstead_output_state{output="a",state="live"} 1\n'
        'streamstead_output_state{output="b",state="live"} 1\n'
        'streamstead_output_state{output="b",state="failed"} 0\n'
        "other_figure 5\n"
    )
    assert figures.by("streamstead_output_state", "state") == {"live": 2.0, "failed": 0.0}
    assert figures.total("streamstead_output_state", state="live") == 2.0
    assert figures.total("other_figure") is None
    assert gauge("x", "about", 1.0).samples[0].name == "streamstead_x"
