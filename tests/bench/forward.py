"""Print what outputs take: seconds until they are live and until they end, processor and memory.

``python -m tests.bench.forward [SECONDS]``, how long each of the last is measured. Needs Redis,
nginx with its RTMP module, and ffmpeg; takes about four minutes.
"""

import asyncio
import secrets
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil

from streamstead.core.events import EventStream, EventType
from streamstead.core.publish_secret import PublishSecretStore
from streamstead.core.rtmp.chunk import VIDEO
from streamstead.core.rtmp.client import open_rtmp

from ..alone import Alone, alone
from ..conftest import free_port, wait_until
from ..ffmpeg_forward.sinks import RtmpSink, rtmp_sink

ROUNDS = 5
KBPS = 6000
MANY = 5


def main() -> None:
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with rtmp_sink() as sink, alone(free_port, "engine", "hooks", "ffmpeg_forward") as house:
        bench = Bench(house, sink)
        try:
            bench.times()
            bench.killed()
            bench.costs(seconds)
        finally:
            bench.close()


def row(what: str, budget: str, found: str) -> None:
    print(f"{what:<52} budget {budget:<12} measured {found}", flush=True)


def spread(seconds: list[float]) -> str:
    return f"median {statistics.median(seconds):.2f} s, worst {max(seconds):.2f} s"


