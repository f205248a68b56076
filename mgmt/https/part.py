"""What HTTPS adds to the manager."""

from starlette.requests import Request

from ...core.errors import NotSupported
from ..house import House, Part
from ..http import post

_CALLS = ("query", "rollback", "upload", "self-signed", "letsencrypt", "check", "renew", "settings")


def open_part(house: House) -> Part:
    """Return its routes and loops."""

    async def refuse(_: Request) -> None:
        raise NotSupported("HTTPS cannot be managed here yet", "Use another release.")

    return Part(routes=[post(f"/v1/https/{name}", refuse) for name in _CALLS])
