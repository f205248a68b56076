"""Make or mend ``<data>/config/.env``: keep what is there, add what is missing, check all of it.

Run by bootstrap with the Python of a release. ``STREAMSTEAD_*`` variables are laid over the file,
so that the first run can be told everything and a later one can change it. Prints the names that
changed, never a value. On a failure prints one line of reason and one of advice, and exits 1.
"""

import argparse
import os
import pwd
import re
import secrets
import stat
import sys
import time
from pathlib import Path

from streamstead.core.errors import ConfigError
from streamstead.core.files import read_plain, write_atomic
from streamstead.core.paths import DataDir
from streamstead.core.settings import PREFIX, Settings

_ASSIGNMENT = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$")
_HEADER = "# Settings of Streamstead. Run ./bootstrap again after a change.\n"
# For scripts and tests; the data directory is known by where the file lies.
_NOT_WRITTEN = {"DATA_DIR", "SHARE", "RUN_E2E", "KEEP", "IN_IMAGE"}


class Refused(Exception):
    """The settings cannot be used. Holds the reason and the advice."""


def new_secrets() -> dict[str, str]:
    """Return fresh secrets by setting name."""
    return {
        "API_SECRET": "srs-v2-" + secrets.token_hex(16),
        "HOOK_SECRET": secrets.token_hex(16),
        "REDIS_PASSWORD": secrets.token_hex(24),
    }


def is_readable(line: str) -> bool:
    """Tell whether a line is empty, a comment or an assignment in proper UTF-8."""
    stripped = line.strip()
    try:
        stripped.encode()
    except UnicodeEncodeError:
        return False
    return not stripped or stripped.startswith("#") or _ASSIGNMENT.match(line) is not None


def read_lines(path: Path) -> list[str]:
    """Return the lines of the file, none when it is absent. Bytes that are no text stay marked."""
    try:
        return read_plain(path).decode("utf-8", "surrogateescape").splitlines()
    except FileNotFoundError:
        return []
    except OSError as exc:
        raise Refused(
            f"{path} cannot be read: {exc.strerror}.", f"move it away, or mend it: {path}"
        ) from None


def value_of(assignment: str) -> str:
    """Return the value with spaces and quotes around it dropped, as Settings reads it."""
    value = assignment.strip()
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        value = value[1:-1]
    return value


def parse(lines: list[str]) -> dict[str, str]:
    """Return the assignments; the last one of a name counts."""
    found: dict[str, str] = {}
    for line in lines:
        match = _ASSIGNMENT.match(line)
        if match is not None and not line.lstrip().startswith("#"):
            found[match[1]] = value_of(match[2])
    return found


def wanted_from(env: dict[str, str]) -> dict[str, str]:
    """Return what the caller asks for by variables; an empty one asks for nothing."""
    wanted: dict[str, str] = {}
    for name, value in env.items():
        if not name.startswith(PREFIX) or name.removeprefix(PREFIX) in _NOT_WRITTEN or not value:
            continue
        if value != value_of(value) or "\n" in value or "\r" in value:
            raise Refused(
                f"{name} has spaces or quotes around it, or a line break inside.",
                f"give {name} a plain value.",
            )
        wanted[name] = value
    return wanted


def merge(lines: list[str], changes: dict[str, str]) -> list[str]:
    """Put ``changes`` into the lines, keeping order and comments."""
    left = dict(changes)
    merged: list[str] = []
    for line in lines:
        match = _ASSIGNMENT.match(line)
        name = match[1] if match is not None and not line.lstrip().startswith("#") else ""
        if name in changes:
            if name in left:
                merged.append(f"{name}={left.pop(name)}")
            continue
        merged.append(line)
    return merged + [f"{name}={value}" for name, value in left.items()]


def check(values: dict[str, str], root: Path) -> None:
    """Raise Refused when the settings cannot be used; the message names one, never its value."""
    try:
        Settings.from_env({**values, PREFIX + "DATA_DIR": str(root)})
    except ConfigError as exc:
        raise Refused(f"{exc.message.rstrip('.')}.", exc.help) from None


def repair(path: Path, lines: list[str], readable: list[str], group: int) -> None:
    """Set a broken file aside and write what can be read of it; then refuse to go on."""
    first = next(n for n, line in enumerate(lines, start=1) if not is_readable(line))
    aside = path.with_name(f".env.broken-{time.strftime('%Y%m%d-%H%M%S')}")
    os.replace(path, aside)
    aside.chmod(0o600)
    write(path, readable, group)
    raise Refused(
        f"{path} is broken: line {first} is not NAME=value.",
        f"the lines that can be read were kept, the broken file is {aside.name} beside it: "
        f"add what is missing to {path}, then run ./bootstrap again.",
    )


def write(path: Path, lines: list[str], group: int) -> None:
    """Write the file: root believes what it says, so the services may read it and no more."""
    write_atomic(path, "\n".join(lines) + "\n", 0o600, keep_owner=False)
    if os.geteuid() == 0:
        os.chown(path, 0, group, follow_symlinks=False)
        path.chmod(0o640)


def is_right(path: Path, group: int) -> bool:
    """Tell whether owner and mode are those that ``write`` gives it."""
    facts = path.stat()
    if os.geteuid() != 0:
        return stat.S_IMODE(facts.st_mode) == 0o600
    return (facts.st_uid, facts.st_gid, stat.S_IMODE(facts.st_mode)) == (0, group, 0o640)


def settle(data: Path, user: str, env: dict[str, str]) -> list[str]:
    """Bring the file up to date. Returns the names that changed."""
    path = DataDir(data).env_file
    group = pwd.getpwnam(user).pw_gid
    lines = read_lines(path)
    readable = [line for line in lines if is_readable(line)]
    if len(readable) != len(lines):
        repair(path, lines, readable, group)
    had = parse(lines)
    changes = {name: v for name, v in wanted_from(env).items() if had.get(name) != v}
    for name, value in new_secrets().items():
        if not had.get(PREFIX + name) and PREFIX + name not in changes:
            changes[PREFIX + name] = value
    check({**had, **changes}, data)
    if changes or not lines:
        write(path, merge(lines or [_HEADER.rstrip()], changes), group)
    elif not is_right(path, group):
        write(path, lines, group)
    return sorted(changes)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--user", required=True)
    options = parser.parse_args()
    try:
        changed = settle(options.data, options.user, dict(os.environ))
    except Refused as exc:
        print(*exc.args, sep="\n")
        return 1
    print(*changed, sep="\n", end="\n" if changed else "")
    return 0


if __name__ == "__main__":
    sys.exit(main())
