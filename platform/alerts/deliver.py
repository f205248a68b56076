"""Bring one message to one target, within 20 s, whatever its server does."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import orjson

from ...core.log import get_logger
from ...core.outbound import Outbound
from ..hook_worker import failure_of
from .messages import Letter
from .models import NotifyKind
from .notify_kinds import allows_private, apprise_url, secrets_of

log = get_logger(__name__)

TIMEOUT_S = 20.0
MAX_SAID_BYTES = 10_000
REPLY_BYTES = 2_000

Deliver = Callable[[NotifyKind, Mapping[str, str], Letter, str], Awaitable[tuple[bool, str]]]
"""(kind, fields, letter, name of the house) -> (taken, why not)."""


class Courier:
    """A webhook gets signed JSON from this process; all else is sent by Apprise in its own."""

    def __init__(self, outbound: Outbound, timeout_s: float = TIMEOUT_S) -> None:
        self._outbound = outbound
        self._timeout_s = timeout_s

    async def __call__(
        self, kind: NotifyKind, fields: Mapping[str, str], what: Letter, house: str
    ) -> tuple[bool, str]:
        """Raises StreamsteadError for a webhook that cannot be reached."""
        if kind == "webhook":
            return await self._post(fields, what, house)
        order = {
            "url": apprise_url(kind, fields),
            "title": what.title,
            "body": what.body,
            "type": what.type,
            "allow_private": allows_private(fields),
        }
        ok, message = await self._by_apprise(orjson.dumps(order))
        for secret in secrets_of(kind, fields):
            message = message.replace(secret, "***")
        return ok, message

    async def _post(self, fields: Mapping[str, str], what: Letter, house: str) -> tuple[bool, str]:
        reply = await self._outbound.post_signed(
            fields["url"],
            orjson.dumps(what.as_json(house)),
            fields["secret"],
            timeout_s=self._timeout_s,
            allow_private=allows_private(fields),
            max_reply_bytes=REPLY_BYTES,
        )
        failure = failure_of(reply)
        return failure is None, failure or ""

    async def _by_apprise(self, order: bytes) -> tuple[bool, str]:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "streamstead.platform.alerts.send"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            # No proxy and no setting of ours, which are secrets among other things.
            env={name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ},
        )
        try:
            async with asyncio.timeout(self._timeout_s):
                said, _ = await child.communicate(order)
        except TimeoutError:
            return False, f"it did not answer within {self._timeout_s:g} s"
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
            await child.wait()
        try:
            answer = orjson.loads(said[:MAX_SAID_BYTES])
            return bool(answer["ok"]), str(answer["message"])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return False, f"the program that sends ended with status {child.returncode}"
