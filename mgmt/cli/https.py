"""Commands of HTTPS: what is served, a check of domains, certificates of a CA or of one's own."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ...core.errors import StreamsteadError
from ...core.settings import Settings
from .client import ask_service
from .common import AsJson, Data, load, out, print_json, print_pairs, utc

app = typer.Typer(no_args_is_help=True, help="Show, request, renew and upload the certificate.")

LONG_S = 320
_MARKS = {"ok": "[green]ok  [/]", "warn": "[yellow]warn[/]", "fail": "[red]fail[/]"}
_PROVIDERS = {"self": "signed by ourselves", "ssl": "uploaded", "lets": "a CA, by ACME"}

Domains = Annotated[list[str], typer.Argument(metavar="DOMAIN...", help="live.example.com")]
Plugin = Annotated[
    str, typer.Option("--dns", help="Prove the domains by DNS: cloudflare or rfc2136.")
]
Credentials = Annotated[
    Path | None,
    typer.Option(help="File with NAME=VALUE lines for --dns; see the page for the names."),
]


@app.callback()
def https(ctx: typer.Context, data: Data = None) -> None:
    """Show, request, renew and upload the certificate."""
    ctx.obj = data


@app.command()
def status(ctx: typer.Context, data: Data = None, as_json: AsJson = False) -> None:
    """Tell which certificate is served, how long it lasts and how its renewal goes."""
    found = _ask(load(ctx, data), "cert/query", {}, 20)
    if as_json:
        print_json(found)
        return
    _print_certificate(found)


@app.command()
def check(
    ctx: typer.Context,
    domains: Domains,
    dns: Plugin = "",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Tell what would stop a request; asks the CA nothing. Exit status 1 when something does."""
    body: dict[str, Any] = {"domain": " ".join(domains)}
    if dns:
        body["dns"] = {"plugin": dns}
    found = _ask(load(ctx, data), "letsencrypt/check", body, 70)
    if as_json:
        print_json(found)
    else:
        for item in found["items"]:
            out.print(f"{_MARKS[item['level']]} ", end="")
            out.print(item["message"], markup=False)
            if item["help"] and item["level"] != "ok":
                out.print(f"     {item['help']}", markup=False)
    if not found["ok"]:
        raise typer.Exit(1)


@app.command()
def letsencrypt(
    ctx: typer.Context,
    domains: Domains,
    email: Annotated[str, typer.Option(help="Whom the CA may write to; may be left out.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Try it, and keep nothing.")] = False,
    staging: Annotated[
        bool, typer.Option("--staging", help="From the CA's test server; browsers warn of it.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Go on though a check failed; ask again.")
    ] = False,
    dns: Plugin = "",
    credentials: Credentials = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Ask Let's Encrypt for a certificate and serve it."""
    body: dict[str, Any] = {
        "domain": " ".join(domains),
        "dry_run": dry_run,
        "staging": staging,
        "force": force,
    }
    if email:
        body["email"] = email
    if dns:
        body["dns"] = {"plugin": dns, "credentials": _read_pairs(credentials)}
    found = _ask(load(ctx, data), "letsencrypt", body, LONG_S)
    if as_json:
        print_json(found)
        return
    for step in found["job"]["steps"] if found["job"] else ():
        if step["message"]:
            out.print(step["message"], markup=False)


@app.command()
def renew(
    ctx: typer.Context,
    force: Annotated[bool, typer.Option("--force", help="Also when it is not due.")] = False,
    data: Data = None,
) -> None:
    """Renew the certificate if it is due. It also happens by itself."""
    found = _ask(load(ctx, data), "letsencrypt/renew", {"force": force}, LONG_S)
    out.print(found["stdout"], markup=False)


@app.command()
def upload(
    ctx: typer.Context,
    certificate: Annotated[Path, typer.Argument(help="PEM of the whole chain (fullchain.pem).")],
    key: Annotated[Path, typer.Argument(help="PEM of its key.")],
    data: Data = None,
) -> None:
    """Serve a certificate of your own."""
    body = {"crt": _read(certificate), "key": _read(key)}
    _print_certificate(_ask(load(ctx, data), "ssl", body, 70))


@app.command()
def rollback(ctx: typer.Context, data: Data = None) -> None:
    """Serve the certificate before this one again."""
    _print_certificate(_ask(load(ctx, data), "cert/rollback", {}, 70))


def _ask(settings: Settings, path: str, body: dict[str, Any], timeout_s: float) -> Any:
    whole = f"/terraform/v1/mgmt/{path}"
    return ask_service(settings, settings.platform_port, whole, body, timeout_s)


def _print_certificate(found: dict[str, Any]) -> None:
    renewal = found["renewal"]
    pairs = {
        "domains": ", ".join(found["domains"]),
        "from": _PROVIDERS[found["provider"]] + (" (test server)" if renewal["staging"] else ""),
        "issuer": found["issuer"],
        "valid until": f"{utc(found['not_after_ms'])} ({found['days_left']} days)",
        "key": found["key_type"],
        "port": found["port"] or "not open",
    }
    if found["provider"] == "lets":
        pairs["renewal"] = "by itself" if renewal["auto"] else "switched off"
        pairs["looked at next"] = utc(renewal["next_at_ms"])
    if renewal["last_error"]:
        pairs["last failure"] = f"{renewal['last_error']['message']} ({utc(renewal['last_at_ms'])})"
    print_pairs(pairs)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError as exc:
        raise StreamsteadError(
            f"{path} cannot be read: {exc.strerror}", "Check its name."
        ) from None
    except UnicodeDecodeError:
        raise StreamsteadError(
            f"{path} is not PEM text", "Convert it: openssl x509 -in FILE -out fullchain.pem"
        ) from None


def _read_pairs(path: Path | None) -> dict[str, str]:
    """Read the credentials; on the command line everybody on the machine would see them."""
    if path is None:
        return {}
    found = {}
    for line in _read(path).splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.lstrip().startswith("#"):
            found[name.strip()] = value.strip()
    return found
