"""The audit log as the manager keeps it: its own deeds in it, and files bounded in number.

The files belong to root in a sticky directory, so no service can remove or replace one.
"""

import asyncio
import errno
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..core.audit import AUDITED_HEADER, append
from ..core.files import open_plain
from ..core.log import get_logger
from .http import by_root
from .runtime.account import Account

log = get_logger(__name__)

KEEP_MONTHS = 24
LOOK_EVERY_S = 6 * 3600.0


class SocketAudit:
    """ASGI middleware of the manager's socket: notes what root asks for by the command line, and
    what a service asks for without saying that it noted it itself."""

    def __init__(self, app: ASGIApp, folder: Path) -> None:
        self._app = app
        self._folder = folder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        noted = any(name == AUDITED_HEADER.encode() for name, _ in scope.get("headers", ()))
        if scope["type"] != "http" or scope["method"] != "POST" or noted:
            await self._app(scope, receive, send)
            return
        status = 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            what = str(scope["path"]).removeprefix("/v1/")
            result = "ok" if status < 400 else str(status)
            who = "command line" if by_root(Request(scope)) else "a service"
            append(self._folder, who, what, "", "this machine", result)


async def keep_audit_files(folder: Path, account: Account) -> None:
    """Have the files of this month and the next ready, remove those too old; never returns."""
    while True:
        try:
            await asyncio.to_thread(prepare_files, folder, account, datetime.now(UTC))
        except OSError as exc:
            log.warning("audit.files", error=str(exc))
        await asyncio.sleep(LOOK_EVERY_S)


def prepare_files(folder: Path, account: Account, now: datetime) -> None:
    """Make what will be written to, before a service does. Raises OSError."""
    for day in (now, now.replace(day=28) + timedelta(days=4)):
        path = folder / day.strftime("%Y-%m.jsonl")
        _take_over(path, account)
    oldest = now.year * 12 + now.month - 1 - KEEP_MONTHS
    for path in folder.glob("[0-9][0-9][0-9][0-9]-[0-9][0-9].jsonl"):
        year, _, month = path.stem.partition("-")
        if int(year) * 12 + int(month) - 1 < oldest:
            path.unlink()


def _take_over(path: Path, account: Account) -> None:
    """Make the file, or own one that a service made while there was no manager; what is no file is
    removed."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    try:
        fd = open_plain(path, flags, 0o660)
    except OSError as exc:
        if exc.errno not in (errno.ELOOP, errno.EINVAL, errno.ENXIO):
            raise
        path.unlink(missing_ok=True)
        fd = open_plain(path, flags | os.O_EXCL, 0o660)
    try:
        os.fchmod(fd, 0o660)
        if account.drops:
            os.fchown(fd, 0, account.gid)
    finally:
        os.close(fd)
