"""Looks twice a day whether the certificate must be renewed, and counts its last days down."""

import asyncio
import random

from ...core.errors import HttpsManaged, StreamsteadError
from ...core.event_types import EventType
from ...core.log import get_logger
from .certbot import CaFailed
from .desk import Desk
from .jobs import Job
from .models import About, Facts, Problem, Provider, now_ms

log = get_logger(__name__)

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
EVERY_MS = 12 * HOUR_MS
LONGEST_MS = 24 * HOUR_MS
"""A CA may make one wait for a week; meanwhile it is said again once a day."""
START_S = (20.0, 120.0)
"""After a start the other programs come first, and not every house asks the CA at once."""
NAP_S = 300.0
"""The clock of a machine may be set, or stand still while it sleeps: look at it again."""
COUNTDOWN_DAYS = (0, 1, 3, 7, 14)
STEPS = ("issue", "install")


class Renewal:
    """``run`` does it by itself; ``renew`` when it is asked for."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def run(self) -> None:
        """Never returns."""
        await asyncio.sleep(random.uniform(*START_S))  # noqa: S311 - spreads load, hides nothing
        while True:
            try:
                await self.look()
            except (OSError, ValueError, StreamsteadError) as exc:
                log.error("renewal.look_failed", error=str(exc))
            await asyncio.sleep(NAP_S)

    async def look(self) -> None:
        """Do what is due now: count down, and renew when its time has come."""
        desk, at_ms = self._desk, now_ms()
        about = desk.about()
        self._count_down(about.facts, about, at_ms)
        next_ms = desk.state.next_at_ms
        # Further away than any is set: the clock was wrong when it was noted.
        if next_ms is not None and at_ms < next_ms <= at_ms + LONGEST_MS:
            return
        if not self._renews(about) or not desk.is_due(about, at_ms):
            desk.state.next_at_ms = at_ms + _spread(_every_ms(about.facts))
            desk.keep()
            return
        try:
            await self.renew(force=False)
        except StreamsteadError as exc:
            log.warning("renewal.failed", key=exc.key, why=exc.message)

    async def renew(self, force: bool) -> tuple[bool, str]:
        """Return whether a new certificate is served, and what was done, in words.

        Raises what stopped it; the old one is served then, and it is tried again by itself.
        """
        desk = self._desk
        if desk.house.settings.https_managed:
            raise HttpsManaged(
                "the certificate of this machine is managed by another program (a hosting panel)",
                "Renew it there.",
            )
        about = desk.about()
        days = about.facts.days_left(now_ms())
        if not force and not desk.is_due(about, now_ms()):
            return False, f"not due yet: the certificate is good for {days} days"
        try:
            words: str = await desk.jobs.do("renewal", STEPS, self._renew)
        except StreamsteadError as exc:
            if exc.key not in ("https_busy", "certificate_uploaded"):
                self._failed(exc)
            raise
        state = desk.state
        state.last_at_ms, state.last_ok = now_ms(), True
        state.next_at_ms = now_ms() + _spread(_every_ms(desk.about().facts))
        desk.keep()
        return True, words

    async def _renew(self, job: Job) -> str:
        await self._desk.renew(job)
        return job.words

    def _renews(self, about: About) -> bool:
        if self._desk.house.settings.https_managed:
            return False
        if about.provider is Provider.SELF:
            return True
        return about.provider is Provider.LETS and self._desk.state.auto_renew

    def _failed(self, exc: StreamsteadError) -> None:
        state, at_ms = self._desk.state, now_ms()
        problem = (
            exc.problem
            if isinstance(exc, CaFailed)
            else Problem(key=exc.key, message=exc.message, help=exc.help)
        )
        state.failures += 1
        state.last_at_ms, state.last_ok, state.last_error = at_ms, False, problem
        wait_ms = min(HOUR_MS * 2 ** (state.failures - 1), EVERY_MS)
        until_ms = max(at_ms + _spread(wait_ms), problem.retry_ms or 0)
        state.next_at_ms = min(until_ms, at_ms + LONGEST_MS)
        self._desk.keep()
        if not isinstance(exc, CaFailed):
            self._desk.tell_failure("renewal", self._desk.about().facts.domains, problem)

    def _count_down(self, facts: Facts, about: About, at_ms: int) -> None:
        """Tell once for each mark that was passed; of several at once the nearest to the end.

        Marks that a short life begins below are none: a certificate of six days is no news.
        """
        left_ms = facts.not_after_ms - at_ms
        told = self._desk.state.told.get(facts.fingerprint, [])
        marks = [
            days
            for days in COUNTDOWN_DAYS
            if left_ms <= days * DAY_MS and days * DAY_MS * 3 <= facts.lifetime_ms
        ]
        if not marks or marks[0] in told:
            return
        days = marks[0]
        self._desk.house.events.tell(
            EventType.CERTIFICATE_EXPIRING,
            {
                "provider": about.provider.value,
                "domain": facts.domains[0],
                "domains": list(facts.domains),
                "days_left": facts.days_left(at_ms),
                "not_after_ms": facts.not_after_ms,
                "renews": self._renews(about),
                "problem": _dump(self._desk.state.last_error),
            },
            f"{EventType.CERTIFICATE_EXPIRING.value}:{facts.fingerprint[:16]}:{days}",
        )
        self._desk.state.told = {facts.fingerprint: sorted({*told, *marks})}
        self._desk.keep()


def _every_ms(facts: Facts) -> int:
    """Twice a day; more often for a certificate that lives for less than some days."""
    return max(HOUR_MS // 6, min(EVERY_MS, facts.lifetime_ms // 12))


def _spread(span_ms: int) -> int:
    return int(span_ms * random.uniform(0.8, 1.2))  # noqa: S311 - spreads load, hides nothing


def _dump(problem: Problem | None) -> dict[str, object] | None:
    return problem.model_dump(mode="json") if problem else None
