"""What the front adds to the manager."""

from typing import Any

from starlette.requests import Request

from ..doctor.child import report
from ..house import House, Part
from ..http import body, get, post
from .office import FrontOffice
from .settings import FrontChange
from .ssh_keys import KeyChange, SshKeys


def open_part(house: House) -> Part:
    """Return its routes and loops."""
    office = FrontOffice(house)
    keys = SshKeys.of_root()

    async def query(_: Request) -> dict[str, Any]:
        return await office.state()

    async def update(request: Request) -> dict[str, Any]:
        return await office.update(await body(request, FrontChange))

    async def change_key(request: Request) -> dict[str, Any]:
        asked = await body(request, KeyChange)
        await house.passwords.prove(request, asked.password)
        return await keys.change(asked)

    async def doctor(_: Request) -> dict[str, Any]:
        return await report(house.settings)

    return Part(
        routes=[
            post("/v1/front/query", query),
            post("/v1/front/update", update),
            post("/v1/pubkey", change_key),
            get("/v1/doctor", doctor),
        ],
        loops=[office.keep_promises()],
    )
