"""A splicer with a slate and two sources that may come."""

import pytest

from streamstead.ffmpeg_forward.splice.splicer import Splicer

from .tape import Show, make_slate


@pytest.fixture
def show() -> Show:
    show = Show(Splicer(buffer_ms=300, lost_after_ms=500))
    show.splicer.set_slate(make_slate())
    for name in ("a", "b"):
        show.splicer.add(name)
    return show
