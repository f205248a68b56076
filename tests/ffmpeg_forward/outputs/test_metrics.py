"""Figures of outputs."""

from prometheus_client import CollectorRegistry, generate_latest

from streamstead.ffmpeg_forward.outputs.director import relay_name
from streamstead.ffmpeg_forward.outputs.metrics import OutputMetrics

from .conftest import SECRET, House, destination

CAM = relay_name("live/cam")


async def test_state_and_figures_of_every_output_are_told_without_its_key(house: House) -> None:
    made = await house.create()
    off = await house.create(enabled=False, platform="twitch")
    await house.publish()
    await house.until(lambda: CAM in house.relays.wanted)
    live_since = house.clock_ms - 90_000
    facts = destination("live", live_since_ms=live_since, drops=2, restarts=1)
    house.relays.tell(CAM, destinations={made["id"]: facts})
    registry = CollectorRegistry()
    services = house.services
    metrics = OutputMetrics(lambda: services.outputs.current, services.states, house.now)
    with metrics.registered(registry):
        text = generate_latest(registry).decode()
    labels = f'output="{made["id"]}",platform="youtube"'
    assert f'streamstead_output_state{{{labels},state="live"}} 1.0' in text
    assert f'streamstead_output_state{{{labels},state="off"}} 0.0' in text
    assert f"streamstead_output_bitrate_kbps{{{labels}}} 2500.0" in text
    assert f"streamstead_output_bytes_total{{{labels}}} 10000.0" in text
    assert f"streamstead_output_drops_total{{{labels}}} 2.0" in text
    assert f"streamstead_output_restarts_total{{{labels}}} 1.0" in text
    assert f"streamstead_output_live_seconds{{{labels}}} 90." in text
    assert f'output="{off["id"]}",platform="twitch",state="off"}} 1.0' in text
    assert SECRET not in text
    assert generate_latest(registry) == b""
