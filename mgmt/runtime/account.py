"""The accounts of what needs no root: one of the platform, another of everything else.

The manager does what the platform says. Whoever breaks into a media server, an FFmpeg or Redis is
therefore not to be the platform: its account is the only one beside root that may use the socket.
"""

import grp
import os
import pwd
from dataclasses import dataclass, replace

from ...core.errors import ConfigError
from ...core.settings import Settings


@dataclass(frozen=True, slots=True)
class Account:
    """``name`` is empty when we are not root: then everything runs as ourselves."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...] = ()
    web_uid: int | None = None
    """Of the account of the platform; None: the same one."""
    web_gid: int | None = None

    @property
    def web(self) -> "Account":
        """What the platform runs as: a user of its own in the group of the services, so that it
        reads what they read, and they what it writes."""
        if self.web_uid is None or self.web_gid is None:
            return self
        return replace(self, uid=self.web_uid, groups=(self.gid, self.web_gid))

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
    entry = _find(user, "STREAMSTEAD_USER")
    groups = tuple(os.getgrouplist(user, entry.pw_gid))
    return Account(user, entry.pw_uid, entry.pw_gid, groups)


def house_account(settings: Settings) -> Account:
    """The same with the account of the platform. Raises ConfigError for one that does not exist,
    is root or no other than that of the services."""
    account = service_account(settings.user)
    if not account.drops:
        return account
    entry = _find(settings.web_user, "STREAMSTEAD_WEB_USER")
    if entry.pw_uid == account.uid:
        raise ConfigError(
            "STREAMSTEAD_WEB_USER is the account of STREAMSTEAD_USER",
            "Name another one: who speaks to the manager must not be who runs media.",
        )
    return replace(account, web_uid=entry.pw_uid, web_gid=entry.pw_gid)


def _find(user: str, setting: str) -> pwd.struct_passwd:
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise ConfigError(
            f"the account {user!r} does not exist",
            f"Run ./bootstrap, which creates it, or set {setting} to one that exists.",
        ) from None
    if entry.pw_uid == 0:
        raise ConfigError(
            f"{setting} is an account with user id 0",
            "Name an unprivileged account: services must not run as root.",
        )
    return entry
