"""What can go wrong with a backup, in words; the keys never change."""

from ...core.errors import Conflict, Invalid, NotFound, Upstream


class BackupBroken(Invalid):
    """It is no backup, or not the whole of one."""

    default_key = "backup_broken"

    def __init__(self, why: str) -> None:
        super().__init__(
            f"this is no whole backup: {why}", "Fetch the file again, or take an older backup."
        )


class PassphraseWrong(Invalid):
    default_key = "backup_passphrase_wrong"

    def __init__(self) -> None:
        super().__init__(
            "the passphrase does not open this backup, or its beginning was changed",
            "Try the passphrase that was set when it was made; nobody can open it without.",
        )


class PassphraseNeeded(Invalid):
    default_key = "backup_passphrase_needed"

    def __init__(self) -> None:
        super().__init__(
            "a backup holds all keys and passwords, and no passphrase was given",
            "Give one of 8 characters or more, and keep it elsewhere than on this server.",
        )


class BackupNewer(Conflict):
    default_key = "backup_newer"

    def __init__(self, theirs: str, ours: str) -> None:
        super().__init__(
            f"the backup was made by release {theirs}, and this is {ours}",
            f"Install release {theirs} or a younger one first, then restore.",
        )


class BackupBusy(Conflict):
    default_key = "backup_busy"

    def __init__(self) -> None:
        super().__init__("a backup is being made or restored already", "Wait until that has ended.")


class NoRoom(Conflict):
    default_key = "backup_no_room"

    def __init__(self, needed: int, free: int) -> None:
        super().__init__(
            f"{needed >> 20} MB are needed, and the disk has {free >> 20} MB free",
            "Remove old backups or recordings, or leave recordings out.",
        )


class NoBucket(Conflict):
    default_key = "backup_no_bucket"

    def __init__(self) -> None:
        super().__init__(
            "no storage is set up", "Add one under Storage first, or keep backups as files."
        )


class UnknownBackup(NotFound):
    default_key = "backup_unknown"

    def __init__(self) -> None:
        super().__init__(
            "there is no such backup", "It may have been removed: look at the list again."
        )


class BackupFailed(Upstream):
    default_key = "backup_failed"
