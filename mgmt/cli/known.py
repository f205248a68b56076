"""Commands of the streams that the operator has named."""

from typing import Annotated

import typer

from .common import (
    AsJson,
    Data,
    StreamName,
    ask_hooks,
    load,
    names_of,
    out,
    print_json,
    print_pairs,
    print_table,
)

app = typer.Typer(no_args_is_help=True, help="Streams by name: title, playback id, limits.")


@app.callback()
def stream(ctx: typer.Context, data: Data = None) -> None:
    """Streams by name: title, playback id, limits. `streamstead streams` lists what is live."""
    ctx.obj = data


@app.command()
def ls(ctx: typer.Context, data: Data = None, as_json: AsJson = False) -> None:
    """List the known streams, live or not."""
    found = ask_hooks(load(ctx, data), "streams/list", {})
    if as_json:
        print_json(found)
        return
    rows = (
        (
            one["url"],
            one["title"] or "-",
            one["playback_id"],
            "yes" if one["enabled"] else "no",
            "own keys" if one["own_keys_only"] else "any",
            one["max_kbps"] or "-",
        )
        for one in found["streams"]
    )
    headings = ("stream", "title", "playback id", "enabled", "opened by", "max kbit/s")
    print_table(headings, rows, "no stream is known; any may be published")


@app.command()
def add(
    ctx: typer.Context,
    name: StreamName,
    title: Annotated[str, typer.Option()] = "",
    description: Annotated[str, typer.Option()] = "",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Make a stream known."""
    body = {**names_of(name), "title": title, "description": description}
    _print(ask_hooks(load(ctx, data), "streams/create", body), as_json)


@app.command("set")
def set_(
    ctx: typer.Context,
    name: StreamName,
    title: Annotated[str | None, typer.Option()] = None,
    description: Annotated[str | None, typer.Option()] = None,
    enabled: Annotated[
        bool | None, typer.Option("--enabled/--disabled", help="Disabled: nobody may publish it.")
    ] = None,
    own_keys_only: Annotated[
        bool | None,
        typer.Option("--own-keys-only/--any-key", help="The global secret does not open it."),
    ] = None,
    max_kbps: Annotated[int | None, typer.Option(min=0, help="0: the general limit.")] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Change a stream; what is not named stays."""
    changes = {
        "title": title,
        "description": description,
        "enabled": enabled,
        "own_keys_only": own_keys_only,
        "max_kbps": max_kbps,
    }
    given = {field: value for field, value in changes.items() if value is not None}
    found = ask_hooks(load(ctx, data), "streams/update", {**names_of(name), **given})
    _print(found, as_json)


@app.command()
def rm(ctx: typer.Context, name: StreamName, data: Data = None) -> None:
    """Forget a stream with its keys, passes and play rule; its publisher is disconnected."""
    ask_hooks(load(ctx, data), "streams/remove", names_of(name))
    out.print(f"{name} is forgotten", markup=False)


def _print(found: dict[str, object], as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        print_pairs({name: found[name] for name in found if name not in ("app", "stream")})
