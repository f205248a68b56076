"""What goes out when: joints, losses, sources that wait, and timestamps that leap."""

import pytest

from streamstead.core.rtmp.amf import decode
from streamstead.core.rtmp.chunk import DATA, VIDEO, Message
from streamstead.ffmpeg_forward.splice.splicer import SLATE

from .tape import Encoder, Show, Sign, make_slate, picture, sound, video_header


def test_the_slate_is_on_until_there_is_a_source(show: Show) -> None:
    show.run(1000)
    assert show.splicer.on_air == SLATE
    show.connect(Encoder("a"))
    show.splicer.want("a")
    show.run(1000)
    assert show.splicer.on_air == "a"
    # Its first key frame came, and waited as long as the buffer is.
    assert show.on_air[-1][0] == pytest.approx(1000 + 300, abs=45)
    assert show.decoder.shown() == ["slate", "a"]


def test_a_lost_source_gives_way_to_the_slate_without_a_hole(show: Show) -> None:
    show.connect(Encoder("a"))
    show.splicer.want("a")
    show.run(3000)
    show.freeze("a")
    show.run(2000)
    assert show.splicer.on_air == SLATE
    assert show.on_air[-1][0] == pytest.approx(3500, abs=45)
    assert show.decoder.largest_gap_ms() <= 45
    assert show.decoder.largest_silence_ms() <= 70
    assert show.largest_lag_ms <= 300


def test_a_source_comes_back_with_its_first_key_frame(show: Show) -> None:
    show.connect(Encoder("a", gop=50))
    show.splicer.want("a")
    show.run(3000)
    show.disconnect("a")
    show.run(5000)
    show.connect(Encoder("a", life=2, gop=50))
    show.run(1000)
    assert show.on_air[-1][1] == "a"
    assert show.on_air[-1][0] == pytest.approx(8000 + 300, abs=45)
    returned = [sign for _, sign in show.decoder.pictures if sign.life == 2 and sign.name == "a"]
    assert (returned[0].gop, returned[0].place) == (1, 0)
    assert show.splicer.slate_ms == pytest.approx(5300, abs=100)


def test_a_source_that_was_stopped_goes_on_with_its_newest_key_frame(show: Show) -> None:
    show.connect(Encoder("a", gop=25))
    show.splicer.want("a")
    show.run(2000)
    frozen = show.live.pop("a")
    show.run(10_000)
    show.live["a"] = frozen
    show.run(3000)
    assert show.splicer.on_air == "a"
    assert show.largest_lag_ms <= 300
    last_ms = 40 * (25 * (show.decoder.pictures[-1][1].gop - 1))
    assert 15_000 - last_ms < 2500, "what piled up meanwhile is not played"


def test_the_old_source_stays_until_a_key_frame_of_the_wanted_one_is_due(show: Show) -> None:
    show.connect(Encoder("a"))
    show.connect(Encoder("b", gop=100))
    show.splicer.want("a")
    show.run(5000)
    show.splicer.want("b")
    show.run(2000)
    assert show.splicer.on_air == "a"
    show.run(1500)
    assert show.splicer.on_air == "b"
    assert show.on_air[-1][0] == pytest.approx(8000 + 300, abs=45)
    assert show.decoder.largest_gap_ms() <= 45


def test_a_backup_takes_over_at_once_when_the_source_is_lost(show: Show) -> None:
    show.connect(Encoder("a"))
    show.connect(Encoder("b", gop=50))
    show.splicer.want("a")
    show.run(5000)
    show.freeze("a")
    show.run(490)
    assert show.splicer.on_air == "a"
    assert not show.splicer.state("a", show.now_ms).lost
    show.splicer.want("b")
    show.run(100)
    assert show.splicer.on_air == "b"
    assert show.decoder.shown() == ["slate", "a", "b"]
    assert show.decoder.largest_gap_ms() <= 45


def test_a_wanted_source_that_never_comes_changes_nothing(show: Show) -> None:
    show.connect(Encoder("a"))
    show.splicer.want("a")
    show.run(1000)
    show.splicer.want("b")
    show.run(3000)
    assert show.splicer.on_air == "a"


def test_the_slate_can_be_taken_by_hand(show: Show) -> None:
    show.connect(Encoder("a"))
    show.splicer.want("a")
    show.run(1000)
    show.splicer.want(SLATE)
    show.run(100)
    assert show.splicer.on_air == SLATE
    show.splicer.want("a")
    show.run(1500)
    assert show.splicer.on_air == "a"


