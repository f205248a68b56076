"""Reading a backup for a house: checked, compared with this release, made ready. Blocks."""

import os
import shutil
from pathlib import Path

import orjson

from ...core.errors import Conflict, Invalid
from ...core.files import write_atomic
from ...core.paths import DataDir
from ...core.settings import PREFIX, read_env_file
from ...core.version import VERSION
from ..runtime.account import Account
from ..upgrade.migrations import MIGRATIONS, Migrations
from ..upgrade.version import Version
from . import env_file
from .contents import PARTS, REDIS
from .create import RESERVE, Tell
from .faults import BackupBroken, BackupNewer, NoRoom
from .info import host_digest
from .sealed_file import Header, read_header
from .swap import exchanged_names, folder_of, new_stage, put_in_place
from .unpack import Stage, unpack

_RECORDING = "recording.json"
NEEDED = ("config/.env", "config/master.key", REDIS)


def header_of(path: Path) -> Header:
    """Read what a file says of itself. Raises BackupBroken, OSError."""
    with path.open("rb") as file:
        return read_header(file)[0]


def check_release(header: Header) -> None:
    """Raises BackupNewer: an older release does not know what a newer one wrote."""
    newest = Migrations(DataDir(Path("/")), MIGRATIONS).newest
    try:
        newer = Version.parse(header.version) > Version.parse(VERSION)
    except Invalid:
        raise BackupBroken("it names no release that made it") from None
    if newer or header.data_version > newest:
        raise BackupNewer(header.version, VERSION)


def stage(
    data: DataDir, account: Account, path: Path, passphrase: str | None, running: bool, tell: Tell
) -> tuple[Header, list[str]]:
    """Unpack a backup below ``<data>/.restore/new``, ready to be put in place.

    ``running``: for a house that has settings of its own. Returns what the file says of itself and
    the settings that were left out. Raises BackupBroken and its like, NoRoom, ConfigError, OSError.
    """
    header = header_of(path)
    check_release(header)
    size = path.stat().st_size
    root = new_stage(data)
    free = shutil.disk_usage(root).free
    # Packed text is a quarter of what it becomes; media is as large as before.
    needed = (size if header.recordings else 4 * size) + RESERVE
    if free < needed:
        raise NoRoom(needed, free)
    try:
        tell("reading", 0, size)
        with path.open("rb") as file:
            unpack(file, passphrase, Stage(root, account), lambda done: tell("reading", done, size))
        missing = [name for name in NEEDED if not (root / name).is_file()]
        if missing:
            raise BackupBroken(f"{missing[0]} is not in it")
        left = _settle(data, account, root, header, running)
    except BaseException:
        shutil.rmtree(folder_of(data), ignore_errors=True)
        raise
    return header, left


def into_empty(
    data: DataDir, account: Account, path: Path, passphrase: str | None, tell: Tell
) -> tuple[Header, list[str]]:
    """Put a backup where no house is yet. Raises as ``stage``, and Conflict where there is one."""
    if data.env_file.exists():
        raise Conflict(
            f"{data.root} holds a house already",
            "Restore into another --data, or on the running house: streamstead backup restore",
            key="backup_not_empty",
        )
    for name in PARTS:
        (data.root / name).parent.mkdir(parents=True, exist_ok=True)
    data.config.mkdir(exist_ok=True)
    found = stage(data, account, path, passphrase, False, tell)
    # The settings come last: without them this may be begun again.
    put_in_place(data, exchanged_names(data))
    shutil.rmtree(folder_of(data), ignore_errors=True)
    return found


def _settle(
    data: DataDir, account: Account, root: Path, header: Header, running: bool
) -> list[str]:
    """Make what was unpacked fit for this machine; return the settings that were left out."""
    env = root / "config" / ".env"
    theirs = read_env_file(env)
    left: list[str] = []
    if running:
        text = env_file.for_running_house(theirs, read_env_file(data.env_file))
    else:
        same = bool(header.host) and header.host == host_digest()
        text, left = env_file.for_empty_machine(theirs, same)
    # Of this process only what bootstrap was told counts, and that comes later.
    env_file.check(text, env, data.root)
    _own_redis(root, account)
    if not header.recordings:
        _without_media(root / "record", data.record)
    return [name.removeprefix(PREFIX) for name in left]


def _own_redis(root: Path, account: Account) -> None:
    for path in (root / "redis", root / REDIS):
        path.chmod(0o750 if path.is_dir() else 0o640)
        if account.drops:
            os.chown(path, account.uid, account.gid)


def _without_media(staged: Path, here: Path) -> None:
    """Recordings whose media is not here are told apart: they play from their bucket, or say that
    they cannot."""
    for path in staged.glob(f"*/{_RECORDING}"):
        if (here / path.parent.name).exists():
            continue
        try:
            said = orjson.loads(path.read_bytes())
        except orjson.JSONDecodeError:
            continue
        in_bucket = said.get("upload") == "verified"
        said |= {"local": False, "freed": in_bucket}
        if not in_bucket:
            said |= {
                "problem": "media_not_in_backup",
                "problem_text": "the backup held this recording's entry and not its media",
                "problem_help": "Copy the media from the old server, or remove the entry.",
            }
        facts = path.stat()
        write_atomic(path, orjson.dumps(said, option=orjson.OPT_INDENT_2), facts.st_mode & 0o777)
