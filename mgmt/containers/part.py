"""What this part adds to the manager: programs, their images, and what is told of them."""

import asyncio
from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...core.errors import MissingField
from ..house import House, Part
from ..http import PING, body, event_stream, post, sse, with_pings
from ..runtime.protocol import EngineNews
from ..state_file import StateFile
from .containers import Containers
from .helper import Assistant
from .images import Images
from .news import News
from .pulls import PullBoard
from .state import Exits, Programs


class Action(StrEnum):
    QUERY = "query"
    ENABLED = "enabled"
    SWITCH = "switch"
    START = "start"
    STOP = "stop"
    RESTART = "restart"
    UPGRADE = "upgrade"
    ROLLBACK_IMAGE = "rollback_image"
    LOGS = "logs"
    STATS = "stats"


class Ask(BaseModel):
    """As platform/house/containers.py sends it."""

    model_config = ConfigDict(extra="forbid")

    action: Action
    name: str | None = None
    enabled: bool | None = None
    lines: int = Field(default=100, ge=1, le=1000)
    force: bool = False


def open_part(house: House) -> Part:
    """Return its routes and loops."""
    images = Images(house, StateFile(house.folder, "programs", Programs))
    news = News(house.events)
    assistant = Assistant(house, images, news, StateFile(house.folder, "exits", Exits))
    containers = Containers(house, images, assistant, news)
    back = asyncio.Event()

    def on_engine(what: EngineNews) -> None:
        news.engine(what)
        if what.reachable:
            back.set()

    house.supervisor.assist(assistant, on_engine)
    containers.begin()

    async def ask(request: Request) -> Any:
        return await _do(containers, await body(request, Ask))

    async def progress(_: Request) -> Response:
        return event_stream(_pulls(images.board))

    return Part(
        routes=[
            post("/v1/containers", ask),
            Route("/v1/containers/progress", progress),
        ],
        loops=[news.run(house.supervisor.follow()), _settle(containers, back)],
    )


async def _do(containers: Containers, ask: Ask) -> Any:
    if ask.action is Action.QUERY:
        return await containers.query(ask.name)
    if ask.action is Action.STATS:
        return await containers.stats(ask.name)
    if not ask.name:
        raise MissingField("name is missing", "Name a program.")
    name = ask.name
    if ask.action is Action.LOGS:
        return {"lines": await containers.logs(name, ask.lines)}
    if ask.action is Action.ENABLED:
        return await containers.enabled(name, ask.enabled)
    if ask.action is Action.START:
        return await containers.start(name)
    forced = {
        Action.STOP: containers.stop,
        Action.RESTART: containers.restart,
        Action.UPGRADE: containers.upgrade,
        Action.ROLLBACK_IMAGE: containers.roll_back,
        Action.SWITCH: containers.switch,
    }
    return await forced[ask.action](name, ask.force)


async def _pulls(board: PullBoard) -> AsyncIterator[bytes]:
    async for pull in with_pings(board.follow()):
        yield PING if pull is None else sse("pull", pull.as_dict())


async def _settle(containers: Containers, back: asyncio.Event) -> None:
    """Look at the images at the start, and when the engine is back."""
    while True:
        back.clear()
        await containers.settle()
        await back.wait()
