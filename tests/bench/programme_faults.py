"""Print how a programme gets through five minutes in which its sources are lost thirty times.

``python -m tests.bench.programme_faults [LOSSES] [SWITCHES]`` (30 and 200). Sources differ in size,
frame rate and sample rate and are turned into a house format. Needs Redis, nginx with its RTMP
module, and ffmpeg; takes about ten minutes.
"""

import random
import sys
import time
from collections import Counter

from streamstead.core.rtmp.chunk import AUDIO, VIDEO

from ..alone import Alone, alone
from ..conftest import free_port, wait_until
from ..e2e.programme_show import (
    WHITE,
    Camera,
    How,
    Loss,
    Player,
    Received,
    Show,
    decode,
    descriptors,
    flashes,
    on_air,
    preview,
    stretches,
    unheard,
)
from ..ffmpeg_forward.sinks import RtmpSink, rtmp_sink

CAMERAS = (
    Camera("cam", 60),
    Camera("studio", 110, "1280x720", 30, 48000),
    Camera("phone", 160, "480x270", 15, 22050),
)
SHOW_S = 300
HOUSE_FORMAT = {
    "enabled": True,
    "width": 640,
    "height": 360,
    "fps": 30,
    "video_kbps": 1000,
    "audio_rate": 48000,
}


def main() -> None:
    losses = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    switches = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    for normalised in (False, True):
        kind = "turned into one format" if normalised else "as they are"
        print(f"{losses} losses in {SHOW_S} s, sources {kind}")
        with rtmp_sink() as sink, alone(free_port, "engine", "hooks", "ffmpeg_forward") as house:
            faults(house, sink, losses, normalised)
    if not switches:
        return
    print(f"{switches} switches by hand")
    with rtmp_sink() as sink, alone(free_port, "engine", "hooks", "ffmpeg_forward") as house:
        take_by_hand(house, sink, switches)


def row(what: str, budget: str, found: str) -> None:
    print(f"  {what:<48} budget {budget:<14} measured {found}", flush=True)


def faults(house: Alone, sink: RtmpSink, count: int, normalised: bool) -> None:
    chance = random.Random(7)
    more = {"normalise": HOUSE_FORMAT} if normalised else {}
    with on_air(house, sink, CAMERAS, **more) as show:
        show.wait_on_air("slate")
        wait_until(show.output_is_live, "the output is live", 60)
        player = Player(sink.port)
        for camera in CAMERAS:
            show.begin(camera.name)
        show.wait_on_air("cam")
        began = time.monotonic()
        for number in range(count):
            how = {3: How.KILL, 11: How.KILL, 7: How.FREEZE}.get(number, How.CLOSE)
            # Whatever is on air is lost: now and then all of them.
            shown = show.on_air()
            name = shown if shown in show.cameras else "cam"
            long = chance.random() < 0.2
            loss = Loss(name, how, chance.uniform(5, 20) if long else chance.uniform(0.2, 3))
            others = None
            if number % 5 == 4:
                others = lambda: lose_others(show, name)  # noqa: B023, E731
            show.lose(loss, others)
            for camera in CAMERAS:
                if show.encoders[camera.name].child.poll() is not None:
                    show.begin(camera.name)
            left = began + SHOW_S * (number + 1) / count - time.monotonic()
            time.sleep(max(0.5, left))
        slate = preview(show)
        relay = show.relay()
        grown = f"{relay.memory_info().rss >> 20} MB, {descriptors(relay)} descriptors"
        programme = show.programme()
        received = player.end()
        sessions = sink.sessions()
    row("publish sessions at the far end", "1", str(len(sessions)))
    row("switches, and time on the slate", "", f"{programme['switches']}, {slate_s(programme)}")
    row("relay at the end", "", grown)
    report(received, slate, show)


def slate_s(programme: dict[str, int]) -> str:
    return f"{programme['slate_ms'] / 1000:.1f} s"


def lose_others(show: Show, name: str) -> None:
    for other, encoder in show.encoders.items():
        if other != name:
            encoder.end()


def report(received: Received, slate: bytes, show: Show) -> None:
    for kind, name in ((VIDEO, "video"), (AUDIO, "audio")):
        stamps = received.stamps(kind)
        only_grow = stamps == sorted(set(stamps))
        row(f"timestamps of {name} only grow", "yes", "yes" if only_grow else "NO")
        row(f"largest gap of {name}, timestamps", "0.5 s", f"{received.largest_gap_ms(kind)} ms")
        row(f"longest wait for {name}", "0.5 s", f"{received.largest_wait_s(kind):.2f} s")
    decoded = decode(received)
    row("decoder's complaints", "0", str(len(decoded.complaints.splitlines())))
    print("".join(f"    {line}\n" for line in decoded.complaints.splitlines()[:5]), end="")
    shown = stretches(decoded, CAMERAS, slate)
    kinds = Counter(stretch.what for stretch in shown)
    row("what was shown", "no '?'", ", ".join(f"{name} {n} x" for name, n in kinds.items()))
    cameras = [one for one in shown if one.what in show.cameras]
    at_key = sum(one.first.brightness >= WHITE for one in cameras)
    row("returns that begin with a key frame", "all", f"{at_key} of {len(cameras)}")
    missed = unheard(decoded, 100)
    row(
        "flashes without a beep within 100 ms",
        "cut ones",
        f"{len(missed)} of {len(flashes(decoded))}",
    )


def take_by_hand(house: Alone, sink: RtmpSink, count: int) -> None:
    pair = CAMERAS[:2]
    with on_air(house, sink, pair) as show:
        wait_until(show.output_is_live, "the output is live", 60)
        for camera in pair:
            show.begin(camera.name)
        show.wait_on_air("cam")
        relay = show.relay()
        marks = []
        for number in range(count):
            name = pair[(number + 1) % 2].name
            show.call("programme/take", id=show.id, source=f"live/{name}")
            show.wait_on_air(name)
            if number in (count // 10, count - 1):
                rss = relay.memory_info().rss >> 10
                marks.append((rss, descriptors(relay), len(relay.children(recursive=True))))
        before, after = marks
        for at, what in enumerate(("memory of the relay, kB", "descriptors", "children")):
            row(what, "no growth", f"{before[at]} after a tenth, {after[at]} at the end")
        cpu = sum(relay.cpu_times()[:2])
        row(
            "processor of the relay",
            "",
            f"{cpu:.1f} s in {time.time() - relay.create_time():.0f} s",
        )
        row("publish sessions at the far end", "1", str(len(sink.sessions())))


if __name__ == "__main__":
    main()
