"""The hours of the day in which an upgrade may touch what is live."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field

from ...core.errors import Invalid

WHOLE_DAY_H = 24


class Window(BaseModel):
    """Opens once a day at ``start`` o'clock in ``zone`` and closes ``duration`` hours later; that
    instant is outside. Hours are counted on a clock that no summer time turns, so it opens every
    day, exactly once and for its whole length. 24 hours are always.

    An hour that the clock skips begins when the clock has been turned; one that comes twice counts
    the first time.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: Annotated[int, Field(ge=0, le=23)] = 23
    duration: Annotated[int, Field(ge=1, le=WHOLE_DAY_H)] = 6
    zone: str = "UTC"

    @classmethod
    def checked(cls, start: int, duration: int, zone: str) -> Self:
        """Raises Invalid for a zone that this machine does not know."""
        if _find(zone) is None:
            raise Invalid(
                f"{zone[:64]!r} is no time zone that this machine knows",
                "Say for example: UTC, Europe/Berlin or Asia/Shanghai.",
                key="window_zone",
            )
        return cls(start=start, duration=duration, zone=zone)

    def is_open(self, at: datetime) -> bool:
        """Tell whether the instant ``at`` (aware) lies inside."""
        if self.duration >= WHOLE_DAY_H:
            return True
        today = at.astimezone(self._zone).date()
        length = timedelta(hours=self.duration)
        openings = (self._opening(today - timedelta(days=ago)) for ago in (0, 1))
        return any(opening <= at < opening + length for opening in openings)

    def next_open(self, at: datetime) -> datetime:
        """Return ``at`` when it is open, else when it opens next."""
        if self.is_open(at):
            return at
        today = at.astimezone(self._zone).date()
        openings = (self._opening(today + timedelta(days=ahead)) for ahead in range(-1, 3))
        return min(opening for opening in openings if opening > at)

    @property
    def _zone(self) -> tzinfo:
        # A zone whose description was removed from the machine must not stop the house.
        return _find(self.zone) or UTC

    def _opening(self, day: date) -> datetime:
        local = datetime.combine(day, time(self.start), self._zone)
        return local.astimezone(UTC)


def _find(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
