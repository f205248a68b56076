"""``streamstead password``: the way back in, for root."""

import sys
from getpass import getpass
from pathlib import Path
from typing import Annotated

import typer

from ...core.errors import StreamsteadError
from ...core.password import check_strength, slow_hasher
from ...core.settings import Settings
from .client import ask_manager
from .common import Data, out


def password(
    data: Data = None,
    file: Annotated[
        Path | None,
        typer.Option("--password-file", help="Its first line is the password; - for the input."),
    ] = None,
) -> None:
    """Set the operator's password without the old one. Every session ends."""
    settings = Settings.load(data)
    new = _typed() if file is None else _read(file)
    check_strength(new)
    ask_manager(settings, "POST", "/v1/password/reset", 30, {"hash": slow_hasher().hash(new)})
    out.print("the password is set; whoever is signed in has to sign in again")


def _typed() -> str:
    if not sys.stdin.isatty():
        raise StreamsteadError("no password was given", "Add: --password-file FILE")
    first = getpass("New password: ")
    if getpass("Once more: ") != first:
        raise StreamsteadError("the two are not the same", "Try again.")
    return first


def _read(file: Path) -> str:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise StreamsteadError(f"{file} cannot be read: {exc}", "Correct the path.") from None
    return text.split("\n", 1)[0].rstrip("\r")
