"""The second half of a run: from the snapshot to the proof that all is well; and the way back.

Every step may be done again: a run that was cut off goes on by doing its step anew.
"""

import asyncio
import subprocess
from pathlib import Path

from ...core.files import write_atomic
from ...core.log import get_logger
from ...core.settings import Settings
from ..runtime.spec import RuntimeName
from .build import ASK_S, environment
from .errors import UpgradeFailed
from .job import Job
from .journal import Kind
from .migrations import BASE, NO_WAY_BACK, read_number
from .place import version_of
from .snapshot import Snapshots

log = get_logger(__name__)

BACK_WELL_S = 90.0
BOOTING_S = 20.0
_MIGRATIONS = "streamstead.mgmt.upgrade.migrations"


class Switching:
    """The steps from ``snapshot`` to ``confirm``."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._snapshots = Snapshots(job.settings)

    def run(self) -> None:
        """Raises StreamsteadError and OSError: the caller goes back then."""
        job = self._job
        job.do("snapshot", self._snapshot)
        job.do("switch", self._switch)
        job.do("restart", self._restart)
        job.do("health", self._health)
        job.do("confirm", self._confirm)

    def undo(self) -> None:
        """Bring the release before back, with its settings and, if needed, its data.

        Raises StreamsteadError when it does not become well either.
        """
        self._job.do("rollback", self._roll_back)

    def _snapshot(self) -> str:
        job = self._job
        job.run.media = job.checkup.media()
        path = self._snapshots.make(job.run.id, job.run.from_, job.run.before)
        job.run.snapshot = path.name
        return "settings, state and data are copied"

    def _switch(self) -> str:
        job = self._job
        release = job.installed.folder(job.run.target)
        if not (release / "complete").exists():
            raise UpgradeFailed(
                f"{job.run.target} is not installed any more",
                "Begin the upgrade again.",
                key="not_installed",
            )
        form = newest_form(job, job.run.target) if job.run.kind is Kind.ROLLBACK else None
        if form is not None and form < read_number(job.data):
            with job.link.stopped():
                self._data_back(job.run.before, form)
                job.installed.switch(job.run.target)
            job.link.start(release)
            return f"{job.run.target} is the current release, and the data have its form"
        _settle_settings(job, release)
        job.installed.switch(job.run.target)
        return f"{job.run.target} is the current release"

    def _restart(self) -> str:
        job = self._job
        release = job.run.target
        # One that goes on, as after a reboot, finds a manager that is starting already.
        if job.checkup.settled_release(BOOTING_S if job.run.attempts > 1 else 0) != release:
            job.link.restart(job.installed.folder(release))
        job.checkup.wait_for_manager(release)
        return "the manager runs from the new release"

    def _health(self) -> str:
        job, run = self._job, self._job.run
        media = "" if run.media_changes else run.media
        version = version_of(run.target)
        job.checkup.wait_well(run.target, version, media, run.wish.healthy_s, job.tell)
        return "all is well"

    def _confirm(self) -> str:
        job, run = self._job, self._job.run
        job.installed.remember_previous(run.before)
        write_atomic(job.data.releases / ".running", f"{run.target}\n", 0o644)
        gone = job.installed.prune({run.before, run.target})
        return f"removed {', '.join(gone)}" if gone else ""

    def _roll_back(self) -> str:
        job, run = self._job, self._job.run
        release = job.installed.folder(run.before)
        whole = self._snapshots.about(run.snapshot) if run.snapshot else None
        if job.installed.current == run.before and job.link.release() == run.before:
            # Nothing was started yet, but the settings may have been touched.
            if whole is not None:
                self._snapshots.restore_files(run.snapshot)
        else:
            job.tell(f"going back to {run.before}")
            with job.link.stopped():
                if whole is not None:
                    self._restore(run.snapshot, int(str(whole["data_version"])))
                job.installed.switch(run.before)
            job.link.start(release)
        job.checkup.wait_for_manager(run.before)
        version = version_of(run.before)
        job.checkup.wait_well(run.before, version, "", BACK_WELL_S, job.tell)
        return f"{run.before} runs again"

    def _restore(self, snapshot: str, number: int) -> None:
        if read_number(self._job.data) > number:
            self._data_back(self._job.run.target, number, snapshot)
        self._snapshots.restore_files(snapshot)

    def _data_back(self, release: str, number: int, snapshot: str = "") -> None:
        """Bring the data to an older form by a release's own steps, else from the snapshot."""
        job = self._job
        argv = [str(job.installed.python(release)), "-B", "-m", _MIGRATIONS]
        argv += ["--data", str(job.data.root), "--back-to", str(number)]
        done = subprocess.run(
            argv,
            env=environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=10 * ASK_S,
            check=False,
        )
        if done.returncode == 0:
            log.info("data.migrated_back", to=number)
            return
        log.warning("data.no_way_back", status=done.returncode, said=done.stderr[-300:])
        if not snapshot:
            reason = "have no way back" if done.returncode == NO_WAY_BACK else "could not go back"
            raise UpgradeFailed(
                f"the data {reason} to the form of {job.run.target}",
                "Restore a backup from before the upgrade instead.",
                key="data_no_way_back",
            )
        asyncio.run(stop_redis(job.settings))
        self._snapshots.restore_redis(snapshot)


def newest_form(job: Job, release: str) -> int:
    """Return the newest form of data that a release knows."""
    code = f"from {_MIGRATIONS} import BASE, MIGRATIONS; print(BASE + len(MIGRATIONS))"
    argv = [str(job.installed.python(release)), "-B", "-c", code]
    done = subprocess.run(
        argv, cwd="/", env=environment(), capture_output=True, text=True, timeout=ASK_S, check=False
    )
    return int(done.stdout) if done.returncode == 0 and done.stdout.strip().isdigit() else BASE


async def stop_redis(settings: Settings) -> None:
    """Stop Redis while no manager runs, who would start it again."""
    from ..main import open_runtimes
    from ..runtime.account import house_account
    from ..runtime.choose import decide

    decision = decide(settings)
    runtimes = await open_runtimes(settings, house_account(settings), decision)
    try:
        docker = runtimes.get(RuntimeName.DOCKER)
        await (docker or runtimes[RuntimeName.PROCESS]).stop("redis")
    finally:
        for runtime in runtimes.values():
            await runtime.close()


def _settle_settings(job: Job, release: Path) -> None:
    """Let the new release add to the settings what it needs, such as a new secret."""
    script = release / "auto" / "write_env.py"
    if not script.exists():
        return
    argv = [str(release / "venv" / "bin" / "python"), "-B", str(script)]
    argv += ["--data", str(job.data.root), "--user", job.settings.user]
    done = subprocess.run(
        argv,
        env=environment(),
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=ASK_S,
        check=False,
    )
    if done.returncode != 0:
        said = done.stdout.strip().splitlines()[-2:] or ["no word"]
        raise UpgradeFailed(
            f"the new release refuses the settings: {said[0][:300]}",
            "Correct config/.env in the data directory, then try again.",
            key="release_broken",
        )
