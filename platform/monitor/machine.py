"""What this machine does: processor, memory, disks, network, clock."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

ROUTES = Path("/proc/net/route")
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_OURS_ONLY = ("lo", "veth", "br-", "docker", "virbr")
"""What interfaces are called that lead nowhere, or to what another one counts already."""


@dataclass(frozen=True, slots=True)
class DiskFacts:
    """``total_bytes`` without what is kept for root, as ``df`` counts."""

    path: str
    used_bytes: int
    total_bytes: int

    @property
    def free_bytes(self) -> int:
        return self.total_bytes - self.used_bytes

    @property
    def free_percent(self) -> float:
        return 100 * self.free_bytes / self.total_bytes if self.total_bytes else 100.0


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """``counters``: interface -> (received, sent) bytes since the machine began. ``jumped_s``: what
    the clock was set by since the look before, 0 for less than a second."""

    at_ms: int
    cpu_percent: float
    cores: int
    load1: float
    memory_used: int
    memory_total: int
    swap_used: int
    swap_total: int
    disks: tuple[DiskFacts, ...]
    interface: str
    counters: dict[str, tuple[int, int]]
    rx_bps: int
    tx_bps: int
    boot_ms: int
    boot_id: str
    jumped_s: float

    @property
    def memory_percent(self) -> float:
        return 100 * self.memory_used / self.memory_total if self.memory_total else 0.0

    @property
    def swap_percent(self) -> float:
        return 100 * self.swap_used / self.swap_total if self.swap_total else 0.0


class Machine:
    """Call ``look`` every few seconds: rates and the processor are since the look before."""

    def __init__(
        self,
        data: Path,
        wall_s: Callable[[], float] = time.time,
        steady_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._data = data
        self._wall_s = wall_s
        self._steady_s = steady_s
        self._before: tuple[float, float, dict[str, tuple[int, int]]] | None = None
        psutil.cpu_percent(None)  # the first answer is about nothing
        self._cores = os.cpu_count() or 1
        self._boot_id = BOOT_ID.read_text().strip()

    def look(self) -> MachineFacts:
        """Measure now; takes about a millisecond. Raises OSError."""
        wall, steady = self._wall_s(), self._steady_s()
        memory, swap = psutil.virtual_memory(), psutil.swap_memory()
        counters = {
            name: (count.bytes_recv, count.bytes_sent)
            for name, count in psutil.net_io_counters(pernic=True).items()
            if not name.startswith(_OURS_ONLY)
        }
        interface = _way_out(counters)
        rx_bps = tx_bps = 0
        jumped_s = 0.0
        if self._before is not None:
            was_wall, was_steady, was = self._before
            span_s = steady - was_steady
            jumped_s = (wall - was_wall) - span_s
            if span_s > 0:
                rx, tx = _grown(was, counters, interface)
                rx_bps, tx_bps = round(8 * rx / span_s), round(8 * tx / span_s)
        self._before = (wall, steady, counters)
        return MachineFacts(
            at_ms=round(wall * 1000),
            cpu_percent=psutil.cpu_percent(None),
            cores=self._cores,
            load1=os.getloadavg()[0],
            memory_used=memory.total - memory.available,
            memory_total=memory.total,
            swap_used=swap.used,
            swap_total=swap.total,
            disks=tuple(self._disks()),
            interface=interface,
            counters=counters,
            rx_bps=rx_bps,
            tx_bps=tx_bps,
            boot_ms=round(psutil.boot_time() * 1000),
            boot_id=self._boot_id,
            jumped_s=jumped_s if abs(jumped_s) >= 1 else 0.0,
        )

    def _disks(self) -> list[DiskFacts]:
        found: dict[int, DiskFacts] = {}
        for path in (self._data, Path("/")):
            device = os.stat(path).st_dev
            if device not in found:
                disk = os.statvfs(path)
                used = (disk.f_blocks - disk.f_bfree) * disk.f_frsize
                found[device] = DiskFacts(str(path), used, used + disk.f_bavail * disk.f_frsize)
        return list(found.values())


def _grown(
    before: dict[str, tuple[int, int]], now: dict[str, tuple[int, int]], interface: str
) -> tuple[int, int]:
    """Return the bytes received and sent since; of all interfaces when none leads out."""
    rx = tx = 0
    for name in [interface] if interface else list(now):
        if name in before and name in now:
            rx += max(0, now[name][0] - before[name][0])
            tx += max(0, now[name][1] - before[name][1])
    return rx, tx


def _way_out(counters: dict[str, tuple[int, int]]) -> str:
    """Return the interface of the default route; the busiest when there is no such route."""
    try:
        lines = ROUTES.read_text().splitlines()[1:]
    except OSError:
        lines = []
    for line in lines:
        fields = line.split()
        if len(fields) > 2 and fields[1] == "00000000" and fields[0] in counters:
            return fields[0]
    return max(counters, key=lambda name: sum(counters[name]), default="")
