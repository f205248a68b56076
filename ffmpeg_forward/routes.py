"""Routes of the demo stream."""

from typing import cast

from fastapi import APIRouter, Request
from pydantic import BaseModel

from ..core.app import API, Body, Reply, Version
from ..core.auth import SignedIn
from ..core.version import VERSION
from .demo import Demo
from .supervise import ChildState

router = APIRouter(prefix=f"{API}/ffmpeg", tags=["ffmpeg"])


class DemoState(BaseModel):
    """``enabled`` is what was asked for, ``state`` how it is. ``since_ms``: when that state began,
    ms since the epoch. ``detail``: what is waited for or went wrong, in words, or empty."""

    enabled: bool
    state: ChildState
    since_ms: int
    detail: str


class DemoUpdate(Body):
    enabled: bool


def _demo(request: Request) -> Demo:
    return cast(Demo, request.app.state.demo)


@router.get("/versions")
@router.post("/versions")
async def versions() -> Reply[Version]:
    """Tell the version of Streamstead."""
    return Reply(data=Version(version=VERSION))


@router.post("/demo/query")
async def query(request: Request, _who: SignedIn, _: Body | None = None) -> Reply[DemoState]:
    """Tell whether the demo stream is on, and how it is."""
    return await _reply(_demo(request))


@router.post("/demo/update")
async def update(body: DemoUpdate, request: Request, _: SignedIn) -> Reply[DemoState]:
    """Switch the demo stream on or off."""
    demo = _demo(request)
    await demo.update(body.enabled)
    return await _reply(demo)


async def _reply(demo: Demo) -> Reply[DemoState]:
    status = demo.status
    return Reply(
        data=DemoState(
            enabled=await demo.enabled(),
            state=status.state,
            since_ms=status.since_ms,
            detail=status.detail,
        )
    )
