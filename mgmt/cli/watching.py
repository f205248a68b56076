"""Commands about those who watch, and about the store that says who may."""

from typing import Annotated

import typer

from . import show
from .common import (
    AsJson,
    Data,
    ask_hooks,
    load,
    names_of,
    out,
    print_json,
    print_table,
)

PAGE = 1000

store_app = typer.Typer(no_args_is_help=True, help="The settings store (Redis).")


def viewers(
    ctx: typer.Context,
    stream: Annotated[
        str, typer.Argument(metavar="[APP/STREAM]", help="Only those of this stream.")
    ] = "",
    kick: Annotated[str, typer.Option(metavar="ID", help="Disconnect this viewer.")] = "",
    block: Annotated[
        int, typer.Option(min=0, help="Seconds that its address may not watch this stream.")
    ] = 60,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """List viewers, the newest first, or disconnect one."""
    settings = load(ctx, data)
    if kick:
        ask_hooks(settings, "viewers/kick", {"client_id": kick, "block_s": block})
        out.print(f"{kick} was disconnected", markup=False)
        return
    body = {**(names_of(stream) if stream else {}), "limit": PAGE}
    found = ask_hooks(settings, "viewers/query", body)
    if as_json:
        print_json(found)
        return
    rows = (
        (
            one["client_id"],
            one["url"],
            one["protocol"],
            one["ip"],
            show.age(one["since_ms"]),
            one["pass_label"] or one["pass_id"] or "-",
            "-" if one["send_bytes"] is None else f"{one['send_bytes'] / 1e6:.1f} MB",
        )
        for one in found["viewers"]
    )
    headings = ("id", "stream", "by", "from", "for", "pass", "sent")
    print_table(headings, rows, "nobody is watching")
    if found["cursor"] is not None:
        out.print(f"{found['total']} in all; these are the newest {PAGE}")


@store_app.callback()
def store(ctx: typer.Context, data: Data = None) -> None:
    """The settings store (Redis)."""
    ctx.obj = data


@store_app.command()
def status(ctx: typer.Context, data: Data = None, as_json: AsJson = False) -> None:
    """Tell whether the store still is the one we know. Exit status 1 unless it is."""
    found = ask_hooks(load(ctx, data), "store/query", {})
    if as_json:
        print_json(found)
    elif found["state"] == "emptied":
        out.print("emptied: nobody may publish or watch until: streamstead store accept")
    else:
        out.print(found["state"], markup=False)
    if found["state"] != "ready":
        raise typer.Exit(1)


@store_app.command()
def accept(ctx: typer.Context, data: Data = None, as_json: AsJson = False) -> None:
    """Take an emptied store as it is: keys, passes and rules are lost, streams are public."""
    found = ask_hooks(load(ctx, data), "store/accept", {})
    if as_json:
        print_json(found)
    else:
        out.print(f"the store is {found['state']}", markup=False)
