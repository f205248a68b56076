"""What is known of a backup without opening it."""

import hashlib
import secrets
import time
from pathlib import Path

from pydantic import BaseModel


class Info(BaseModel):
    """What lies beside a backup as ``<id>.json``, here and in a bucket. ``by``: operator, schedule
    or elsewhere; ``sha256`` of the whole file, hex."""

    id: str
    at_ms: int
    bytes: int
    version: str
    encrypted: bool
    recordings: bool
    by: str
    verified: bool = True
    sha256: str = ""


def new_id(by: str, now_s: float) -> str:
    """Return an id that sorts by time and tells who asked for it."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now_s))
    return f"{stamp}-{'auto-' if by == 'schedule' else ''}{secrets.token_hex(3)}"


def made_by(id_: str) -> str:
    """Return who asked for the backup of this id: schedule or operator."""
    return "schedule" if "-auto-" in id_ else "operator"


def host_digest() -> str:
    """Return what tells this machine from others, and nothing about it; "" when nothing does."""
    try:
        raw = Path("/etc/machine-id").read_bytes()
    except OSError:
        return ""
    return hashlib.sha256(b"streamstead backup\n" + raw).hexdigest()[:16] if raw.strip() else ""
