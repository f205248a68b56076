"""Print how fast recording is: callbacks, ten hours of segments, playlist and MP4 at the end.

``python -m tests.bench.recording``. Needs Redis and ffmpeg; takes about three minutes.
"""

import http.client
import shutil
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import orjson

from streamstead.hooks.record_rules import RecordRules

from ..alone import Alone, alone
from ..conftest import free_port, wait_until
from ..hooks.recorder.media_server import make_pieces

CALLS = 2_000
TEN_HOURS = 18_000
"""Segments of 2 s."""

BEGIN_MS = 1_700_000_000_000


def main() -> None:
    if shutil.which("ffmpeg") is None:
        sys.exit("ffmpeg is not installed")
    with alone(free_port, "hooks", "recorder", "platform") as house:
        api = Api(house)
        for what, rules in (
            ("off", RecordRules()),
            ("on", RecordRules(record_all=True, grace_s=0, mp4=False, thumbnails=False)),
        ):
            api.call("recordings/rules/update", record_all=rules.record_all)
            callbacks(house, what)
        print()
        ten_hours(house, api)
    with alone(free_port, "hooks", "recorder") as house:
        finishing(house, Api(house))


class Api:
    """The recorder's API by the house's own secret."""

    def __init__(self, house: Alone) -> None:
        secret = house.settings.api_secret.get_secret_value()
        self._client = httpx.Client(
            base_url=f"http://127.0.0.1:{house.settings.recorder_port}/terraform/v1/",
            headers={"Authorization": f"Bearer {secret}"},
            timeout=30,
            trust_env=False,
        )

    def call(self, path: str, **body: Any) -> Any:
        reply = self._client.post(path, json=body)
        assert reply.status_code == 200, reply.text
        return reply.json()["data"]


def tell(house: Alone, action: str, stream: str, **fields: Any) -> float:
    """Send a callback on a connection of its own, as SRS does; return seconds."""
    body = {
        "action": action,
        "client_id": f"pub-{stream}",
        "ip": "127.0.0.1",
        "vhost": "__defaultVhost__",
        "app": "live",
        "stream": stream,
        "param": "",
        "tcUrl": "rtmp://127.0.0.1/live",
    }
    path = f"/terraform/v1/hooks/srs/verify?hook={house.hook}"
    begun = time.perf_counter()
    line = http.client.HTTPConnection("127.0.0.1", house.settings.hooks_port, timeout=10)
    line.request("POST", path, orjson.dumps(body | fields), {"Content-Type": "application/json"})
    reply = line.getresponse()
    said = reply.read()
    took = time.perf_counter() - begun
    line.close()
    assert reply.status == 200, said
    return took


def segment(house: Alone, stream: str, n: int, content: bytes) -> float:
    """Let the media server finish segment ``n`` and tell of it; return the callback's seconds."""
    folder = house.settings.data.html / "live"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stream}-{BEGIN_MS + 2000 * n}.ts"
    path.write_bytes(content)
    took = tell(house, "on_hls", stream, duration=2.0, seq_no=n, file=str(path))
    old = folder / f"{stream}-{BEGIN_MS + 2000 * (n - 8)}.ts"
    old.unlink(missing_ok=True)
    return took


def callbacks(house: Alone, what: str) -> None:
    took = sorted(segment(house, f"bench{what}", n, b"x" * 1000) for n in range(CALLS))
    p50, p99 = statistics.median(took), took[int(len(took) * 0.99)]
    print(
        f"on_hls, recording {what:3}: p50 {p50 * 1000:.2f} ms, p99 {p99 * 1000:.2f} ms"
        f"  (budget 1.5 / 6)"
    )


def ten_hours(house: Alone, api: Api) -> None:
    """Segments of ten hours as fast as they are taken; memory of Redis and of the recorder."""
    more = {"mp4": False, "thumbnails": False, "grace_s": 3600}
    api.call("recordings/rules/update", record_all=True, **more)
    recorder = house.services["recorder"]
    begun = time.monotonic()
    first: tuple[int, int] | None = None
    for n in range(TEN_HOURS):
        segment(house, "long", n, b"G" + b"\0" * 187)
        if n in (TEN_HOURS // 10, TEN_HOURS - 1):
            wait_until(lambda n=n: _taken(api) >= n, "the recorder has taken them", 600)
            info = house.redis.info("memory")
            assert isinstance(info, dict)
            now = (info["used_memory"], recorder.memory_info().rss)
            if first is None:
                first = now
            print(
                f"after {n + 1:6} segments: Redis {now[0] / 1e6:.1f} MB "
                f"({(now[0] - first[0]) / 1e6:+.1f}), recorder {now[1] / 1e6:.0f} MB "
                f"({(now[1] - first[1]) / 1e6:+.1f}), {time.monotonic() - begun:.0f} s"
            )


def _taken(api: Api) -> int:
    found = api.call("recordings/query", stream="long")["recordings"]
    return max((one["segments"] for one in found), default=0)


def finishing(house: Alone, api: Api) -> None:
    """Ten minutes of 2 Mbit/s: from the end of the show to playlist and MP4."""
    folder = house.root / "pieces"
    pieces = make_pieces(folder, 12, "1280x720")
    content = b"".join(path.read_bytes() for path in pieces[:2])
    padding = b"\x47\x1f\xff\x10" + b"\xff" * 184
    content += padding * max(0, (500_000 - len(content)) // 188)
    api.call("recordings/rules/update", record_all=True, grace_s=3600)
    for n in range(300):
        segment(house, "show", n, content)
    api.call("recordings/rules/update", record_all=False)
    begun = time.monotonic()

    def one() -> dict[str, Any]:
        return dict(api.call("recordings/query", stream="show")["recordings"][0])

    wait_until(lambda: one()["state"] != "recording", "it is closed", 60)
    closed_s = time.monotonic() - begun
    wait_until(lambda: one()["mp4"] == "ready", "it has an MP4", 120)
    mp4_s = time.monotonic() - begun
    wait_until(lambda: one()["state"] == "ready", "it is ready", 120)
    size = one()["size_bytes"] / 1e6
    print(f"\n10 min, {size:.0f} MB: playlist {closed_s:.2f} s (budget 2), MP4 {mp4_s:.2f} s (5)")
    playlist = Path(house.settings.data.record) / one()["id"] / "index.m3u8"
    assert playlist.read_text().endswith("#EXT-X-ENDLIST\n")


if __name__ == "__main__":
    main()
