"""One thing at a time is done to the certificate, step by step, whether or not its caller waits."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import BaseModel

from ...core.errors import Conflict, StreamsteadError
from ...core.log import get_logger
from .models import CheckItem, Problem, now_ms

log = get_logger(__name__)

WAITING, RUNNING, DONE, FAILED, SKIPPED = "waiting", "running", "done", "failed", "skipped"


class Step(BaseModel):
    id: str
    state: str = WAITING
    message: str = ""


class Job(BaseModel):
    """``kind``: request, renewal, upload, self_signed or rollback. The page shows it as it is."""

    kind: str
    state: str = RUNNING
    steps: list[Step]
    checks: list[CheckItem] = []
    error: Problem | None = None
    started_ms: int
    ended_ms: int | None = None

    def begin(self, id_: str) -> None:
        """Go on to a step; the one before is done."""
        self._settle(DONE)
        self._find(id_).state = RUNNING

    def say(self, message: str) -> None:
        """Tell what came out of the step that runs."""
        for step in self.steps:
            if step.state == RUNNING:
                step.message = message

    def skip(self, id_: str, why: str) -> None:
        step = self._find(id_)
        step.state, step.message = SKIPPED, why

    def end(self, error: Problem | None = None) -> None:
        self._settle(DONE if error is None else FAILED)
        for step in self.steps:
            if step.state == WAITING:
                step.state = SKIPPED
        self.state = DONE if error is None else FAILED
        self.error = error
        self.ended_ms = now_ms()

    @property
    def words(self) -> str:
        """Everything that was told, a line a step."""
        return "\n".join(step.message for step in self.steps if step.message)

    def _settle(self, state: str) -> None:
        for step in self.steps:
            if step.state == RUNNING:
                step.state = state

    def _find(self, id_: str) -> Step:
        return next(step for step in self.steps if step.id == id_)


class Jobs:
    """``run`` does them; ``do`` hands one in. Two at a time are refused, not queued."""

    def __init__(self) -> None:
        self.last: Job | None = None
        self._next: asyncio.Queue[tuple[Job, Callable[[Job], Awaitable[Any]], Any]] = (
            asyncio.Queue()
        )

    async def do(
        self, kind: str, steps: tuple[str, ...], work: Callable[[Job], Awaitable[Any]]
    ) -> Any:
        """Return what the work returns. Raises what it raises, and Conflict while another runs."""
        if self.last is not None and self.last.state == RUNNING:
            raise Conflict(
                "the certificate is being changed already",
                "Wait until that has ended; `streamstead https status` shows how far it is.",
                key="https_busy",
            )
        job = Job(kind=kind, steps=[Step(id=one) for one in steps], started_ms=now_ms())
        self.last = job
        future = asyncio.get_running_loop().create_future()
        self._next.put_nowait((job, work, future))
        return await asyncio.shield(future)

    async def run(self) -> None:
        """Do one after the other; never returns."""
        while True:
            job, work, future = await self._next.get()
            try:
                result = await work(job)
            except asyncio.CancelledError:
                future.cancel()
                raise
            except Exception as exc:  # one that fails must not end the manager
                problem = _problem_of(exc)
                job.end(problem)
                if not isinstance(exc, StreamsteadError):
                    log.error("https.job_failed", kind=job.kind, exc_info=exc)
                    exc = StreamsteadError(problem.message, problem.help, key=problem.key)
                future.set_exception(exc)
                future.exception()  # whoever asked may be gone; that is no unseen failure
            else:
                job.end()
                future.set_result(result)


def _problem_of(exc: Exception) -> Problem:
    if isinstance(exc, StreamsteadError):
        return Problem(key=exc.key, message=exc.message, help=exc.help)
    if isinstance(exc, OSError):
        return Problem(
            key="disk_full" if exc.errno == 28 else "internal",
            message=f"{exc.filename or 'the data directory'}: {exc.strerror}",
            help="Check that the disk has room and may be written.",
        )
    return Problem(key="internal", message="this failed for no known reason", help="See the log.")
