"""Which source is wanted: by priority, by hand, held."""

from streamstead.ffmpeg_forward.splice.selector import RETURN_AFTER_MS, SLATE, Selector

ORDER = ("a", "b", "c")


def well(*names: str) -> dict[str, bool]:
    return {name: name in names for name in ORDER}


def test_the_best_source_that_is_well_is_chosen() -> None:
    assert Selector().choose(ORDER, well("b", "c"), 0) == "b"


def test_while_none_is_well_the_first_one_is_waited_for() -> None:
    assert Selector().choose(ORDER, well(), 0) == "a"
    assert Selector().choose((), {}, 0) is None


def test_a_lost_source_is_left_at_once_and_gone_back_to_later() -> None:
    selector = Selector()
    assert selector.choose(ORDER, well("a", "b"), 0) == "a"
    assert selector.choose(ORDER, well("b"), 10) == "b"
    assert selector.choose(ORDER, well("a", "b"), 1000) == "b"
    assert selector.choose(ORDER, well("a", "b"), 999 + RETURN_AFTER_MS) == "b"
    assert selector.choose(ORDER, well("a", "b"), 1000 + RETURN_AFTER_MS) == "a"


def test_a_source_that_flaps_is_not_gone_back_to() -> None:
    selector = Selector()
    assert selector.choose(ORDER, well("b"), 0) == "b"
    for now_ms in range(0, 20_000, 1000):
        names = ("a", "b") if now_ms % 2000 else ("b",)
        assert selector.choose(ORDER, well(*names), now_ms) == "b"


def test_when_all_are_lost_the_last_one_is_waited_for() -> None:
    selector = Selector()
    selector.choose(ORDER, well("b"), 0)
    assert selector.choose(ORDER, well(), 10) == "b"
    assert selector.choose(ORDER, well("c"), 20) == "c"


def test_what_is_taken_stays_until_it_is_lost() -> None:
    selector = Selector()
    assert selector.choose(ORDER, well("a", "b"), 0, taken="b") == "b"
    assert selector.choose(ORDER, well("a", "b"), 60_000, taken="b") == "b"
    assert selector.choose(ORDER, well("a"), 60_010, taken="b") == "a"
    assert selector.choose(ORDER, well("a", "b"), 60_020, taken="b") == "a", "it was let go"
    assert selector.choose(ORDER, well("a", "b"), 60_030, taken="c") == "c"
    assert selector.choose(ORDER, well("a", "b"), 60_040, taken="b") == "b", "taken again"


def test_what_is_taken_and_held_stays_though_it_is_lost() -> None:
    selector = Selector()
    selector.choose(ORDER, well("a", "b"), 0, taken="b", hold=True)
    assert selector.choose(ORDER, well("a"), 10, taken="b", hold=True) == "b"


def test_held_without_being_taken_there_is_no_way_back_by_itself() -> None:
    selector = Selector()
    selector.choose(ORDER, well("b"), 0)
    assert selector.choose(ORDER, well("a", "b"), 60_000, hold=True) == "b"
    assert selector.choose(ORDER, well("a"), 60_010, hold=True) == "a"


def test_the_slate_can_be_taken_and_released() -> None:
    selector = Selector()
    assert selector.choose(ORDER, well("a"), 0, taken=SLATE) == SLATE
    assert selector.choose(ORDER, well("a"), 10) == "a"


def test_sources_may_come_and_go() -> None:
    selector = Selector()
    assert selector.choose(ORDER, well("b"), 0) == "b"
    assert selector.choose(("a", "c"), well("a"), 10) == "a"
    assert selector.choose(("c",), {}, 20) == "c"
