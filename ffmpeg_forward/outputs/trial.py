"""Try a destination out: ten seconds of a test picture, and how far they come."""

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from ...core.errors import RateLimited
from ...core.rtmp.chunk import Message
from ..models import Problem
from ..relay import problems
from ..relay.config import DestinationConfig, Sender
from ..relay.connection import Connection, SentSoFar
from ..relay.opening import House, Network, open_connection
from ..relay.problems import PublishFailed, Step
from . import models
from .address import Address
from .test_picture import TestPicture

MAX_TRIALS = 2
MEDIA_S = 1.5
"""Servers that refuse a key or a codec hang up within this time of the first picture."""

SETTLE_S = 4.0
"""That a server may take nothing, and at the end for what is on its way."""

_TICK_S = 0.02
_GAP_MS = 33
_HELD_MS = 1_500
"""FFmpeg keeps so much at most until more of it comes."""


@dataclass(frozen=True, slots=True)
class TrialTarget:
    """``rtmp_port``: of our own media server."""

    address: Address
    sender: Sender
    verify_tls: bool
    rtmp_port: int


class Trials:
    """Two at once; more are told to wait."""

    def __init__(self, picture: TestPicture) -> None:
        self.picture = picture
        self.network = Network()
        self.limit = asyncio.Semaphore(MAX_TRIALS)


class _Steps:
    """Notes when each step begins and how it ended, and how many bytes were sent."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._begun: dict[Step, float] = {}
        self._took: dict[Step, float] = {}
        self._failed: tuple[Step, problems.Problem] | None = None
        self.sent = 0

    def begin(self, step: Step) -> None:
        """The one before is done."""
        now = self._loop.time()
        self._end(now)
        self._begun[step] = now

    def done(self) -> None:
        self._end(self._loop.time())

    def fail(self, problem: problems.Problem, arrived: int) -> None:
        """``arrived``: bytes that the far end has accepted."""
        now = self._loop.time()
        last = next(reversed(self._begun), Step.DNS)
        if problem.key == "output_srt" and not arrived:
            # FFmpeg takes what it is given while it still tries to connect.
            last = Step.CONNECT
            self._begun = {last: self._begun.get(last, now)}
            self._took.clear()
        self._begun.setdefault(last, now)
        self._failed = last, problem
        self._end(now)

    def has(self, step: Step) -> bool:
        return step in self._begun

    @property
    def ok(self) -> bool:
        return self._failed is None and Step.ACCEPTED in self._took

    def told(self) -> list[models.OutputTestStep]:
        return [self._told(step) for step in Step]

    def _told(self, step: Step) -> models.OutputTestStep:
        took = round(self._took.get(step, 0.0) * 1000)
        problem = None
        if self._failed is not None and self._failed[0] is step:
            one = self._failed[1]
            problem = Problem(key=one.key, message=one.message, help=one.help)
        ok = None if step not in self._took else problem is None
        return models.OutputTestStep(name=step.value, ok=ok, took_ms=took, problem=problem)

    def _end(self, now: float) -> None:
        for step, begun in self._begun.items():
            self._took.setdefault(step, now - begun)


async def run_trial(trials: Trials, target: TrialTarget) -> models.OutputTest:
    """Send the test picture. Raises RateLimited; MediaFailed when there is no picture to send."""
    if trials.limit.locked():
        raise RateLimited("outputs are being tried out already", "Wait a moment.", retry_after_s=15)
    async with trials.limit:
        picture = await trials.picture.messages()
        steps = _Steps()
        connection: Connection | None = None
        acked = 0
        began = asyncio.get_running_loop().time()
        try:
            connection = await _connect(trials, target, steps)
            began = asyncio.get_running_loop().time()
            await _send(connection, picture, steps)
        except PublishFailed as exc:
            acked = connection.progress().acked if connection is not None else 0
            steps.fail(exc.problem, acked)
        finally:
            if connection is not None:
                acked = connection.progress().acked
                await connection.close()
        took_s = max(0.001, asyncio.get_running_loop().time() - began)
        return models.OutputTest(
            ok=steps.ok,
            steps=steps.told(),
            sent_bytes=steps.sent,
            acked_bytes=acked,
            kbps=round(acked * 8 / 1000 / took_s),
        )


async def _connect(trials: Trials, target: TrialTarget, steps: _Steps) -> Connection:
    config = DestinationConfig(
        id="",
        url=target.address.url,
        sender=target.sender,
        verify_tls=target.verify_tls,
    )
    return await open_connection(
        config,
        House(target.rtmp_port),
        trials.network,
        now_ms=0,
        said=steps.begin,
        note=lambda _: None,
    )


async def _send(connection: Connection, picture: list[Message], steps: _Steps) -> None:
    """Send at the pace of the picture, and again from its begin until enough has arrived: FFmpeg
    says what it wrote only when there is more to write. Raises PublishFailed."""
    loop = asyncio.get_running_loop()
    steps.begin(Step.MEDIA)
    begun, last = loop.time(), picture[-1].timestamp
    length = last - picture[0].timestamp
    enough = sum(len(it.payload) for it in picture if it.timestamp <= last - _HELD_MS)
    blocked_at: float | None = None
    for message, at in _over_and_over(picture):
        while not connection.writable or loop.time() - begun < at / 1000:
            _raise_closed(connection)
            gone_s = loop.time() - begun
            if gone_s > length / 1000:
                if _has_arrived(connection.progress(), enough):
                    steps.done()
                    return
                if gone_s > length / 1000 + SETTLE_S:
                    raise PublishFailed(problems.stuck("The server", SETTLE_S))
            if connection.writable:
                blocked_at = None
            elif blocked_at is None:
                blocked_at = loop.time()
            elif loop.time() - blocked_at > SETTLE_S:
                raise PublishFailed(problems.slow("the server"))
            await asyncio.sleep(_TICK_S)
        blocked_at = None
        connection.send(message, at)
        steps.sent += len(message.payload)
        if at >= MEDIA_S * 1000 and not steps.has(Step.ACCEPTED):
            _raise_closed(connection)
            steps.begin(Step.ACCEPTED)


def _over_and_over(picture: list[Message]) -> Iterator[tuple[Message, int]]:
    """Yield messages with their times in ms, the picture again and again."""
    first, length = picture[0].timestamp, picture[-1].timestamp - picture[0].timestamp
    for begun in itertools.count(0, length + _GAP_MS):
        for message in picture:
            yield message, begun + message.timestamp - first


def _has_arrived(so_far: SentSoFar, enough: int) -> bool:
    return so_far.acked > 0 and (not so_far.pending or so_far.acked >= enough)


def _raise_closed(connection: Connection) -> None:
    with suppress(asyncio.InvalidStateError):
        raise PublishFailed(connection.closed.result())
