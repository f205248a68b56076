"""The operator's password: how long it must be, and its slow, salted hash."""

import re
from typing import TYPE_CHECKING

from .errors import Invalid

if TYPE_CHECKING:
    from argon2 import PasswordHasher

ADMIN_KEY = "STREAMSTEAD_ADMIN"
"""Of Redis: a hash with ``password_hash`` (argon2id) and ``generation`` (int, counts changes of the
password: a session counts only as long as its own is the last)."""

MIN_LENGTH = 8
MAX_LENGTH = 1024

# No more memory (KiB), passes and lanes than a manager can spare to check one.
_HASH = re.compile(
    r"\$argon2id\$v=19\$m=[1-9]\d{0,4},t=[1-9],p=[1-4]\$[A-Za-z0-9+/]{8,128}\$[A-Za-z0-9+/]{8,128}"
)


def check_strength(password: str) -> None:
    """Raises Invalid when it is too short or too long."""
    if len(password) < MIN_LENGTH:
        raise Invalid(
            f"the password is shorter than {MIN_LENGTH} characters",
            "Choose a longer one; three or four words are good.",
            key="password_too_short",
        )
    if len(password) > MAX_LENGTH:
        raise Invalid("the password is too long", "Choose a shorter one.", key="password_too_long")


def slow_hasher() -> "PasswordHasher":
    # Late: the manager and the command line rarely need the library.
    from argon2 import PasswordHasher

    # About 20 ms and 19 MiB a check: enough against a stolen hash, bearable on one core.
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def is_hash(text: str) -> bool:
    """Tell whether this is a hash as we make them, and cheap enough to be checked."""
    return _HASH.fullmatch(text) is not None


def matches(hashed: str, password: str) -> bool:
    """Tell whether the password is the one of that hash. Blocks for as long as a hash takes."""
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return PasswordHasher().verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False
