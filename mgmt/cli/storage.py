"""Commands of the buckets that recordings go to."""

from typing import Annotated, Any

import typer

from ...core.errors import StreamsteadError
from ...core.settings import Settings
from .client import ask_service
from .common import AsJson, Data, load, out, print_json, print_table, utc

TARGETS = "/terraform/v1/storage/targets/"
TRIAL_S = 120

app = typer.Typer(help="Storages (buckets) that recordings go to.", no_args_is_help=True)


@app.command()
def ls(ctx: typer.Context, data: Data = None, as_json: AsJson = False) -> None:
    """List the storages and how they do."""
    settings = load(ctx, data)
    found = _ask(settings, "list", {})["targets"]
    if as_json:
        print_json(found)
        return
    rows = (
        (
            one["id"],
            one["label"] + (" (default)" if one["is_default"] else ""),
            one["provider"],
            "/".join(part for part in (one["bucket"], one["prefix"]) if part),
            _state(one),
        )
        for one in found
    )
    print_table(("id", "name", "provider", "bucket", "state"), rows, "there are no storages")
    for one in found:
        if _state(one) == "fails":
            at = utc(one["health"]["at_ms"], "")
            out.print(f"{one['label']}: {one['health']['message']} ({at})", markup=False)


@app.command("test")
def try_out(
    ctx: typer.Context,
    storage: Annotated[
        str, typer.Argument(help="Id or name as `streamstead storage ls` shows; else the default.")
    ] = "",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Try a storage out, step by step. Exit status 1 when something is wrong."""
    settings = load(ctx, data)
    target = _find(_ask(settings, "list", {})["targets"], storage)
    found = _ask(settings, "test", {"id": target["id"]}, TRIAL_S)
    if as_json:
        print_json(found)
    else:
        for step in found["steps"]:
            _print_step(step)
    if not found["ok"]:
        raise typer.Exit(1)


def _ask(settings: Settings, path: str, body: dict[str, Any], timeout_s: float = 15) -> Any:
    return ask_service(settings, settings.recorder_port, TARGETS + path, body, timeout_s)


def _find(targets: list[dict[str, Any]], wanted: str) -> dict[str, Any]:
    found = [
        one
        for one in targets
        if (one["is_default"] if not wanted else wanted in (one["id"], one["label"]))
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise StreamsteadError(f"{len(found)} storages are called {wanted!r}", "Say the id.")
    what = f"there is no storage {wanted!r}" if wanted else "there is no storage yet"
    raise StreamsteadError(what, "See: streamstead storage ls")


def _state(target: dict[str, Any]) -> str:
    if not target["enabled"]:
        return "off"
    return {None: "not used yet", True: "works", False: "fails"}[target["health"]["ok"]]


def _print_step(step: dict[str, Any]) -> None:
    mark = {True: "[green]ok  [/]", False: "[red]bad [/]", None: "[dim]-   [/]"}[step["ok"]]
    out.print(f"{mark} {step['name']:<9} ", end="")
    if step["ok"] is None:
        out.print("not tried")
    elif step["ok"]:
        out.print(f"{step['took_ms']} ms")
    else:
        out.print(step["message"], markup=False)
        out.print(f"     {step['help']}", markup=False)
