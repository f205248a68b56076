"""What the CA would refuse is not asked: it counts every try, and makes one wait for days."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

from .models import Attempt, HttpsState, Problem

HOUR_MS = 3_600_000
WEEK_MS = 7 * 24 * HOUR_MS
MAX_FAILURES = 4
"""Let's Encrypt takes five failed proofs of a name in an hour; the last one is left to people."""
MAX_SAME = 5
"""It gives five certificates for the same names in a week."""
KEEP_ATTEMPTS = 100


def is_public(server: str) -> bool:
    """Tell whether it is Let's Encrypt, whose limits these are; a CA of one's own has others."""
    host = urlsplit(server).hostname or ""
    return host == "letsencrypt.org" or host.endswith(".letsencrypt.org")


def set_of(domains: tuple[str, ...]) -> str:
    return " ".join(sorted(domains))


def refusal(state: HttpsState, server: str, domains: tuple[str, ...], at_ms: int) -> Problem | None:
    """Return why the CA is not to be asked now; None: it may be."""
    until = state.refused_until.get(f"{server} {set_of(domains)}", 0)
    if until > at_ms:
        return _wait(until, "the CA said so when it was asked last")
    if not is_public(server):
        return None
    ours = [one for one in state.attempts if one.server == server]
    failed = [
        one.at_ms
        for one in ours
        if not one.ok and one.at_ms > at_ms - HOUR_MS and set(one.domains) & set(domains)
    ]
    if len(failed) >= MAX_FAILURES:
        return _wait(
            failed[-MAX_FAILURES] + HOUR_MS,
            f"{len(failed)} requests have failed within an hour, and after the next one the CA "
            "would take none",
        )
    same = [
        one.at_ms
        for one in ours
        if one.ok and one.at_ms > at_ms - WEEK_MS and set_of(one.domains) == set_of(domains)
    ]
    if len(same) >= MAX_SAME:
        return _wait(
            same[-MAX_SAME] + WEEK_MS,
            f"it has given {len(same)} certificates for these domains within a week",
        )
    return None


def note(state: HttpsState, attempt: Attempt, retry_ms: int | None) -> None:
    """Remember a request that reached the CA, and until when it wants no other."""
    state.attempts = [*state.attempts[-(KEEP_ATTEMPTS - 1) :], attempt]
    key = f"{attempt.server} {set_of(attempt.domains)}"
    state.refused_until = {
        one: until for one, until in state.refused_until.items() if until > attempt.at_ms
    }
    if retry_ms is not None:
        state.refused_until[key] = retry_ms


def _wait(until_ms: int, why: str) -> Problem:
    when = datetime.fromtimestamp(until_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return Problem(
        key="rate_limited",
        message=f"the CA takes no request for these domains before {when}: {why}",
        help="The certificate that is served stays. A dry run is possible at any time.",
        retry_ms=until_ms,
    )
