"""Print what one callback costs: requests a second, latency, CPU of the service and of Redis.

    python tests/bench/callbacks.py [SECONDS]

Starts a Redis (AOF everysec) and the hooks service in a scratch directory, loads them with wrk from
loopback, and stops them. ``SRS`` rows are one connection a call, as SRS does it.
"""

import http.client
import json
import os
import re
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

PATH = "/terraform/v1/hooks/srs/verify?hook={hook}"
SECRET = "bench-secret"
LUA = """
local n = 0
local thread_no = 0
function setup(thread) thread:set('no', thread_no); thread_no = thread_no + 1 end
request = function()
  n = n + 1
  local id = no .. '-' .. n
  local body = string.gsub(BODY, 'CLIENT', id)
  return wrk.format('POST', PATH, HEADERS, body)
end
"""


@dataclass
class Bench:
    port: int
    path: str
    service: psutil.Process
    redis: psutil.Process
    root: Path

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
                "file": f"{self.root}/html/live/cam-CLIENT.ts",
                "url": "live/cam.ts",
                "m3u8_url": "live/cam.m3u8",
            }
        return json.dumps(fields)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def house() -> Iterator[Bench]:
    root = Path(tempfile.mkdtemp(prefix="ss-bench-"))
    for name in ("config", "run", "redis", "html", "logs"):
        (root / name).mkdir()
    port, hook, password = free_port(), secrets.token_hex(8), secrets.token_hex(8)
    (root / "config/master.key").write_bytes(secrets.token_bytes(32))
    (root / "config/.env").write_text(
        f"STREAMSTEAD_HOOKS_PORT={port}\nSTREAMSTEAD_SRS_API_PORT={free_port()}\n"
        f"STREAMSTEAD_API_SECRET=x\nSTREAMSTEAD_HOOK_SECRET={hook}\n"
        f"STREAMSTEAD_REDIS_PASSWORD={password}\n"
    )
    from streamstead.core.settings import Settings

    sock = Settings.load(root, {}).data.redis_socket
    sock.parent.mkdir(parents=True, exist_ok=True)
    argv = ["redis-server", "--port", "0", "--unixsocket", str(sock), "--requirepass", password]
    argv += ["--dir", str(root / "redis"), "--appendonly", "yes", "--save", ""]
    children = [subprocess.Popen(argv, stdout=subprocess.DEVNULL)]
    try:
        command = [str(Path(sys.executable).with_name("streamstead")), "serve", "hooks"]
        with (root / "logs/hooks.log").open("w") as log:
            children.append(subprocess.Popen([*command, "--data", str(root)], stderr=log))
        _wait_for(port)
        from redis import Redis

        client = Redis(unix_socket_path=str(sock), password=password)
        client.hset("SRS_AUTH_SECRET", "pubSecret", SECRET)
        client.close()
        yield Bench(
            port,
            PATH.format(hook=hook),
            psutil.Process(children[1].pid),
            psutil.Process(children[0].pid),
            root,
        )
    finally:
        for child in reversed(children):
            child.terminate()
            child.wait()
        shutil.rmtree(root)


def _wait_for(port: int) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return


def cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def wrk(bench: Bench, action: str, connections: int, close: bool, seconds: int) -> None:
    script = bench.root / "load.lua"
    headers = "['Content-Type']='application/json'" + (",['Connection']='close'" if close else "")
    script.write_text(
        f"BODY = [[{bench.body(action)}]]\nPATH = '{bench.path}'\nHEADERS = {{{headers}}}\n" + LUA
    )
    before = cpu_s(bench.service), cpu_s(bench.redis)
    argv = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script)]
    argv.append(f"http://127.0.0.1:{bench.port}")
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    used = cpu_s(bench.service) - before[0], cpu_s(bench.redis) - before[1]
    found = re.search(r"(\d+) requests in", done.stdout)
    assert found, done.stdout
    count = int(found[1])
    lines = dict(re.findall(r"\s(50|99)%\s+(\S+)", done.stdout))
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    print(
        f"{action:<11} {connections:>3} conn {'close' if close else 'keep ':<5} "
        f"{count / seconds:>8.0f} req/s  p50 {lines['50']:>8}  p99 {lines['99']:>8}  "
        f"CPU us/call: service {used[0] / count * 1e6:>4.0f} redis {used[1] / count * 1e6:>4.0f}"
        + (f"  REFUSED {bad[1]}" if bad else "")
    )


def as_srs(bench: Bench, action: str, calls: int) -> None:
    taken = []
    template = bench.body(action)
    for number in range(calls):
        body = template.replace("CLIENT", f"srs-{number}")
        begun = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", bench.port)
        connection.request("POST", bench.path, body, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        reply.read()
        taken.append((time.perf_counter() - begun) * 1000)
        assert reply.status == 200, reply.status
        connection.close()
    cuts = statistics.quantiles(taken, n=100)
    print(f"{action:<11} SRS, {calls} calls: p50 {cuts[49]:.2f} ms  p99 {cuts[98]:.2f} ms")


def main() -> None:
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    os.nice(5)
    with house() as bench:
        for action in ("on_publish", "on_play", "on_hls"):
            for connections in (1, 16, 64):
                for close in (False, True):
                    wrk(bench, action, connections, close, seconds)
            as_srs(bench, action, 1000)
        print(f"memory of the service: {bench.service.memory_info().rss / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
