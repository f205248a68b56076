"""Versions of releases, in the order of semantic versioning."""

import re
from dataclasses import dataclass
from functools import total_ordering

from ...core.errors import Invalid

_FORM = re.compile(
    r"v?(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:-([0-9A-Za-z.-]{1,60}))?(?:\+[0-9A-Za-z.-]*)?"
)


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """``1.2.3`` or ``1.2.3-rc.1``; a leading ``v`` and build metadata do not count."""

    numbers: tuple[int, int, int]
    before: tuple[tuple[int, int | str], ...] = ()
    """Parts of a version before the release; numbers sort below words."""

    @classmethod
    def parse(cls, text: str) -> "Version":
        """Raises Invalid."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise Invalid(
                f"{text[:80]!r} is not a version", "Say for example: 1.2.3", key="version_form"
            )
        parts = tuple(_part(part) for part in match[4].split(".")) if match[4] else ()
        return cls((int(match[1]), int(match[2]), int(match[3])), parts)

    def __str__(self) -> str:
        tail = ".".join(str(value) for _, value in self.before)
        return ".".join(map(str, self.numbers)) + (f"-{tail}" if tail else "")

    def __lt__(self, other: "Version") -> bool:
        # No suffix comes after every suffix; kinds differ before values are compared.
        return (self.numbers, not self.before, self.before) < (
            other.numbers,
            not other.before,
            other.before,
        )

    @property
    def final(self) -> bool:
        return not self.before


def _part(text: str) -> tuple[int, int | str]:
    return (0, int(text)) if text.isdigit() else (1, text)
