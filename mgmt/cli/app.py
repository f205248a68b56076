"""The commands. Each is thin: it asks someone and prints."""

import json
import sys
from typing import Annotated

import typer

from ...core.errors import StreamsteadError
from ...core.settings import RuntimeChoice, Settings
from ...core.version import VERSION
from ..status import WELL
from . import (
    api_keys,
    backup,
    configuration,
    https,
    keys,
    known,
    lifecycle,
    logs,
    outputs,
    passes,
    password,
    recordings,
    show,
    storage,
    upgrade,
    watching,
)
from .client import ask_manager, ask_service
from .common import AsJson, Data, names_of, out

app = typer.Typer(
    name="streamstead",
    help="A self-hosted home for live video.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(keys.app, name="key")
app.add_typer(api_keys.app, name="api-key")
app.add_typer(backup.app, name="backup")
app.add_typer(configuration.app, name="config")
app.add_typer(https.app, name="https")
app.add_typer(passes.app, name="pass")
app.add_typer(known.app, name="stream")
app.add_typer(recordings.app, name="record")
app.add_typer(storage.app, name="storage")
app.add_typer(outputs.app, name="output")
app.add_typer(watching.store_app, name="store")
app.command()(watching.viewers)
app.command()(logs.logs)
app.command()(password.password)
app.command("support-bundle")(logs.support_bundle)
app.command()(upgrade.upgrade)
app.command()(upgrade.rollback)
app.command()(upgrade.releases)
app.command("revoke-key")(upgrade.revoke_key)

SERVICE_HELP = "Program: redis, media, hooks, recorder, platform, ffmpeg_forward or front."


def run(words: list[str]) -> int:
    """Run one command. A failure is one line of reason and one of advice on stderr."""
    try:
        ended = app(words, standalone_mode=False)
    except StreamsteadError as exc:
        return _fail(exc.message, exc.help)
    except PermissionError as exc:
        return _fail(f"{exc.filename} may not be read or written", "Use sudo.")
    except typer.Abort:
        return 130
    except Exception as exc:
        # Errors of use (unknown option, missing word) have a message and a status of their own.
        if hasattr(exc, "format_message"):
            return _fail(exc.format_message(), "See: streamstead --help", 2)
        raise
    # Without its own way of ending, the library hands out the status of typer.Exit here.
    return ended if isinstance(ended, int) else 0


def _fail(message: str, advice: str, status: int = 1) -> int:
    print(message, file=sys.stderr)
    if advice:
        print(advice, file=sys.stderr)
    return status


@app.command()
def serve(names: list[str]) -> None:
    """Run one or several services in this process (used by the manager)."""
    raise StreamsteadError("serve must be the first word", "Use: streamstead serve NAME")


@app.command()
def status(
    data: Data = None,
    as_json: AsJson = False,
    wait: Annotated[float, typer.Option(help="Wait so many seconds until all is healthy.")] = 0,
) -> None:
    """Show every program: state, since when, restarts. Exit status 1 unless all run."""
    settings = Settings.load(data)
    if wait > 0:
        found = lifecycle.wait_healthy(settings, wait)
    else:
        found = ask_manager(settings, "GET", "/v1/status")
    if as_json:
        out.print_json(json.dumps(found))
    else:
        show.status(out, found)
    if any(one["state"] not in WELL for one in found["services"]):
        raise typer.Exit(1)


@app.command()
def start(data: Data = None) -> None:
    """Start everything in the background (by systemd where it is installed so)."""
    out.print(lifecycle.start(Settings.load(data)))


@app.command()
def stop(
    data: Data = None,
    from_unit: Annotated[
        str, typer.Option(hidden=True, help="Name of the unit whose ExecStop this is.")
    ] = "",
) -> None:
    """Stop everything in order."""
    settings = Settings.load(data)
    if from_unit:
        out.print(lifecycle.stop_for_unit(settings, from_unit))
    else:
        out.print(lifecycle.stop(settings))


@app.command()
def restart(
    name: Annotated[str, typer.Argument(help=SERVICE_HELP)],
    data: Data = None,
) -> None:
    """Restart one program. Restarting media disconnects every publisher and viewer."""
    ask_manager(Settings.load(data), "POST", f"/v1/services/{name}/restart")
    out.print(f"{name} is being restarted")


@app.command("setup-code")
def setup_code(
    data: Data = None,
    raw: Annotated[bool, typer.Option("--raw", help="Print the code alone.")] = False,
) -> None:
    """Print the address of the first-run page with its one-time setup code."""
    settings = Settings.load(data)
    code = show.read_setup_code(settings)
    out.print(code if raw else show.setup_url(settings, code))


@app.command()
def openapi() -> None:
    """Print the OpenAPI description of all services."""
    from ...core.openapi import merged_openapi

    print(json.dumps(merged_openapi(), indent=1))


@app.command("decide-runtime")
def decide_runtime(
    data: Data = None,
    again: Annotated[bool, typer.Option("--again", help="Forget the earlier choice.")] = False,
    runtime: Annotated[
        RuntimeChoice | None, typer.Option(help="Decide as if the settings said this.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Choose Docker or processes, keep the choice, and say why."""
    from ..runtime.choose import decide

    settings = Settings.load(data)
    if runtime is not None:
        settings = settings.model_copy(update={"runtime": runtime})
    chosen = decide(settings, again)
    if as_json:
        facts = {
            "runtime": chosen.runtime,
            "media_server": chosen.media_server,
            "reason": chosen.reason,
        }
        out.print_json(json.dumps(facts))
    else:
        out.print(f"{chosen.runtime} with {chosen.media_server}: {chosen.reason}", markup=False)


@app.command()
def doctor(data: Data = None, as_json: AsJson = False) -> None:
    """Look over the whole machine, with advice. Exit status 1 when something is wrong."""
    from .doctor import show as show_findings

    if not show_findings(out, Settings.load(data), as_json):
        raise typer.Exit(1)


@app.command()
def streams(data: Data = None, as_json: AsJson = False) -> None:
    """List live streams."""
    settings = Settings.load(data)
    path = "/terraform/v1/mgmt/streams/query"
    found = ask_service(settings, settings.platform_port, path, {})
    if as_json:
        out.print_json(json.dumps(found))
    else:
        show.streams(out, found["streams"])


@app.command()
def kick(
    stream: Annotated[str, typer.Argument(help="APP/STREAM, for example live/livestream.")],
    data: Data = None,
    vhost: Annotated[str, typer.Option()] = "__defaultVhost__",
) -> None:
    """Disconnect the publisher of a stream."""
    settings = Settings.load(data)
    body = {"vhost": vhost, **names_of(stream)}
    ask_service(settings, settings.platform_port, "/terraform/v1/mgmt/streams/kickoff", body)
    out.print(f"{stream} was disconnected", markup=False)


@app.command()
def demo(
    switch: Annotated[str, typer.Argument(help="on, off or status.")] = "status",
    data: Data = None,
) -> None:
    """Publish a test picture with clock and tone, or stop it."""
    settings = Settings.load(data)
    if switch not in ("on", "off", "status"):
        raise StreamsteadError(f"{switch!r} is not on, off or status", "Say: streamstead demo on")
    base = "/terraform/v1/ffmpeg/demo"
    if switch == "status":
        found = ask_service(settings, settings.ffmpeg_port, f"{base}/query", {})
    else:
        wanted = {"enabled": switch == "on"}
        found = ask_service(settings, settings.ffmpeg_port, f"{base}/update", wanted)
    out.print(f"demo: {found['state']} {found['detail']}".strip(), markup=False)


@app.command()
def version() -> None:
    """Print the version."""
    out.print(VERSION)
