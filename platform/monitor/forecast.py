"""When the disk will be full, if it goes on as in the last three days."""

from .history import History

DAY_MS = 86_400_000
SPAN_MS = 3 * DAY_MS
STEP_S = 3600
MIN_POINTS = 4
FAR_DAYS = 365.0


def full_in_days(history: History, now_ms: int) -> float | None:
    """None while it does not fill, or is not known yet, or in more than a year. Blocks; raises
    sqlite3.Error."""
    points = history.points(["disk"], now_ms - SPAN_MS, now_ms, STEP_S)["disk"]
    known = [(at_ms / DAY_MS, value) for at_ms, value in points if value is not None]
    return days_until(known, 100.0)


def days_until(points: list[tuple[float, float]], most: float) -> float | None:
    """Return how long until a line through the points (day, value) comes to ``most``."""
    if len(points) < MIN_POINTS:
        return None
    day = sum(at for at, _ in points) / len(points)
    mean = sum(value for _, value in points) / len(points)
    spread = sum((at - day) ** 2 for at, _ in points)
    slope = sum((at - day) * (value - mean) for at, value in points) / spread if spread else 0.0
    if slope <= 0:
        return None
    days = (most - points[-1][1]) / slope
    return round(max(0.0, days), 1) if days <= FAR_DAYS else None
