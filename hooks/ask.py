"""Let the owner's own servers decide: who may publish (blocking targets), who may watch (rules).

A question is one signed message. Yes: a status of 2xx with an empty body, ``0`` or a JSON object
whose ``code`` is 0. No: 2xx with another number or code, 401 or 403. Anything else is no answer.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson
from prometheus_client import Counter
from redis.exceptions import RedisError

from ..core.errors import PlayRefused, Refused, StreamsteadError
from ..core.events import EventType
from ..core.hook_queue import (
    ASKED_TYPE,
    SHOWN_BYTES,
    DeliveryState,
    HookDelivery,
    HookQueue,
    new_delivery_id,
)
from ..core.hook_targets import Fallback, HookTarget, HookTargetStore
from ..core.log import get_logger
from ..core.outbound import Outbound, OutboundReply, origin_of
from ..core.play_rules import PlayRule
from ..core.registry import DEFAULT_VHOST, Session
from ..core.sealed import Sealer
from .callback import GRANT, parameters
from .gate import PlayRequest

log = get_logger(__name__)

LIMIT_S = 3.0
MAX_REPLY_BYTES = 64 * 1024
LANES = 16
"""Questions to one server at a time; more wait for their turn within the same 3 s."""

MAX_OPEN = 128
"""Questions to all servers at a time: each holds a connection of ours."""

_ASKED = Counter("streamstead_webhook_questions", "Questions to webhooks", ["what", "answer"])


class _No(Exception):
    """The server was asked and said no."""


class _NoAnswer(Exception):
    """``args[0]`` says what is wrong with the server, in words."""


def judge_reply(reply: OutboundReply) -> None:
    """Return for a yes. Raises _No or _NoAnswer."""
    if reply.status in (401, 403):
        raise _No(f"answered with status {reply.status}")
    if not 200 <= reply.status < 300:
        raise _NoAnswer(f"answered with status {reply.status}")
    if reply.cut:
        raise _NoAnswer("answered with more than 64 kB")
    if not reply.body.strip():
        return
    try:
        said = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        said = None
    code = said.get("code") if isinstance(said, dict) else said
    if isinstance(code, bool) or not isinstance(code, int):
        raise _NoAnswer('answered neither 0 nor {"code": 0}')
    if code != 0:
        raise _No(f"answered with code {code}")


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What one target made of a question; ``healthy``: it answered, whatever it said."""

    done: HookDelivery
    healthy: bool
    refusal: Refused | None


class _Lanes:
    """Bounds what is open to one server and to all; a server that hangs fills its own lanes."""

    def __init__(self) -> None:
        self._all = asyncio.Semaphore(MAX_OPEN)
        self._of: dict[str, tuple[asyncio.Semaphore, list[int]]] = {}

    @asynccontextmanager
    async def one(self, origin: str) -> AsyncIterator[None]:
        lanes, users = self._of.setdefault(origin, (asyncio.Semaphore(LANES), [0]))
        users[0] += 1
        try:
            async with lanes, self._all:
                yield
        finally:
            users[0] -= 1
            if users[0] == 0:
                self._of.pop(origin, None)


