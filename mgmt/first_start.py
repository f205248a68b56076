"""What must lie on disk before anything runs. Safe to do again at every start."""

import os
import secrets
import shutil
import socket
import stat
from enum import Enum
from pathlib import Path

from ..core.errors import ConfigError
from ..core.files import open_plain, read_plain, write_atomic
from ..core.log import get_logger
from ..core.paths import DataDir
from .https.shelf import ensure_certificate
from .runtime.account import Account

log = get_logger(__name__)


class _Owner(Enum):
    ROOT = "root"
    SERVICES = "services"
    PLATFORM = "platform"


# Directories of root that services write into are sticky: there a service can neither replace nor
# remove what root reads (pidfiles, nginx.conf).
_SHARED = 0o3775
_DIRECTORIES: tuple[tuple[str, int, _Owner], ...] = (
    ("config", _SHARED, _Owner.ROOT),
    ("config/front", 0o755, _Owner.ROOT),
    ("config/redis", 0o755, _Owner.ROOT),
    ("config/prometheus", 0o755, _Owner.ROOT),
    ("config/srs", 0o755, _Owner.ROOT),
    ("run", _SHARED, _Owner.ROOT),
    ("run/front", 0o755, _Owner.ROOT),
    ("run/hls", 0o755, _Owner.ROOT),
    ("run/redis", 0o750, _Owner.SERVICES),
    ("logs", _SHARED, _Owner.ROOT),
    ("ssl", 0o755, _Owner.ROOT),
    ("html", 0o755, _Owner.SERVICES),
    ("gates", 0o755, _Owner.SERVICES),
    ("dvr", 0o750, _Owner.SERVICES),
    ("spool", 0o750, _Owner.SERVICES),
    ("vlive", 0o750, _Owner.SERVICES),
    ("slate", 0o750, _Owner.SERVICES),
    ("snapshots", 0o750, _Owner.SERVICES),
    ("record", 0o750, _Owner.SERVICES),
    ("library", 0o750, _Owner.SERVICES),
    ("upload", 0o750, _Owner.SERVICES),
    ("vod_gates", 0o755, _Owner.SERVICES),
    ("stats", 0o700, _Owner.PLATFORM),
    ("mgmt", 0o700, _Owner.ROOT),
    ("upgrade", 0o700, _Owner.ROOT),
    ("letsencrypt", 0o700, _Owner.ROOT),
    ("backups", 0o2750, _Owner.ROOT),
    ("audit", 0o3770, _Owner.ROOT),
    ("prometheus", 0o750, _Owner.SERVICES),
    ("www", 0o755, _Owner.ROOT),
    ("www/.well-known", 0o755, _Owner.ROOT),
    ("www/.well-known/acme-challenge", 0o755, _Owner.ROOT),
    ("redis", 0o750, _Owner.SERVICES),
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
    if data.password_set.exists():
        return None
    try:
        code = read_plain(data.setup_code).decode("ascii").strip()
    except (OSError, UnicodeDecodeError):
        code = ""
    if not code:
        code = secrets.token_hex(8)
        _write_for(account.web.uid, data.setup_code, f"{code}\n".encode(), account)
    return code


def _make_directories(data: DataDir, account: Account) -> None:
    data.root.mkdir(parents=True, exist_ok=True)
    for name, mode, owner in _DIRECTORIES:
        path, nested = data.root / name, "/" in name
        uid = _uid(owner, account)
        if nested and account.drops:
            _clear_foreign(path, may_be=(0, uid))
        path.mkdir(exist_ok=True)
        # A service may put a link there even now; those in the root itself are the operator's.
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | (os.O_NOFOLLOW if nested else 0))
        try:
            if account.drops:
                os.fchown(fd, uid, account.gid)
            # After chown, which clears the set-group-id bit.
            os.fchmod(fd, mode)
        finally:
            os.close(fd)
    _link_redis_socket(data)
    for log_file in (data.hls_log, data.vod_log):
        _make_viewing_log(log_file, account)
    if account.drops:
        # What root believes or the platform relies on, also of a release from before it had an
        # account of its own.
        for path in (data.env_file, data.master_key):
            _give(path, 0, account.gid)
        for path in (data.setup_code, data.password_set):
            _give(path, account.web.uid, account.gid)
        # Closed by their folder to the services; such an older release can go on with them.
        for path in data.stats.iterdir():
            _give(path, account.web.uid, account.gid, 0o660)


def _uid(owner: _Owner, account: Account) -> int:
    if owner is _Owner.ROOT:
        return 0
    return account.web.uid if owner is _Owner.PLATFORM else account.uid


def _give(path: Path, uid: int, gid: int, mode: int = 0o640) -> None:
    """Let one user own a file, and the group of the services read it; nothing where it is none."""
    try:
        fd = open_plain(path, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fchown(fd, uid, gid)
        os.fchmod(fd, mode)
    finally:
        os.close(fd)


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
        _write_for(0, data.master_key, secrets.token_bytes(32), account)
        log.info("master_key.created")


def _write_for(uid: int, path: Path, content: bytes, account: Account) -> None:
    """Write what one user may change and the group of the services may read."""
    write_atomic(path, content, 0o600)
    if account.drops:
        _give(path, uid, account.gid)


def own_names() -> tuple[str, ...]:
    names = ["localhost", "127.0.0.1"]
    host = socket.gethostname()
    if host and host.isascii() and host not in names:
        names.insert(0, host)
    return tuple(names)
