"""Programmes, put together."""

from collections.abc import Coroutine
from typing import Any

from ..services import Services
from .routes import programme_views
from .show import PREFIX
from .shows import Shows
from .store import ProgrammeStore

KIND = "programmes"


def open_programmes(state: Services) -> list[Coroutine[Any, Any, None]]:
    """Fill ``programmes`` and let the director run them; return the loops. Outputs come first."""
    state.programmes = store = ProgrammeStore(state.redis)
    shows = Shows(
        store,
        state.relays,
        state.events,
        state.settings.rtmp_port,
        state.house_key,
        state.slate_files.path,
    )

    def changed() -> None:
        state.feed.changed(KIND)

    def told(name: str) -> None:
        if name.startswith(PREFIX):
            changed()

    async def snapshot() -> list[Any]:
        return list(await programme_views(state))

    state.feed.add(KIND, snapshot)
    state.director.programmes = shows
    store.subscribe(state.director.wake)
    store.subscribe(changed)
    state.outputs.subscribe(changed)
    state.relays.subscribe(told)
    return [store.run(), shows.run()]
