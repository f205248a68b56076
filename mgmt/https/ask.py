"""Asks the worker: a child that lives for one question."""

import asyncio
import json
import os
import sys
from typing import Any

from ...core.errors import Invalid, StreamsteadError, UpstreamTimeout
from ...core.log import get_logger
from ..runtime.account import Account

log = get_logger(__name__)

_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")


async def ask_worker(
    call: str, payload: dict[str, Any], timeout_s: float = 30.0, account: Account | None = None
) -> Any:
    """Return what it answers; ``account``: whom it becomes before it does anything.

    Raises Invalid in its words, UpstreamTimeout, and StreamsteadError when it fails.
    """
    if account is not None and account.drops:
        payload = {**payload, "become": [account.uid, account.gid]}
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "streamstead.mgmt.https.worker",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={name: os.environ[name] for name in _KEPT if name in os.environ},
        cwd="/",
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(timeout_s):
            said, complaint = await child.communicate(
                json.dumps({"call": call, **payload}).encode()
            )
    except TimeoutError:
        raise UpstreamTimeout(
            f"this took longer than {timeout_s:.0f} s", "Try again; the machine may be busy."
        ) from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode != 0:
        last = complaint.decode(errors="replace").strip().rpartition("\n")[2]
        log.error("https.worker_failed", call=call, status=child.returncode, said=last[:200])
        raise StreamsteadError("the certificate worker failed", "`streamstead logs mgmt` has it.")
    answer = json.loads(said)
    if "error" in answer:
        raise Invalid(**answer["error"])
    return answer["data"]
