"""The check before a request: a token in our own webroot, and the worker that looks for it."""

import asyncio
import secrets
from ipaddress import ip_address
from pathlib import Path

from ..house import House
from .ask import ask_worker
from .limits import is_public
from .models import CheckItem, Level

CHECK_TIMEOUT_S = 55.0
_AT_A_TIME = 2


class Precheck:
    """Call it with domains in their ASCII form; wildcards only with ``by_dns``."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._turns = asyncio.Semaphore(_AT_A_TIME)

    async def __call__(self, domains: tuple[str, ...], by_dns: bool) -> list[CheckItem]:
        """Return the findings. Raises UpstreamTimeout, and StreamsteadError when it fails."""
        plan, settings = self._house.plan, self._house.settings
        token, secret = f"streamstead-{secrets.token_hex(8)}", secrets.token_hex(16)
        path = settings.data.www / ".well-known" / "acme-challenge" / token
        machine = {
            "named": _address(settings.candidate),
            "ipv6": plan.ipv6,
            "listens": settings.acme_http_port in (plan.doors.http, settings.http_port),
            "why_not": "; ".join(plan.doors.reasons),
            "port": settings.acme_http_port,
            "public_ca": is_public(settings.acme_server),
            "caa": settings.acme_caa,
            "by_dns": by_dns,
        }
        asked = {
            "domains": list(domains),
            "dns": settings.acme_dns,
            "token": token,
            "secret": secret,
            "machine": machine,
        }
        async with self._turns:
            await asyncio.to_thread(_lay_out, path, secret)
            try:
                # It reads what strangers answer, so it is not root.
                found = await ask_worker("check", asked, CHECK_TIMEOUT_S, plan.account)
            finally:
                path.unlink(missing_ok=True)
        items = [CheckItem.model_validate(one) for one in found]
        if not plan.doors.https:
            items.append(_no_https_port(settings.web_https_port, plan.doors.reasons))
        return items


def _lay_out(path: Path, secret: str) -> None:
    for folder in (path.parent.parent, path.parent):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
    path.write_text(secret, encoding="ascii")
    path.chmod(0o644)


def _address(candidate: str) -> str:
    try:
        return str(ip_address(candidate))
    except ValueError:
        return ""  # a name, or a word of the media server's own


def _no_https_port(wanted: int, reasons: tuple[str, ...]) -> CheckItem:
    why = "; ".join(reasons) or "it is switched off in the settings"
    return CheckItem(
        id="https_port",
        level=Level.WARN,
        key="https_port_closed",
        message=f"HTTPS is not open on this server: {why}",
        help=f"Free port {wanted or 443} and run `streamstead restart front`; the certificate "
        "would be had, but shown to nobody.",
    )
