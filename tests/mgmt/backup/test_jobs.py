"""What becomes of a backup whose manager ends."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from streamstead.core.settings import Settings
from streamstead.mgmt.backup.jobs import Jobs
from streamstead.mgmt.backup.shelf import Shelf
from streamstead.mgmt.host_events import HostEvents


def _jobs(settings: Settings) -> tuple[Jobs, HostEvents]:
    settings.data.mgmt.mkdir(exist_ok=True)
    events = HostEvents(settings.data.mgmt)
    house = SimpleNamespace(folder=settings.data.mgmt, data=settings.data, events=events)
    return Jobs(cast(Any, house), Shelf(settings)), events


async def test_one_that_was_cut_off_is_told_once(settings: Settings) -> None:
    first, _ = _jobs(settings)
    id_ = first.create("correct horse", False, "bucket", "schedule").id
    for turn in range(2):
        after, events = _jobs(settings)
        running = asyncio.create_task(after.run())
        if turn == 0:
            await after.created.wait()
        assert after.last is not None
        assert after.last.error is not None
        assert (after.last.id, after.last.state) == (id_, "failed")
        assert "started anew" in after.last.error.message
        [told] = events.after(0)
        assert (told["type"], told["data"]["id"]) == ("backup.failed", id_)
        assert told["data"]["by"] == "schedule"
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
