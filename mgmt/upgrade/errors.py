"""What can go wrong with releases and upgrades."""

from ...core.errors import StreamsteadError


class UpgradeRunning(StreamsteadError):
    """One is at work already."""

    code, status, default_key = 1005, 409, "upgrading"


class ReleaseRefused(StreamsteadError):
    """What was offered is not taken: not signed by somebody trusted, broken, or not for us."""

    code, status, default_key = 4020, 422, "release_refused"


class UpgradeFailed(StreamsteadError):
    """A step could not be done."""

    code, status, default_key = 4021, 500, "upgrade_failed"
