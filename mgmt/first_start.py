"""What must lie on disk before anything runs. Safe to do again at every start."""

import os
import secrets
import shutil
import socket
import stat
from pathlib import Path

from ..core.errors import ConfigError
from ..core.files import write_atomic
from ..core.log import get_logger
from ..core.paths import DataDir
from .https.shelf import ensure_certificate
from .runtime.account import Account

log = get_logger(__name__)

INITIALIZED = "initialized"
"""Marker in ``config/`` that a password is set; written by the platform."""

# name, mode, whether the service user owns it. Directories of root that services write into are
# sticky: there a service can neither replace nor remove what root reads (pidfiles, nginx.conf).
_SHARED = 0o3775
_DIRECTORIES: tuple[tuple[str, int, bool], ...] = (
    ("config", _SHARED, False),
    ("config/front", 0o755, False),
    ("config/redis", 0o755, False),
    ("config/prometheus", 0o755, False),
    ("config/srs", 0o755, False),
    ("run", _SHARED, False),
    ("run/front", 0o755, False),
    ("run/hls", 0o755, False),
    ("run/redis", 0o750, True),
    ("logs", _SHARED, False),
    ("ssl", 0o755, False),
    ("html", 0o755, True),
    ("gates", 0o755, True),
    ("dvr", 0o750, True),
    ("spool", 0o750, True),
    ("vlive", 0o750, True),
    ("slate", 0o750, True),
    ("snapshots", 0o750, True),
    ("record", 0o750, True),
    ("library", 0o750, True),
    ("upload", 0o750, True),
    ("vod_gates", 0o755, True),
    ("stats", 0o750, True),
    ("mgmt", 0o700, False),
    ("upgrade", 0o700, False),
    ("letsencrypt", 0o700, False),
    ("backups", 0o2750, False),
    ("audit", 0o3770, False),
    ("prometheus", 0o750, True),
    ("www", 0o755, False),
    ("www/.well-known", 0o755, False),
    ("www/.well-known/acme-challenge", 0o755, False),
    ("redis", 0o750, True),
)


def prepare(data: DataDir, account: Account) -> None:
    """Make directories, master key, setup code and certificate where they are missing.

    Raises ConfigError when the data directory cannot be written.
    """
    try:
        _make_directories(data, account)
        _make_master_key(data, account)
        ensure_setup_code(data, account)
        ensure_certificate(data.ssl, own_names())
    except OSError as exc:
        raise ConfigError(
            f"{exc.filename or data.root} cannot be prepared: {exc.strerror or exc}",
            "Check that the disk has room and that this account may write there.",
        ) from None


def ensure_setup_code(data: DataDir, account: Account) -> str | None:
    """Return the one-time setup code, made when absent; None once a password is set."""
    if (data.config / INITIALIZED).exists():
        return None
    try:
        code = data.setup_code.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        code = ""
    if not code:
        code = secrets.token_hex(8)
        _write_owned(data.setup_code, f"{code}\n".encode(), account)
    return code


def _make_directories(data: DataDir, account: Account) -> None:
    data.root.mkdir(parents=True, exist_ok=True)
    for name, mode, owned in _DIRECTORIES:
        path, nested = data.root / name, "/" in name
        if nested and account.drops:
            _clear_foreign(path, may_be=(0, account.uid) if owned else (0,))
        path.mkdir(exist_ok=True)
        # A service may put a link there even now; those in the root itself are the operator's.
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | (os.O_NOFOLLOW if nested else 0))
        try:
            if account.drops:
                os.fchown(fd, account.uid if owned else 0, account.gid)
            # After chown, which clears the set-group-id bit.
            os.fchmod(fd, mode)
        finally:
            os.close(fd)
    _link_redis_socket(data)
    for log_file in (data.hls_log, data.vod_log):
        _make_viewing_log(log_file, account)
    if account.drops and data.env_file.exists():
        os.chown(data.env_file, account.uid, account.gid, follow_symlinks=False)


def _clear_foreign(path: Path, may_be: tuple[int, ...]) -> None:
    """Remove what a service put where a directory of ours belongs; all in those is made anew."""
    try:
        facts = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(facts.st_mode):
        path.unlink()
    elif facts.st_uid not in may_be:
        shutil.rmtree(path)


def _link_redis_socket(data: DataDir) -> None:
    """Let the socket, which has a directory of its own, be found at its well-known path."""
    target = "redis/redis.sock"
    link = data.redis_socket
    if link.is_symlink() and os.readlink(link) == target:
        return
    link.unlink(missing_ok=True)
    link.symlink_to(target)


def _make_viewing_log(path: Path, account: Account) -> None:
    """nginx opens it as root, which in a container has no power over files of others; the service
    user empties it. Hence root's, with the group allowed to write."""
    with open(path, "ab") as file:
        if account.drops:
            os.fchown(file.fileno(), 0, account.gid)
        os.fchmod(file.fileno(), 0o664)


def _make_master_key(data: DataDir, account: Account) -> None:
    # Never written again: sessions and stored secrets depend on it.
    if not data.master_key.exists():
        _write_owned(data.master_key, secrets.token_bytes(32), account)
        log.info("master_key.created")


def _write_owned(path: Path, content: bytes, account: Account) -> None:
    write_atomic(path, content, 0o600)
    if account.drops:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def own_names() -> tuple[str, ...]:
    names = ["localhost", "127.0.0.1"]
    host = socket.gethostname()
    if host and host.isascii() and host not in names:
        names.insert(0, host)
    return tuple(names)
