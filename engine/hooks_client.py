"""Tell the control plane what happens, and ask it who may come in.

A question that gets no clear yes in time is a no. What is only told is told in order for each
client; it is repeated only while nobody listens on the port, because then it was not heard.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from ..core.log import get_logger
from .boot import Boot
from .callbacks import Action, callback_body
from .clients import Client
from .http_client import Reply

ASK_TIMEOUT_S = 12.0
TELL_TIMEOUT_S = 12.0
"""While hooks is replaced its port takes connections, and the next process answers them: on a busy
machine that takes some seconds."""
MAX_QUESTIONS = 32
"""Questions on the way at once; more wait, within the same time limit."""
MAX_WAITING = 200
"""Callbacks that wait for one client; beyond it the oldest on_hls is dropped."""
REFUSED_RETRIES = 8
REFUSED_PAUSE_S = 0.5

PREFIX = "/terraform/v1/hooks/srs"

Post = Callable[[str, bytes, float], Awaitable[Reply]]

log = get_logger(__name__)


class HooksClient:
    """``post(target, body, timeout_s)`` does the request; it is a parameter for tests."""

    def __init__(self, post: Post, secret: str, boot: Boot) -> None:
        self._post = post
        self._secret = secret
        self._boot = boot
        self._questions = asyncio.Semaphore(MAX_QUESTIONS)
        self._waiting: dict[str, deque[dict[str, Any]]] = {}
        self._tellers: dict[str, asyncio.Task[None]] = {}

    async def ask(self, action: Action, client: Client) -> bool:
        """Return whether the client may go on. Takes ``ASK_TIMEOUT_S`` at most."""
        body = callback_body(action, client, self._boot)
        try:
            async with asyncio.timeout(ASK_TIMEOUT_S), self._questions:
                reply = await self._post(self._target("verify"), orjson.dumps(body), ASK_TIMEOUT_S)
        except (OSError, TimeoutError) as exc:
            log.warning(
                "engine.hook_failed", action=action, client=client.id, reason=type(exc).__name__
            )
            return False
        return accepted(reply)

    def tell(self, action: Action, client: Client, **more: Any) -> None:
        """Send later, after everything that was told before of the same client."""
        body = {**callback_body(action, client, self._boot), **more}
        waiting = self._waiting.get(client.id)
        if waiting is None:
            waiting = self._waiting[client.id] = deque()
            self._tellers[client.id] = asyncio.create_task(self._tell_all(client.id, waiting))
        elif len(waiting) >= MAX_WAITING:
            self._drop_one(waiting)
        waiting.append(body)

    async def drain(self, timeout_s: float) -> None:
        """Wait until all is told, or give up."""
        tellers = set(self._tellers.values())
        if tellers:
            await asyncio.wait(tellers, timeout=timeout_s)
        for task in tellers:
            task.cancel()
        await asyncio.gather(*tellers, return_exceptions=True)

    async def told(self, client: Client, timeout_s: float) -> None:
        """Wait until everything about one client is told, or the time is over."""
        task = self._tellers.get(client.id)
        if task is not None:
            await asyncio.wait({task}, timeout=timeout_s)

    @staticmethod
    def _drop_one(waiting: deque[dict[str, Any]]) -> None:
        for body in waiting:
            if body["action"] == Action.HLS:
                waiting.remove(body)
                break
        else:
            waiting.popleft()
        log.warning("engine.hook_queue_full", client=waiting[0]["client_id"] if waiting else "")

    async def _tell_all(self, client_id: str, waiting: deque[dict[str, Any]]) -> None:
        try:
            while waiting:
                await self._tell_one(waiting.popleft())
        finally:
            del self._waiting[client_id], self._tellers[client_id]

    async def _tell_one(self, body: dict[str, Any]) -> None:
        target = self._target("hls" if body["action"] == Action.HLS else "verify")
        for left in range(REFUSED_RETRIES, -1, -1):
            try:
                reply = await self._post(target, orjson.dumps(body), TELL_TIMEOUT_S)
            except ConnectionRefusedError:
                if left:
                    await asyncio.sleep(REFUSED_PAUSE_S)
                    continue
                reason = "refused"
            except (OSError, TimeoutError) as exc:
                reason = type(exc).__name__
            else:
                if accepted(reply):
                    return
                reason = f"status {reply.status}"
            log.warning("engine.hook_lost", action=body["action"], reason=reason)
            return

    def _target(self, door: str) -> str:
        return f"{PREFIX}/{door}?hook={self._secret}"


def accepted(reply: Reply) -> bool:
    """Tell whether SRS would take this for a yes: 200 or 201, and ``0`` or ``{"code": 0}``."""
    if reply.status not in (200, 201):
        return False
    try:
        found = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return False
    code = found.get("code") if isinstance(found, dict) else found
    return isinstance(code, int) and not isinstance(code, bool) and code == 0
