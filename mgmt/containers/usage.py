"""What programs use of the machine, read from /proc: processes and containers alike.

Nothing is read while nobody asks. It works while the Docker Engine is away.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FRESH_S = 2.0
STALE_S = 120.0
"""An older look back says nothing of now."""
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Usage:
    """Of a program with everything it has started. ``cpu_percent``: of one core; None at first.

    ``memory_bytes``: proportional, shared pages are counted once in all.
    """

    cpu_percent: float | None
    memory_bytes: int
    pids: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class _Process:
    parent: int
    session: int
    ticks: int
    pages: int


@dataclass(frozen=True, slots=True)
class _Look:
    at: float
    ticks: int


class Usages:
    """Looks at programs by the pid of their main process. Not for two threads at a time."""

    def __init__(self) -> None:
        self._looks: dict[int, _Look] = {}
        self._latest: dict[int, Usage] = {}

    def knows(self, pid: int) -> bool:
        """Whether there is an earlier look, so that a share of the CPU can be told."""
        look = self._looks.get(pid)
        return look is not None and time.monotonic() - look.at < STALE_S

    @staticmethod
    def family(main: int) -> set[int]:
        """Return the pids of a program with everything it has started."""
        return set(_families(_processes(), [main]).get(main, ()))

    def take(self, mains: list[int]) -> Mapping[int, Usage]:
        """Return what each uses; a process that is gone is left out. Takes some milliseconds."""
        now, now_ms = time.monotonic(), time.time_ns() // 1_000_000
        fresh = {
            pid: self._latest[pid]
            for pid in mains
            if pid in self._latest and now_ms - self._latest[pid].at_ms < FRESH_S * 1000
        }
        if len(fresh) == len(mains) and all(u.cpu_percent is not None for u in fresh.values()):
            return fresh
        processes = _processes()
        families = _families(processes, mains)
        found = {}
        for main, members in families.items():
            ticks = sum(processes[pid].ticks for pid in members)
            memory = sum(_memory(pid, processes[pid].pages) for pid in members)
            cpu = self._share(main, ticks, now)
            found[main] = Usage(cpu, memory, len(members), now_ms)
            self._looks[main] = _Look(now, ticks)
        self._looks = {pid: look for pid, look in self._looks.items() if pid in families}
        self._latest = found
        return found

    def _share(self, main: int, ticks: int, now: float) -> float | None:
        before = self._looks.get(main)
        if before is None or now - before.at > STALE_S or now <= before.at:
            return None
        # The time of a member that has ended is its parent's now, so the sum goes on.
        return round(100.0 * max(0, ticks - before.ticks) / _TICKS / (now - before.at), 1)


def _processes() -> dict[int, _Process]:
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            continue  # it has just ended
        if fields[0] not in (b"Z", b"X"):
            # Of children that have ended, too: what a shell ran in between is work as well.
            ticks = sum(int(field) for field in fields[11:15])
            found[int(name)] = _Process(int(fields[1]), int(fields[3]), ticks, int(fields[21]))
    return found


def _families(processes: dict[int, _Process], mains: list[int]) -> dict[int, list[int]]:
    """Gather to each main process what descends from it or belongs to its session."""
    owner = {pid: pid for pid in mains if pid in processes}

    def find(pid: int) -> int | None:
        path = []
        while pid not in owner:
            process = processes.get(pid)
            if process is None or pid in path:
                return None
            path.append(pid)
            if process.session in owner and owner[process.session] == process.session:
                pid = process.session
            else:
                pid = process.parent
        for one in path:
            owner[one] = owner[pid]
        return owner[pid]

    families: dict[int, list[int]] = {pid: [] for pid in owner}
    for pid in processes:
        main = find(pid)
        if main is not None:
            families[main].append(pid)
    return families


def _memory(pid: int, pages: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_bytes().splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass  # not ours to read, or it has just ended
    return pages * _PAGE
