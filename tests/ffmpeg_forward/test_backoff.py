"""Waiting before a child is run again."""

import random

from hypothesis import given
from hypothesis import strategies as st

from streamstead.ffmpeg_forward.backoff import BUDGET, LONGEST_S, WINDOW_S, Backoff


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_waits_double_from_one_second_to_sixty_with_a_fifth_of_jitter() -> None:
    backoff = Backoff(random.Random(1))
    for base in (1, 2, 4, 8, 16, 32, 60, 60):
        assert 0.8 * base <= backoff.delay_s() <= min(1.2 * base, LONGEST_S)


def test_two_children_do_not_march_in_step() -> None:
    waits = {Backoff(random.Random(seed)).delay_s() for seed in range(20)}
    assert len(waits) == 20


def test_a_child_that_was_good_for_a_while_begins_anew() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.delay_s()
    backoff.settle()
    assert backoff.delay_s() <= 1.2


def test_a_child_that_flaps_uses_up_its_budget_and_gets_a_new_one_later() -> None:
    clock = Clock()
    backoff = Backoff(clock=clock)
    for _ in range(BUDGET):
        backoff.settle()
        assert backoff.delay_s() <= 1.2
        clock.now += 15
    backoff.settle()
    assert backoff.delay_s() >= 0.8 * LONGEST_S
    clock.now += WINDOW_S
    backoff.settle()
    assert backoff.delay_s() <= 1.2


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1000)), max_size=100))
def test_no_wait_is_ever_shorter_or_longer_than_promised(steps: list[tuple[bool, float]]) -> None:
    clock = Clock()
    backoff = Backoff(clock=clock)
    for good, later in steps:
        if good:
            backoff.settle()
        clock.now += later
        assert 0.8 <= backoff.delay_s() <= LONGEST_S
