"""``streamstead upgrade``, ``rollback`` and ``releases``."""

import os
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from ...core.errors import StreamsteadError
from ...core.settings import Settings
from .common import AsJson, Data, out, print_json, utc

POLL_S = 0.2
QUIET_S = 120.0
"""A run that says nothing for so long is told to be looked at, not waited for."""

Force = Annotated[
    bool,
    typer.Option(
        "--force", help="Though the window is closed, somebody is live or not all is well."
    ),
]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Begin, and do not follow it.")]


def upgrade(
    data: Data = None,
    version: Annotated[
        str, typer.Option(help="A version, stable or latest; else what the settings say.")
    ] = "",
    source: Annotated[
        Path | None,
        typer.Option("--from", help="A checkout, or a signed archive (.tar.gz, .minisig beside)."),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only look what can be had.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Do everything but the switch.")
    ] = False,
    force: Force = False,
    allow_older: Annotated[
        str, typer.Option(metavar="WHY", help="Take a signed release older than the one that runs.")
    ] = "",
    no_wait: NoWait = False,
    healthy_wait: Annotated[
        float, typer.Option(min=1, help="Seconds the programs may take to become healthy.")
    ] = 60,
    by: Annotated[str, typer.Option(hidden=True)] = "cli",
) -> None:
    """Go to another release; the media server and what is live are not touched.

    Fetch it, verify its signature, build it beside, take a snapshot, switch, and go back by itself
    when not everything becomes healthy.
    """
    from ..upgrade.journal import Origin, Wish

    settings = Settings.load(data)
    if check:
        _look(settings)
        return
    origin, path = Origin.CHANNEL, ""
    if source is not None:
        path = str(source.resolve())
        origin = Origin.TREE if source.is_dir() else Origin.ARCHIVE
        if (source / "complete").exists():  # built already, as bootstrap does it
            origin = Origin.RELEASE
    wish = Wish(
        origin=origin,
        version=version.removeprefix("v"),
        path=path,
        force=force,
        dry_run=dry_run,
        by=by,
        allow_older=allow_older.strip(),
        healthy_s=healthy_wait,
    )
    _run(settings, wish, no_wait)


def rollback(
    data: Data = None,
    version: Annotated[str, typer.Option(help="An installed release; else the one before.")] = "",
    force: Force = False,
    no_wait: NoWait = False,
) -> None:
    """Go back to the release before, or to another that is installed."""
    from ..upgrade.part import rollback_wish
    from ..upgrade.place import Installed

    settings = Settings.load(data)
    _run(settings, rollback_wish(Installed(settings.data), version, force, "cli"), no_wait)


def releases(data: Data = None, as_json: AsJson = False) -> None:
    """Show what is installed, what can be had, and how the last upgrade went."""
    from ..upgrade.journal import Journal
    from ..upgrade.place import Installed, releases_of

    settings = Settings.load(data)
    installed = Installed(settings.data)
    known = releases_of(settings).known()
    journal = Journal(settings.data)
    run, last = journal.read(), journal.last()
    if as_json:
        print_json(
            {
                "current": installed.current,
                "rollback_to": installed.previous(),
                "installed": installed.names(),
                "stable": known.stable,
                "latest": known.latest,
                "run": run.shown() if run else None,
                "last": last.shown() if last else None,
            }
        )
        return
    marks = {installed.current: "runs", installed.previous(): "before"}
    for name in installed.names():
        out.print(f"{name:32}{marks.get(name, '')}", markup=False)
    if known.at_ms is not None:
        out.print(
            f"stable {known.stable or '-'}, latest {known.latest or '-'} ({utc(known.at_ms)})",
            markup=False,
        )
    if known.error is not None:
        out.print(known.error.message, markup=False)
    for one in (run, last):
        if one is not None:
            _print_end(one.shown())


def revoke_key(
    key: Annotated[str, typer.Argument(help="A public key of minisign, or a line of SSH.")],
    data: Data = None,
) -> None:
    """Never trust releases of a key again on this machine, also of one that came with a release."""
    from ..upgrade.keys import check_key, revoked_file

    settings = Settings.load(data)
    _check_owner(settings)
    kept = revoked_file(settings.data)
    before, line = kept.read(), check_key(key)
    kept.write(before.model_copy(update={"keys": list(dict.fromkeys([*before.keys, line]))}))
    out.print("releases that this key has signed are refused from now on")


def _look(settings: Settings) -> None:
    from ..upgrade.place import releases_of

    known = releases_of(settings).look()
    if known.error is not None:
        raise StreamsteadError(known.error.message, known.error.help, key=known.error.key)
    out.print(f"stable {known.stable or '-'}, latest {known.latest or '-'}", markup=False)


def _run(settings: Settings, wish: Any, no_wait: bool) -> None:
    from ..upgrade.guard import begin

    _check_owner(settings)
    run = begin(settings, wish)
    if no_wait:
        out.print(f"begun: {run.id}", markup=False)
        return
    found = _follow(settings, run.id)
    _print_end(found)
    if found["result"] != "done":
        error = found["error"] or {"message": "it failed", "help": ""}
        raise StreamsteadError(error["message"], error["help"])


def _check_owner(settings: Settings) -> None:
    if os.geteuid() != settings.data_dir.stat().st_uid:
        raise StreamsteadError("only the owner of the data directory may do this", "Use sudo.")


def _follow(settings: Settings, run_id: str) -> dict[str, Any]:
    """Print every step as it goes; return the run when it has ended."""
    from ..upgrade.journal import Journal

    journal = Journal(settings.data)
    said: dict[str, tuple[str, str]] = {}
    stamp, changed = journal.stamp(), time.monotonic()
    while True:
        run, last = journal.read(), journal.last()
        ours = next((one for one in (last, run) if one is not None and one.id == run_id), None)
        if ours is None:
            raise StreamsteadError(
                "nothing is known of the upgrade any more", "See: streamstead releases"
            )
        shown = ours.shown()
        for step in shown["steps"]:
            state = (step["state"], step["message"])
            if step["state"] in ("done", "failed") and said.get(step["name"]) != state:
                said[step["name"]] = state
                out.print(f"{step['name']:10} {step['state']:7} {step['message']}", markup=False)
        if ours.result is not None and last is not None and last.id == run_id:
            return shown
        if journal.stamp() != stamp:
            stamp, changed = journal.stamp(), time.monotonic()
        elif time.monotonic() - changed > QUIET_S and not ours.waits_for:
            changed = time.monotonic()
            out.print("it still works; see logs/upgrade.log in the data directory")
        time.sleep(POLL_S)


def _print_end(run: dict[str, Any]) -> None:
    words = {"done": "done", "rolled_back": "went back", "failed": "failed", "": "is under way"}
    what = f"{run['kind']} from {run['from']} to {run['to'] or '?'}"
    dry = " (dry run)" if run["dry_run"] else ""
    out.print(f"{what}{dry}: {words[run['result']]}", markup=False)
    if run["error"]:
        out.print(run["error"]["message"], markup=False)