class WebhookAsker:
    """Implements ``gate.Asker``. ``sealer`` opens the secrets of play rules."""

    def __init__(
        self,
        targets: HookTargetStore,
        queue: HookQueue,
        outbound: Outbound,
        sealer: Sealer,
        clock: Callable[[], int],
        limit_s: float = LIMIT_S,
    ) -> None:
        self._targets = targets
        self._queue = queue
        self._outbound = outbound
        self._sealer = sealer
        self._clock = clock
        self._limit_s = limit_s
        self._lanes = _Lanes()

    async def may_publish(self, session: Session, param: str) -> None:
        """Ask every blocking target at once; all must agree within 3 s together.

        Raises Refused: ``webhook_refused`` when one says no, ``webhook_failed`` when one that is
        set to refuse then gives no answer. ``param`` goes to them without our publish secret.
        """
        asked = [it for it in await self._targets.all() if _is_asked(it)]
        tasks = [asyncio.create_task(self._ask_target(it, session, param)) for it in asked]
        outcomes: list[_Outcome] = []
        try:
            for task in asyncio.as_completed(tasks):
                outcomes.append(await task)
                if outcomes[-1].refusal is not None:
                    break  # one no is enough
        finally:
            for one in tasks:
                one.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for outcome in outcomes:
            await self._note(outcome)
        if outcomes and outcomes[-1].refusal is not None:
            raise outcomes[-1].refusal

    async def _ask_target(self, target: HookTarget, session: Session, param: str) -> _Outcome:
        now = self._clock()
        new_id = new_delivery_id(target.id)
        question = {
            **_question(new_id, ASKED_TYPE, "on_publish", now, session.url),
            "opaque": target.opaque,
            "vhost": session.vhost or DEFAULT_VHOST,
            "app": session.app,
            "stream": session.stream,
            "param": _without(param, "secret"),
            "client_id": session.client_id,
            "protocol": session.protocol.value,
            "ip": session.ip,
            "user_agent": session.user_agent,
        }
        body = orjson.dumps(question)
        reply: OutboundReply | None = None
        error: str | None = None
        refused = unanswered = False
        try:
            reply = await self._send(
                target.url,
                body,
                lambda: self._targets.secret(target),
                {"Streamstead-Delivery": new_id, "Streamstead-Event": ASKED_TYPE},
                target.allow_private,
            )
            judge_reply(reply)
        except _No as exc:
            error, refused = str(exc), True
        except (_NoAnswer, StreamsteadError) as exc:
            error, unanswered = str(exc), True
        answer = "no" if refused else "none" if unanswered else "yes"
        _ASKED.labels("publish", answer).inc()
        done = HookDelivery(
            state=DeliveryState.DELIVERED if error is None else DeliveryState.FAILED,
            id=new_id,
            target_id=target.id,
            event_id=str(question["id"]),
            type=ASKED_TYPE,
            stream=session.url,
            at_ms=now,
            first_ms=now,
            request=body.decode()[:SHOWN_BYTES],
            attempts=1,
            status=reply.status if reply else None,
            took_ms=reply.took_ms if reply else max(0, self._clock() - now),
            error=error,
            reply=reply.body[:SHOWN_BYTES].decode(errors="replace") if reply else "",
        )
        return _Outcome(done, not unanswered, self._refusal(target, session, refused, error))

    def _refusal(
        self, target: HookTarget, session: Session, refused: bool, error: str | None
    ) -> Refused | None:
        name = target.label or target.id
        if refused:
            return Refused(
                f"the server of {name} did not let this publisher in",
                "See the webhook's log on the Webhooks page.",
                key="webhook_refused",
            )
        if error is None:
            return None
        log.warning(
            "webhook.no_answer",
            target=target.id,
            server=origin_of(target.url),
            stream=session.url,
            error=error,
            fallback=target.fallback.value,
        )
        if target.fallback is Fallback.ACCEPT:
            return None
        return Refused(
            f"the server of {name}, which decides who may publish, gives no answer",
            "See the webhook's log; its fallback decides what happens without an answer.",
            key="webhook_failed",
        )

    async def _note(self, outcome: _Outcome) -> None:
        try:
            await self._queue.note(outcome.done, self._clock(), healthy=outcome.healthy)
        except RedisError as exc:
            log.warning("webhook.outcome_not_noted", error=type(exc).__name__)

    async def may_play(self, rule: PlayRule, request: PlayRequest) -> None:
        """Ask the server of a play rule, 3 s at most; no answer is a no.

        It gets the viewer's own query (``param``): what stands there is theirs to know. Raises
        PlayRefused with the key ``webhook_refused`` or ``webhook_failed``.
        """
        new_id = new_delivery_id("play")
        token = request.pass_token
        query = request.query or (urlencode({"pass": token}) if token else "")
        question = {
            **_question(new_id, "play.asked", "on_play", self._clock(), request.url),
            "opaque": "",
            "vhost": DEFAULT_VHOST,
            "app": request.app,
            "stream": request.stream,
            "param": _without(query, GRANT),
            "client_id": request.client_id,
            "protocol": request.protocol.value,
            "ip": request.ip,
            "user_agent": request.user_agent,
        }
        sealed = rule.webhook_secret
        try:
            reply = await self._send(
                rule.webhook_url,
                orjson.dumps(question),
                lambda: self._sealer.open(sealed) if sealed else "",
                {"Streamstead-Delivery": new_id, "Streamstead-Event": "play.asked"},
                rule.allow_private,
            )
            judge_reply(reply)
        except _No:
            _ASKED.labels("play", "no").inc()
            raise PlayRefused.of("webhook_refused") from None
        except (_NoAnswer, StreamsteadError) as exc:
            _ASKED.labels("play", "none").inc()
            log.warning(
                "play.webhook_failed",
                server=origin_of(rule.webhook_url),
                stream=request.url,
                error=str(exc),
            )
            raise PlayRefused.of("webhook_failed") from None
        _ASKED.labels("play", "yes").inc()

    async def _send(
        self,
        url: str,
        body: bytes,
        secret: Callable[[], str],
        headers: dict[str, str],
        allow_private: bool,
    ) -> OutboundReply:
        """Send when there is a lane. Raises StreamsteadError, _NoAnswer."""
        try:
            async with asyncio.timeout(self._limit_s), self._lanes.one(origin_of(url)):
                return await self._outbound.post_signed(
                    url,
                    body,
                    secret(),
                    timeout_s=self._limit_s,
                    allow_private=allow_private,
                    max_reply_bytes=MAX_REPLY_BYTES,
                    headers=headers,
                )
        except TimeoutError:
            raise _NoAnswer(f"did not answer within {self._limit_s:g} s") from None


def _is_asked(target: HookTarget) -> bool:
    wanted = EventType.STREAM_PUBLISHED.value in target.types
    return target.enabled and target.blocking and wanted


def _question(new_id: str, type_: str, action: str, now_ms: int, url: str) -> dict[str, Any]:
    return {
        "id": f"{type_}:{new_id}",
        "type": type_,
        "at_ms": now_ms,
        "url": url,
        "request_id": new_id,
        "action": action,
    }


def _without(param: str, hidden: str) -> str:
    """Return the query without one parameter, which is ours alone to know."""
    lead = "?" if param.startswith("?") else ""
    kept = [(name, value) for name, value in parameters(param) if name != hidden]
    return lead + urlencode(kept)
