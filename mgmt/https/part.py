"""What HTTPS adds to the manager."""

from typing import Any

from starlette.requests import Request

from ..house import House, Part
from ..http import body, post
from .desk import Desk
from .models import (
    Level,
    WantCertificate,
    WantCheck,
    WantRenewal,
    WantSettings,
    WantUpload,
)
from .renewal import Renewal
from .show import show


def open_part(house: House) -> Part:
    """Return its routes and loops."""
    desk = Desk(house)
    renewal = Renewal(desk)

    async def query(_: Request) -> Any:
        return show(desk)

    async def check(request: Request) -> Any:
        items = await desk.check(await body(request, WantCheck))
        return {
            "items": [item.model_dump(mode="json") for item in items],
            "ok": all(item.level is not Level.FAIL for item in items),
        }

    async def request_certificate(request: Request) -> Any:
        await desk.request(await body(request, WantCertificate))
        return show(desk)

    async def renew(request: Request) -> Any:
        done, words = await renewal.renew((await body(request, WantRenewal)).force)
        return {"renewOk": done, "stdout": words}

    async def upload(request: Request) -> Any:
        await desk.upload(await body(request, WantUpload))
        return show(desk)

    async def self_signed(_: Request) -> Any:
        await desk.self_signed()
        return show(desk)

    async def rollback(_: Request) -> Any:
        await desk.rollback()
        return show(desk)

    async def settings(request: Request) -> Any:
        desk.update(await body(request, WantSettings))
        return show(desk)

    return Part(
        routes=[
            post("/v1/https/query", query),
            post("/v1/https/check", check),
            post("/v1/https/letsencrypt", request_certificate),
            post("/v1/https/renew", renew),
            post("/v1/https/upload", upload),
            post("/v1/https/self-signed", self_signed),
            post("/v1/https/rollback", rollback),
            post("/v1/https/settings", settings),
        ],
        loops=[desk.jobs.run(), renewal.run()],
    )
