"""Whatever sources do, in any order: the timeline can be played from its beginning to its end."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from streamstead.ffmpeg_forward.splice.splicer import Splicer

from .tape import Encoder, Show, make_slate

NAMES = ("a", "b", "c")
LOST_AFTER_MS = 500
BUFFER_MS = 300


@dataclass(frozen=True)
class Step:
    """Something happens to ``name``, and then time passes."""

    what: str
    name: str
    number: int
    wait_ms: int


steps = st.builds(
    Step,
    st.sampled_from(
        ("connect", "disconnect", "freeze", "leap", "header", "want", "want", "lose", "remove")
    ),
    st.sampled_from(NAMES),
    st.integers(0, 2**32 - 1),
    st.sampled_from((20, 100, 340, 700, 1500, 4000)),
)


class Stage:
    """Does the steps with up to three encoders of all kinds."""

    def __init__(self, show: Show) -> None:
        self.show = show
        self.lives = dict.fromkeys(NAMES, 0)
        for name in NAMES:
            show.splicer.add(name)

    def do(self, step: Step) -> None:
        getattr(self, f"_{step.what}")(step.name, step.number)
        self.show.run(step.wait_ms)

    def _connect(self, name: str, number: int) -> None:
        self.show.disconnect(name)
        self.show.splicer.add(name)
        self.lives[name] += 1
        kind = number % 8
        encoder = Encoder(
            name,
            base=number,
            frame_ms=(20, 40, 1000 / 30, 200)[number % 4],
            gop=(1, 10, 25, 150)[number // 4 % 4],
            has_video=kind != 7,
            has_audio=kind not in (3, 5),
            life=self.lives[name],
            audio_header=number // 16 % 2,
        )
        self.show.connect(encoder, cached_ms=(0, 0, 1500, 6000)[number // 32 % 4])

    def _disconnect(self, name: str, number: int) -> None:
        self.show.disconnect(name)

    def _freeze(self, name: str, number: int) -> None:
        if name in self.show.live:
            frozen = self.show.live.pop(name)
            self.show.run(number % 3000)
            # It goes on with all that it has made meanwhile.
            self.show.live[name] = frozen

    def _leap(self, name: str, number: int) -> None:
        if name in self.show.live:
            self.show.live[name][0].leap(number - 2**31 if number % 3 else number % 4000 - 2000)

    def _header(self, name: str, number: int) -> None:
        if name in self.show.live and self.show.live[name][0].has_video:
            self.show.live[name][0].new_header()

    def _lose(self, name: str, number: int) -> None:
        if name in self.show.live:
            self.show.live[name][0].skip(number % 3000)

    def _remove(self, name: str, number: int) -> None:
        self.show.live.pop(name, None)
        self.show.splicer.remove(name)

    def _want(self, name: str, number: int) -> None:
        self.show.splicer.want(None if number % 7 == 0 else name)


def waiting(splicer: Splicer) -> int:
    """Return how many frames wait in all queues."""
    feeds = splicer._feeds.values()
    return sum(len(feed.video) + len(feed.audio) + len(feed.keys) for feed in feeds)


@settings(max_examples=60)
@given(st.lists(steps, min_size=3, max_size=12))
def test_with_a_slate_every_show_plays_without_a_hole(story: list[Step]) -> None:
    show = Show(Splicer(buffer_ms=BUFFER_MS, lost_after_ms=LOST_AFTER_MS))
    show.splicer.set_slate(make_slate())
    stage = Stage(show)
    for step in story:
        stage.do(step)
        assert waiting(show.splicer) < 3 * 1500
    show.run(500)
    decoder = show.decoder
    assert decoder.pictures[0][0] <= 40
    assert decoder.largest_gap_ms() <= LOST_AFTER_MS + 250
    assert decoder.largest_silence_ms() <= LOST_AFTER_MS + 250
    assert show.largest_lead_ms <= 250
    assert show.largest_lag_ms <= 1500 + LOST_AFTER_MS + 40
    assert show.asked < show.now_ms - show.start_ms


@settings(max_examples=40)
@given(st.lists(steps, min_size=3, max_size=12), st.booleans())
def test_without_a_slate_every_show_plays_too(story: list[Step], paced: bool) -> None:
    show = Show(Splicer(paced=paced))
    stage = Stage(show)
    for step in story:
        stage.do(step)
        assert waiting(show.splicer) < 3 * 1500
