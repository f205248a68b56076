"""Print what one callback costs, and what clients that mean harm cost.

    python -m tests.bench.hooks [SECONDS]        (from the root of the checkout)

Starts a Redis (AOF everysec) and our services in a scratch directory, loads them with wrk from
loopback, and stops them. ``SRS`` rows are one connection a call, as SRS does it. ``busy`` is how
much of the machine others (not service, Redis and wrk) took meanwhile.
"""

import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import repeat

import psutil

from tests.alone import Alone, alone
from tests.conftest import free_port
from tests.hostile import CALLBACK, Harm, body_heads, endless_body, half_open, heads

SECRET = "bench-secret"
SERVICES = ("hooks", "platform", "ffmpeg_forward")
LUA = """
local n = 0
request = function()
  n = n + 1
  local body = string.gsub(BODY, 'CLIENT', RUN .. n)
  return wrk.format('POST', PATH, HEADERS, body)
end
"""


class Bench:
    """The hooks service of a house, under load."""

    def __init__(self, house: Alone) -> None:
        self.house = house
        self.port = house.ports["hooks"]
        self.service = house.services["hooks"]
        self.path = f"{CALLBACK}?hook={house.hook}"
        self._runs = 0

    def body(self, action: str) -> str:
        fields = {
            "server_id": "vid-1",
            "service_id": "svc",
            "action": action,
            "client_id": "CLIENT",
            "ip": "203.0.113.7",
            "vhost": "__defaultVhost__",
            "app": "live",
            "tcUrl": "rtmp://203.0.113.1/live",
            "stream": "camCLIENT" if action == "on_publish" else "cam",
            "param": f"?secret={SECRET}",
            "stream_url": "/live/cam",
            "stream_id": "vid-2",
        }
        if action == "on_hls":
            fields |= {
                "file": f"{self.house.root}/html/live/cam-CLIENT.ts",
                "url": "live/cam.ts",
                "m3u8_url": "live/cam.m3u8",
            }
        return json.dumps(fields)

    def run(self) -> str:
        """A prefix of client ids that no run before has used."""
        self._runs += 1
        return f"r{self._runs}-"

    def wait_until_open(self) -> None:
        """Wait until the service has made its first settings, then set the secret."""
        end = time.monotonic() + 60
        while not self.house.redis.hget("SRS_AUTH_SECRET", "pubSecret"):
            assert time.monotonic() < end, self.house.log("hooks")
            time.sleep(0.1)
        self.house.redis.hset("SRS_AUTH_SECRET", "pubSecret", SECRET)

    def forget_sessions(self) -> None:
        """Empty the registry: the media server that would end the sessions is not there."""
        self.house.redis.delete("STREAMSTEAD_SESSIONS", "SRS_STREAM_ACTIVE", "STREAMSTEAD_VIEWERS")


def cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def machine_s() -> float:
    """CPU seconds that anybody has used since the start of the machine."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - times.iowait - times.guest - times.guest_nice)


@contextmanager
def others(bench: Bench, found: list[float]) -> Iterator[None]:
    """Add the part of the machine, 0 to 1, that programs beside ours took."""

    def ours() -> float:
        mine = os.times()
        own = mine.user + mine.system + mine.children_user + mine.children_system
        return own + cpu_s(bench.service) + cpu_s(bench.house.redis_process)

    begun, all_before, ours_before = time.monotonic(), machine_s(), ours()
    yield
    spent = machine_s() - all_before - (ours() - ours_before)
    cores = psutil.cpu_count() or 1
    found.append(max(0.0, spent / (time.monotonic() - begun) / cores))


def wrk(bench: Bench, action: str, connections: int, close: bool, seconds: int) -> None:
    script = bench.house.root / "load.lua"
    headers = "['Content-Type']='application/json'" + (",['Connection']='close'" if close else "")
    script.write_text(
        f"BODY = [[{bench.body(action)}]]\nPATH = '{bench.path}'\nRUN = '{bench.run()}'\n"
        f"HEADERS = {{{headers}}}\n" + LUA
    )
    before = cpu_s(bench.service), cpu_s(bench.house.redis_process)
    argv = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script)]
    argv.append(f"http://127.0.0.1:{bench.port}")
    busy: list[float] = []
    with others(bench, busy):
        done = subprocess.run(argv, capture_output=True, text=True, check=True)
    used = cpu_s(bench.service) - before[0], cpu_s(bench.house.redis_process) - before[1]
    found = re.search(r"(\d+) requests in", done.stdout)
    assert found, done.stdout
    count = max(1, int(found[1]))
    lines = dict(re.findall(r"\s(50|99)%\s+(\S+)", done.stdout))
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    service_us, redis_us = used[0] / count * 1e6, used[1] / count * 1e6
    print(
        f"{action:<11} {connections:>3} conn {'close' if close else 'keep ':<5} "
        f"{count / seconds:>7.0f} req/s  p50 {lines['50']:>8}  p99 {lines['99']:>8}  CPU us/call: "
        f"{service_us:>4.0f} + {redis_us:>3.0f} = {service_us + redis_us:>4.0f}  "
        f"busy {busy[0]:.0%}" + (f"  REFUSED {bad[1]}" if bad else "")
    )
    bench.forget_sessions()


def as_srs(bench: Bench, action: str, calls: int) -> None:
    taken = []
    template, run = bench.body(action), bench.run()
    busy: list[float] = []
    with others(bench, busy):
        for number in range(calls):
            body = template.replace("CLIENT", f"{run}{number}")
            begun = time.perf_counter()
            connection = http.client.HTTPConnection("127.0.0.1", bench.port)
            connection.request("POST", bench.path, body, {"Content-Type": "application/json"})
            reply = connection.getresponse()
            reply.read()
            taken.append((time.perf_counter() - begun) * 1000)
            assert reply.status == 200, reply.status
            connection.close()
    cuts = statistics.quantiles(taken, n=100)
    print(
        f"{action:<11} SRS, {calls} calls: p50 {cuts[49]:.2f} ms  p99 {cuts[98]:.2f} ms  "
        f"busy {busy[0]:.0%}"
    )
    bench.forget_sessions()


def harm(house: Alone) -> None:
    """Attack all services at the same time; only the first attack of its kind makes them grow."""
    print("\nclients that mean harm; budget: less than 10 MB, closed in 15 s")

    def row(name: str, what: str, done: Harm) -> None:
        said = done.answer.split(b" ", 2)[1].decode() if done.answer else "none"
        print(
            f"{name:<15} {what:<36} {done.grown_mb:>5.1f} MB  {done.seconds:>5.1f} s  "
            f"answer {said}" + (f"  STILL OPEN {done.open_after}" if done.open_after else "")
        )

    def half(name: str, sent: bytes) -> Harm:
        return half_open(house.services[name], house.ports[name], [sent], 60)

    with ThreadPoolExecutor() as pool:
        for kind, sent in heads().items():
            for name, done in zip(SERVICES, pool.map(half, SERVICES, repeat(sent)), strict=True):
                row(name, f"500 half-open, {kind}", done)
    for name in SERVICES:
        path = CALLBACK if name == "hooks" else "/terraform/v1/mgmt/login"
        for what, head in body_heads(path).items():
            done = endless_body(house.services[name], house.ports[name], head, 60)
            row(name, f"300 MB, {what}", done)


def main() -> None:
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with alone(free_port, *SERVICES) as house:
        bench = Bench(house)
        bench.wait_until_open()
        for action in ("on_publish", "on_play", "on_hls"):
            for connections in (1, 16, 64):
                for close in (False, True):
                    wrk(bench, action, connections, close, seconds)
            as_srs(bench, action, 1000)
        print(f"memory of the service: {bench.service.memory_info().rss / 1e6:.0f} MB")
        harm(house)


if __name__ == "__main__":
    main()
