"""A slate is always at hand: the wanted one, or the built-in card until that is there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from streamstead.ffmpeg_forward.relay.config import HouseFormat, SlateConfig
from streamstead.ffmpeg_forward.relay.slate_keeper import SlateKeeper
from streamstead.ffmpeg_forward.splice.media import MediaInfo

from ...conftest import need
from ..clips import make_clip, pixels, save_flv
from ..conftest import until

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("has_ffmpeg")]

CARD = SlateConfig(title="Tonight")
SMALL = HouseFormat(width=160, height=90, fps=10)


@pytest.fixture
def has_ffmpeg() -> None:
    need("ffmpeg")


@asynccontextmanager
async def running(keeper: SlateKeeper) -> AsyncIterator[None]:
    task = asyncio.create_task(keeper.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_broken_file_leaves_the_card_and_the_reason_until_it_is_mended(
    tmp_path: Path,
) -> None:
    broken = tmp_path / "own.png"
    broken.write_bytes(b"\x89PNG broken")
    keeper = SlateKeeper(tmp_path / "cache", lambda: None)
    async with running(keeper):
        keeper.look(SlateConfig(kind="picture", path=str(broken)), SMALL)
        await until(lambda: keeper.problem is not None)
        assert keeper.current is not None
        keeper.look(CARD, SMALL)
        await until(lambda: keeper.problem is None)
        keeper.look(None, None)
        assert keeper.current is None


async def test_the_card_is_shown_until_an_own_clip_is_ready(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "own.mp4", "-vf", "drawbox=t=fill:c=white", size="160x90")
    seen: list[bytes] = []

    def changed() -> None:
        assert keeper.current is not None
        path = save_flv(tmp_path / "slate.flv", keeper.current.messages)
        seen.append(pixels(path, "1x1"))

    keeper = SlateKeeper(tmp_path / "cache", changed)
    async with running(keeper):
        keeper.look(SlateConfig(kind="clip", path=str(clip)), SMALL)
        await until(lambda: len(seen) == 2)
    assert seen[0][0] < 80
    assert seen[1][0] > 200


async def test_it_follows_what_is_on_air(tmp_path: Path) -> None:
    keeper = SlateKeeper(tmp_path / "cache", lambda: None)
    info = MediaInfo(video_codec="avc", width=320, height=180, fps=25.0, profile="Main")
    async with running(keeper):
        keeper.look(CARD, SMALL)
        await until(lambda: keeper.current is not None)
        assert keeper.current is not None
        assert keeper.current.params.width == 160

        def followed() -> bool:
            keeper.match(info)
            return keeper.current is not None and keeper.current.params.width == 320

        await until(followed)
