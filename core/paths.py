"""Where things lie: the data directory, and what was installed beside the program."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DataDir:
    """The operator's data. Everything below ``root`` survives an upgrade."""

    root: Path

    @property
    def config(self) -> Path:
        """``.env``, ``master.key`` (both root's, 0640), ``setup-code`` (the platform's, 0640),
        generated ``*.conf``."""
        return self.root / "config"

    @property
    def env_file(self) -> Path:
        return self.config / ".env"

    @property
    def master_key(self) -> Path:
        return self.config / "master.key"

    @property
    def store_id(self) -> Path:
        """Id of the Redis store that belongs to this directory (0600)."""
        return self.config / "store-id"

    @property
    def setup_code(self) -> Path:
        return self.config / "setup-code"

    @property
    def password_set(self) -> Path:
        """There once a password is set; made by the platform. Older releases have one of their own,
        ``initialized``, which must stay theirs: each makes its own anew at every start."""
        return self.config / "password-set"

    @property
    def html(self) -> Path:
        """HLS playlists and segments: ``<app>/<stream>.m3u8``, ``<app>/<stream>-*.ts``."""
        return self.root / "html"

    @property
    def spool(self) -> Path:
        """``<app>/<stream>/*.ts``: segments kept for recordings, not yet taken by the recorder."""
        return self.root / "spool"

    @property
    def record(self) -> Path:
        """``<id>/``: one recording; see hooks/library/recording.py."""
        return self.root / "record"

    @property
    def library(self) -> Path:
        """``library.sqlite``, an index of ``record``, and ``uploads.sqlite``."""
        return self.root / "library"

    @property
    def upload(self) -> Path:
        """Files that people are sending to us and that have not arrived in whole."""
        return self.root / "upload"

    @property
    def vlive(self) -> Path:
        """Files for channels: ``<id>.<ext>`` with ``<id>.json`` beside it."""
        return self.root / "vlive"

    @property
    def slate(self) -> Path:
        """``own/``: pictures and clips of the operator; ``cache/``: encoded slates."""
        return self.root / "slate"

    @property
    def snapshots(self) -> Path:
        """``<app>/<stream>.jpg``: a picture of every live stream."""
        return self.root / "snapshots"

    @property
    def vod_gates(self) -> Path:
        """``<recording id>/<session id>``: a file for everybody who may watch a recording."""
        return self.root / "vod_gates"

    @property
    def record_rules(self) -> Path:
        """Copy of the rules of recording, for who must not wait for Redis."""
        return self.config / "recording.json"

    @property
    def dvr(self) -> Path:
        """FLV of the media server: ``<app>/<stream>.<start in ms>.flv``, one a publish session."""
        return self.root / "dvr"

    @property
    def stats(self) -> Path:
        """The session log: ``<UTC date>.sqlite``, written by the platform."""
        return self.root / "stats"

    @property
    def www(self) -> Path:
        return self.root / "www"

    @property
    def mgmt(self) -> Path:
        """What the manager itself remembers (0700, root): see mgmt/state_file.py."""
        return self.root / "mgmt"

    @property
    def releases(self) -> Path:
        """``<version>-<hash>/``: installed releases; ``current`` beside it points to one."""
        return self.root / "releases"

    @property
    def upgrade(self) -> Path:
        """State, snapshots and work of upgrades (0700, root)."""
        return self.root / "upgrade"

    @property
    def backups(self) -> Path:
        """Encrypted backups, made by the manager and readable by the group."""
        return self.root / "backups"

    @property
    def letsencrypt(self) -> Path:
        """``etc``, ``work``, ``logs`` of certbot (0700, root)."""
        return self.root / "letsencrypt"

    @property
    def audit(self) -> Path:
        """``<year>-<month>.jsonl``: who did what from where; only ever appended to."""
        return self.root / "audit"

    @property
    def prometheus(self) -> Path:
        return self.root / "prometheus"

    @property
    def redis(self) -> Path:
        return self.root / "redis"

    @property
    def ssl(self) -> Path:
        return self.root / "ssl"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """Sockets and pidfiles; may be empty after a reboot."""
        return self.root / "run"

    @property
    def stop_mark(self) -> Path:
        """There while the whole house is being stopped; the manager makes and removes it."""
        return self.run / "stop-asked"

    @property
    def gates(self) -> Path:
        """``<app>/<stream>/<session id>``: an empty file for every HLS session that may go on."""
        return self.root / "gates"

    @property
    def hls_log(self) -> Path:
        """What nginx tells of HLS sessions, emptied by ``hooks`` as it reads."""
        return self.run / "hls" / "requests.log"

    @property
    def vod_log(self) -> Path:
        """The same of recordings that are watched, emptied by ``recorder``."""
        return self.run / "hls" / "recordings.log"

    @property
    def redis_socket(self) -> Path:
        return self.run / "redis.sock"

    @property
    def mgmt_socket(self) -> Path:
        return self.run / "mgmt.sock"


def share_dir() -> Path:
    """Return the directory that holds ``containers/``, ``ui/`` and ``openapi.json``.

    A release is laid out as ``<release>/venv``, ``<release>/containers``, ...; a checkout
    has the same names at its root. ``STREAMSTEAD_SHARE`` overrides both.
    """
    override = os.environ.get("STREAMSTEAD_SHARE")
    if override:
        return Path(override)
    release = Path(sys.prefix).parent
    if (release / "containers").is_dir():
        return release
    return Path(__file__).resolve().parent.parent
