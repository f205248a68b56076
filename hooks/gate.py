"""Decide each callback: who may publish and play, and what the registry notes. Fails closed."""

from collections.abc import Callable

from redis.exceptions import RedisError

from ..core.errors import Invalid, Refused, StoreUnavailable, StreamsteadError
from ..core.log import get_logger
from ..core.registry import Kind, StreamRegistry
from .callback import Action, Callback, publish_secret, session_of
from .segment import SegmentCheck

log = get_logger(__name__)

_REASONS = {
    "wrong_secret": (
        "the stream key is wrong",
        "Copy server and key from the Streams page into the encoder again.",
    ),
    "no_secret_set": (
        "no publish secret is set yet",
        "It is made within seconds; look at the Streams page for the new key.",
    ),
    "kicked": (
        "this stream was disconnected by its operator a moment ago",
        "It may publish again in a few seconds.",
    ),
}


class Gate:
    """Answers callbacks. ``nudge`` asks the reconciler to look at the media server soon."""

    def __init__(
        self,
        registry: StreamRegistry,
        segments: SegmentCheck,
        clock: Callable[[], int],
        nudge: Callable[[], None],
    ) -> None:
        self._registry = registry
        self._segments = segments
        self._clock = clock
        self._nudge = nudge

    async def decide(self, callback: Callback) -> None:
        """Return to let the client in, raise to refuse it.

        For callbacks that only tell (close, unpublish, stop, hls, dvr) SRS ignores the refusal, but
        logs it. One Redis round trip each.
        """
        try:
            await self._decide(callback)
        except RedisError as exc:
            log.error(
                "callback.refused_without_store",
                action=callback.action,
                stream=callback.url,
                error=type(exc).__name__,
            )
            raise StoreUnavailable(
                "the settings store (Redis) does not answer, so nobody new is let in",
                "It is restarted by itself; try again in a few seconds.",
            ) from None
        except StreamsteadError as exc:
            log.warning(
                "callback.refused",
                action=callback.action,
                stream=callback.url,
                client_id=callback.client_id,
                ip=callback.ip,
                reason=exc.key,
            )
            raise

    async def _decide(self, callback: Callback) -> None:
        now = self._clock()
        match callback.action:
            case Action.PUBLISH:
                await self._publish(callback, now)
            case Action.PLAY:
                await self._registry.play(session_of(callback, Kind.PLAY, now))
            case Action.UNPUBLISH | Action.STOP | Action.CLOSE:
                ended, what = await self._registry.finish(
                    callback.client_id, now, callback.action.value
                )
                if ended and what == "publisher":
                    # A second publisher may have been let through at this very moment.
                    self._nudge()
            case Action.HLS:
                segment = self._segments.read(callback)
                await self._registry.segment(
                    callback.url, f"{callback.client_id}:{segment['name']}", segment, now
                )
            case Action.CONNECT | Action.DVR | Action.FORWARD:
                pass  # decided at publish or play; nothing is written by these

    async def _publish(self, callback: Callback, now: int) -> None:
        session = session_of(callback, Kind.PUBLISH, now)
        allowed, why = await self._registry.publish(session, publish_secret(callback.param))
        if not allowed:
            if why not in _REASONS:
                raise Invalid(f"publish refused: {why}", "See the log of hooks.")
            message, advice = _REASONS[why]
            raise Refused(message, advice, key=why)
        log.info(
            "stream.published",
            stream=session.url,
            client_id=session.client_id,
            ip=session.ip,
            protocol=session.protocol,
            state=why,
        )
        if why == "challenger":
            self._nudge()
