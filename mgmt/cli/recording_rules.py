"""Commands of what is recorded."""

from typing import Annotated, Any

import typer

from .common import (
    AsJson,
    Data,
    StreamName,
    ask_recorder,
    load,
    names_of,
    out,
    print_json,
    print_pairs,
    print_table,
    utc,
)

WHY = {
    "off": "no rule wants it",
    "all": "every stream is recorded",
    "glob": "a pattern matches it",
    "stream": "its own choice",
    "manual": "by hand, until its publisher leaves",
    "schedule": "a schedule",
    "dvr": "every stream is recorded into the storage (DVR)",
    "vod": "every stream is recorded into the storage (VoD)",
    "disk": "the disk is nearly full",
}
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def start(
    ctx: typer.Context, stream: StreamName, data: Data = None, as_json: AsJson = False
) -> None:
    """Record a live stream from now on, until its publisher leaves."""
    _print_stream(stream, ask_recorder(load(ctx, data), "start", names_of(stream)), as_json)


def stop(
    ctx: typer.Context, stream: StreamName, data: Data = None, as_json: AsJson = False
) -> None:
    """Stop recording a stream, whatever wants it, until its publisher leaves."""
    _print_stream(stream, ask_recorder(load(ctx, data), "stop", names_of(stream)), as_json)


def rules(
    ctx: typer.Context,
    record_all: Annotated[
        bool | None, typer.Option("--all/--not-all", help="Record every stream.")
    ] = None,
    globs: Annotated[
        list[str] | None,
        typer.Option("--glob", metavar="PATTERN", help='Only these ("live/*"); may be repeated.'),
    ] = None,
    no_globs: Annotated[bool, typer.Option("--no-globs", help="Forget the patterns.")] = False,
    grace: Annotated[
        int | None, typer.Option(min=0, max=3600, help="Seconds an encoder may be away.")
    ] = None,
    max_length: Annotated[
        int | None, typer.Option(min=0, help="Seconds until a new file begins; 0: no limit.")
    ] = None,
    mp4: Annotated[bool | None, typer.Option("--mp4/--no-mp4", help="Make an MP4 of it.")] = None,
    upload_all: Annotated[
        bool | None, typer.Option("--upload/--no-upload", help="Send all into the storage.")
    ] = None,
    copy_to: Annotated[
        str | None, typer.Option(metavar="DIR", help='Copy every MP4 there; "": nowhere.')
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Show what is recorded, and change it; what is not named stays."""
    settings = load(ctx, data)
    changes: dict[str, Any] = {
        "record_all": record_all,
        "globs": [] if no_globs else globs or None,
        "grace_s": grace,
        "max_length_s": max_length,
        "mp4": mp4,
        "upload_all": upload_all,
        "post_copy_dir": copy_to,
    }
    given = {name: value for name, value in changes.items() if value is not None}
    if given:
        found = ask_recorder(settings, "rules/update", given)
    else:
        found = ask_recorder(settings, "rules/query", {})
    schedules = ask_recorder(settings, "schedules/list", {})["schedules"]
    if as_json:
        print_json(found | {"schedules": schedules})
        return
    shown = {name.replace("_", " "): _said(value) for name, value in found.items()}
    print_pairs(shown)
    if schedules:
        out.print()
        headings = ("schedule", "streams", "days", "from", "to", "zone", "begins next")
        print_table(headings, (_row(one) for one in schedules), "")


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    days = " ".join(DAYS[day] for day in one["days"])
    begins = utc(one["next_ms"]) if one["enabled"] else "off"
    return one["label"], one["glob"], days, one["start"], one["end"], one["zone"], begins


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(value) or "-"
    return str(value) or "-"


def _print_stream(stream: str, found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    state = "is recorded" if found["wanted"] else "is not recorded"
    out.print(f"{stream} {state}: {WHY.get(found['why'], found['why'])}", markup=False)


def add_to(app: typer.Typer) -> None:
    """Add these commands to ``streamstead record``."""
    for command in (start, stop, rules):
        app.command()(command)
