"""The house itself: its programs, its secrets, its certificate, its memory."""

import os
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...core.settings import Settings
from ..https.shelf import Shelf
from .command import said_by
from .item import Item, fail, ok, warn

SOON_DAYS = 14
_UNITS = Path("/etc/systemd/system")
_FINE = {"running", "off", "disabled"}


def services(_: Settings, status: dict[str, Any] | None) -> Iterator[Item]:
    """Does every program run?"""
    if status is None:
        yield fail(
            "services", "Services", "Streamstead does not run", "Start it: streamstead start"
        )
        return
    for one in status["services"]:
        name, state = one["name"], one["state"]
        text = f"{state} {one['detail']}".strip()
        if state in _FINE:
            yield ok(f"service_{name}", f"Service {name}", text)
        else:
            yield fail(f"service_{name}", f"Service {name}", text, f"See: streamstead logs {name}")


def unit(settings: Settings, status: dict[str, Any] | None) -> Iterator[Item]:
    """Will it come back after a restart of the machine?"""
    title = "Start with the machine"
    if settings.in_image:
        return  # the policy of its container, which cannot be seen in there
    if not Path("/run/systemd/system").is_dir():
        if status is not None:
            yield warn(
                "unit",
                title,
                "this machine has no systemd",
                "Let its own way of starting programs run: streamstead start",
            )
        return
    for path in sorted(_UNITS.glob("streamstead*.service")):
        if f"--data {settings.data_dir}\n" in path.read_text(errors="replace"):
            enabled = said_by("systemctl", "is-enabled", path.name)
            active = said_by("systemctl", "is-active", path.name)
            said = f"{path.name}: {enabled}, {active}"
            if enabled == "enabled" and active == "active":
                yield ok("unit", title, said)
            else:
                yield fail("unit", title, said, f"systemctl enable --now {path.name}")
            return
    yield warn("unit", title, "no unit of systemd starts it", "Run ./bootstrap again as root.")


def certificate(settings: Settings, _: dict[str, Any] | None) -> Iterator[Item]:
    """Is it good, and for how long?"""
    if not settings.web_https_port:
        return
    title = "Certificate"
    shelf = Shelf(settings.data.ssl)
    try:
        facts = shelf.about(shelf.current).facts
    except PermissionError:
        yield warn("certificate", title, "may not be read by this account", "Use sudo.")
        return
    except (OSError, ValueError):
        yield fail("certificate", title, "there is none", "Restart Streamstead: it makes one.")
        return
    days = facts.days_left(int(time.time() * 1000))
    said = f"{', '.join(facts.domains[:3])}: {days} days left"
    if days < 0:
        yield fail("certificate", title, said, "Renew it on the HTTPS page, which tells the cause.")
    elif days < SOON_DAYS:
        yield warn("certificate", title, said, "Renew it on the HTTPS page.")
    elif facts.self_signed:
        yield warn(
            "certificate",
            title,
            f"{said}, signed by this house alone: browsers warn of it",
            "Get one on the HTTPS page; it is free.",
        )
    else:
        yield ok("certificate", title, said)


def secrets(settings: Settings, _: dict[str, Any] | None) -> Iterator[Item]:
    """Can others read what is secret?"""
    data = settings.data
    # The services read these two, and change neither.
    shared = (data.env_file, data.master_key)
    private = data.ssl.glob("*/key.pem")
    closed = (data.mgmt, data.upgrade, data.letsencrypt)
    wrong = []
    for path in (*shared, *private, *closed):
        try:
            mode = path.stat().st_mode
        except OSError:
            continue
        allowed = stat.S_IRGRP if path in shared else 0
        if mode & (stat.S_IRWXG | stat.S_IRWXO) & ~allowed:
            wrong.append(f"{path} ({stat.filemode(mode)})")
    if data.root.stat().st_mode & stat.S_IWOTH:
        wrong.append(f"{data.root} (anybody may write)")
    if wrong:
        files = " ".join(one.partition(" (")[0] for one in wrong)
        yield fail(
            "secrets", "Secrets", f"open to others: {', '.join(wrong)}", f"chmod go= {files}"
        )
    elif os.geteuid() != 0:
        yield ok("secrets", "Secrets", "closed, as far as this account can see")
    else:
        yield ok("secrets", "Secrets", "readable by root and our services alone")


def redis(settings: Settings, status: dict[str, Any] | None) -> Iterator[Item]:
    """Does Redis keep what it is told?"""
    if status is None:
        return
    title = "Redis"
    try:
        facts = _redis_info(settings)
    except OSError as exc:
        yield fail("redis", title, f"does not answer ({exc})", "See: streamstead logs redis")
        return
    failed = [
        name
        for name in ("aof_last_write_status", "aof_last_bgrewrite_status", "rdb_last_bgsave_status")
        if facts.get(name, "ok") != "ok"
    ]
    if facts.get("aof_enabled") != "1":
        yield fail(
            "redis",
            title,
            "keeps nothing on disk: a restart would lose keys and settings",
            "Restart it: streamstead restart redis",
        )
    elif failed:
        yield fail(
            "redis",
            title,
            f"could not write its file ({', '.join(failed)})",
            "Mostly the disk is full; see: streamstead logs redis",
        )
    else:
        size = int(facts.get("aof_current_size", "0"))
        yield ok("redis", title, f"keeps everything on disk, {size / 1e6:.1f} MB")


def _redis_info(settings: Settings) -> dict[str, str]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(5)
        sock.connect(str(settings.data.redis_socket))
        password = settings.redis_password.get_secret_value().encode()
        sock.sendall(
            b"*2\r\n$4\r\nAUTH\r\n$%d\r\n%b\r\n*2\r\n$4\r\nINFO\r\n$11\r\npersistence\r\n"
            % (len(password), password)
        )
        with sock.makefile("rb") as file:
            if not file.readline().startswith(b"+OK"):
                raise OSError("it refuses our password")
            size = int(file.readline()[1:])
            text = file.read(size).decode(errors="replace")
    pairs = (line.split(":", 1) for line in text.splitlines() if ":" in line)
    return {name: value.strip() for name, value in pairs}
