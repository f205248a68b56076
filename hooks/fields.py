"""Fields that many requests have."""

from typing import Annotated

from pydantic import Field

from ..core.app import Body
from ..core.errors import Invalid
from ..core.names import MAX_NAME, check_stream, check_watched

Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
TimeMs = Annotated[int, Field(ge=0, le=253_402_300_799_000)]
"""Milliseconds since the epoch, before the year 10000."""
Label = Annotated[str, Field(min_length=1, max_length=100)]


class StreamBody(Body):
    """Names one stream of the default vhost."""

    app: Name
    stream: Name

    def url(self) -> str:
        """Return ``app/stream``. Raises Invalid for names that nobody could publish."""
        return check_stream(self.app, self.stream)


class WatchedBody(StreamBody):
    """Names one stream, or with the app ``vod`` one recording by its id."""

    def url(self) -> str:
        """Return ``app/stream``. Raises Invalid for names that nothing could have."""
        return check_watched(self.app, self.stream)


class MaybeWatchedBody(Body):
    """Names one stream, or with the app ``vod`` one recording by its id, or none."""

    app: Name | None = None
    stream: Name | None = None

    def url(self) -> str | None:
        """Return ``app/stream``, None for no stream. Raises Invalid when only one is there."""
        if self.app is None and self.stream is None:
            return None
        if self.app is None or self.stream is None:
            raise Invalid("app and stream belong together", "Send both, or neither.")
        return check_watched(self.app, self.stream)


def check_future(expires_ms: int | None, now_ms: int) -> None:
    """Raise Invalid when something new would have expired already."""
    if expires_ms is not None and expires_ms <= now_ms:
        raise Invalid(
            "the time of expiry is over already", "Choose a later one.", key="expires_in_past"
        )
