"""The CA is not asked what it would refuse."""

from streamstead.mgmt.https.limits import HOUR_MS, WEEK_MS, note, refusal
from streamstead.mgmt.https.models import Attempt, HttpsState

SERVER = "https://acme-v02.api.letsencrypt.org/directory"
OWN = "https://ca.lan/directory"
NOW = 1_800_000_000_000
NAMES = ("a.example.com", "b.example.com")


def asked(ok: bool, *ago_ms: int, server: str = SERVER) -> HttpsState:
    state = HttpsState()
    for one in ago_ms:
        note(state, Attempt(at_ms=NOW - one, server=server, domains=NAMES, ok=ok), None)
    return state


def test_a_fifth_failure_within_an_hour_is_left_to_people() -> None:
    state = asked(False, 3_000_000, 2_000_000, 1_000_000, 1000)
    found = refusal(state, SERVER, ("b.example.com",), NOW)
    assert found is not None
    assert (found.key, found.retry_ms) == ("rate_limited", NOW - 3_000_000 + HOUR_MS)
    assert refusal(state, SERVER, ("c.example.com",), NOW) is None
    assert refusal(state, SERVER, NAMES, NOW + HOUR_MS) is None


def test_a_sixth_certificate_for_the_same_names_within_a_week_waits() -> None:
    day = 24 * HOUR_MS
    state = asked(True, 6 * day, 5 * day, 4 * day, 3 * day, day)
    found = refusal(state, SERVER, tuple(reversed(NAMES)), NOW)
    assert found is not None
    assert found.retry_ms == NOW - 6 * day + WEEK_MS
    assert refusal(state, SERVER, NAMES[:1], NOW) is None


def test_what_the_ca_said_itself_is_kept_to() -> None:
    state = HttpsState()
    note(state, Attempt(at_ms=NOW, server=OWN, domains=NAMES, ok=False), NOW + 5000)
    assert refusal(state, OWN, NAMES, NOW + 4999) is not None
    assert refusal(state, OWN, NAMES, NOW + 5000) is None
    assert refusal(state, SERVER, NAMES, NOW) is None


def test_a_ca_of_ones_own_has_no_such_limits_and_memory_is_bounded() -> None:
    state = asked(False, *range(300), server=OWN)
    assert refusal(state, OWN, NAMES, NOW) is None
    assert len(state.attempts) == 100
