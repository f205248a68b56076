"""Send one message by Apprise and end: ``python -m streamstead.platform.alerts.send``.

A process of its own, because Apprise is large and a server that says nothing would hold up whoever
waits for it. It reads one JSON object from its standard input, secrets among it, and writes one:
``{"ok": bool, "message": text}``. Here nothing may be connected to but what the target allows, and
nothing may be started, whatever a URL makes a plug-in do.
"""

import logging
import re
import sys
from collections.abc import Sequence
from typing import Any

import orjson

from ...core.addresses import may_connect

MAX_ORDER_BYTES = 100_000
MAX_SAID = 3
_FORBIDDEN = (
    "os.exec",
    "os.posix_spawn",
    "os.system",
    "os.fork",
    "subprocess.Popen",
    "ctypes.dlopen",
)

_ANSWER = re.compile(r"(?:Socket|SMTP|I/O) Exception: |Response Details: ?")


class NotAllowed(OSError):
    """Somewhere that this message may not go."""


class Guard:
    """An audit hook of the interpreter. ``refused``: what was asked for in vain."""

    def __init__(self, allow_private: bool) -> None:
        self._allow_private = allow_private
        self.refused = ""

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if event in ("socket.connect", "socket.sendto"):
            self._check(args[1])
        elif event in _FORBIDDEN:
            raise NotAllowed(f"{event} is not allowed here")

    def _check(self, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) and address else ""
        if not isinstance(host, str) or not may_connect(host, allow_private=self._allow_private):
            self.refused = host or "a socket of this machine"
            raise NotAllowed(f"{self.refused} is not a public address")


class _Said(logging.Handler):
    """Keeps what Apprise complains of, and the answer of the other side, which it tells only to who
    looks for faults."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        said = " ".join(record.getMessage().split())
        if record.levelno >= logging.WARNING or _ANSWER.match(said):
            self.lines.append(_ANSWER.sub("", said))


def send(order: dict[str, Any]) -> tuple[bool, str]:
    """Return whether it was taken, and the reason in words when not."""
    import apprise

    said = _Said()
    logger = logging.getLogger("apprise")
    logger.addHandler(said)
    logger.setLevel(logging.DEBUG)
    asset = apprise.AppriseAsset(
        app_id="Streamstead",
        app_desc="Streamstead",
        app_url="",
        allow_templates=False,
        http_redirects=False,
        interpret_escapes=False,
        pem_autogen=False,
        pgp_autogen=False,
        plugin_paths=[],
        secure_logging=True,
        storage_mode=apprise.PersistentStoreMode.MEMORY,
    )
    plugin = apprise.Apprise.instantiate(order["url"], asset=asset)
    if plugin is None:
        return False, _reason(said.lines) or "Apprise does not understand this URL"
    guard = Guard(bool(order["allow_private"]))
    sys.addaudithook(guard)
    taken = plugin.notify(
        title=order["title"], body=order["body"], notify_type=apprise.NotifyType(order["type"])
    )
    if guard.refused:
        return False, (
            f"it leads to {guard.refused}, which is not a public address; allow private addresses "
            "for this target, if it is your own server"
        )
    return bool(taken), "" if taken else _reason(said.lines) or "the other side did not take it"


def _reason(lines: Sequence[str]) -> str:
    return " ".join(line.strip() for line in lines[-MAX_SAID:])[:500]


def main() -> None:
    try:
        ok, message = send(orjson.loads(sys.stdin.buffer.read(MAX_ORDER_BYTES)))
    except Exception as exc:  # whatever a plug-in raises is an answer too
        ok, message = False, f"it could not be sent ({type(exc).__name__})"
    sys.stdout.buffer.write(orjson.dumps({"ok": ok, "message": message}))


if __name__ == "__main__":
    main()
