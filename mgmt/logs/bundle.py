"""The support bundle: what somebody who helps needs to know, and no secret. Blocks.

``python -m streamstead.mgmt.logs.bundle --data DIR --out FILE`` makes one and says what is in it,
as JSON: for the manager, which stays small.
"""

import argparse
import io
import json
import os
import sys
import tarfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from ...core.errors import StreamsteadError
from ...core.files import read_plain
from ...core.redact import redact_text
from ...core.settings import Settings
from ..runtime.choose import decision_file
from . import bundle_parts as parts
from .part import containers_of
from .query import Logs, Wanted
from .secrets import Secrets, gather

LINES = 1000
"""Of the log of each program."""

MAX_PART = 5_000_000


def make_bundle(settings: Settings, target: Path) -> list[str]:
    """Write the bundle (0600); return the names of what is in it. A part that cannot be had says
    why in its place. Raises OSError."""
    with parts.redis_of(settings) as client:
        secrets = _secrets(settings, client)
        made: dict[str, Callable[[], str]] = {
            "about.json": lambda: _json(parts.about()),
            "machine.txt": lambda: parts.machine(settings),
            "settings.txt": lambda: parts.settings_text(settings),
            "status.json": lambda: _json(parts.ask(settings, "/v1/status")),
            "doctor.json": lambda: _json(parts.ask(settings, "/v1/doctor", 60)),
            "redis.json": lambda: _json(parts.redis_facts(client)),
            "events.json": lambda: _json(parts.events(client)),
        }
        for path in parts.configurations(settings):
            made[f"configuration/{path.name}"] = partial(parts.configuration, settings, path)
        logs = logs_of(settings)
        for service in logs.page(Wanted(), 1).services:
            made[f"logs/{service}.log"] = partial(_log, logs, service)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        with (
            open(os.open(target, flags, 0o600), "wb") as file,
            tarfile.open(fileobj=file, mode="w:gz") as tar,
        ):
            for name, make in made.items():
                _add(tar, name, _safe(make, secrets))
    return list(made)


def _safe(make: Callable[[], str], secrets: Secrets) -> bytes:
    try:
        text = make()
    except (OSError, ValueError, StreamsteadError, parts.RedisError) as exc:
        text = f"could not be had: {exc}\n"
    lines = (redact_text(line) for line in text.splitlines())
    return secrets.hide("\n".join(lines).encode()[-MAX_PART:]) + b"\n"


def _secrets(settings: Settings, client: Any) -> Secrets:
    try:
        return gather(settings, client)
    except parts.RedisError:
        return gather(settings, None)


def logs_of(settings: Settings) -> Logs:
    """Return the logs of a house whose manager need not run."""
    try:
        kept = json.loads(read_plain(decision_file(settings), ours=True))
    except (OSError, ValueError):
        kept = {}
    return Logs(settings.data, containers_of(settings, kept.get("runtime") == "docker"))


def _log(logs: Logs, service: str) -> str:
    page = logs.page(Wanted(frozenset({service})), LINES)
    return "\n".join([*(f"# {note}" for note in page.notes), *(x.plain() for x in page.lines)])


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, default=str)


def _add(tar: tarfile.TarFile, name: str, raw: bytes) -> None:
    info = tarfile.TarInfo(f"streamstead-support/{name}")
    info.size, info.mtime, info.mode = len(raw), int(time.time()), 0o600
    tar.addfile(info, io.BytesIO(raw))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    print(json.dumps({"parts": make_bundle(Settings.load(given.data), given.out)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
