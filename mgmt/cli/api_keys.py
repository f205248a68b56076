"""Commands of API keys: credentials of programs that call the API."""

from typing import Annotated, Any

import typer

from ...core.scopes import Scope
from ...core.settings import Settings
from .client import ask_service
from .common import (
    AsJson,
    Data,
    Expires,
    expiry_ms,
    load,
    out,
    print_json,
    print_pairs,
    print_table,
    utc,
)

app = typer.Typer(no_args_is_help=True, help="Keys for programs that call the API.")


def _ask(settings: Settings, call: str, body: dict[str, Any]) -> Any:
    path = f"/terraform/v1/mgmt/api-keys/{call}"
    return ask_service(settings, settings.platform_port, path, body)


@app.command()
def new(
    ctx: typer.Context,
    label: Annotated[str, typer.Argument(help="Who or what will use it.")],
    scope: Annotated[
        Scope, typer.Option(help="read looks, operate runs shows, admin may do everything.")
    ] = Scope.READ,
    expires: Expires = "",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Make a key. It is shown this once."""
    body = {"label": label, "scope": scope.value, "expires_ms": expiry_ms(expires)}
    made = _ask(load(ctx, data), "create", body)
    if as_json:
        print_json(made)
        return
    print_pairs(made)
    out.print("The key is shown this once. Send it as `Authorization: Bearer KEY`.", markup=False)


@app.command()
def ls(ctx: typer.Context, data: Data = None, as_json: AsJson = False) -> None:
    """List the keys."""
    found = _ask(load(ctx, data), "list", {})
    if as_json:
        print_json(found)
        return
    rows = (
        (
            one["id"],
            one["label"],
            one["scope"],
            f"...{one['hint']}",
            utc(one["expires_ms"], "never"),
            utc(one["last_used_ms"], "never"),
        )
        for one in found["keys"]
    )
    headings = ("id", "label", "scope", "key", "expires", "last used")
    print_table(headings, rows, "there are no API keys")


@app.command()
def rm(
    ctx: typer.Context,
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As `streamstead api-key ls` shows.")],
    data: Data = None,
) -> None:
    """Make a key worthless at once."""
    _ask(load(ctx, data), "remove", {"id": key_id})
    out.print(f"{key_id} opens nothing any more", markup=False)
