"""Clock, memory and limits of the kernel."""

import ctypes
import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...core.settings import Settings
from .item import Item, fail, ok, warn

LITTLE_MEMORY = 900_000_000
NO_MEMORY = 60_000_000
WANTED_FILES = 8192
WANTED_UDP_BYTES = 2_500_000
FUTURE_S = 120

_STA_UNSYNC = 0x0040
_TIME_ERROR = 5


class _Timex(ctypes.Structure):
    """The beginning of ``struct timex``; the rest is room."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def clock(settings: Settings, _: dict[str, Any] | None) -> Iterator[Item]:
    """Is it kept right, and has it gone backwards?"""
    timex = _Timex()
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    newest = max(
        (path.stat().st_mtime for path in settings.data.root.iterdir() if not path.is_symlink()),
        default=0.0,
    )
    ahead_s = newest - time.time()
    if ahead_s > FUTURE_S:
        yield fail(
            "clock",
            "Clock",
            f"it is behind by {ahead_s:.0f} s or more: files here are from the future",
            "Set it right and keep it so: timedatectl set-ntp true. Certificates and sessions fail"
            " with a wrong clock.",
        )
    elif state == _TIME_ERROR or timex.status & _STA_UNSYNC:
        yield warn(
            "clock",
            "Clock",
            "nothing keeps it right (the kernel calls it unsynchronised)",
            "Switch on time synchronisation: timedatectl set-ntp true, or install chrony."
            " In a container the machine outside does this.",
        )
    else:
        yield ok("clock", "Clock", f"kept right, within {timex.maxerror / 1000:.0f} ms")


def memory(_: Settings, __: dict[str, Any] | None) -> Iterator[Item]:
    """Is there enough, also for a moment that needs more?"""
    facts = {}
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        name, _sep, value = line.partition(":")
        facts[name] = int(value.split()[0]) * 1024
    total, free, swap = facts["MemTotal"], facts["MemAvailable"], facts["SwapTotal"]
    said = f"{free / 1e6:.0f} MB free of {total / 1e6:.0f} MB, swap {swap / 1e6:.0f} MB"
    if free < NO_MEMORY:
        yield fail("memory", "Memory", said, "Switch off what is not needed, or take more memory.")
    elif total < LITTLE_MEMORY and swap == 0:
        yield warn("memory", "Memory", said, "Add a swap file: an upgrade needs more for a moment.")
    else:
        yield ok("memory", "Memory", said)
    load = os.getloadavg()[0]
    cores = os.cpu_count() or 1
    said = f"load {load:.1f} on {cores} cores"
    if load > 2 * cores:
        yield warn(
            "load", "Processor", said, "Transcode less, or take more cores: streams stutter."
        )
    else:
        yield ok("load", "Processor", said)


def limits(settings: Settings, _: dict[str, Any] | None) -> Iterator[Item]:
    """Do the limits of the kernel let many viewers in?"""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if 0 <= hard < WANTED_FILES:
        yield warn(
            "open_files",
            "Open files",
            f"a program may open {hard} files",
            f"Allow {WANTED_FILES} or more: each viewer is one (LimitNOFILE=, or limits.conf).",
        )
    else:
        said = "without limit" if hard < 0 else str(hard)
        yield ok("open_files", "Open files", f"a program may open {said}")
    udp = _kernel("net/core/rmem_max")
    if udp is not None and udp < WANTED_UDP_BYTES:
        yield warn(
            "udp_buffer",
            "UDP buffer",
            f"{udp} bytes; SRT and WebRTC of many megabits may lose packets",
            f"sysctl -w net.core.rmem_max={WANTED_UDP_BYTES}, and the same in /etc/sysctl.d.",
        )
    elif udp is not None:
        yield ok("udp_buffer", "UDP buffer", f"{udp} bytes")
    overcommit = _kernel("vm/overcommit_memory")
    if overcommit == 2:
        yield warn(
            "overcommit",
            "Memory overcommit",
            "the kernel gives no memory in advance, so that Redis may fail to save",
            "sysctl -w vm.overcommit_memory=1",
        )


def _kernel(name: str) -> int | None:
    try:
        return int(Path("/proc/sys", name).read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return None
