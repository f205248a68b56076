"""``python -m streamstead.mgmt.upgrade.runner --data DIR``: do, go on with or undo the run that the
journal names, then end.

It runs from the release that was current when the run began, in a process of its own, for it ends
and starts the manager. Whatever ends it, it is started again by ``guard.py`` and reads where it was
from the journal. It is the one way by which a release becomes the current one.
"""

import argparse
import sys
from pathlib import Path

from ...core.errors import StreamsteadError
from ...core.log import configure_logging, get_logger
from ...core.settings import Settings
from .checkup import Checkup
from .errors import UpgradeFailed, UpgradeRunning
from .guard import disarm
from .job import Job
from .journal import Journal, Phase, Problem, Result, StepState, now_ms
from .lock import UpgradeLock
from .manager_link import ManagerLink
from .place import Installed
from .preparing import NothingToDo, Preparing
from .switching import Switching

log = get_logger(__name__)

MOST_BEGINNINGS = 4
"""So often a run is begun again that ended before it was done."""
MOST_GOINGS_ON = 3
"""So often one goes on that ended after it switched; then it goes back."""


def work(settings: Settings) -> None:
    """Finish the run that is under way, one way or the other."""
    journal = Journal(settings.data)
    lock = UpgradeLock(settings.data.upgrade)
    run = journal.read()
    if run is None:
        disarm(settings.data)
        return
    with lock.held(run.id):
        run = journal.read()  # another one may have ended it meanwhile
        if run is not None:
            link = ManagerLink(settings)
            installed = Installed(settings.data)
            job = Job(settings, journal, lock, run, installed, link, Checkup(settings, link))
            _work(job)
        disarm(settings.data)


def _work(job: Job) -> None:
    run = job.run
    if run.result is not None:
        _end(job, run.result)
        return
    run.attempts += 1
    log.info("upgrade.working", id=run.id, phase=run.phase, attempt=run.attempts)
    try:
        job.journal.write(run)
        if run.phase is Phase.PREPARING:
            _prepare(job)
            if run.dry_run:
                _end(job, Result.DONE)
                return
            job.enter(Phase.SWITCHING)
        if run.phase is Phase.SWITCHING:
            if run.attempts > MOST_GOINGS_ON:
                raise _interrupted()
            Switching(job).run()
            _end(job, Result.DONE)
            return
    except NothingToDo as exc:
        for step in run.steps:
            if step.state is StepState.RUNNING:
                step.state, step.at_ms, step.message = StepState.DONE, now_ms(), str(exc)
        _end(job, Result.DONE)
        return
    except Exception as exc:  # whatever it is, the house must not stay between two releases
        log.exception("upgrade.failed", id=run.id, phase=run.phase)
        run.error = Problem.of(exc)
        job.fail_running()
        if run.phase is Phase.PREPARING:
            _end(job, Result.FAILED)
            return
        job.enter(Phase.UNDOING)
    _undo(job)


def _prepare(job: Job) -> None:
    if job.run.attempts > MOST_BEGINNINGS:
        raise _interrupted()
    for step in job.run.steps:
        if step.state is not StepState.SKIPPED or not job.run.dry_run:
            step.state, step.at_ms, step.message = StepState.WAITING, None, ""
    Preparing(job).run()


def _undo(job: Job) -> None:
    try:
        job.clean()  # a full disk must not stop the way back
        Switching(job).undo()
    except Exception as exc:  # told, because nothing is left to be done by us
        log.exception("upgrade.not_undone", id=job.run.id)
        first = job.run.error.message if job.run.error else ""
        back = Problem.of(exc)
        job.run.error = Problem(
            key="rollback_failed",
            message=f"{first}; and going back: {back.message}",
            help="Look at `streamstead status` and the logs, then: streamstead rollback.",
        )
        job.fail_running()
        _end(job, Result.FAILED)
        return
    _end(job, Result.ROLLED_BACK)


def _end(job: Job, result: Result) -> None:
    run = job.run
    run.result, run.ended_ms = result, run.ended_ms or now_ms()
    for step in run.steps:
        if step.state is StepState.WAITING:
            step.state = StepState.SKIPPED
    job.clean()
    job.journal.end(run)
    log.info("upgrade.ended", id=run.id, result=result)


def _interrupted() -> UpgradeFailed:
    return UpgradeFailed(
        "it was interrupted again and again",
        "Look why the machine or the process ended: logs/upgrade.log in the data directory.",
        key="upgrade_interrupted",
    )


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    given = parser.parse_args(argv)
    try:
        settings = Settings.load(given.data)
        configure_logging(settings.log_level, "upgrade")
        work(settings)
    except UpgradeRunning:
        return 0  # another one is at it
    except StreamsteadError as exc:
        print(f"{exc.message}\n{exc.help}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
