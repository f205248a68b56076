"""The account that everything runs as which needs no root."""

import grp
import os
import pwd
from dataclasses import dataclass

from ...core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Account:
    """``name`` is empty when we are not root: then everything runs as ourselves."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...] = ()

    @property
    def drops(self) -> bool:
        """Whether children change to another user."""
        return bool(self.name)

    @property
    def group_name(self) -> str:
        return grp.getgrgid(self.gid).gr_name


def service_account(user: str) -> Account:
    """Return the account ``user``, or ourselves when we are not root.

    Raises ConfigError for an unknown account and for root: a service must not keep root.
    """
    if os.geteuid() != 0:
        return Account("", os.geteuid(), os.getegid())
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise ConfigError(
            f"the account {user!r} does not exist",
            "Run ./bootstrap, which creates it, or set STREAMSTEAD_USER to one that exists.",
        ) from None
    if entry.pw_uid == 0:
        raise ConfigError(
            "STREAMSTEAD_USER is an account with user id 0",
            "Name an unprivileged account: services must not run as root.",
        )
    groups = tuple(os.getgrouplist(user, entry.pw_gid))
    return Account(user, entry.pw_uid, entry.pw_gid, groups)
