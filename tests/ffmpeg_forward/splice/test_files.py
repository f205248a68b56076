"""Files one after the other, and streams that are passed on as they come."""

import pytest

from streamstead.core.rtmp.chunk import AUDIO, VIDEO
from streamstead.ffmpeg_forward.splice.splicer import Splicer

from .tape import Encoder, Show, make_slate


class Reader:
    """Reads a file of ``length_ms`` as fast as there is room for it."""

    def __init__(self, show: Show, encoder: Encoder, length_ms: int) -> None:
        self.show = show
        self.name = encoder.name
        self.messages = encoder.until(length_ms)
        show.splicer.add(self.name, live=False)

    def read(self) -> None:
        splicer, now_ms = self.show.splicer, self.show.now_ms
        while self.messages and splicer.room(self.name):
            splicer.feed(self.name, self.messages.pop(0), now_ms)
        if not self.messages:
            splicer.ended(self.name, now_ms)


def play(show: Show, *readers: Reader, until_ms: int) -> None:
    """Read one after the other, as a playlist does."""
    waiting = list(readers)
    while show.time_ms < until_ms:
        if waiting:
            waiting[0].read()
            show.splicer.want(waiting[0].name)
            if not waiting[0].messages:
                show.splicer.retire(waiting.pop(0).name)
        show.run(10)


@pytest.fixture
def show() -> Show:
    return Show(Splicer(buffer_ms=0))


def test_the_first_frame_of_the_next_file_follows_the_last_one(show: Show) -> None:
    files = [Reader(show, Encoder(name, base=5000), 4000) for name in "abc"]
    play(show, *files, until_ms=12_500)
    assert show.decoder.shown() == ["a", "b", "c"]
    assert len(show.decoder.pictures) == 303, "all of it is played"
    assert show.decoder.largest_gap_ms() <= 70
    assert show.largest_lead_ms <= 70
    assert show.splicer.on_air is None
    assert not show.splicer._feeds


def test_no_more_of_a_file_is_read_than_is_needed(show: Show) -> None:
    reader = Reader(show, Encoder("a"), 60_000)
    before = len(reader.messages)
    reader.read()
    assert before - len(reader.messages) < 250
    assert show.splicer.room("a") == 0
    play(show, reader, until_ms=5000)
    assert before - len(reader.messages) < 550


def test_a_slow_reader_makes_the_timeline_wait(show: Show) -> None:
    encoder = Encoder("a")
    show.splicer.add("a", live=False)
    show.splicer.want("a")
    for end_ms in (2000, 4000, 6000):
        for message in encoder.until(end_ms):
            show.splicer.feed("a", message, show.now_ms)
        show.run(3000)
    assert show.decoder.largest_gap_ms() <= 45
    assert show.decoder.pictures[-1][0] <= 6000


def test_a_short_file_is_played_too(show: Show) -> None:
    lengths = {"a": 3000, "b": 70, "c": 70, "d": 500}
    files = [Reader(show, Encoder(name), ms) for name, ms in lengths.items()]
    play(show, *files, until_ms=5000)
    assert show.decoder.shown() == ["a", "b", "c", "d"]
    assert show.decoder.largest_gap_ms() <= 70


def test_many_short_files_are_not_read_far_ahead(show: Show) -> None:
    files = [Reader(show, Encoder(f"f{number}"), 300) for number in range(40)]
    play(show, *files, until_ms=2000)
    unread = sum(1 for file in files if len(file.messages) > 20)
    assert unread > 20


def test_a_file_of_sound_alone_is_played(show: Show) -> None:
    play(show, Reader(show, Encoder("a", has_video=False), 3000), until_ms=4000)
    assert show.decoder.sounds[-1][0] > 2900


def test_a_file_that_is_skipped_gives_way_to_the_next(show: Show) -> None:
    first = Reader(show, Encoder("a"), 60_000)
    play(show, first, until_ms=2000)
    show.splicer.remove("a")
    play(show, Reader(show, Encoder("b"), 1000), until_ms=3000)
    assert show.decoder.shown() == ["a", "b"]
    assert show.decoder.largest_gap_ms() <= 70


def test_what_is_not_paced_is_passed_on_as_it_comes_from_0_on() -> None:
    show = Show(Splicer(paced=False, buffer_ms=0))
    show.splicer.add("a")
    show.splicer.want("a")
    encoder = Encoder("a", base=77_000, gop=100)
    for message in encoder.until(3000):
        show.splicer.feed("a", message, show.now_ms)
    sent = show.ask()
    assert [message.timestamp for message in sent[:4]] == [0, 0, 0, 0]
    frames = [message for message in sent if message.kind in (AUDIO, VIDEO)]
    assert frames[-1].timestamp == pytest.approx(3000, abs=45)
    assert show.splicer.next_ms(show.now_ms) is None
    show.splicer.feed("a", encoder.until(3100)[0], show.now_ms)
    assert show.splicer.next_ms(show.now_ms) == show.now_ms + 1
    assert show.splicer.on_air == "a"


def test_what_is_not_paced_has_no_slate_and_invents_nothing() -> None:
    show = Show(Splicer(paced=False, buffer_ms=0))
    show.splicer.set_slate(make_slate())
    show.splicer.add("a")
    show.splicer.want("a")
    show.connect(Encoder("a", has_audio=False))
    show.run(2000)
    show.freeze("a")
    show.run(3000)
    assert show.decoder.shown() == ["a"]
    assert not show.decoder.sounds


def test_what_is_read_anew_again_and_again_does_not_run_ahead() -> None:
    show = Show(Splicer(paced=False, buffer_ms=0))
    show.splicer.add("a")
    show.splicer.want("a")
    for life in range(20):
        # The media server begins with the newest two seconds each time.
        show.connect(Encoder("a", life=life, gop=50), cached_ms=1990)
        show.run(300)
        show.disconnect("a")
    assert 1000 < show.decoder.pictures[-1][0] < 10_000
    assert show.largest_lead_ms <= 5200


def test_a_timeline_that_was_reset_begins_at_0_with_a_key_frame() -> None:
    show = Show(Splicer(paced=False, buffer_ms=0))
    show.splicer.add("a")
    show.splicer.want("a")
    show.connect(Encoder("a"))
    show.run(2000)
    show.disconnect("a")
    show.splicer.reset()
    show.connect(Encoder("a", life=2))
    show.now_ms += 40
    for message in show.live["a"][0].until(40):
        show.splicer.feed("a", message, show.now_ms)
    sent = show.splicer.due(show.now_ms)
    assert [message.timestamp for message in sent if message.kind == VIDEO] == [0, 0, 40]


def test_messages_carry_the_whole_timestamp() -> None:
    show = Show(Splicer(paced=False, buffer_ms=0))
    show.splicer.add("a")
    show.splicer.want("a")
    encoder = Encoder("a", has_audio=False)
    show.splicer._air.line.video.last = 2**32 - 10
    show.splicer._air.zero = show.now_ms - 2**32
    for message in encoder.until(100):
        show.splicer.feed("a", message, show.now_ms)
    assert [m.timestamp for m in show.splicer.due(show.now_ms)][-1] > 2**32
