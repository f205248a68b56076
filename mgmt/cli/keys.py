"""Commands of publish keys. ``streamstead key`` alone prints the global one."""

from typing import Annotated

import typer

from . import show
from .addresses import publish_addresses
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

app = typer.Typer(
    invoke_without_command=True,
    help="Print what an encoder needs: server and stream key; or manage keys of single streams.",
)

KeyId = Annotated[str, typer.Argument(metavar="ID", help="As `streamstead key ls` shows it.")]


@app.callback()
def key(ctx: typer.Context, data: Data = None, as_json: AsJson = False) -> None:
    """Print what an encoder needs: server and stream key; or manage keys of single streams."""
    ctx.obj = data
    if ctx.invoked_subcommand is not None:
        return
    found = show.ingest(load(ctx, data))
    if as_json:
        print_json(found)
    else:
        print_pairs(found)


@app.command()
def new(
    ctx: typer.Context,
    stream: StreamName,
    label: Annotated[str, typer.Option(help="Who or what will publish by it.")] = "command line",
    expires: Expires = "",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Make a key that opens one stream. Its secret is shown this once."""
    settings, names = load(ctx, data), names_of(stream)
    body = {**names, "label": label, "expires_ms": expiry_ms(expires)}
    made = ask_hooks(settings, "keys/create", body)
    _print_new(made, publish_addresses(settings, **names, secret=made["secret"]), as_json)


@app.command()
def ls(ctx: typer.Context, stream: StreamName, data: Data = None, as_json: AsJson = False) -> None:
    """List the keys of a stream."""
    found = ask_hooks(load(ctx, data), "keys/list", names_of(stream))
    if as_json:
        print_json(found)
        return
    rows = (
        (
            one["id"],
            one["label"],
            f"...{one['hint']}",
            "yes" if one["enabled"] else "no",
            utc(one["expires_ms"], "never"),
            utc(one["last_used_ms"], "never"),
            one["last_used_ip"] or "-",
        )
        for one in found["keys"]
    )
    headings = ("id", "label", "secret", "enabled", "expires", "last used", "by")
    print_table(headings, rows, f"{stream} has no keys of its own")


@app.command()
def rotate(ctx: typer.Context, key_id: KeyId, data: Data = None, as_json: AsJson = False) -> None:
    """Give a key a new secret; who publishes by the old one is disconnected."""
    settings = load(ctx, data)
    made = ask_hooks(settings, "keys/rotate", {"id": key_id})
    names = {name: made["key"][name] for name in ("app", "stream")}
    _print_new(made, publish_addresses(settings, **names, secret=made["secret"]), as_json)


@app.command()
def revoke(ctx: typer.Context, key_id: KeyId, data: Data = None) -> None:
    """Remove a key for ever; who publishes by it is disconnected."""
    ask_hooks(load(ctx, data), "keys/revoke", {"id": key_id})
    out.print(f"{key_id} opens nothing any more", markup=False)


def _print_new(made: dict[str, object], addresses: dict[str, str], as_json: bool) -> None:
    if as_json:
        print_json({**made, "addresses": addresses})
        return
    key_id = made["key"]["id"] if isinstance(made["key"], dict) else ""
    print_pairs({"id": key_id, "secret": made["secret"], **addresses})
    out.print("The secret is shown this once.")
