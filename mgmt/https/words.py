"""What certbot and the CA say, in words and by a stable key."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from .domains import readable
from .models import Problem, now_ms

HOUR_MS = 3_600_000
_REPORT = re.compile(
    r"^\s*(?:Domain|Identifier):\s*(?P<domain>\S+)\s*\n\s*Type:\s*(?P<type>\S+)\s*\n"
    r"\s*Detail:\s*(?P<detail>(?:.+\n?)+?)(?=\n\s*\n|\n\s*(?:Domain|Identifier|Hint):|\Z)",
    re.MULTILINE,
)
_RETRY = re.compile(r"retry after (\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d)", re.IGNORECASE)
_URL = re.compile(r"https?://\S+")

_PLUGIN = (
    "The request message could not be verified",
    "Received response from server",
    "Error communicating with the Cloudflare API",
    "Error determining zone_id",
    "Unable to determine base domain",
    "Encountered exception when making query",
    "Encountered exception during recursion",
    "Unable to determine zone",
    "Encountered error adding TXT record",
)
_OFFLINE = {
    "Name or service not known": "its name is not found",
    "Temporary failure in name resolution": "its name is not found",
    "No address associated with hostname": "its name is not found",
    "Connection refused": "the connection is refused",
    "Network is unreachable": "there is no way to it",
    "No route to host": "there is no way to it",
    "timed out": "no answer in time",
    "503 Server Error": "it is overloaded or under maintenance",
    "502 Server Error": "it has trouble of its own",
    "500 Server Error": "it has trouble of its own",
    "serverInternal": "it has trouble of its own",
    "ConnectionError": "the connection breaks off",
    "Max retries exceeded": "the connection breaks off",
    "Connection aborted": "the connection breaks off",
}
"""What stands in the report, and what it means; the first that fits counts."""


def explain(output: str, domains: Sequence[str], at_ms: int | None = None) -> Problem:
    """Return why a run of certbot failed."""
    return (
        _of_nonce(output)
        or _of_refusal(output, at_ms or now_ms())
        or _of_report(output)
        or _of_account(output)
        or _of_plugin(output)
        or _of_way(output)
        or _of_machine(output)
        or _unknown(output, domains)
    )


def is_nonce(output: str) -> bool:
    """Tell whether the CA refused a nonce: nothing is wrong, the whole is tried again."""
    return "badNonce" in output or "invalid anti-replay nonce" in output


def timed_out(seconds: float) -> Problem:
    return Problem(
        key="ca_timeout",
        message=f"the CA had not answered after {seconds:.0f} s",
        help="Try again later; the certificate that is served stays.",
    )


def _of_nonce(output: str) -> Problem | None:
    if not is_nonce(output):
        return None
    return Problem(
        key="ca_unreachable",
        message="the CA refused our messages as stale again and again",
        help="It has trouble of its own; it is tried again later by itself.",
    )


def _of_refusal(output: str, at_ms: int) -> Problem | None:
    """Limits of the CA, and names that it will not take at all."""
    low = output.lower()
    if "ratelimited" in low or ("too many" in low and "retry after" in low):
        found = _RETRY.search(output)
        until = _utc_ms(found[1]) if found else at_ms + HOUR_MS
        when = datetime.fromtimestamp(until / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
        what = _after(output, "too many") or "too many requests"
        return Problem(
            key="rate_limited",
            message=f"the CA takes no more requests for this until {when} ({what})",
            help="Nothing is lost: the certificate that is served stays. Try again then.",
            retry_ms=until,
        )
    if "rejectedidentifier" in low or "policy forbids" in low:
        return Problem(
            key="domain_refused",
            message=f"the CA gives no certificate for this name ({_detail(output)})",
            help="Use another domain, or another CA by uploading a certificate.",
        )
    return None


def _of_report(output: str) -> Problem | None:
    """What the CA saw when it looked at a domain."""
    reports = list(_REPORT.finditer(output))
    if not reports:
        return None
    first = reports[0]
    name = readable(first["domain"])
    others = f" (and {len(reports) - 1} more)" if len(reports) > 1 else ""
    kind = first["type"].rpartition(":")[2]
    detail = " ".join(first["detail"].split())[:300]
    keys = {
        "dns": "dns_wrong",
        "connection": "port80_unreachable",
        "unauthorized": "challenge_wrong_content",
        "incorrectResponse": "challenge_wrong_content",
        "caa": "caa_forbidden",
        "tls": "port80_unreachable",
    }
    key = keys.get(kind, "challenge_failed")
    if "TXT record" in detail:
        key = "challenge_wrong_content"
    if key == "challenge_wrong_content" and "CAA" in detail:
        key = "caa_forbidden"
    help_text = {
        "dns_wrong": "Look at the A and AAAA records of the domain; new ones take minutes.",
        "port80_unreachable": "Open port 80 (TCP) in the firewall of this server and in that of "
        "your provider, and check that the domain points here.",
        "challenge_wrong_content": "The domain points to another server, or a proxy in front of "
        "this one does not hand /.well-known/acme-challenge/ on.",
        "caa_forbidden": "Allow the CA in the CAA record of the domain.",
        "challenge_failed": "Run the check again: it looks at the same things.",
    }[key]
    return Problem(
        key=key, message=f"the CA could not prove {name}{others}: {detail}", help=help_text
    )


def _of_account(output: str) -> Problem | None:
    low = output.lower()
    if any(
        mark in low
        for mark in (
            "invalidcontact",
            "unsupportedcontact",
            "contact address",
            "accountdoesnotexist",
            "account does not exist",
            "externalaccountrequired",
            "useractionrequired",
            "unable to register an account",
            "account is not valid",
        )
    ):
        return Problem(
            key="account_problem",
            message=f"the CA does not accept our account there ({_detail(output)})",
            help="Check the e-mail address, or leave it empty.",
        )
    return None


def _of_plugin(output: str) -> Problem | None:
    if any(mark in output for mark in _PLUGIN):
        return Problem(
            key="dns_plugin_failed",
            message=f"the DNS provider refused the change ({_detail(output)})",
            help="Check the credentials: they must be allowed to edit the zone of the domain.",
        )
    return None


def _of_way(output: str) -> Problem | None:
    if "CERTIFICATE_VERIFY_FAILED" in output:
        early = "not yet valid" in output or "has expired" in output
        return Problem(
            key="clock_wrong" if early else "ca_unreachable",
            message="the CA's own certificate does not fit this server's clock"
            if early
            else "the CA's own certificate is not trusted here",
            help="Set the clock right: timedatectl set-ntp true"
            if early
            else "Is a proxy in between? For a CA of your own set STREAMSTEAD_ACME_CA_BUNDLE.",
        )
    reason = next((words for mark, words in _OFFLINE.items() if mark in output), None)
    if reason is not None:
        return Problem(
            key="ca_unreachable",
            message=f"the CA does not answer: {reason}",
            help="Check that this server reaches the internet; it is tried again later by itself.",
        )
    return None


def _of_machine(output: str) -> Problem | None:
    if "No space left on device" in output:
        return Problem(
            key="disk_full", message="the disk is full", help="Remove old recordings, or add room."
        )
    if "Another instance of Certbot is already running" in output:
        return Problem(
            key="https_busy",
            message="another certbot is running on the same files",
            help="Wait until it has ended.",
        )
    return None


def _unknown(output: str, domains: Sequence[str]) -> Problem:
    return Problem(
        key="ca_error",
        message=f"no certificate for {', '.join(map(readable, domains[:3]))}: {_detail(output)}",
        help="The whole report is in letsencrypt/logs below the data directory.",
    )


def _detail(output: str) -> str:
    """Return the line that says most, without addresses and names of exceptions."""
    noise = (
        "Saving debug log",
        "Ask for help",
        "See the logfile",
        "Some challenges have failed",
        "An unexpected error occurred",
        "Requesting a certificate",
        "Renewing an existing",
        "Account registered",
        "Simulating",
        "Hint:",
    )
    lines = [line.strip() for line in output.splitlines() if line.strip(" -")]
    lines = [line for line in lines if not line.startswith(noise)]
    marked = [line for line in lines if "rror" in line]
    line = (marked or lines or ["certbot gave no reason"])[-1]
    return _URL.sub("", line.rpartition(" :: ")[2]).strip(" :;")[:240]


def _after(output: str, mark: str) -> str:
    at = output.lower().find(mark)
    if at < 0:
        return ""
    return re.split(r"[.;:\n]|, retry", output[at:], maxsplit=1)[0].strip()[:160]


def _utc_ms(text: str) -> int:
    at = datetime.fromisoformat(text.replace(" ", "T")).replace(tzinfo=UTC)
    return int(at.timestamp() * 1000)
