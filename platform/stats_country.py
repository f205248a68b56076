"""The country of an address, from a database of the operator's (MMDB), if there is one."""

import ipaddress
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.log import get_logger

if TYPE_CHECKING:
    from maxminddb import Reader

log = get_logger(__name__)

LOOK_AGAIN_S = 60.0
MAX_BYTES = 150_000_000


class Countries:
    """Looks addresses up. A file that is missing or broken is said once; then nobody has a country
    until it is replaced, which is noticed within a minute. For one thread."""

    def __init__(self, path: Path | None, look_again_s: float = LOOK_AGAIN_S) -> None:
        self._path = path
        self._look_again_s = look_again_s
        self._reader: Reader | None = None
        self._stamp: tuple[int, int] | None = None
        self._looked: float | None = None

    def find(self, ip: str) -> str | None:
        """Return two capital letters, None when not known."""
        if self._path is None:
            return None
        self._refresh(self._path)
        if self._reader is None:
            return None
        try:
            address = ipaddress.ip_address(ip.partition("%")[0])
            if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
                address = address.ipv4_mapped
            return _country_in(self._reader.get(address))
        except ValueError:
            return None  # no address, or IPv6 in a database of IPv4
        except Exception as exc:
            # A file may turn out to be broken at any entry, in any way.
            log.warning("geoip.broken", path=str(self._path), error=str(exc))
            self._reader = None
            return None

    def _refresh(self, path: Path) -> None:
        now = time.monotonic()
        if self._looked is not None and now - self._looked < self._look_again_s:
            return
        stamp = None
        first, self._looked = self._looked is None, now
        try:
            stat = path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size)
            if stamp == self._stamp:
                return
            self._reader = _open(path, stat.st_size)
            log.info("geoip.opened", path=str(path))
        except Exception as exc:
            self._reader = None
            if first or stamp != self._stamp:
                log.warning("geoip.not_usable", path=str(path), error=str(exc))
        self._stamp = stamp


def _open(path: Path, size: int) -> "Reader":
    # Only who has a database pays for the library.
    import maxminddb

    if size > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES} bytes; take a database of countries")
    # Into memory: a mapped file that is overwritten in place would end the process.
    return maxminddb.open_database(path, maxminddb.MODE_MEMORY)


def _country_in(record: Any) -> str | None:
    """Read the country of an entry: as MaxMind and DB-IP write it, or as plain text."""
    if not isinstance(record, dict):
        return None
    for name in ("country", "registered_country", "country_code"):
        found = record.get(name)
        code = found.get("iso_code") if isinstance(found, dict) else found
        if isinstance(code, str) and len(code) == 2 and code.isalpha():
            return code.upper()
    return None
