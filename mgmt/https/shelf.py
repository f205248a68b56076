"""Certificates on disk: each in a folder of its own, one of them linked as the current one."""

import os
import secrets
import shutil
import time
from pathlib import Path

from pydantic import ValidationError

from ...core.errors import Invalid
from ...core.files import sync_directory, write_atomic
from ...core.log import get_logger
from .models import About, Provider

log = get_logger(__name__)

CURRENT = "current"
CHAIN = "fullchain.pem"
KEY = "key.pem"
ABOUT = "about.json"
_OLD_CHAIN, _OLD_KEY = "nginx.crt", "nginx.key"


class Shelf:
    """``<data>/ssl/<id>/`` (0700) with chain, key (0600) and ``about.json``; ``current`` is a link.

    What is written is never changed: another certificate is another folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def current(self) -> str:
        """Return the id of what is linked; empty when that is not whole."""
        try:
            found = os.readlink(self.folder / CURRENT)
        except OSError:
            return ""
        return found if self._is_whole(found) else ""

    def ids(self) -> list[str]:
        """Return what is whole, newest first."""
        names = (path.name for path in self.folder.iterdir() if not path.is_symlink())
        return sorted(filter(self._is_whole, names), reverse=True)

    def about(self, id_: str) -> About:
        """Raises OSError or ValueError when it is not there or broken."""
        return About.model_validate_json((self.folder / id_ / ABOUT).read_bytes())

    def chain(self, id_: str) -> str:
        return (self.folder / id_ / CHAIN).read_text(encoding="ascii")

    def put(self, chain: str, key: str, about: About) -> str:
        """Keep a certificate, durably; return its id. Raises OSError."""
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        id_ = f"{stamp}-{secrets.token_hex(3)}"
        made = self.folder / f".{id_}"
        made.mkdir(mode=0o700)
        try:
            write_atomic(made / CHAIN, chain, 0o644)
            write_atomic(made / KEY, key, 0o600)
            write_atomic(made / ABOUT, about.model_dump_json(indent=2) + "\n", 0o600)
            made.rename(self.folder / id_)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
        sync_directory(self.folder)
        return id_

    def point_to(self, id_: str) -> None:
        """Link another one as the current one, in one step. Raises OSError."""
        link = self.folder / f".{CURRENT}-{secrets.token_hex(3)}"
        link.symlink_to(id_)
        os.replace(link, self.folder / CURRENT)
        sync_directory(self.folder)

    def keep_only(self, ids: set[str]) -> None:
        """Remove the others, and what a crash left half written."""
        for path in self.folder.iterdir():
            unfinished = path.name.startswith(".")
            if path.is_symlink():
                if unfinished:
                    path.unlink(missing_ok=True)
            elif path.name not in ids and (unfinished or (path / ABOUT).exists()):
                shutil.rmtree(path, ignore_errors=True)

    def _is_whole(self, name: str) -> bool:
        folder = self.folder / name
        if name.startswith(".") or "/" in name:
            return False
        return all((folder / part).is_file() for part in (CHAIN, KEY, ABOUT))


def ensure_certificate(folder: Path, names: tuple[str, ...]) -> bool:
    """See to it that ``current`` leads to a certificate; return whether one had to be made.

    A certificate that lay there before folders came is taken over; one that is lost or broken is
    replaced by the newest that is whole, and only then by one signed by ourselves for ``names``.
    """
    shelf = Shelf(folder)
    if shelf.current:
        return False
    # Late: only a first start and an accident come here.
    from ..certificate import self_signed
    from .pem import check_readable

    old_chain, old_key = folder / _OLD_CHAIN, folder / _OLD_KEY
    if old_chain.is_file() and old_key.is_file() and not old_chain.is_symlink():
        chain, key = old_chain.read_text(encoding="ascii"), old_key.read_text(encoding="ascii")
        try:
            facts = check_readable(chain, key)
        except Invalid as exc:
            log.warning("certificate.old_unreadable", error=exc.message)
        else:
            provider = Provider.SELF if facts.self_signed else Provider.SSL
            shelf.point_to(shelf.put(chain, key, About(provider=provider, facts=facts)))
            _link_old_names(folder)
            return False
    for id_ in shelf.ids():
        try:
            shelf.about(id_)
        except (OSError, ValidationError):
            continue
        shelf.point_to(id_)
        log.warning("certificate.link_repaired", id=id_)
        return False
    chain, key = self_signed(names)
    about = About(provider=Provider.SELF, facts=check_readable(chain, key))
    shelf.point_to(shelf.put(chain, key, about))
    return True


def _link_old_names(folder: Path) -> None:
    """An older release, to which an upgrade may be rolled back, looks for these names."""
    for old, new in ((_OLD_CHAIN, CHAIN), (_OLD_KEY, KEY)):
        link = folder / f".{old}"
        link.unlink(missing_ok=True)
        link.symlink_to(f"{CURRENT}/{new}")
        os.replace(link, folder / old)
