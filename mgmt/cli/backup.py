"""Commands of backups. A passphrase is read from a file or typed, never taken from the command
line, which everybody on the machine may read."""

import shutil
import sys
import time
from getpass import getpass
from pathlib import Path
from typing import Annotated, Any

import typer

from ...core.errors import StreamsteadError, Upstream
from ...core.settings import Settings
from .client import ask_manager
from .common import AsJson, Data, load, out, print_json, print_pairs, print_table, utc

ASK_S = 40.0
POLL_S = 0.5
AWAY_S = 300.0
"""While a house is put back its manager begins anew, twice when it has to go back."""

app = typer.Typer(
    help="Backups: the whole house in one encrypted file. To move to a new server: create one "
    "here, copy the file there, and run there: ./bootstrap --restore FILE",
    no_args_is_help=True,
)

PassphraseFile = Annotated[
    str,
    typer.Option("--passphrase-file", metavar="FILE", help="Whose first line it is; - for stdin."),
]
Place = Annotated[str, typer.Option("--to", help="file or bucket.")]
Recordings = Annotated[
    bool | None,
    typer.Option("--recordings/--no-recordings", help="With the media of recordings and films."),
]


@app.command()
def create(
    ctx: typer.Context,
    data: Data = None,
    passphrase_file: PassphraseFile = "",
    recordings: Recordings = None,
    to: Place = "file",
    unencrypted: Annotated[
        bool, typer.Option("--unencrypted", help="Anybody who gets the file gets all keys.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make one, and wait until it has been read again in whole."""
    settings = load(ctx, data)
    body: dict[str, Any] = {"recordings": bool(recordings), "to": to, "unencrypted": unencrypted}
    if not unencrypted:
        body["passphrase"] = _new_passphrase(settings, passphrase_file)
    job = _ask(settings, "create", {k: v for k, v in body.items() if v is not None})
    done = _wait(settings, job)
    if as_json:
        print_json(done)
    elif to == "file":
        out.print(str(settings.data.backups / f"{done['id']}.ssbackup"), markup=False)
    else:
        out.print(f"{done['id']} is in the bucket", markup=False)


@app.command("list")
def list_(ctx: typer.Context, data: Data = None, as_json: AsJson = False) -> None:
    """List all, on this machine and in the bucket."""
    found = _ask(load(ctx, data), "list", {})
    if as_json:
        print_json(found)
        return
    rows = (
        (
            one["id"],
            utc(one["at_ms"]),
            f"{one['bytes'] / 1e6:.1f} MB",
            one["version"],
            one["where"],
            "encrypted" if one["encrypted"] else "not encrypted",
            "with media" if one["recordings"] else "",
        )
        for one in found["backups"]
    )
    headings = ("id", "made", "size", "version", "where", "", "")
    print_table(headings, rows, "there are no backups")
    if found["bucket_problem"]:
        out.print(f"the bucket was not asked: {found['bucket_problem']}", markup=False)


@app.command()
def remove(
    ctx: typer.Context, id_: Annotated[str, typer.Argument(metavar="ID")], data: Data = None
) -> None:
    """Remove one for good."""
    _ask(load(ctx, data), "remove", {"id": id_})
    out.print(f"{id_} is removed", markup=False)


@app.command()
def restore(
    ctx: typer.Context,
    what: Annotated[str, typer.Argument(metavar="FILE|ID")],
    data: Data = None,
    passphrase_file: PassphraseFile = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    into_empty: Annotated[bool, typer.Option("--into-empty", hidden=True)] = False,
    user: Annotated[str, typer.Option(hidden=True)] = "",
) -> None:
    """Put the house back to a backup: live streams end, and all programs restart.

    The ports, the images and the runtime of this machine stay. What the house was like returns by
    itself when it is not healthy with the backup.
    """
    if into_empty:
        _restore_into_empty(data or ctx.obj, Path(what), passphrase_file, user)
        return
    settings = load(ctx, data)
    id_ = _shelve(settings, Path(what)) if Path(what).is_file() else what
    one = _find(settings, id_)
    if not yes:
        typer.confirm(f"Put the house back to {utc(one['at_ms'])}? Live streams end.", abort=True)
    passphrase = _passphrase(passphrase_file) if one["encrypted"] else ""
    job = _ask(settings, "restore", {"id": id_, "passphrase": passphrase})
    _wait(settings, job)
    out.print(f"the house is as it was on {utc(one['at_ms'])}", markup=False)


@app.command()
def schedule(
    ctx: typer.Context,
    data: Data = None,
    on: Annotated[bool | None, typer.Option("--on/--off", help="Make them by themselves.")] = None,
    at: Annotated[str | None, typer.Option(help="HH:MM.")] = None,
    zone: Annotated[str | None, typer.Option(help="Time zone, as Europe/Berlin.")] = None,
    day: Annotated[list[int] | None, typer.Option(help="0 is Monday; none: every day.")] = None,
    keep: Annotated[int | None, typer.Option(min=1, max=365, help="So many stay.")] = None,
    to: Annotated[str | None, typer.Option(help="file or bucket.")] = None,
    recordings: Recordings = None,
    passphrase_file: PassphraseFile = "",
    as_json: AsJson = False,
) -> None:
    """Show or change when backups are made by themselves."""
    settings = load(ctx, data)
    changes: dict[str, Any] = {
        "enabled": on,
        "at": at,
        "zone": zone,
        "days": day or None,
        "keep": keep,
        "to": to,
        "recordings": recordings,
        "passphrase": _passphrase(passphrase_file) if passphrase_file else None,
    }
    changes = {name: value for name, value in changes.items() if value is not None}
    found = _ask(settings, "schedule/update" if changes else "schedule/query", changes)
    if as_json:
        print_json(found)
        return
    days = "every day" if not found["days"] else " ".join(_DAYS[day] for day in found["days"])
    print_pairs(
        {
            "on": "yes" if found["enabled"] else "no",
            "when": f"{days} at {found['at']} ({found['zone']})",
            "next": utc(found["next_ms"]),
            "to": found["to"],
            "keep": found["keep"],
            "last": utc(found["last_at_ms"], "never"),
            "error": found["last_error"] or "-",
        }
    )


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _ask(settings: Settings, what: str, body: dict[str, Any]) -> Any:
    if what in ("list", "schedule/query"):
        return ask_manager(settings, "GET", f"/v1/backup/{what}", ASK_S)
    return ask_manager(settings, "POST", f"/v1/backup/{what}", ASK_S, body)


def _find(settings: Settings, id_: str) -> Any:
    for one in _ask(settings, "list", {})["backups"]:
        if one["id"] == id_:
            return one
    raise StreamsteadError(
        f"there is neither a file nor a backup called {id_}", "See: streamstead backup list"
    )


def _wait(settings: Settings, job: dict[str, Any]) -> Any:
    """Follow a job to its end; raises what it failed with. The manager may begin anew meanwhile."""
    heard = time.monotonic()
    step = ""
    while time.monotonic() - heard < AWAY_S:
        time.sleep(POLL_S)
        try:
            found = _ask(settings, "list", {})
        except Upstream:
            continue  # it ends or is away; that may have cut off an answer too
        heard = time.monotonic()
        running, last = found["running"], found["last"]
        if running is not None:
            if running["step"] != step:
                step = running["step"]
                print(f"{step} ...", file=sys.stderr)
        elif last is not None and last["started_ms"] >= job["started_ms"]:
            if last["error"] is not None:
                error = last["error"]
                raise StreamsteadError(error["message"], error["help"], key=error["key"])
            return last
    raise StreamsteadError(
        f"the manager did not answer for {AWAY_S:.0f} s",
        f"See {settings.data.logs / 'mgmt.log'}, or the journal.",
    )


def _shelve(settings: Settings, path: Path) -> str:
    """Bring a file of the operator's to the other backups; return its id."""
    from ..backup.restore import check_release, header_of
    from ..backup.sealed_file import SUFFIX

    header = header_of(path)
    check_release(header)
    target = settings.data.backups / f"{header.id}{SUFFIX}"
    if not target.exists():
        part = target.with_name(f".{target.name}.part")
        try:
            shutil.copyfile(path, part)
            part.chmod(0o640)
            part.rename(target)
        finally:
            part.unlink(missing_ok=True)
    return header.id


def _restore_into_empty(data: Path | None, path: Path, passphrase_file: str, user: str) -> None:
    """For bootstrap: there is no house yet, hence nobody to ask."""
    from ...core.paths import DataDir
    from ..backup.restore import header_of, into_empty
    from ..runtime.account import service_account

    if data is None:
        raise StreamsteadError("--into-empty needs --data", "Say where the house is to live.")
    if not path.is_file():
        raise StreamsteadError(f"{path} is no file", "Name the file of a backup.")
    header = header_of(path)
    passphrase = _passphrase(passphrase_file) if header.encrypted else None
    account = service_account(user or "streamstead")
    _, left = into_empty(DataDir(data.absolute()), account, path, passphrase, lambda *_: None)
    out.print(f"restored the backup of {utc(header.at_ms)}, release {header.version}", markup=False)
    for name in left:
        out.print(f"note: {name} was of the other machine and is not taken over", markup=False)


def _passphrase(file: str) -> str:
    if file == "-":
        return sys.stdin.readline().rstrip("\r\n")
    if file:
        try:
            return Path(file).read_text(encoding="utf-8").splitlines()[0]
        except (OSError, IndexError, UnicodeDecodeError) as exc:
            raise StreamsteadError(
                f"no passphrase can be read from {file}: {exc}", "Its first line must be it."
            ) from None
    if not sys.stdin.isatty():
        raise StreamsteadError(
            "no passphrase was given", "Add: --passphrase-file FILE", key="backup_passphrase_needed"
        )
    return getpass("Passphrase of the backup: ")


def _new_passphrase(settings: Settings, file: str) -> str | None:
    """Return the one of the file or what is typed, None for the one of the schedule."""
    if file:
        return _passphrase(file)
    if _ask(settings, "schedule/query", {})["passphrase_set"]:
        return None
    first = _passphrase("")
    if getpass("Once more: ") != first:
        raise StreamsteadError("the two are not the same", "Try again.")
    return first
