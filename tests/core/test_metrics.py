"""What every service tells Prometheus, beside its API and not in its description."""

import httpx
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Route

from streamstead.core.metrics import PATH, gauge, gauges
from streamstead.core.runner import find_service


@pytest.mark.parametrize("name", ["platform", "hooks", "recorder", "ffmpeg_forward"])
async def test_every_service_tells_its_figures(name: str) -> None:
    service = find_service(name)
    assert service.api is not None
    app: FastAPI = service.api()

    async def figures() -> object:
        return (gauge("test_only", "x", 3), gauges("test_kinds", "x", "kind", [("a", 1.0)]))

    app.state.figures = figures
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://127.0.0.1"
    ) as client:
        reply = await client.get(PATH)
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/plain")
    lines = reply.text.splitlines()
    assert "streamstead_test_only 3.0" in lines
    assert 'streamstead_test_kinds{kind="a"} 1.0' in lines
    assert any(line.startswith("process_resident_memory_bytes ") for line in lines)
    assert PATH not in app.openapi()["paths"]


def test_the_engine_has_the_same_path() -> None:
    from streamstead.engine.api import create_api

    app: Starlette = create_api(None, None)  # type: ignore[arg-type]
    assert PATH in [route.path for route in app.routes if isinstance(route, Route)]
