"""A process of its own for what needs much memory, and for reading what strangers answer.

``python -m streamstead.mgmt.https.worker`` takes ``{"call", ...}`` as JSON on its standard input
and answers ``{"data"}`` or ``{"error": {message, help, key}}``. Secrets come in by no other way.
"""

import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...core.errors import StreamsteadError
from .models import CheckItem, Level


def check(asked: dict[str, Any]) -> Any:
    """Look at domains; ``machine`` is a ``Machine`` without what is found here."""
    import psutil

    from .findings import Machine, judge
    from .look import Looker

    facts = asked["machine"]
    own = {
        one.address.partition("%")[0]
        for addresses in psutil.net_if_addrs().values()
        for one in addresses
        if one.family.name in ("AF_INET", "AF_INET6")
    }
    machine = Machine(own=frozenset(own), **facts)
    looker = Looker(asked["dns"], machine.port, asked["token"], asked["secret"])
    items = [_clock(datetime.now(UTC))]
    for domain in looker.look(asked["domains"], machine.by_dns):
        items += judge(domain, machine)
    return [item.model_dump(mode="json") for item in items]


def inspect(asked: dict[str, Any]) -> Any:
    """Judge a certificate and its key."""
    from .pem import check_pair

    chain, key, facts = check_pair(asked["crt"], asked["key"], datetime.now(UTC))
    return {"chain": chain, "key": key, "facts": facts.model_dump(mode="json")}


def self_sign(asked: dict[str, Any]) -> Any:
    """Make a certificate for ``names``."""
    from ..certificate import self_signed
    from .pem import check_readable

    chain, key = self_signed(tuple(asked["names"]))
    return {
        "chain": chain,
        "key": key,
        "facts": check_readable(chain, key).model_dump(mode="json"),
    }


def seal(asked: dict[str, Any]) -> Any:
    return _sealer(asked).seal(json.dumps(asked["credentials"]))


def unseal(asked: dict[str, Any]) -> Any:
    return json.loads(_sealer(asked).open(asked["sealed"]))


def _sealer(asked: dict[str, Any]) -> Any:
    from ...core.sealed import DNS_CREDENTIALS, Sealer

    return Sealer(Path(asked["master_key"]).read_bytes(), DNS_CREDENTIALS)


def _clock(now: datetime) -> CheckItem:
    """A clock that is before this program was installed is wrong for certain."""
    installed = datetime.fromtimestamp(Path(__file__).stat().st_mtime, UTC)
    text = now.strftime("%Y-%m-%d %H:%M UTC")
    if now < installed:
        return CheckItem(
            id="clock",
            level=Level.FAIL,
            key="clock_wrong",
            message=f"the clock of this server says {text}, which is in the past",
            help="Set it right: timedatectl set-ntp true",
        )
    return CheckItem(id="clock", level=Level.OK, key="clock_ok", message=f"the clock says {text}")


CALLS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "check": check,
    "inspect": inspect,
    "self-sign": self_sign,
    "seal": seal,
    "unseal": unseal,
}


def _drop(uid: int, gid: int) -> None:
    """Give up root for good; the order matters."""
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def main() -> None:
    asked = json.load(sys.stdin)
    if become := asked.pop("become", None):
        _drop(*become)
    try:
        answer: dict[str, Any] = {"data": CALLS[asked.pop("call")](asked)}
    except StreamsteadError as exc:
        answer = {"error": {"message": exc.message, "help": exc.help, "key": exc.key}}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
