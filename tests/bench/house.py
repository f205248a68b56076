"""Print the figures of a whole house beside the budgets of the design.

    python -m tests.bench.house        (from the root of the checkout, as root)

Builds and starts one in a scratch directory with the embedded engine (or the SRS that
STREAMSTEAD_SRS_BIN names), measures, and removes it.
"""

import gzip
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import psutil
from redis import Redis

from tests.e2e.conftest import _free_ports, srs_binary
from tests.e2e.house import (
    API,
    House,
    begin_hls,
    playable,
    publishing,
    random_name,
    segments,
)

SETTLED_S = 60
"""After a start: what a service needs for that alone it has given back then."""
IDLE_S = 60
"""Longer than any of our rhythms."""


def main() -> None:
    env = {"STREAMSTEAD_SRS_BIN": binary} if (binary := srs_binary()) else {}
    house = House("bench", _free_ports(), env)
    try:
        begun = time.monotonic()
        done = house.bootstrap()
        if done.returncode != 0:
            sys.exit(house.output)
        print(f"bootstrap from nothing, packages there: {time.monotonic() - begun:.1f} s")
        measure(house)
    finally:
        house.stop()


def measure(house: House) -> None:
    begun = time.monotonic()
    house.bootstrap()
    row("bootstrap again, nothing to do", "5 s", f"{time.monotonic() - begun:.1f} s")
    time.sleep(SETTLED_S)
    redis_rate(house)
    wakeups(house)
    memory(house)
    script_size(house)
    first_picture(house)
    cuts(house)
    hls_rate(house)


def row(what: str, budget: str, found: str) -> None:
    print(f"{what:<48} budget {budget:<14} measured {found}")


def redis_rate(house: House) -> None:
    sockets = [*house.data.glob("run/**/redis.sock")]
    password = house.settings()["STREAMSTEAD_REDIS_PASSWORD"]
    client = Redis(unix_socket_path=str(sockets[0]), password=password)
    before = client.info("stats")["total_commands_processed"]
    time.sleep(IDLE_S)
    after = client.info("stats")["total_commands_processed"]
    client.close()
    row("idle: Redis commands a second", "3", f"{(after - before - 1) / IDLE_S:.1f}")


def ours(house: House) -> dict[str, psutil.Process]:
    """Return our Python processes by what they are."""
    found = {}
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if str(house.data) in words and "python" in words[0]:
            name = words[words.index("serve") + 1] if "serve" in words else words[2]
            found["keeper" if "keeper" in " ".join(words[:4]) else name] = process
    return found


def wakeups(house: House) -> None:
    """Tell how often each of ours begins to run while nothing happens, and for how long."""
    before = {name: _ran(one) for name, one in ours(house).items()}
    time.sleep(IDLE_S)
    for name, one in ours(house).items():
        if name in before:
            switches, cpu_s = (now - had for now, had in zip(_ran(one), before[name], strict=True))
            print(
                f"  {name:<16} {switches / IDLE_S:.1f} wake-ups a second, "
                f"{100 * cpu_s / IDLE_S:.2f} % of a core"
            )


def _ran(process: psutil.Process) -> tuple[float, float]:
    """Return (wake-ups of all threads, processor time in s) so far."""
    switches = 0
    for status in Path(f"/proc/{process.pid}/task").glob("*/status"):
        found = re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status.read_text(), re.M)
        switches += int(found[1]) if found else 0
    times = process.cpu_times()
    return switches, times.user + times.system


def memory(house: House) -> None:
    total_rss = total_pss = 0.0
    for name, process in ours(house).items():
        full = process.memory_full_info()
        total_rss += full.rss / 1e6
        total_pss += full.pss / 1e6
        print(f"  {name:<16} RSS {full.rss / 1e6:.0f} MB, PSS {full.pss / 1e6:.0f} MB")
    row("idle: memory of all our Python processes", "200 MB", f"PSS {total_pss:.0f} MB")
    print(f"  (sum of RSS, shared pages counted each time: {total_rss:.0f} MB)")


def script_size(house: House) -> None:
    page = house.data / "current/ui/dist/index.html"
    names = re.findall(r'(?:src|href)="(/assets/[^"]+\.js)"', page.read_text())
    size = sum(len(gzip.compress((page.parent / name.lstrip("/")).read_bytes())) for name in names)
    row("page: JavaScript before the first screen, gzip", "200 kB", f"{size / 1000:.0f} kB")


