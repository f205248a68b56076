"""Recordings survive whatever happens to any program: frames are counted, not believed."""

import random
from collections.abc import Iterator

import pytest

from .house import Api, House
from .recording_faults import Fault, How, run_show

# httpcore leaves the socket of a refused unix connection to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

OURS = ("hooks", "recorder", "redis", "mgmt", "nginx")


@pytest.fixture(
    params=["first_house", "srs_process_house"], ids=["embedded", "srs-process"], scope="module"
)
def house(request: pytest.FixtureRequest) -> House:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, House)
    return found


@pytest.fixture(autouse=True)
def short_grace(house: House, api: Api) -> Iterator[None]:
    """A recording is over soon after its show; long enough for an encoder to come back."""
    before = api.call("/recordings/rules/query")["grace_s"]
    api.call("/recordings/rules/update", grace_s=10)
    yield
    api.call("/recordings/rules/update", grace_s=before)


def test_no_frame_is_lost_or_doubled_when_any_program_is_killed(house: House, api: Api) -> None:
    faults = [Fault(who, How.KILL) for who in OURS]
    chance = random.Random()
    chance.shuffle(faults)
    done = run_show(house, api, faults, 40, chance)
    print(f"{[one.who for one in faults]}: {done.seconds:.1f} s written, lost {done.lost_s:.2f} s")
    assert done.written > 25 * 20
    assert done.lost == []
    assert done.twice == []
    assert [hole for hole in done.recording["holes"] if hole["reason"] == "lost"] == []


@pytest.mark.parametrize("who", ["hooks", "recorder"])
def test_no_frame_is_lost_while_a_program_stands_still(house: House, api: Api, who: str) -> None:
    done = run_show(house, api, [Fault(who, How.STOP, 20)], 28, random.Random())
    print(f"{who} stopped for 20 s: {done.seconds:.1f} s written, lost {done.lost_s:.2f} s")
    assert done.lost == []
    assert done.twice == []


def test_a_killed_media_server_loses_nothing_that_it_wrote(house: House, api: Api) -> None:
    # Also in the first segment of all, of which nobody has heard yet.
    faults = [Fault("engine", How.KILL, after_s=0.3), Fault("engine", How.KILL)]
    done = run_show(house, api, faults, 20, random.Random())
    print(f"engine worker killed twice: {done.seconds:.1f} s written, lost {done.lost_s:.2f} s")
    assert done.lost == []
    assert done.twice == []
