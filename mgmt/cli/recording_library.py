"""Commands of what was recorded."""

from typing import Annotated, Any

import typer

from ...core.errors import StreamsteadError
from .common import (
    AsJson,
    Data,
    ask_recorder,
    load,
    names_of,
    out,
    print_json,
    print_pairs,
    print_table,
    utc,
)

PAGE = 200
AT_ONCE = 500

Found = Annotated[str, typer.Option(help="Words of title, stream, tags or id.")]
Ids = Annotated[
    list[str], typer.Argument(metavar="ID...", help="As `streamstead record ls` shows it.")
]
_UNITS = ("B", "kB", "MB", "GB", "TB")


def add_to(app: typer.Typer) -> None:
    """Add the commands to a group."""
    app.command()(ls)
    app.command()(show)
    app.command()(rm)


def ls(
    ctx: typer.Context,
    search: Found = "",
    stream: Annotated[str, typer.Option(help="Only of this stream: APP/STREAM.")] = "",
    state: Annotated[
        str, typer.Option(help="Only these: recording, finishing, ready, failed or deleting.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many.")] = 50,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """List recordings, newest first."""
    settings = load(ctx, data)
    body: dict[str, Any] = {"search": search, "state": state or None}
    body |= names_of(stream) if stream else {}
    found: list[dict[str, Any]] = []
    cursor, total = None, 0
    while len(found) < limit:
        page_body = {**body, "limit": min(PAGE, limit - len(found)), "cursor": cursor}
        page = ask_recorder(settings, "query", page_body)
        found += page["recordings"]
        cursor, total = page["cursor"], page["total"]
        if cursor is None:
            break
    if as_json:
        print_json({"recordings": found, "total": total})
        return
    rows = (
        (
            one["id"],
            _state(one),
            length(one["duration_ms"]),
            size(one["size_bytes"]),
            _where(one),
            one["title"] or one["url"] or "-",
        )
        for one in found
    )
    headings = ("id", "state", "length", "size", "where", "title or stream")
    print_table(headings, rows, "nothing was found" if search or state or stream else "none yet")
    if total > len(found):
        out.print(f"{len(found)} of {total}; more with --limit")


def show(
    ctx: typer.Context,
    recording_id: Annotated[str, typer.Argument(metavar="ID")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Show everything about one recording."""
    one = ask_recorder(load(ctx, data), "get", {"id": recording_id})
    if as_json:
        print_json(one)
        return
    facts = {
        "id": one["id"],
        "title": one["title"] or "-",
        "stream": one["url"] or "-",
        "state": _state(one),
        "began": utc(one["started_ms"]),
        "ended": utc(one["ended_ms"]),
        "length": length(one["duration_ms"]),
        "size": size(one["size_bytes"]),
        "MP4": f"{one['mp4']} {size(one['mp4_bytes'])}" if one["mp4_bytes"] else one["mp4"],
        "where": _where(one),
        "watched by": one["access"],
        "tags": ", ".join(one["tags"]) or "-",
        "kept": "yes" if one["keep"] else "no",
    }
    if one["delete_at_ms"] is not None:
        facts["deleted at"] = utc(one["delete_at_ms"])
    print_pairs(facts)
    for hole in one["holes"]:
        out.print(
            f"missing: {length(hole['missing_ms'])} at {length(hole['at_ms'])}"
            f" ({hole['reason'].replace('_', ' ')}) {hole['detail']}".rstrip(),
            markup=False,
        )
    if one["problem"]:
        out.print(f"problem: {one['problem']['message']}", markup=False)
        out.print(one["problem"]["help"], markup=False)


def rm(
    ctx: typer.Context,
    recording_ids: Ids,
    keep_bucket: Annotated[
        bool, typer.Option("--keep-bucket", help="Leave what is in a bucket there.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    data: Data = None,
) -> None:
    """Delete recordings for good, on this disk and in their buckets."""
    settings = load(ctx, data)
    ids = list(dict.fromkeys(recording_ids))
    if not yes:
        typer.confirm(f"Delete {_counted(len(ids))} for good?", abort=True)
    refused: list[dict[str, str]] = []
    for begin in range(0, len(ids), AT_ONCE):
        some = ids[begin : begin + AT_ONCE]
        body = {"ids": some, "confirm": len(some), "bucket_too": not keep_bucket}
        refused += ask_recorder(settings, "delete", body)["refused"]
    for one in refused:
        out.print(f"{one['id']}: {one['message']}", markup=False)
    out.print(f"{_counted(len(ids) - len(refused))} deleted")
    if refused:
        raise StreamsteadError(
            f"{_counted(len(refused))} not deleted", "Look at `streamstead record ls` again."
        )


def length(ms: int) -> str:
    """Return a length as ``1:02:03``."""
    seconds = ms // 1000
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def size(count: float) -> str:
    """Return a number of bytes in words, in steps of 1000."""
    unit = 0
    while count >= 1000 and unit < len(_UNITS) - 1:
        count, unit = count / 1000, unit + 1
    return f"{count:.1f} {_UNITS[unit]}" if unit else f"{count:.0f} B"


def _counted(count: int) -> str:
    return "1 recording" if count == 1 else f"{count} recordings"


def _state(one: dict[str, Any]) -> str:
    return f"{one['state']} (!)" if one["problem"] else str(one["state"])


def _where(one: dict[str, Any]) -> str:
    places = [
        name for name, there in (("disk", one["local"]), ("bucket", one["in_bucket"])) if there
    ]
    return " + ".join(places) or "-"
