"""The disk that the data lies on: room, speed, how it is mounted."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...core.settings import Settings
from .item import Item, fail, ok, warn

MIN_FREE = 1_000_000_000
LITTLE_FREE = 5_000_000_000
LITTLE_INODES = 0.05
SLOW_BYTES_S = 20_000_000
SLOW_SYNC_S = 0.2
TEST_BYTES = 32 << 20
TEST_S = 2.0
_PIECE = 1 << 20
_AWAY = {"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "fuse.s3fs", "fuse.rclone"}
_GONE = {"tmpfs", "ramfs"}


def room(settings: Settings, _: dict[str, Any] | None) -> Iterator[Item]:
    root = settings.data_dir
    usage = shutil.disk_usage(root)
    said = f"{usage.free / 1e9:.1f} GB free of {usage.total / 1e9:.1f} GB in {root}"
    if usage.free < MIN_FREE:
        yield fail("disk_space", "Disk space", said, "Remove recordings or take a larger disk.")
    elif usage.free < LITTLE_FREE:
        yield warn("disk_space", "Disk space", said, "Set how long recordings are kept.")
    else:
        yield ok("disk_space", "Disk space", said)
    facts = os.statvfs(root)
    if facts.f_files:
        left = facts.f_favail / facts.f_files
        said = f"room for {facts.f_favail} more files"
        if left < LITTLE_INODES:
            yield fail("inodes", "Number of files", said, "Remove small files: df -i shows where.")
        else:
            yield ok("inodes", "Number of files", said)


def mount(settings: Settings, _: dict[str, Any] | None) -> Iterator[Item]:
    """Is it a disk that keeps what it is given, and lets programs run?"""
    point, kind, options = _mount_of(settings.data_dir)
    said = f"{kind} at {point}"
    title = "File system"
    if "ro" in options:
        yield fail("mount", title, f"{said}, read-only", "Look at dmesg: a disk that fails is so.")
    elif "noexec" in options and settings.data.releases.is_dir():
        yield fail("mount", title, f"{said}, noexec", "Mount it without: programs lie there.")
    elif kind in _GONE:
        yield warn("mount", title, f"{said}: gone after a restart", "Put the data on a disk.")
    elif kind in _AWAY:
        yield warn(
            "mount",
            title,
            f"{said}: on another machine",
            "Keep the data on a disk of this one; put recordings into a bucket.",
        )
    else:
        yield ok("mount", title, said)


def speed(settings: Settings, _: dict[str, Any] | None) -> Iterator[Item]:
    """Write for two seconds at most, as recordings and Redis do."""
    free = shutil.disk_usage(settings.data_dir).free
    if free < MIN_FREE:
        return
    block = os.urandom(_PIECE)
    written, began = 0, time.monotonic()
    with tempfile.TemporaryFile(dir=settings.data_dir) as file:
        while written < TEST_BYTES and time.monotonic() - began < TEST_S:
            file.write(block)
            written += len(block)
            file.flush()
            os.fdatasync(file.fileno())
        rate = written / max(time.monotonic() - began, 1e-6)
        syncs = []
        for _turn in range(5):
            at = time.monotonic()
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
            syncs.append(time.monotonic() - at)
    worst = max(syncs)
    said = f"{rate / 1e6:.0f} MB/s, a small write is safe after {worst * 1000:.0f} ms at most"
    if rate < SLOW_BYTES_S or worst > SLOW_SYNC_S:
        yield warn(
            "disk_speed",
            "Disk speed",
            said,
            "Slow for several recordings at a time. Another program may keep it busy just now.",
        )
    else:
        yield ok("disk_speed", "Disk speed", said)


def _mount_of(path: Path) -> tuple[str, str, set[str]]:
    """Return (mount point, file system, options) of what ``path`` lies on."""
    device = os.stat(path).st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    best = ("/", "unknown", set[str]())
    for line in Path("/proc/self/mountinfo").read_text(errors="replace").splitlines():
        fields = line.split()
        after = fields[fields.index("-") + 1 :]
        point = fields[4].encode().decode("unicode_escape")
        inside = path.is_relative_to(point)
        if inside and (fields[2] == number or len(point) >= len(best[0])):
            best = (point, after[0], set(fields[5].split(",")))
    return best
