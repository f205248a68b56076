"""Commands of outputs: where streams are sent to."""

import time
from typing import Annotated, Any

import typer

from ...core.errors import StreamsteadError
from ...core.settings import Settings
from .client import ask_service
from .common import AsJson, Data, load, out, print_json, print_table

OUTPUTS = "/terraform/v1/ffmpeg/outputs/"
TRIAL_S = 120

app = typer.Typer(help="Outputs: where streams are sent to.", no_args_is_help=True)

Names = Annotated[
    list[str],
    typer.Argument(metavar="OUTPUT...", help="Ids or names as `streamstead output ls` shows."),
]


@app.command()
def ls(ctx: typer.Context, data: Data = None, as_json: AsJson = False) -> None:
    """List the outputs and how they are."""
    found = _outputs(load(ctx, data))
    if as_json:
        print_json(found)
        return
    rows = (
        (
            one["id"],
            one["label"],
            one["platform"],
            _source(one["source"]),
            _state(one),
            f"{one['bitrate_kbps']} kbit/s" if one["bitrate_kbps"] else "-",
        )
        for one in found
    )
    headings = ("id", "name", "platform", "source", "state", "rate")
    print_table(headings, rows, "there are no outputs")
    for one in found:
        if one["problem"] is not None:
            out.print(f"{one['label']}: {one['problem']['message']}", markup=False)


@app.command()
def start(ctx: typer.Context, outputs: Names, data: Data = None) -> None:
    """Switch outputs on: each runs whenever its source does."""
    _switch(load(ctx, data), outputs, "start")


@app.command()
def stop(ctx: typer.Context, outputs: Names, data: Data = None) -> None:
    """Switch outputs off."""
    _switch(load(ctx, data), outputs, "stop")


@app.command("test")
def try_out(
    ctx: typer.Context,
    output: Annotated[str, typer.Argument(metavar="OUTPUT", help="Id or name.")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Send 10 s of a test picture there. Exit status 1 when it does not arrive."""
    settings = load(ctx, data)
    one = _find(_outputs(settings), output)
    found = _ask(settings, "test", {"id": one["id"]}, TRIAL_S)
    if as_json:
        print_json(found)
    else:
        for step in found["steps"]:
            _print_step(step)
        out.print(f"{found['acked_bytes']} bytes accepted, {found['kbps']} kbit/s")
    if not found["ok"]:
        raise typer.Exit(1)


def _ask(settings: Settings, path: str, body: dict[str, Any], timeout_s: float = 15) -> Any:
    return ask_service(settings, settings.ffmpeg_port, OUTPUTS + path, body, timeout_s)


def _outputs(settings: Settings) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _ask(settings, "list", {})["outputs"]
    return found


def _switch(settings: Settings, names: list[str], path: str) -> None:
    known = _outputs(settings)
    wanted = [_find(known, name)["id"] for name in names]
    after = {one["id"]: one for one in _ask(settings, path, {"ids": wanted})["outputs"]}
    for id_ in dict.fromkeys(wanted):
        out.print(f"{after[id_]['label']}: {_state(after[id_])}", markup=False)


def _find(outputs: list[dict[str, Any]], wanted: str) -> dict[str, Any]:
    found = [one for one in outputs if wanted == one["id"]] or [
        one for one in outputs if wanted == one["label"]
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise StreamsteadError(f"{len(found)} outputs are called {wanted!r}", "Say the id.")
    raise StreamsteadError(f"there is no output {wanted!r}", "See: streamstead output ls")


def _source(source: dict[str, Any]) -> str:
    if source["kind"] == "programme":
        return f"programme {source['programme']}"
    return f"{source['app'] or '*'}/{source['stream'] or '*'}"


def _state(one: dict[str, Any]) -> str:
    since_s = max(0, int(time.time() - one["since_ms"] / 1000))
    if one["state"] in ("off", "scheduled", "waiting"):
        return str(one["state"])
    clock = f"{since_s // 3600}:{since_s // 60 % 60:02}:{since_s % 60:02}"
    return f"{one['state']} {clock}"


def _print_step(step: dict[str, Any]) -> None:
    mark = {True: "[green]ok  [/]", False: "[red]bad [/]", None: "[dim]-   [/]"}[step["ok"]]
    out.print(f"{mark} {step['name']:<9} ", end="")
    if step["ok"] is None:
        out.print("not tried")
    elif step["problem"] is None:
        out.print(f"{step['took_ms']} ms")
    else:
        out.print(step["problem"]["message"], markup=False)
        out.print(f"     {step['problem']['help']}", markup=False)