def test_a_joint_is_seamless_though_sources_have_other_timestamps(show: Show) -> None:
    show.connect(Encoder("a", base=2**32 - 2000, frame_ms=1000 / 30))
    show.connect(Encoder("b", base=123_456_789))
    show.splicer.want("a")
    show.run(4000)
    show.splicer.want("b")
    show.run(4000)
    assert show.decoder.shown() == ["slate", "a", "b"]
    assert show.decoder.largest_gap_ms() <= 45
    assert show.decoder.largest_silence_ms() <= 60
    assert show.splicer.repaired == 0
    assert show.splicer.dropped == 0


def test_both_headers_are_sent_again_at_each_joint(show: Show) -> None:
    show.connect(Encoder("a"))
    show.connect(Encoder("b", audio_header=1))
    show.run(1000)
    for number, name in enumerate(("a", "b", "a", "b")):
        show.splicer.want(name)
        show.run(2000)
        assert show.decoder.video_headers == number + 2
        assert show.decoder.audio_headers == number + 2


def test_a_header_that_changes_within_a_source_is_sent_with_its_key_frame(show: Show) -> None:
    encoder = Encoder("a", gop=1000)
    show.connect(encoder)
    show.splicer.want("a")
    show.run(1000)
    encoder.new_header()
    show.run(1000)
    assert {sign.header for _, sign in show.decoder.pictures if sign.name == "a"} == {1, 2}
    assert show.decoder.video_headers == 3


def test_pictures_behind_a_changed_header_wait_for_a_key_frame(show: Show) -> None:
    encoder = Encoder("a", gop=25)
    show.connect(encoder)
    show.splicer.want("a")
    show.run(1100)
    encoder.header += 1
    sign = Sign("a", 1, 2, 0, 0)
    show.splicer.feed("a", Message(VIDEO, 0, video_header(sign)), show.now_ms)
    show.run(3000)
    assert show.splicer.on_air == "a"
    assert show.decoder.pictures[-1][1].header == 2


@pytest.mark.parametrize("leap_ms", [-1_000_000, 1_000_000, 2**31, -1500, 5000])
def test_sound_and_picture_stay_together_when_timestamps_leap(show: Show, leap_ms: int) -> None:
    encoder = Encoder("a", base=1_500_000)
    show.connect(encoder)
    show.splicer.want("a")
    show.run(2010)
    encoder.leap(leap_ms)
    show.run(3000)
    assert show.splicer.on_air == "a"
    assert show.splicer.switches == 1
    assert show.decoder.largest_gap_ms() <= 90
    pictures, sounds = show.decoder.pictures, show.decoder.sounds
    # The last of both were made at the same moment, within a frame of each.
    assert abs(pictures[-1][0] - sounds[-1][0]) <= 90
    assert show.splicer.dropped <= 2


def test_a_wrap_of_32_bits_is_not_seen(show: Show) -> None:
    show.connect(Encoder("a", base=2**32 - 1500))
    show.splicer.want("a")
    show.run(4000)
    assert show.decoder.largest_gap_ms() <= 45
    assert show.splicer.repaired == show.splicer.dropped == 0


def test_a_key_frame_behind_pictures_out_of_order_is_shown_last(show: Show) -> None:
    sign = Sign("a", 1, 1, 1, 0)
    show.splicer.feed("a", Message(VIDEO, 0, video_header(sign)), show.now_ms)
    show.splicer.want("a")
    for number in range(50):
        message = picture(sign._replace(place=number), number * 40, cts_ms=80)
        show.splicer.feed("a", message, show.now_ms + number * 40)
    show.run(4000)
    last = max(stamp for stamp, sign in show.decoder.pictures if sign.name == "a")
    slates = [stamp for stamp, sign in show.decoder.pictures if sign.name == "slate"]
    assert min(stamp for stamp in slates if stamp > last) >= last + 80 + 40


def test_metadata_tells_the_size_again_when_it_changes(show: Show) -> None:
    show.run(100)
    (first,) = show.decoder.data
    told = decode(first.payload)
    assert told[0] == "onMetaData"
    assert (told[1]["width"], told[1]["height"]) == (640, 360)  # type: ignore[call-overload, index]
    show.connect(Encoder("a"))
    show.splicer.want("a")
    show.run(1000)
    assert len(show.decoder.data) == 2


