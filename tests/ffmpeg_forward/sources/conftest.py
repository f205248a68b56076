"""A real FFmpeg, and nothing of it left behind."""

from collections.abc import AsyncIterator

import psutil
import pytest

from ...conftest import need


@pytest.fixture
def has_ffmpeg() -> None:
    need("ffmpeg")
    need("ffprobe")


@pytest.fixture
async def no_child_left() -> AsyncIterator[None]:
    yield
    assert [one.name() for one in psutil.Process().children(recursive=True)] == []
