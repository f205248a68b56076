"""Print what recordings lose when programs are killed, stand still, or are restarted.

    python -m tests.bench.recording_faults [SECONDS]     (as root; 90 s a show, 15 min in all)

Every program, every kind of fault, at random moments of shows whose pictures are numbered; with the
embedded engine, or the SRS that STREAMSTEAD_SRS_BIN names.
"""

import random
import sys
import tempfile
import time
from pathlib import Path

from tests.conftest import wait_until
from tests.e2e.conftest import _free_ports, srs_binary
from tests.e2e.house import Api, House, in_time
from tests.e2e.recording_faults import Fault, How, Outcome, run_show
from tests.storage_server import ACCESS_KEY, SECRET_KEY, SeaweedFS

ALL = ("hooks", "recorder", "redis", "engine", "mgmt", "s3", "nginx")
SHOWS = (
    [Fault(who, How.KILL) for who in ALL],
    [Fault(who, How.RESTART) for who in ALL],
    [Fault(who, How.STOP, 20) for who in ALL[:3]],
    [Fault(who, How.STOP, 20) for who in ALL[3:5]],
    [Fault(who, How.STOP, 20) for who in ALL[5:]],
)


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 90.0
    chance = random.Random()
    storage = SeaweedFS(Path(tempfile.mkdtemp(prefix="weed-")))
    storage.start()
    house = House("faults", _free_ports(), _env())
    try:
        done = house.bootstrap()
        if done.returncode != 0:
            sys.exit(house.output)
        with house.api() as api:
            target = _target(api, storage)
            api.call("/recordings/rules/update", grace_s=30)
            for faults in SHOWS:
                some = list(faults)
                chance.shuffle(some)
                outcome = run_show(house, api, some, seconds, chance, storage, target)
                _wait_for_upload(api, outcome)
                _print(some, outcome)
    finally:
        house.stop()
        storage.kill()


def _env() -> dict[str, str]:
    return {"STREAMSTEAD_SRS_BIN": binary} if (binary := srs_binary()) else {}


def _target(api: Api, storage: SeaweedFS) -> str:
    made = api.call(
        "/storage/targets/create",
        label="faults",
        provider="seaweedfs",
        endpoint=storage.endpoint,
        bucket=storage.make_bucket(),
        access_key=ACCESS_KEY,
        secret_key=SECRET_KEY,
    )
    return str(made["id"])


def _wait_for_upload(api: Api, outcome: Outcome) -> None:
    id_ = outcome.recording["id"]
    begun = time.monotonic()
    wait_until(
        in_time(lambda: api.call("/recordings/get", id=id_)["upload"] == "verified"),
        "it is whole in the bucket",
        timeout_s=600,
    )
    print(f"verified in the bucket {time.monotonic() - begun:.1f} s after it was ready")


def _print(faults: list[Fault], outcome: Outcome) -> None:
    told = ", ".join(f"{one.who} {one.how}" for one in faults)
    holes = sum(one["missing_ms"] for one in outcome.recording["holes"] if one["reason"] == "lost")
    print(
        f"{told}\n  written {outcome.seconds:.1f} s, lost {outcome.lost_s:.2f} s, "
        f"twice {len(outcome.twice)} frames, holes told {holes / 1000:.1f} s",
        flush=True,
    )


if __name__ == "__main__":
    main()
