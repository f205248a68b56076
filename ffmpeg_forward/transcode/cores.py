"""How many cores this process may use, and how busy they are with other things."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS_S = os.sysconf("SC_CLK_TCK")
_CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Cores:
    """``usable``: by affinity and by the quota of the cgroup, as 1.5; ``present``: those that may
    be scheduled on at all."""

    usable: float
    present: int


def usable_cores(root: Path = Path("/")) -> Cores:
    """Look at affinity and cgroup."""
    present = max(1, len(os.sched_getaffinity(0)))
    return Cores(min(float(present), _quota(root) or present), present)


def _quota(root: Path) -> float | None:
    """Return the cores that the cgroup of this process allows, None for no limit."""
    found = []
    for folder in _own_cgroups(root):
        limit = _limit_of(folder)
        if limit is not None:
            found.append(limit)
    return min(found, default=None)


def _own_cgroups(root: Path) -> list[Path]:
    """Return the groups that this process is in, from the mount downwards."""
    mount = root / _CGROUP.relative_to("/")
    found = [mount, mount / "cpu"]
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return found
    for line in lines:
        _, controllers, path = line.split(":", 2)
        base = mount if controllers == "" else mount / "cpu"
        if controllers in ("", "cpu", "cpu,cpuacct"):
            parts = Path(path.lstrip("/")).parts
            found += [base.joinpath(*parts[: at + 1]) for at in range(len(parts))]
    return found


def _limit_of(folder: Path) -> float | None:
    try:
        quota, period = (folder / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            quota = (folder / "cpu.cfs_quota_us").read_text().strip()
            period = (folder / "cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    if not (quota.isdigit() and period.isdigit()) or int(period) == 0:
        return None
    return int(quota) / int(period)


class BusyMeter:
    """Cores that were busy since the last look, smoothed over about a minute.

    Work of low priority gives way to ours and does not count.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self._stat = root / "proc/stat"
        self._last: tuple[float, float] | None = None
        self._smooth: float | None = None

    @property
    def busy(self) -> float:
        """Busy cores; 0 before two looks."""
        return self._smooth or 0.0

    def look(self, now_s: float) -> None:
        """``now_s``: of a clock that only goes forward."""
        total = self._busy_s()
        if self._last is not None and now_s - self._last[0] >= 1:
            elapsed = now_s - self._last[0]
            cores = max(0.0, (total - self._last[1]) / elapsed)
            share = min(1.0, elapsed / 60) if self._smooth is not None else 1.0
            self._smooth = cores * share + (self._smooth or 0.0) * (1 - share)
        if self._last is None or now_s - self._last[0] >= 1:
            self._last = (now_s, total)

    def _busy_s(self) -> float:
        mine = {f"cpu{number}" for number in os.sched_getaffinity(0)}
        total = 0
        for line in self._stat.read_text().splitlines():
            name, *fields = line.split()
            if name in mine:
                user, _nice, system, _idle, _wait, irq, softirq, steal = map(int, fields[:8])
                total += user + system + irq + softirq + steal
        return total / _TICKS_S


def cpu_seconds(pid: int) -> float | None:
    """Return the processor time that a process has used; None when it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_S
