"""Another certificate goes live, or everything stays as it was."""

import asyncio
import hashlib
import ssl
from time import monotonic

from ...core.errors import Upstream
from ...core.log import get_logger
from ..house import House
from ..status import State
from .models import About
from .shelf import Shelf

log = get_logger(__name__)

VERIFY_S = 5.0
IN_A_ROW = 5
LOOK_S = 0.05
"""While nginx changes over, old and new workers take connections side by side."""


async def go_live(house: House, shelf: Shelf, id_: str) -> str:
    """Link it, have nginx test and read it, and look at what a client is shown.

    Returns in words what came out. Raises what failed; the one before is served then.
    """
    before = shelf.current
    shelf.point_to(id_)
    try:
        await house.change(certificate=id_)
        return await _verify(house, shelf.about(id_))
    except BaseException:
        if before and before != id_:
            log.warning("certificate.back", to=before)
            shelf.point_to(before)
            await asyncio.shield(house.change(certificate=before))
        raise


async def fingerprint_served(port: int, name: str) -> str:
    """Return the SHA-256 of the certificate in a real handshake. Raises OSError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # It is looked at, not trusted: it may be signed by ourselves.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    _, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname=name, ssl_handshake_timeout=2
    )
    try:
        raw = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    finally:
        writer.transport.abort()
    return hashlib.sha256(raw or b"").hexdigest()


async def _verify(house: House, about: About) -> str:
    port = house.plan.doors.https
    if not port:
        return "the port of HTTPS is not open, so nobody is shown it yet"
    front = next((one for one in house.supervisor.status() if one.name == "front"), None)
    if front is None or front.state not in (State.RUNNING, State.UNHEALTHY):
        return "nginx does not run; it takes the certificate when it starts"
    name = about.facts.domains[0].replace("*", "www", 1)
    began, good, last = monotonic(), 0, ""
    while monotonic() - began < VERIFY_S:
        try:
            shown = await fingerprint_served(port, name)
            last = ""
        except OSError as exc:
            shown, last = "", str(exc) or type(exc).__name__
        good = good + 1 if shown == about.facts.fingerprint else 0
        if good == IN_A_ROW:
            return f"served to new connections after {monotonic() - began:.1f} s"
        await asyncio.sleep(LOOK_S)
    raise Upstream(
        f"nginx did not show the new certificate within {VERIFY_S:.0f} s"
        + (f" ({last})" if last else ""),
        "The one before is served again. `streamstead logs front` may tell why.",
        key="certificate_not_served",
    )
