"""``host/exec`` of SRS-cloud: what of it does no harm, each as the typed call that does it here."""

import socket
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import psutil
from fastapi import APIRouter
from pydantic import Field

from ...core.app import API, Body, Reply
from ...core.auth import SignedIn
from ...core.errors import Invalid, MissingField, StreamsteadError
from ...core.version import VERSION
from ..services import Services, ServicesDep

router = APIRouter(prefix=f"{API}/host", tags=["containers"])

CALL_S = 60.0
RENEW_S = 290.0

Argument = Annotated[str, Field(max_length=200)]

_INSTEAD = {
    "rmContainer": "mgmt/containers with action restart or enabled",
    "startContainer": "mgmt/containers with action start",
    "updateSslFile": "mgmt/ssl",
    "updateLetsEncrypt": "mgmt/letsencrypt",
    "accessSsh": "mgmt/pubkey",
}


class HostExec(Body):
    """``args`` as SRS-cloud has them for the action."""

    action: Annotated[str | None, Field(max_length=64)] = None
    args: Annotated[list[Argument | dict[str, Any] | bool | None], Field(max_length=20)] = []


@router.post("/exec")
async def host_exec(
    services: ServicesDep, who: SignedIn, body: HostExec
) -> Reply[dict[str, Any] | None]:
    """Do one of the actions that exist; none of them is a command."""
    if not body.action:
        raise MissingField("action is missing", "Name one.")
    if body.action in _INSTEAD:
        raise Invalid(
            f"{body.action} does not exist here: it would let a caller run anything as root",
            f"Call {API}/{_INSTEAD[body.action]} instead.",
            key="host_exec_refused",
        )
    work = _ACTIONS.get(body.action)
    if work is None:
        raise Invalid(
            f"there is no action {body.action!r}",
            "They are: " + ", ".join(_ACTIONS) + ".",
            key="host_exec_unknown",
        )
    return Reply(data=await work(services, [one for one in body.args if one is not None]))


async def _rows(services: Services, names: list[Any]) -> list[dict[str, Any]]:
    rows = []
    for name in names:
        asked = {"action": "query", "name": str(name)}
        try:
            rows += await services.host.call("POST", "/v1/containers", asked, timeout_s=CALL_S)
        except StreamsteadError as exc:
            if exc.status != 404:
                raise
    return rows


async def _fetch(services: Services, args: list[Any]) -> dict[str, Any]:
    if not args:
        raise MissingField("args: the name is missing", "Send [name].")
    [row, *_] = await _rows(services, args[:1]) or [{"container": {}}]
    found = row["container"]
    return {"all": found, "running": found if found.get("State") == "running" else {}}


async def _query(services: Services, args: list[Any]) -> dict[str, Any]:
    if not args:
        raise MissingField("args: the names are missing", "Send [name, ...].")
    wanted = ("name", "enabled", "container")
    rows = await _rows(services, args)
    return {"containers": [{key: row[key] for key in wanted} for row in rows]}


async def _version(services: Services, args: list[Any]) -> dict[str, Any]:
    return {"version": f"v{VERSION}"}


async def _refresh(services: Services, args: list[Any]) -> dict[str, Any]:
    found = await services.host.call("POST", "/v1/upgrade/check", {}, timeout_s=CALL_S)
    known = found["releases"]
    return {
        "version": f"v{VERSION}",
        "stable": f"v{known['stable'] or VERSION}",
        "latest": f"v{known['latest'] or VERSION}",
    }


async def _upgrade(services: Services, args: list[Any]) -> dict[str, Any]:
    given: dict[str, Any] = {"by": "page"} | ({"version": str(args[0])} if args else {})
    found: dict[str, Any] = await services.host.call(
        "POST", "/v1/upgrade/start", given, timeout_s=CALL_S
    )
    return found


async def _renew(services: Services, args: list[Any]) -> dict[str, Any]:
    given = {"force": bool(args) and args[0] in (True, "force", "--force-renewal", "true")}
    found: dict[str, Any] = await services.host.call(
        "POST", "/v1/https/renew", given, timeout_s=RENEW_S
    )
    return found


async def _nginx(services: Services, args: list[Any]) -> None:
    """The configuration is always as it should be: a reload of what is, tested as ever."""
    await services.host.call("POST", "/v1/front/update", {}, timeout_s=CALL_S)


async def _hls(services: Services, args: list[Any]) -> None:
    if not args or args[0] not in ("enable", "disable"):
        raise Invalid("args: [enable] or [disable]", "Correct the field.")
    given = {"hls": args[0] == "enable"}
    await services.host.call("POST", "/v1/front/update", given, timeout_s=CALL_S)


async def _nothing(services: Services, args: list[Any]) -> None:
    """Settings are read at the start of each program, which a changed one restarts."""


async def _cwd(services: Services, args: list[Any]) -> dict[str, Any]:
    return {"cwd": str(services.data.root)}


async def _platform(services: Services, args: list[Any]) -> dict[str, Any]:
    return {"platform": "linux"}


async def _ipv4(services: Services, args: list[Any]) -> dict[str, Any]:
    """The first address of a real interface; wired ones before others, as SRS-cloud does."""
    found = [
        (name, one)
        for name, addresses in psutil.net_if_addrs().items()
        for one in addresses
        if one.family is socket.AF_INET and not one.address.startswith("127.")
    ]
    found.sort(key=lambda pair: not pair[0].startswith(("en", "eth")))
    if not found:
        return {}
    name, one = found[0]
    mac = next(
        (a.address for a in psutil.net_if_addrs()[name] if a.family is psutil.AF_LINK),
        "",
    )
    bits = sum(int(part).bit_count() for part in (one.netmask or "255.255.255.255").split("."))
    return {
        "name": name,
        "address": one.address,
        "netmask": one.netmask,
        "family": "IPv4",
        "mac": mac,
        "internal": False,
        "cidr": f"{one.address}/{bits}",
    }


_Action = Callable[[Services, list[Any]], Awaitable[dict[str, Any] | None]]
_ACTIONS: dict[str, _Action] = {
    "fetchContainer": _fetch,
    "queryContainers": _query,
    "reloadEnv": _nothing,
    "queryVersion": _version,
    "refreshVersion": _refresh,
    "execUpgrade": _upgrade,
    "renewLetsEncrypt": _renew,
    "cwd": _cwd,
    "ipv4": _ipv4,
    "hostPlatform": _platform,
    "nginxGenerateConfig": _nginx,
    "nginxHlsDelivery": _hls,
}
