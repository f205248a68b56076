"""What the manager knows and what seldom changes: certificate, backups, releases."""

from dataclasses import dataclass
from typing import Any

from ...core.errors import StreamsteadError
from ...core.log import get_logger
from ..host import Host

log = get_logger(__name__)

TIMEOUT_S = 5.0
HOUR_MS = 3_600_000
DAYS = 7


@dataclass(slots=True)
class SlowFacts:
    """None: not known. ``own_certificate``: made by this house, so nobody renews it elsewhere."""

    EVERY_S = 300.0

    certificate_ms: int | None = None
    """When the certificate ends."""
    certificate_domain: str = ""
    own_certificate: bool = False
    backups_on: bool | None = None
    backup_ms: int | None = None
    """When the last good one was made; None when there is none."""
    backup_gap_ms: int = 24 * HOUR_MS
    """The longest time between two of the schedule."""
    newer_release: str = ""

    async def look(self, host: Host) -> None:
        """Ask for what there is; what cannot be had is not known."""
        certificate = await _ask(host, "POST", "/v1/https/query")
        self.certificate_ms = certificate.get("not_after_ms")
        self.certificate_domain = str(certificate.get("domain") or "this house")
        self.own_certificate = certificate.get("provider") == "self"
        schedule = await _ask(host, "POST", "/v1/backup/schedule/query")
        self.backups_on = schedule.get("enabled")
        self.backup_ms = schedule.get("last_at_ms") if schedule.get("last_ok") else self.backup_ms
        self.backup_gap_ms = _longest_gap_days(schedule.get("days") or []) * 24 * HOUR_MS
        upgrade = await _ask(host, "GET", "/v1/upgrade/status")
        stable = (upgrade.get("releases") or {}).get("stable") or ""
        self.newer_release = stable if stable != upgrade.get("version") else ""


async def _ask(host: Host, method: str, path: str) -> dict[str, Any]:
    try:
        found = await host.call(method, path, {}, TIMEOUT_S)
    except StreamsteadError as exc:
        log.debug("host.not_known", path=path, reason=exc.key)
        return {}
    return found if isinstance(found, dict) else {}


def _longest_gap_days(days: list[int]) -> int:
    """Return the most days between two backups; none given means every day."""
    chosen = sorted(set(days))
    if not chosen:
        return 1
    pairs = zip(chosen, [*chosen[1:], chosen[0] + DAYS], strict=True)
    return max(after - before for before, after in pairs)
