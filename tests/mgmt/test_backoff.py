import pytest

from streamstead.mgmt.backoff import Backoff


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_first_failure_is_followed_by_a_start_at_once(clock: Clock) -> None:
    backoff = Backoff(clock)
    backoff.failed()
    assert backoff.wait_s == 0


def test_further_failures_wait_1_s_doubling_to_60_s(clock: Clock) -> None:
    backoff = Backoff(clock)
    waits = []
    for _ in range(10):
        backoff.failed()
        waits.append(backoff.wait_s)
        clock.now += backoff.wait_s
    assert waits == [0, 1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_30_s_of_health_forget_earlier_failures(clock: Clock) -> None:
    backoff = Backoff(clock)
    for _ in range(5):
        backoff.failed()
    backoff.healthy()
    clock.now += 31
    backoff.failed()
    assert backoff.wait_s == 0


def test_a_shorter_health_forgets_nothing(clock: Clock) -> None:
    backoff = Backoff(clock)
    for _ in range(3):
        backoff.failed()
    clock.now += 5
    backoff.healthy()
    clock.now += 29
    backoff.failed()
    assert backoff.wait_s == 4


def test_a_configuration_error_waits_the_longest_at_once(clock: Clock) -> None:
    backoff = Backoff(clock)
    backoff.failed(hopeless=True)
    assert backoff.wait_s == 60


def test_reset_allows_a_start_now(clock: Clock) -> None:
    backoff = Backoff(clock)
    backoff.failed(hopeless=True)
    backoff.reset()
    assert backoff.wait_s == 0