def first_picture(house: House) -> None:
    listed, shown = [], []
    with house.api() as api:
        secret = api.secret()
        for _ in range(3):
            name = random_name()
            begun = time.monotonic()
            with publishing(f"{house.rtmp}/{name}?secret={secret}"):
                while f"live/{name}" not in api.streams():
                    time.sleep(0.01)
                listed.append(time.monotonic() - begun)
                while not playable(f"{house.base}/live/{name}.m3u8"):
                    time.sleep(0.02)
                assert segments(begin_hls(f"{house.base}/live/{name}.m3u8"))
                shown.append(time.monotonic() - begun)
    row("encoder started -> listed", "1 s", f"{statistics.median(listed):.2f} s")
    row(
        "encoder started -> playable HLS, 2 s key frames",
        "2.5 s",
        f"{statistics.median(shown):.2f} s",
    )


def cuts(house: House) -> None:
    """How long until somebody is gone who no longer may be there, from the request on."""
    gone: dict[str, list[float]] = {"HLS": [], "HTTP-FLV": [], "RTMP": [], "encoder": []}
    with house.api() as api:
        for _ in range(5):
            name = random_name()
            key = api.call("/hooks/keys/create", app="live", stream=name, label="bench")
            with publishing(f"{house.rtmp}/{name}?secret={key['secret']}") as encoder:
                entry = f"{house.base}/live/{name}.m3u8"
                while not playable(entry):
                    time.sleep(0.05)
                playlist = begin_hls(entry)
                players = {
                    "HTTP-FLV": watching(f"{house.base}/live/{name}.flv"),
                    "RTMP": watching(f"{house.rtmp}/{name}"),
                }
                while api.call("/hooks/viewers/query", app="live", stream=name)["total"] < 3:
                    time.sleep(0.05)
                begun = time.monotonic()
                api.call("/hooks/play/rule/update", app="live", stream=name, kind="pass")
                left = {"HLS", *players}
                while left:
                    for what in list(left):
                        if what == "HLS":
                            over = httpx.get(playlist, trust_env=False).status_code == 403
                        else:
                            over = players[what].poll() is not None
                        if over:
                            gone[what].append(time.monotonic() - begun)
                            left.discard(what)
                    time.sleep(0.01)
                begun = time.monotonic()
                api.call("/hooks/keys/revoke", id=key["key"]["id"])
                encoder.wait()
                gone["encoder"].append(time.monotonic() - begun)
    for what, budget in (("HLS", "2 s"), ("HTTP-FLV", "2 s"), ("RTMP", "2 s")):
        row(f"rule changed -> viewer gone, {what}", budget, _worst(gone[what]))
    row("key revoked -> encoder gone", "1 s", _worst(gone["encoder"]))


def watching(url: str) -> "subprocess.Popen[bytes]":
    argv = ["ffmpeg", "-nostdin", "-loglevel", "quiet", "-i", url, "-c", "copy", "-f", "null", "-"]
    return subprocess.Popen(argv)


def _worst(seconds: list[float]) -> str:
    return f"median {statistics.median(seconds):.2f} s, worst {max(seconds):.2f} s"


def hls_rate(house: House) -> None:
    with house.api() as api:
        name = random_name()
        with publishing(f"{house.rtmp}/{name}?secret={api.secret()}"):
            entry = f"{house.base}/live/{name}.m3u8"
            while not playable(entry):
                time.sleep(0.1)
            playlist = begin_hls(entry)
            for what, url, budget in (
                ("HLS playlist from nginx, with its gate", playlist, "10 000 /s"),
                ("HLS segment from nginx, with its gate", segments(playlist)[-1], "8 000 /s"),
            ):
                row(what, budget, requests_a_second(url))
            row("HLS entry: decision, session and gate", "-", requests_a_second(entry, NEW_VIEWERS))
    row("watch page question", "-", watch_question(house))


# A client that begins again and again shares sessions, so everyone is another one.
NEW_VIEWERS = """local n = 0
request = function()
  n = n + 1
  wrk.headers["User-Agent"] = "viewer " .. n
  return wrk.format()
end
"""


def requests_a_second(url: str, script: str = "") -> str:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        argv = ["wrk", "-t1", "-c16", "-d5s", "--latency", "-s", file.name, url]
        done = subprocess.run(argv, capture_output=True, text=True, check=True)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    late = re.search(r"99%\s+(\S+)", done.stdout)
    bad = "" if "Non-2xx" not in done.stdout else " (with refusals)"
    return f"{float(rate[1]) if rate else 0:.0f} /s, p99 {late[1] if late else '?'}{bad}"


def watch_question(house: House) -> str:
    taken = []
    with httpx.Client(base_url=house.base + API, trust_env=False) as client:
        for _ in range(200):
            begun = time.perf_counter()
            client.get("/watch/live/nobody")
            taken.append((time.perf_counter() - begun) * 1000)
    return f"p50 {statistics.median(taken):.1f} ms"


if __name__ == "__main__":
    assert Path("bootstrap").is_file(), "start it in the root of the checkout"
    os.nice(1)
    main()
