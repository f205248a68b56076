"""Print what splicing costs: 6 Mbit/s of FLV through reader, splicer and hub to five subscribers.

``python -m tests.bench.splice``. Takes about ten seconds; needs nothing else. No clock is waited
for: processor time for so many seconds of media is what is measured.
"""

import random
import resource
import time

from streamstead.core.rtmp.chunk import AUDIO, VIDEO, Message
from streamstead.core.rtmp.flv import FlvReader, file_header, tag_bytes
from streamstead.ffmpeg_forward.relay.hub import Hub
from streamstead.ffmpeg_forward.splice.media import MediaMeter, SlateParams
from streamstead.ffmpeg_forward.splice.slate import Slate
from streamstead.ffmpeg_forward.splice.splicer import Splicer

VIDEO_BYTES_S = 5_872_000 // 8
AUDIO_BYTES = 372
"""128 kbit/s in frames of 1024 samples at 44.1 kHz."""

FPS = 30
GOP = 60
PIPE = 64 << 10
SECONDS = 300
SUBSCRIBERS = 5
GOAL_PERCENT = 3.0


class Subscriber:
    """Takes note that something came, as a destination with room does."""

    def __init__(self) -> None:
        self.count = 0

    def take(self, message: Message, entry: bool) -> None:
        self.count += 1

    def over(self) -> None:
        return


def stream(seconds: int, name: bytes) -> list[Message]:
    """Return so much of a stream with key frames that are as large as real ones."""
    chance = random.Random(1)
    noise = chance.randbytes(1 << 20)
    unit = VIDEO_BYTES_S * GOP / FPS / (GOP + 9)
    found = [
        Message(VIDEO, 0, b"\x17\0\0\0\0" + name),
        Message(AUDIO, 0, b"\xaf\x00\x12\x10"),
    ]
    for number in range(seconds * FPS):
        key = number % GOP == 0
        size = round(unit * (10 if key else chance.uniform(0.5, 1.5)))
        start = chance.randrange(len(noise) - size)
        body = (b"\x17" if key else b"\x27") + b"\x01\0\0\0" + noise[start : start + size]
        found.append(Message(VIDEO, round(number * 1000 / FPS), body))
    for number in range(round(seconds * 44100 / 1024)):
        body = b"\xaf\x01" + noise[number % 1000 : number % 1000 + AUDIO_BYTES]
        found.append(Message(AUDIO, round(number * 1024 / 44.1), body))
    found[2:] = sorted(found[2:], key=lambda message: message.timestamp)
    return found


def main() -> None:
    piece = stream(10, b"source")
    loop = [message for message in piece[2:] if message.timestamp < 10_000]
    megabits = sum(len(message.payload) for message in loop) * 8 / 10 / 1e6
    print(f"{megabits:.2f} Mbit/s, {len(loop) / 10:.0f} tags/s, {SECONDS} s of media")
    for sources, switching in ((1, False), (2, False), (2, True)):
        percent, switches, grown_kb = run(piece, loop, sources, switching)
        what = f"{sources} source(s)" + (f", {switches} switches" if switching else "")
        verdict = "within" if percent <= GOAL_PERCENT else "ABOVE"
        print(
            f"{what:30} {percent:5.2f} % of a core, {verdict} the goal of {GOAL_PERCENT} %;"
            f" memory grew by {grown_kb} kB"
        )


def run(
    piece: list[Message], loop: list[Message], sources: int, switching: bool
) -> tuple[float, int, int]:
    """Return (percent of a core, switches, kB that memory grew after the first minute)."""
    splicer, hub, meter = Splicer(), Hub(), MediaMeter()
    for _ in range(SUBSCRIBERS):
        hub.join(Subscriber())
    splicer.set_slate(Slate(params=PARAMS, messages=stream(2, b"slate"), loop_ms=2010))
    readers = [FlvReader() for _ in range(sources)]
    for number in range(sources):
        splicer.add(str(number))
        readers[number].feed(file_header(True, True))
    splicer.want("0")
    cpu_s = 0.0
    after_warm_up_kb = 0
    for second in range(SECONDS):
        # What the pipes bring is made outside of the time that counts.
        chunks = cut(piece[:2] if second == 0 else [], loop, second)
        before = time.process_time()
        if switching:
            splicer.want(str(second // 3 % 2))
        for now_ms, data in chunks:
            for number, reader in enumerate(readers):
                for message in reader.feed(data):
                    splicer.feed(str(number), message, now_ms)
            sent = splicer.due(now_ms)
            for message in sent:
                meter.feed(message, now_ms)
            hub.send(sent)
            splicer.next_ms(now_ms)
        cpu_s += time.process_time() - before
        if second == 60:
            after_warm_up_kb = memory_kb()
    return cpu_s / SECONDS * 100, splicer.switches, memory_kb() - after_warm_up_kb


def cut(headers: list[Message], loop: list[Message], second: int) -> list[tuple[int, bytes]]:
    """Return what comes in a second, tag by tag as a pipe in real time brings it: (when, bytes)."""
    base = second // 10 * 10_000
    begin = second % 10 * 1000
    found = [(base, tag_bytes(message)) for message in headers]
    for message in loop:
        if begin <= message.timestamp < begin + 1000:
            moved = Message(message.kind, base + message.timestamp, message.payload)
            data = tag_bytes(moved)
            found += [(moved.timestamp, data[at : at + PIPE]) for at in range(0, len(data), PIPE)]
    return found


def memory_kb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


PARAMS = SlateParams("avc", 1920, 1080, 30.0, "high", "4.0", "yuv420p", 44100, 2)

if __name__ == "__main__":
    main()
