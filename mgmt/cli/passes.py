"""Commands of the links that are handed to viewers."""

from typing import Annotated

import typer

from .addresses import play_addresses
from .common import (
    AsJson,
    Data,
    Expires,
    StreamName,
    ask_hooks,
    expiry_ms,
    load,
    names_of,
    out,
    print_json,
    print_pairs,
    print_table,
    utc,
)

app = typer.Typer(no_args_is_help=True, help="Links that let viewers into a protected stream.")


@app.callback()
def passes(ctx: typer.Context, data: Data = None) -> None:
    """Links that let viewers into a protected stream."""
    ctx.obj = data


@app.command()
def new(
    ctx: typer.Context,
    stream: StreamName,
    label: Annotated[str, typer.Option(help="Who it is for.")] = "command line",
    expires: Expires = "",
    viewers: Annotated[
        int, typer.Option(min=0, help="So many may use it at once; 0 is any number.")
    ] = 0,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Make a pass and print its links, ready to send."""
    settings, names = load(ctx, data), names_of(stream)
    body = {**names, "label": label, "expires_ms": expiry_ms(expires), "max_viewers": viewers}
    made = ask_hooks(settings, "play/passes/create", body)
    links = play_addresses(settings, **names, token=made["token"])
    if as_json:
        print_json({**made, "links": links})
        return
    print_pairs({"id": made["pass"]["id"], **links})
    rule = ask_hooks(settings, "play/rule/query", names)
    if rule["kind"] != "pass":
        out.print(f"{stream} does not ask for a pass: its rule is {rule['kind']}.", markup=False)


@app.command()
def ls(ctx: typer.Context, stream: StreamName, data: Data = None, as_json: AsJson = False) -> None:
    """List the passes of a stream."""
    found = ask_hooks(load(ctx, data), "play/passes/list", names_of(stream))
    if as_json:
        print_json(found)
        return
    rows = (
        (
            one["id"],
            one["label"],
            "revoked" if one["revoked"] else utc(one["expires_ms"], "never"),
            one["max_viewers"] or "any",
            one["uses"],
            utc(one["last_used_ms"], "never"),
        )
        for one in found["passes"]
    )
    headings = ("id", "label", "expires", "viewers", "uses", "last used")
    print_table(headings, rows, f"{stream} has no passes")


@app.command()
def revoke(
    ctx: typer.Context,
    pass_id: Annotated[str, typer.Argument(metavar="ID", help="As `streamstead pass ls` shows.")],
    data: Data = None,
) -> None:
    """Make a pass worthless for ever; viewers who came by it are disconnected."""
    ask_hooks(load(ctx, data), "play/passes/revoke", {"id": pass_id})
    out.print(f"{pass_id} opens nothing any more", markup=False)