def test_what_else_a_source_tells_is_passed_on(show: Show) -> None:
    show.connect(Encoder("a"))
    show.splicer.want("a")
    show.run(1000)
    text = Message(DATA, 777, b"\x02\x00\x0aonTextData")
    for message in (text, Message(DATA, 0, b"\x02\x00\x11|RtmpSampleAccess\x01\x01")):
        show.splicer.feed("a", message, show.now_ms)
    show.run(500)
    assert [m.payload for m in show.decoder.data if b"onMeta" not in m.payload] == [text.payload]


def test_another_slate_takes_over_while_it_is_on_the_air(show: Show) -> None:
    show.run(1000)
    show.splicer.set_slate(make_slate("slate2", with_sound=False))
    show.run(3000)
    assert show.decoder.shown() == ["slate", "slate2"]
    assert show.decoder.largest_gap_ms() <= 70
    assert show.decoder.largest_silence_ms() <= 100, "silence is filled in"


def test_garbage_is_ignored(show: Show) -> None:
    show.splicer.want("a")
    for payload in (b"", b"\x17", b"\xff" * 9, b"\xaf", b"\x97" * 40):
        for kind in (8, 9, 18, 77):
            show.splicer.feed("a", Message(kind, 0, payload), show.now_ms)
    show.splicer.feed("nobody", sound(Sign("x", 1, 1, 1, 1), 0), show.now_ms)
    show.run(1000)
    assert show.splicer.on_air == SLATE


def test_a_machine_that_slept_goes_on_where_it_was(show: Show) -> None:
    show.run(1000)
    show.now_ms += 3_600_000
    show.run(1000)
    assert show.decoder.pictures[-1][0] < 3000


def test_a_source_that_is_removed_is_off_the_air_at_once(show: Show) -> None:
    show.connect(Encoder("a"))
    show.splicer.want("a")
    show.run(1000)
    show.live.clear()
    show.splicer.remove("a")
    show.run(50)
    assert show.splicer.on_air == SLATE
    assert show.splicer.state("a", show.now_ms).lost


def test_facts_tell_whether_a_source_could_be_shown(show: Show) -> None:
    assert not show.splicer.state("a", show.now_ms).has_key
    show.connect(Encoder("a"))
    show.run(1000)
    facts = show.splicer.state("a", show.now_ms)
    assert facts.has_key
    assert not facts.lost
    assert facts.info.video_codec == "avc"
    show.freeze("a")
    show.run(600)
    assert show.splicer.state("a", show.now_ms).lost


def test_two_hundred_switches_leave_nothing_behind(show: Show) -> None:
    show.connect(Encoder("a", frame_ms=1000 / 30))
    show.connect(Encoder("b", base=999, gop=40))
    sizes = []
    for number in range(200):
        show.splicer.want("ab"[number % 2])
        show.run(1700 if number % 20 else 300)
        if number % 50 == 49:
            feeds = show.splicer._feeds.values()
            sizes.append(sum(len(feed.video) + len(feed.audio) for feed in feeds))
    assert show.splicer.switches >= 180
    assert max(sizes) < 400
    assert show.decoder.largest_gap_ms() <= 70
    assert show.largest_lead_ms <= 45
    assert show.largest_lag_ms <= 100


def test_a_source_that_is_too_much_goes_on_with_its_newest_key_frame(show: Show) -> None:
    encoder = Encoder("a", gop=25)
    show.splicer.want("a")
    for message in encoder.until(3000):
        show.splicer.feed("a", message, show.now_ms)
    show.run(500)
    # All of the next minute comes at once: nobody can wait that long.
    for message in encoder.until(60_000):
        show.splicer.feed("a", message, show.now_ms)
    show.run(2000)
    assert show.decoder.largest_gap_ms() <= 70
    assert show.splicer.dropped > 1000
    assert max(sign.gop for _, sign in show.decoder.pictures if sign.name == "a") >= 59


@pytest.mark.parametrize("speed", [0.999, 1.001])
def test_a_source_whose_clock_is_not_ours_neither_runs_dry_nor_piles_up(
    show: Show, speed: float
) -> None:
    show.connect(Encoder("a", frame_ms=40 * speed))
    show.splicer.want("a")
    real, step_ms = show.live["a"][0], 40
    del show.live["a"]
    for _ in range(400_000 // step_ms):
        # Its timestamps tell another time than the one that passes here.
        for message in real.until(show.time_ms * speed):
            show.splicer.feed("a", message, show.now_ms)
        show.now_ms += step_ms
        show.ask()
    assert show.splicer.switches == 1
    assert show.decoder.largest_gap_ms() <= 70
    assert show.largest_lag_ms <= 100
    assert len(show.splicer._feeds["a"].video) < 14
