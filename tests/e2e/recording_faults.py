"""A show with faults: what the media server wrote, and what the recording has of it."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import httpx
import psutil

from ..conftest import wait_until
from ..counted import RATE, Witness, counting, frame_numbers
from ..storage_server import SeaweedFS
from .house import Api, House, in_time, random_name


class How(StrEnum):
    KILL = "kill -9"
    STOP = "stopped"
    RESTART = "restart"


@dataclass(frozen=True)
class Fault:
    """Something happens to a program; ``for_s``: so long it stands still when it is stopped;
    ``after_s``: so long after what was before it, at random when None."""

    who: str
    how: How
    for_s: float = 20.0
    after_s: float | None = None


@dataclass(frozen=True)
class Outcome:
    """``lost``, ``twice``: numbers of frames; ``seconds``: of picture that the server wrote."""

    recording: dict[str, Any]
    written: int
    lost: list[int]
    twice: list[int]
    mp4_took_s: float

    @property
    def seconds(self) -> float:
        return self.written / RATE

    @property
    def lost_s(self) -> float:
        return len(self.lost) / RATE


def pids_of(house: House, who: str, storage: SeaweedFS | None) -> list[int]:
    """Return the processes that a fault hits."""
    if who == "s3":
        assert storage is not None
        return [storage.pid]
    if who == "mgmt":
        return [house.mgmt_pid()]
    service = {"nginx": "front", "engine": "media"}.get(who, who)
    pid = int(house.services()[service]["pid"])
    if who != "engine":
        return [pid]
    # The worker of the media server itself, not who looks after it.
    tree = psutil.Process(pid).children(recursive=True)
    masters = [one for one in tree if one.name() == "nginx"]
    workers = [one.pid for one in masters if one.ppid() in {it.pid for it in masters}]
    return workers or [pid]


def strike(house: House, fault: Fault, storage: SeaweedFS | None) -> None:
    """Let it happen, and wait until the house stands again."""
    pids = pids_of(house, fault.who, storage)
    if fault.how is How.STOP:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(fault.for_s)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    elif fault.who == "s3":
        assert storage is not None
        storage.kill()
        storage.start()
    else:
        number = signal.SIGKILL if fault.how is How.KILL else signal.SIGTERM
        for pid in pids:
            os.kill(pid, number)
    wait_until(in_time(lambda: _stands(house)), f"the house stands after {fault}", timeout_s=90)


def _stands(house: House) -> bool:
    try:
        running = all(one["state"] in ("running", "off") for one in house.services().values())
    except (KeyError, TypeError):
        return False
    return (
        running
        and httpx.get(house.base + "/healthz", trust_env=False, timeout=60).status_code == 200
    )


def run_show(
    house: House,
    api: Api,
    faults: Sequence[Fault],
    seconds: float,
    chance: random.Random,
    storage: SeaweedFS | None = None,
    target_id: str = "",
) -> Outcome:
    """Publish for ``seconds`` at least, with the faults at random moments one after another."""
    name = random_name()
    stream = {"app": "live", "stream": name}
    api.call("/recordings/stream/update", **stream, mode="on", target_id=target_id)
    witness = Witness(house.data / "html/live", name, house.root / f"seen-{name}")
    witness.start()
    begun = time.monotonic()
    with counting(f"{house.rtmp}/{name}?secret={api.secret()}"):
        wait_until(
            lambda: bool(list((house.data / "html/live").glob(f"{name}-*.ts"))),
            "the media server writes segments",
        )
        pause_s = max(1.0, (seconds - sum(_length_s(one) for one in faults)) / (len(faults) + 1))
        for fault in faults:
            random_s = chance.uniform(0.2, 2 * pause_s)
            time.sleep(random_s if fault.after_s is None else fault.after_s)
            strike(house, fault, storage)
        time.sleep(max(3.0, seconds - (time.monotonic() - begun)))
    ended = time.monotonic()
    wait_until(in_time(lambda: _one(api, name)["state"] == "ready"), "the recording is ready", 180)
    took_s = time.monotonic() - ended
    segments = witness.stop()
    recording = _one(api, name)
    folder = house.data / "record" / recording["id"]
    written = Counter(frame_numbers(segments))
    kept = Counter(frame_numbers(sorted(folder.glob("index*.mp4"))))
    return Outcome(
        recording=recording,
        written=written.total(),
        lost=sorted((written - kept).elements()),
        twice=sorted((kept - written).elements()),
        mp4_took_s=took_s,
    )


def _length_s(fault: Fault) -> float:
    return fault.for_s if fault.how is How.STOP else 4.0


def _one(api: Api, name: str) -> dict[str, Any]:
    """Return the one recording of a stream; there must never be two."""
    found = api.call("/recordings/query", app="live", stream=name)["recordings"]
    assert len(found) == 1, [(one["state"], one["end_reason"], one["segments"]) for one in found]
    return dict(found[0])
