"""What the manager does about upgrades by itself: see that a run is finished, tell of it, look for
releases, and begin an upgrade when that was chosen."""

import asyncio
import random
import subprocess
import sys
from datetime import UTC, datetime

from ...core.errors import StreamsteadError, Upstream
from ...core.event_types import EventType
from ...core.log import get_logger
from ...core.settings import Settings
from ...core.version import VERSION
from ..front.media_api import MediaApi
from ..house import House
from .guard import begin, resume
from .journal import Journal, Result, Run, Wish
from .known import Known
from .place import chosen_file, releases_of
from .settings import Strategy
from .version import Version

log = get_logger(__name__)

CARE_S = 2.0
RESUME_AFTER_S = 3.0
"""A runner that has only just been started needs a moment to take its lock."""
RESUME_PAUSE_S = 20.0
LOOK_S = 3600.0
JITTER_S = 600.0
FIRST_LOOK_S = 30.0
LOOK_LIMIT_S = 240.0

_ENDS = {
    Result.DONE: EventType.UPGRADE_FINISHED,
    Result.ROLLED_BACK: EventType.UPGRADE_ROLLED_BACK,
    Result.FAILED: EventType.UPGRADE_FAILED,
}


class Watch:
    """Looks after the runs of one house."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._settings = house.settings
        self._journal = Journal(house.data)
        self._seen: tuple[int, int] | None = None

    async def look_after(self) -> None:
        """Never returns."""
        waits_s = 0.0
        while True:
            try:
                self._tell()
                waits_s = await self._finish(waits_s)
            except (OSError, StreamsteadError, subprocess.SubprocessError) as exc:
                log.error("upgrade.not_looked_after", error=str(exc))
            await asyncio.sleep(CARE_S)

    async def look_for_releases(self) -> None:
        """Never returns. Every hour, a little later or sooner, so that not all houses of the world
        ask at the same second."""
        await asyncio.sleep(FIRST_LOOK_S + random.uniform(0, FIRST_LOOK_S))  # noqa: S311
        while True:
            try:
                if self._has_source():
                    await self._go_by_itself(await self.look())
            except (OSError, StreamsteadError) as exc:
                log.warning("upgrade.not_begun", error=str(exc))
            await asyncio.sleep(LOOK_S + random.uniform(-JITTER_S, JITTER_S))  # noqa: S311

    async def look(self) -> Known:
        """Look now, in a process of its own; return what is known afterwards."""
        command = [sys.executable, "-B", "-m", "streamstead.mgmt.upgrade.look"]
        child = await asyncio.create_subprocess_exec(
            *command,
            "--data",
            str(self._house.data.root),
            cwd="/",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(LOOK_LIMIT_S):
                await child.wait()
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        known = releases_of(self._settings).known()
        newest = known.latest
        if newest is not None and Version.parse(newest) > Version.parse(VERSION):
            facts = {"version": VERSION, "stable": known.stable, "latest": known.latest}
            self._house.events.tell(
                EventType.UPGRADE_AVAILABLE, facts, f"upgrade.available:{newest}"
            )
        return known

    async def _go_by_itself(self, known: Known) -> None:
        chosen = chosen_file(self._house.data).read()
        if self._settings.in_image:
            return
        if chosen.strategy is not Strategy.AUTO or known.error is not None or not known.stable:
            return
        newer = Version.parse(known.stable) > Version.parse(VERSION)
        if not newer or not chosen.window.is_open(datetime.now(UTC)):
            return
        last = self._journal.last()
        if last is not None and last.to == known.stable and last.result is not Result.DONE:
            log.info("upgrade.not_again", version=known.stable)
            return
        await asyncio.to_thread(begin, self._settings, Wish(version=known.stable, by="auto"))

    def _has_source(self) -> bool:
        return bool(self._settings.local_release or chosen_file(self._house.data).read().url)

    def _tell(self) -> None:
        """Put what happened to runs into the events, once, whichever manager sees it."""
        stamp = self._journal.stamp()
        if stamp == self._seen:
            return
        run, last = self._journal.read(), self._journal.last()
        if run is not None and run.result is None:
            self._event(EventType.UPGRADE_STARTED, run)
        if last is not None and last.result is not None:
            self._event(_ENDS[last.result], last)
        self._seen = stamp

    def _event(self, type_: EventType, run: Run) -> None:
        if run.dry_run:
            return
        facts = {
            "run": run.id,
            "kind": run.kind,
            "from": run.from_,
            # One that was not even found has no number yet.
            "to": run.to or run.wish.version,
            "by": run.by,
            "error": run.error.model_dump() if run.error else None,
        }
        self._house.events.tell(type_, facts, f"{type_}:{run.id}")

    async def _finish(self, waits_s: float) -> float:
        """Start the runner again when a run is left alone; return for how long it has been so."""
        if not (self._house.data.upgrade / "run.json").exists():
            return 0.0
        if waits_s >= RESUME_AFTER_S:
            begun = await asyncio.to_thread(resume, self._settings)
            return -RESUME_PAUSE_S if begun else 0.0
        return waits_s + CARE_S


async def live_streams(settings: Settings) -> int:
    """How many streams are published now, as the media server says; 0 when it does not answer."""
    try:
        return len(await MediaApi(settings.srs_api_port).published())
    except Upstream:
        return 0
