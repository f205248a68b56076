"""What may be wrong with a destination, in words for the person who has to mend it.

The keys never change: the page translates them. No message holds a key or a password; hosts and
ports are named.
"""

import re
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ...core.redact import redact_text


@dataclass(frozen=True, slots=True)
class Problem:
    """``message`` says what is wrong, ``help`` what to do. ``final``: trying again is of no use
    before somebody has changed something."""

    key: str
    message: str
    help: str = ""
    final: bool = False


class PublishFailed(Exception):
    """A destination cannot be published to, or no longer."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class Step(StrEnum):
    """What happens until a destination takes media, in this order."""

    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    HANDSHAKE = "handshake"
    PUBLISH = "publish"
    MEDIA = "media"
    ACCEPTED = "accepted"


_KEY_HELP = "Copy the key again from the platform, and check that its event is open for streaming."
_PORT_HELP = "Check the address and its port, and that no firewall is in between."
_TRY_PLAIN = "Perhaps it has none at this port: try rtmp:// in place of rtmps://."
_BUSY = re.compile(r"already|busy|in use|occupied|duplicate", re.IGNORECASE)
_AUTH = re.compile(r"authmod=(adobe|llnw)|need auth", re.IGNORECASE)
_CODEC = re.compile(r"codec|unsupported (video|audio)|not supported", re.IGNORECASE)
_KEY_CODES = frozenset(
    {
        "NetStream.Publish.BadName",
        "NetStream.Publish.Denied",
        "NetStream.Publish.Rejected",
        "NetStream.Publish.Unauthorized",
        "NetStream.Authenticate.Failed",
        "NetStream.Authenticate.UsherFailed",
    }
)


def bad_address(why: str) -> Problem:
    return Problem(
        "output_bad_address",
        f"The address cannot be used: {why}.",
        "It looks like rtmp://host/app/key, rtmps://host/app/key or srt://host:port.",
        final=True,
    )


def forbidden_address(host: str) -> Problem:
    return Problem(
        "output_forbidden_address",
        f"{host} is an address that nothing may be sent to (link-local, multicast or metadata).",
        "Enter the address of the streaming server.",
        final=True,
    )


def loop() -> Problem:
    return Problem(
        "output_loop",
        "This is the very stream that is to be sent: it would be fed to itself.",
        "Enter another server, or another stream name.",
        final=True,
    )


def dns(host: str) -> Problem:
    return Problem(
        "output_dns",
        f"The name {host} cannot be resolved.",
        "Check the server address for a slip, and the name servers of this machine.",
    )


def refused(where: str) -> Problem:
    return Problem("output_refused", f"Nothing listens at {where}.", _PORT_HELP)


def unreachable(where: str) -> Problem:
    return Problem(
        "output_unreachable",
        f"There is no way to {where} from this machine.",
        "Check the network of this machine, and whether it has IPv6 if the server has only that.",
    )


def timeout(where: str, step: Step) -> Problem:
    if step is Step.TLS:
        return Problem("output_tls", f"TLS: {where} does not answer to TLS.", _TRY_PLAIN)
    what = {
        Step.DNS: "the name server did not answer in time",
        Step.CONNECT: "it does not answer at all",
        Step.HANDSHAKE: "it accepted the connection and then stayed silent",
        Step.PUBLISH: "it did not say in time whether the stream may begin",
    }.get(step, "it did not answer in time")
    return Problem("output_timeout", f"No answer from {where}: {what}.", _PORT_HELP)


def stuck(where: str, seconds: float) -> Problem:
    return Problem(
        "output_timeout",
        f"{where} has accepted nothing for {seconds:.0f} s, though the connection stands.",
        "The way there or the server hangs. If it stays so, we connect again.",
    )


def wrong_key(said: str = "") -> Problem:
    tail = f" It said: {_quoted(said)}" if said else ""
    return Problem("output_wrong_key", f"The server does not accept the key.{tail}", _KEY_HELP)


def closed_at_start() -> Problem:
    """For servers that say "begin" and then hang up: they refuse the key, or it is in use."""
    return Problem(
        "output_wrong_key",
        "The server hung up as soon as the stream began. Most do so when the key is wrong, "
        "expired, or used by another encoder at this moment.",
        _KEY_HELP,
    )


def busy(said: str = "") -> Problem:
    tail = f" It said: {_quoted(said)}" if said else ""
    return Problem(
        "output_busy",
        f"Somebody publishes there already with this key.{tail}",
        "Stop the other encoder. One that was cut off is let go after a while: we try again.",
    )


def rejected(said: str = "") -> Problem:
    tail = f" It said: {_quoted(said)}" if said else ""
    return Problem(
        "output_refused",
        f"The server does not let us in.{tail}",
        "Check the server address, above all the part behind the host, and the key.",
    )


def needs_password() -> Problem:
    return Problem(
        "output_refused",
        "The server asks for a user and a password.",
        "Write them into the server address: rtmp://user:password@host/app.",
    )


def not_rtmp(where: str) -> Problem:
    return Problem(
        "output_not_rtmp",
        f"What answers at {where} does not speak RTMP as it should.",
        "Check address and port; a server for TLS needs rtmps:// in place of rtmp://.",
    )


def lost(where: str) -> Problem:
    return Problem(
        "output_connection_lost",
        f"The connection to {where} broke.",
        "The network or the server failed; it is connected to again.",
    )


def closed(where: str, said: str = "") -> Problem:
    tail = f" It said: {_quoted(said)}" if said else ""
    return Problem(
        "output_closed",
        f"{where} ended the connection.{tail}",
        "See the platform's own page for the reason; it is connected to again.",
    )


def codec(names: str) -> Problem:
    return Problem(
        "output_codec",
        f"The server hung up after it got {names}, which it probably does not take.",
        "Most platforms take H.264 with AAC only. Set the encoder to that, or use a transcode.",
    )


def slow(where: str) -> Problem:
    return Problem(
        "output_slow",
        f"The way to {where} is too slow for this stream: pictures are left out.",
        "Lower the bitrate of the encoder, or free upload bandwidth of this machine.",
    )


def no_ffmpeg() -> Problem:
    return Problem(
        "output_no_ffmpeg",
        "ffmpeg, which sends to this kind of address, is not installed.",
        "Run ./bootstrap again: it installs it.",
        final=True,
    )


def srt(why: str) -> Problem:
    return Problem(
        "output_srt",
        f"SRT: {why}.",
        "Check port (UDP), stream id, passphrase, and that the other side listens.",
    )


def internal(exc: Exception) -> Problem:
    return Problem(
        "output_internal",
        f"Our own program failed ({type(exc).__name__}).",
        "It is tried again. If it stays so, please report it.",
    )


def tls(host: str, exc: BaseException) -> Problem:
    """Return what is wrong with TLS, as precisely as it is known."""
    why, help_ = f"no safe connection to {host} came about", _PORT_HELP
    own = "Its owner has to mend that. For a server of your own you can switch the check off."
    if isinstance(exc, ssl.SSLCertVerificationError):
        help_ = own
        why = {
            9: f"the certificate of {host} is not valid yet",
            10: f"the certificate of {host} has expired",
            62: f"the certificate is not made out to {host}",
            64: f"the certificate is not made out to {host}",
        }.get(exc.verify_code, f"nobody known vouches for the certificate of {host}")
        if exc.verify_code == 9:
            help_ = "Check the clock of this machine."
    elif isinstance(exc, ssl.SSLError) and exc.reason in _NOT_TLS:
        why, help_ = f"{host} does not speak TLS at this port", _TRY_PLAIN
    elif isinstance(exc, ssl.SSLError):
        why = f"{host} and we agree on no kind of TLS ({_words(exc.reason)})"
    return Problem("output_tls", f"TLS: {why}.", help_)


def certificate(where: str) -> Problem:
    return Problem(
        "output_tls",
        f"TLS: the certificate of {where} is not accepted.",
        "It has expired, is made out to another name, or nobody known vouches for it.",
    )


_NOT_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"})


def of_status(code: str, description: str) -> Problem:
    """Return what an ``onStatus`` or ``_error`` of a server means."""
    said = description or code
    if _AUTH.search(description):
        return needs_password()
    if _CODEC.search(description):
        return Problem("output_codec", f"The server refuses it: {_quoted(said)}", codec("").help)
    if code in _KEY_CODES:
        return busy(said) if _BUSY.search(description) else wrong_key(said)
    return rejected(said)


def without(text: str, secrets: Iterable[str]) -> str:
    """Return a text without these secrets, and without whatever else looks like one."""
    # The longest first: one may be part of another.
    for secret in sorted((one for one in secrets if len(one) > 3), key=len, reverse=True):
        text = text.replace(secret, "***")
    return redact_text(text)


def _quoted(said: str) -> str:
    """Return words of a server as one short line."""
    plain = " ".join("".join(ch if ch.isprintable() else " " for ch in said[:400]).split())
    return f"“{plain[:160]}”."


def _words(reason: str | None) -> str:
    return (reason or "it failed").lower().replace("_", " ")