class Bench:
    """A house that sends to a sink, and its encoder."""

    def __init__(self, house: Alone, sink: RtmpSink) -> None:
        self.house, self.sink = house, sink
        self.secret = secrets.token_hex(8)
        house.redis.hset(PublishSecretStore.KEY, "pubSecret", self.secret)
        self.clip = make_clip(house.root / "clip.flv")
        self.started: list[subprocess.Popen[bytes]] = []
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{house.settings.ffmpeg_port}/terraform/v1/ffmpeg/",
            headers={"Authorization": f"Bearer {house.settings.api_secret.get_secret_value()}"},
            timeout=30,
            trust_env=False,
        )

    def close(self) -> None:
        """Let no relay stay behind."""
        self.house.settings.data.stop_mark.touch()
        for child in self.started:
            child.terminate()
            child.wait()
        self.client.close()
        with suppress(psutil.NoSuchProcess):
            self.house.services["ffmpeg_forward"].terminate()
        wait_until(lambda: not self.relays(), "the relays have ended", 30)

    def relays(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter(["cmdline"]):
            words = process.info["cmdline"] or []
            if "streamstead.ffmpeg_forward.relay" in words and str(self.house.root) in words:
                found.append(process)
        return found

    def call(self, path: str, **body: Any) -> Any:
        reply = self.client.post(path, json=body)
        assert reply.status_code == 200, (path, reply.text)
        return reply.json()["data"]

    def add(self, stream: str, key: str) -> str:
        """Add an output that is switched on; return its id."""
        source = {"kind": "stream", "app": "live", "stream": stream}
        server = f"rtmp://127.0.0.1:{self.sink.port}/live"
        made = self.call(
            "outputs/create",
            platform="custom",
            server=server,
            key=key,
            source=source,
            enabled=True,
        )
        return str(made["id"])

    def published_s(self, url: str) -> float:
        """Return when a stream was let in, seconds since the epoch."""
        for entry_id, fields in self.house.redis.xrevrange(EventStream.KEY):
            if (fields["type"], fields["stream"]) == (EventType.STREAM_PUBLISHED, url):
                return int(entry_id.partition("-")[0]) / 1000
        raise AssertionError(f"{url} was never published")

    def states(self) -> dict[str, str]:
        return {one["id"]: one["state"] for one in self.call("outputs/list")["outputs"]}

    @contextmanager
    def encoder(self, stream: str) -> Iterator[subprocess.Popen[bytes]]:
        port = self.house.settings.rtmp_port
        argv = ["ffmpeg", "-v", "error", "-re", "-stream_loop", "-1", "-i", str(self.clip)]
        argv += ["-c", "copy", "-f", "flv"]
        argv += [f"rtmp://127.0.0.1:{port}/live/{stream}?secret={self.secret}"]
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
        try:
            yield child
        finally:
            child.terminate()
            child.wait()

    def times(self) -> None:
        """How long it takes until media arrive, and until they end."""
        begun, published, shown, ended, added = [], [], [], [], []
        for number in range(ROUNDS):
            stream = f"cam{number}"
            id_ = self.add(stream, f"k{number}")
            before = time.time()
            with self.encoder(stream) as encoder:
                asyncio.run(first_picture(self.sink.port, f"k{number}"))
                there = time.time()
                live = self.published_s(f"live/{stream}")
                begun.append(live - before)
                published.append(self.sink.sessions(f"k{number}")[0].begun_s - live)
                shown.append(there - live)
                second = time.time()
                other = self.add(stream, f"more{number}")
                wait_until(lambda key=f"more{number}": self.sink.sessions(key), "another output")
                added.append(self.sink.sessions(f"more{number}")[0].begun_s - second)
                wait_until(lambda ids=(id_, other): self._live(*ids), "both are live")
                over = time.time()
                encoder.terminate()
                encoder.wait()
            wait_until(lambda key=f"k{number}": self._ended(key), "the output has ended")
            ended.append((self.sink.sessions(f"k{number}")[0].ended_s or over) - over)
            self.call("outputs/remove", id=id_)
            self.call("outputs/remove", id=other)
        row("(encoder started -> it publishes here)", "", spread(begun))
        row("publish -> published at the target", "", spread(published))
        row("publish -> picture there (a key frame each 1 s)", "1.5 s", spread(shown))
        row("source ended -> output ended", "1 s", spread(ended))
        row("output added to a live stream -> published", "0.3 s", spread(added))

    def _live(self, *ids: str) -> bool:
        states = self.states()
        return all(states[id_] == "live" for id_ in ids)

    def _ended(self, key: str) -> bool:
        return self.sink.sessions(key)[0].ended_s is not None

    def killed(self) -> None:
        """kill -9 of the service while three outputs are live."""
        ids = [self.add("show", f"kill{number}") for number in range(3)]
        with self.encoder("show"):
            wait_until(lambda: self._live(*ids), "all are live")
            relays = {process.pid for process in self.relays()}
            self.house.services["ffmpeg_forward"].kill()
            self.house.services["ffmpeg_forward"].wait()
            began = time.monotonic()
            command = [str(Path(sys.executable).with_name("streamstead")), "serve"]
            with (self.house.root / "logs/again.log").open("w") as log:
                argv = [*command, "ffmpeg_forward", "--data", str(self.house.root)]
                self.started.append(subprocess.Popen(argv, stderr=log))
            wait_until(in_time(lambda: self._live(*ids)), "all are told to be live again")
            back_s = time.monotonic() - began
            sessions = [one for n in range(3) for one in self.sink.sessions(f"kill{n}")]
            cut = sum(one.ended_s is not None for one in sessions)
            same = relays == {process.pid for process in self.relays()}
            row(
                "kill -9 of ffmpeg_forward, 3 outputs live -> back",
                "3 s",
                f"{back_s:.1f} s until it tells so again; sessions {len(sessions)}, cut {cut}, "
                f"relays {'taken over' if same else 'new'}",
            )
        for id_ in ids:
            self.call("outputs/remove", id=id_)

    def costs(self, seconds: int) -> None:
        """Processor and memory of outputs beside one ffmpeg each."""
        with self.encoder("heavy"):
            ids = [self.add("heavy", "one")]
            wait_until(lambda: self._live(*ids), "it is live")
            (relay,) = self.relays()
            one = load(relay, seconds)
            ids += [self.add("heavy", f"more-{number}") for number in range(1, MANY)]
            wait_until(lambda: self._live(*ids), "all are live")
            many = load(relay, seconds)
            for id_ in ids:
                self.call("outputs/remove", id=id_)
            argv = ["ffmpeg", "-v", "error", "-nostdin", "-rtmp_live", "live"]
            argv += ["-i", f"rtmp://127.0.0.1:{self.house.settings.rtmp_port}/live/heavy"]
            argv += ["-c", "copy", "-f", "flv", self.sink.url("bare")]
            bare = subprocess.Popen(argv)
            try:
                wait_until(lambda: self.sink.sessions("bare"), "ffmpeg publishes")
                ffmpeg = load(psutil.Process(bare.pid), seconds)
            finally:
                bare.terminate()
                bare.wait()
        extra = [(after - before) / (MANY - 1) for before, after in zip(one, many, strict=True)]
        print(f"\n{KBPS} kbit/s, {MANY} destinations; processor in % of a core, memory in MB:")
        row("relay with one destination", "", shown_load(one))
        row(f"relay with {MANY}", "", shown_load(many))
        row("each extra destination", "1 %, 5 MB", shown_load((extra[0], extra[1])))
        row("one bare ffmpeg -c copy", "", shown_load(ffmpeg))


def shown_load(found: tuple[float, float]) -> str:
    return f"{found[0]:.2f} %, {found[1]:.1f} MB"


def load(process: psutil.Process, seconds: int) -> tuple[float, float]:
    """Return percent of a core and memory of its own in MB."""
    time.sleep(3)
    before = process.cpu_times()
    time.sleep(seconds)
    after = process.cpu_times()
    used = after.user + after.system - before.user - before.system
    return used / seconds * 100, process.memory_full_info().uss / 1e6


async def first_picture(port: int, key: str) -> None:
    """Return when the target gives its first picture to a viewer."""
    async with asyncio.timeout(60), open_rtmp(port, "live") as client:
        await client.play(key)
        while (await client.next()).kind != VIDEO:
            continue


def in_time(check: Callable[[], bool]) -> Callable[[], bool]:
    """Take a service that does not answer yet for a no."""

    def patient() -> bool:
        try:
            return check()
        except (AssertionError, httpx.HTTPError):
            return False

    return patient


def make_clip(path: Path) -> Path:
    """Write ten seconds of about ``KBPS``, with a key frame every second."""
    if shutil.which("ffmpeg") is None:
        sys.exit("ffmpeg is not installed")
    rate = f"{KBPS - 128}k"
    argv = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30"]
    argv += ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", "10"]
    argv += ["-vf", "noise=alls=20:allf=t", "-c:v", "libx264", "-preset", "ultrafast"]
    argv += ["-tune", "zerolatency", "-pix_fmt", "yuv420p", "-g", "30", "-b:v", rate]
    argv += ["-minrate", rate, "-maxrate", rate, "-bufsize", rate, "-nal-hrd", "cbr"]
    argv += ["-c:a", "aac", "-b:a", "128k", "-f", "flv", str(path)]
    subprocess.run(argv, check=True, timeout=180)
    return path


if __name__ == "__main__":
    main()
