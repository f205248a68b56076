"""The client of the manager's socket."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from streamstead.core.errors import Upstream
from streamstead.platform.host import Host


async def test_pages_that_follow_leave_connections_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stream(path: str) -> AsyncGenerator[tuple[str, Any], None]:
        while True:
            yield "run", path

    host = Host(tmp_path / "mgmt.sock")
    monkeypatch.setattr(host, "stream", stream)
    monkeypatch.setattr("streamstead.platform.host.MAX_FOLLOWERS", 1)
    for _ in range(2):
        async with aclosing(host.follow("/x")) as found, aclosing(host.follow("/x")) as another:
            assert await anext(found) == ("run", "/x")
            with pytest.raises(Upstream, match="too many"):
                await anext(another)
    await host.aclose()
