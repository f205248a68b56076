"""Sources that lack something: sound, a picture, the pictures that others need."""

import pytest

from streamstead.core.rtmp.amf import decode
from streamstead.core.rtmp.chunk import DATA, VIDEO, Message
from streamstead.ffmpeg_forward.splice.splicer import SLATE

from .tape import Encoder, Show, Sign, picture, video_header


def test_a_source_without_sound_gets_silence(show: Show) -> None:
    show.connect(Encoder("a", has_audio=False))
    show.splicer.want("a")
    show.run(5000)
    assert show.splicer.on_air == "a"
    assert show.decoder.largest_silence_ms() <= 100
    assert show.decoder.sounds[-1][1] is None
    assert show.decoder.sounds[-1][0] == pytest.approx(show.decoder.pictures[-1][0], abs=90)


def test_sound_that_stops_is_filled_in_and_comes_back(show: Show) -> None:
    mute = Encoder("a", has_audio=False)
    voice = Encoder("a", has_video=False)
    show.splicer.want("a")

    def run(ms: int, with_voice: bool) -> None:
        for _ in range(ms // 20):
            at = show.time_ms
            for message in mute.until(at):
                show.splicer.feed("a", message, show.now_ms)
            for message in voice.until(at):
                if with_voice:
                    raw = message.payload.replace(b":2", b":1")
                    show.splicer.feed(
                        "a", Message(message.kind, message.timestamp, raw), show.now_ms
                    )
            show.run(20)

    run(3000, True)
    run(3000, False)
    run(3000, True)
    assert show.splicer.on_air == "a"
    assert show.splicer.switches == 1
    silent = [stamp for stamp, sign in show.decoder.sounds if sign is None]
    assert silent[-1] - silent[0] == pytest.approx(3000, abs=150)
    assert show.decoder.largest_silence_ms() <= 100
    assert show.decoder.sounds[-1][1] is not None


def test_a_source_of_sound_alone_goes_with_the_picture_of_the_slate(show: Show) -> None:
    show.connect(Encoder("a", has_video=False))
    show.splicer.want("a")
    show.run(5000)
    assert show.splicer.on_air == "a"
    assert show.decoder.shown() == ["slate"]
    assert show.decoder.sounds[-1][1] is not None
    assert show.decoder.sounds[-1][1].name == "a"
    assert show.decoder.largest_gap_ms() <= 45
    show.disconnect("a")
    show.run(1000)
    assert show.splicer.on_air == SLATE
    assert show.decoder.largest_gap_ms() <= 45


def test_a_picture_that_stops_is_covered_by_the_slate_until_its_next_key_frame(
    show: Show,
) -> None:
    camera = Encoder("a", gop=25, has_audio=False)
    voice = Encoder("a", has_video=False)
    show.splicer.want("a")

    def run(ms: int, with_camera: bool) -> None:
        for _ in range(ms // 20):
            for message in camera.until(show.time_ms):
                if with_camera:
                    show.splicer.feed("a", message, show.now_ms)
            for message in voice.until(show.time_ms):
                raw = message.payload.replace(b":2", b":1")
                show.splicer.feed("a", Message(message.kind, message.timestamp, raw), show.now_ms)
            show.run(20)

    run(3100, True)
    run(2000, False)
    run(3000, True)
    assert show.decoder.shown() == ["slate", "a", "slate", "a"]
    assert show.splicer.on_air == "a"
    assert show.decoder.largest_gap_ms() <= 600
    assert all(sign for stamp, sign in show.decoder.sounds if stamp > 3000), "its sound goes on"


def test_pictures_that_show_before_the_first_key_frame_are_left_out(show: Show) -> None:
    sign = Sign("a", 1, 1, 1, 0)
    show.splicer.feed("a", Message(VIDEO, 0, video_header(sign)), show.now_ms)
    show.splicer.feed("a", picture(sign, 0, cts_ms=120), show.now_ms)
    for number, cts_ms in enumerate((40, 0, 200, 100), start=1):
        # The first two are shown before the key frame: they need pictures from before it.
        place = max(0, number - 2)
        shown = Sign("a", 1, 1, 1, place) if number > 2 else Sign("a", 1, 1, 0, 7)
        message = picture(shown, number * 40, cts_ms)
        show.splicer.feed("a", message, show.now_ms)
    show.splicer.want("a")
    show.run(600)
    assert [sign.gop for _, sign in show.decoder.pictures if sign.name == "a"] == [1, 1, 1]


def test_enhanced_rtmp_is_passed_through_with_its_header_and_colours(show: Show) -> None:
    header = Message(VIDEO, 0, b"\x90hvc1\x01header")
    colours = Message(VIDEO, 0, b"\x94hvc1\x02\x00\x09colorInfo")
    show.splicer.feed("a", header, show.now_ms)
    show.splicer.want("a")
    sent: list[Message] = []
    for number in range(100):
        now_ms = show.now_ms + number * 40
        if number == 25:
            show.splicer.feed("a", colours, now_ms)
        kind = b"\x91" if number % 25 == 0 else b"\xa1"
        body = kind + b"hvc1\x00\x00\x00" + bytes([number])
        show.splicer.feed("a", Message(VIDEO, number * 40, body), now_ms)
        sent += show.splicer.due(now_ms)
    mine = [m for m in sent if m.kind == VIDEO and b"hvc1" in m.payload]
    assert [m.payload for m in mine[:2]] == [header.payload, b"\x91hvc1\x00\x00\x00\x00"]
    with_colours = [number for number, m in enumerate(mine) if m.payload == colours.payload]
    assert len(with_colours) == 1
    assert mine[with_colours[0] + 1].payload[-1] == 25
    told = [decode(m.payload)[1] for m in sent if m.kind == DATA]
    assert told[-1]["videocodecid"] == int.from_bytes(b"hvc1", "big")  # type: ignore[call-overload, index]


def test_pictures_whose_timestamps_go_back_a_little_are_kept(show: Show) -> None:
    encoder = Encoder("a")
    for message in encoder.until(0):
        show.splicer.feed("a", message, show.now_ms)
    encoder.leap(-60)
    show.connect(encoder)
    show.splicer.want("a")
    show.run(2000)
    assert show.splicer.on_air == "a"
    assert show.decoder.largest_gap_ms() <= 70


def test_pictures_that_begin_before_the_sound_are_kept(show: Show) -> None:
    made = Encoder("a", base=5_000, gop=5).until(2000)
    pictures = [message for message in made if message.kind == VIDEO][:26]
    header, *sounds = [message for message in made if message.kind != VIDEO]
    late = next(message for message in sounds if message.timestamp > 6_000)
    for message in (header, late, *pictures):
        show.splicer.feed("a", message, show.now_ms)
    show.splicer.want("a")
    show.run(600)
    shown = [sign for _, sign in show.decoder.pictures if sign.name == "a"]
    assert (shown[-1].gop, shown[-1].place) == (5, 4)
    assert shown[0].place == 0
    assert show.splicer.dropped == 0


def test_a_hole_in_the_picture_is_covered_though_nobody_asked_meanwhile(show: Show) -> None:
    camera = Encoder("a", gop=25, has_audio=False)
    voice = Encoder("a", has_video=False)
    show.splicer.want("a")
    for at_ms in range(0, 6000, 20):
        for message in camera.until(at_ms):
            if not 3100 < message.timestamp < 3900:
                show.splicer.feed("a", message, show.now_ms)
        for message in voice.until(at_ms):
            raw = message.payload.replace(b":2", b":1")
            show.splicer.feed("a", Message(message.kind, message.timestamp, raw), show.now_ms)
        show.now_ms += 20
        if not 3200 < at_ms < 4300:
            show.ask()
    assert show.decoder.shown() == ["slate", "a", "slate", "a"]
    assert show.splicer.on_air == "a"
    assert show.decoder.largest_gap_ms() <= 70
