"""What this part adds to the manager: its calls, and the looking after."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from time import monotonic
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...core.errors import NotFound
from ...core.paths import DataDir, share_dir
from ...core.version import VERSION
from ..house import House, Part
from ..http import PING, body, event_stream, get, post, sse
from ..services.plan import build_specs
from .errors import ReleaseRefused
from .guard import begin
from .journal import Journal, Kind, Origin, Run, Wish
from .keys import check_key, mark, pinned, readable, revoked_file
from .place import Installed, chosen_file, release_here, releases_of, version_of
from .settings import Channel, Source, Strategy, UpgradeSettings
from .version import Version
from .watch import Watch, live_streams
from .window import Window

POLL_S = 0.25
PING_S = 15.0
LIVE_S = 2.0
_WHO = re.compile(r"[a-z][a-z0-9_:. -]{0,40}")

Name = Annotated[str, Field(max_length=80)]
Key = Annotated[str, Field(max_length=1000)]


class StartWish(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: Name = ""
    force: bool = False
    dry_run: bool = False
    by: Name = "page"


class RollbackWish(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: Name = ""
    force: bool = False
    by: Name = "page"
    password: SecretStr | None = None


class WindowChange(BaseModel):
    model_config = ConfigDict(extra="forbid")

    start: Annotated[int, Field(ge=0, le=23)]
    duration: Annotated[int, Field(ge=1, le=24)]
    zone: Annotated[str, Field(max_length=64)] | None = None


class SettingsChange(BaseModel):
    """What is absent stays. Other places of releases, or keys, need ``password``."""

    model_config = ConfigDict(extra="forbid")

    strategy: Strategy | None = None
    channel: Channel | None = None
    source: Source | None = None
    url: Annotated[str, Field(max_length=500)] | None = None
    keys: Annotated[list[Annotated[str, Field(max_length=1000)]], Field(max_length=20)] | None = (
        None
    )
    window: WindowChange | None = None
    password: SecretStr | None = None


class Calls:
    """The calls below ``/v1/upgrade``."""

    def __init__(self, house: House, watch: Watch) -> None:
        self._house = house
        self._data = house.data
        self._settings = house.settings
        self._watch = watch
        self._journal = Journal(house.data)
        self._chosen = chosen_file(house.data)
        self._streams = 0
        self._looked = float("-inf")

    def routes(self) -> list[Route]:
        base = "/v1/upgrade"
        return [
            post(f"{base}/start", self.start),
            post(f"{base}/rollback", self.rollback),
            post(f"{base}/check", self.check),
            get(f"{base}/status", self.status),
            Route(f"{base}/progress", self.progress),
            get(f"{base}/settings", self.settings),
            post(f"{base}/settings", self.change),
            get(f"{base}/specs", self.specs),
            get(f"{base}/release", self.release),
        ]

    async def start(self, request: Request) -> Any:
        wanted = await body(request, StartWish)
        name = wanted.version
        if name and name not in tuple(Channel):
            name = str(Version.parse(name))
        wish = Wish(version=name, force=wanted.force, dry_run=wanted.dry_run, by=_who(wanted.by))
        return _begun(await asyncio.to_thread(begin, self._settings, wish))

    async def rollback(self, request: Request) -> Any:
        wanted = await body(request, RollbackWish)
        # It may lead to a release with holes that were mended since.
        await self._house.passwords.prove(request, wanted.password)
        wish = rollback_wish(Installed(self._data), wanted.version, wanted.force, _who(wanted.by))
        return _begun(await asyncio.to_thread(begin, self._settings, wish))

    async def check(self, _: Request) -> Any:
        await self._watch.look()
        return await self._status()

    async def status(self, _: Request) -> Any:
        return await self._status()

    async def _status(self) -> dict[str, Any]:
        run, last = self._journal.read(), self._journal.last()
        chosen = self._chosen.read()
        known = releases_of(self._settings).known()
        live = await self._live()
        waits = [] if chosen.window.is_open(datetime.now(UTC)) else ["window"]
        return {
            "version": VERSION,
            "release": release_here(),
            "in_image": self._settings.in_image,
            "running": run is not None,
            "run": run.shown() if run else None,
            "last": last.shown() if last else None,
            "rollback_to": Installed(self._data).previous(),
            "releases": known.model_dump(
                mode="json", include={"stable", "latest", "at_ms", "error", "versions"}
            ),
            "installed": Installed(self._data).names(),
            "strategy": chosen.strategy,
            "channel": chosen.channel,
            "source": chosen.source,
            "live_streams": live,
            "waits_for": run.waits_for if run else waits + (["live_streams"] if live else []),
        }

    async def _live(self) -> int:
        """Whoever asks often, and nobody needs to sign in for it, costs the media server little."""
        if monotonic() - self._looked > LIVE_S:
            self._looked = monotonic()
            self._streams = await live_streams(self._settings)
        return self._streams

    async def progress(self, _: Request) -> Response:
        return event_stream(self._runs())

    async def _runs(self) -> AsyncIterator[bytes]:
        """The run that is under way, or the last one; from disk, so it does not matter who asks
        which manager."""
        seen: object = None
        silent_s = 0.0
        while True:
            stamp = self._journal.stamp()
            run = (self._journal.read() or self._journal.last()) if stamp != seen else None
            seen = stamp
            if run is not None:
                yield sse("run", run.shown())
                silent_s = 0.0
            elif silent_s >= PING_S:
                yield PING
                silent_s = 0.0
            await asyncio.sleep(POLL_S)
            silent_s += POLL_S

    async def settings(self, _: Request) -> Any:
        return self._shown(self._chosen.read())

    async def change(self, request: Request) -> Any:
        wanted = await body(request, SettingsChange)
        chosen = self._chosen.read()
        changes = wanted.model_dump(exclude_none=True, exclude={"window", "keys", "password"})
        if wanted.window is not None:
            zone = wanted.window.zone or chosen.window.zone
            changes["window"] = Window.checked(wanted.window.start, wanted.window.duration, zone)
        if wanted.keys is not None:
            changes["keys"] = list(dict.fromkeys(check_key(key) for key in wanted.keys))
            _check_not_revoked(self._data, [k for k in changes["keys"] if k not in chosen.keys])
        if "url" in changes:
            changes["url"] = changes["url"].strip()
        before, chosen = chosen, chosen.model_copy(update=changes)
        _check_place(chosen)
        if _trusts(chosen) != _trusts(before):
            await self._house.passwords.prove(request, wanted.password)
        self._chosen.write(chosen)
        return self._shown(chosen)

    def _shown(self, chosen: UpgradeSettings) -> dict[str, Any]:
        now = datetime.now(UTC)
        opens = chosen.window.next_open(now)
        return chosen.model_dump(mode="json") | {
            "pinned": _still_trusted(self._data, pinned(share_dir())),
            "window": chosen.window.model_dump()
            | {
                "open": chosen.window.is_open(now),
                "next_open_ms": int(opens.timestamp() * 1000),
            },
        }

    async def specs(self, _: Request) -> Any:
        """How every program is run now; a new release is asked the same before it is taken."""
        return {spec.name: spec.hash for spec in build_specs(self._house.plan)}

    async def release(self, _: Request) -> Any:
        return {"release": release_here(), "version": VERSION}


def rollback_wish(installed: Installed, wanted: str, force: bool, by: str) -> Wish:
    """Raises NotFound when there is nothing to go back to."""
    release = installed.find(wanted) if wanted else installed.previous()
    if release is None:
        raise NotFound(
            "there is no release to go back to",
            "Only an upgrade leaves one behind; see: streamstead releases.",
            key="nothing_to_roll_back",
        )
    return Wish(
        origin=Origin.RELEASE,
        kind=Kind.ROLLBACK,
        version=version_of(release),
        path=str(installed.folder(release)),
        force=force,
        by=by,
    )


def open_part(house: House) -> Part:
    """Return its routes and loops."""
    watch = Watch(house)
    return Part(Calls(house, watch).routes(), [watch.look_after(), watch.look_for_releases()])


def _begun(run: Run) -> dict[str, str]:
    return {"version": VERSION, "id": run.id}


def _trusts(chosen: UpgradeSettings) -> tuple[Any, ...]:
    """Return what decides whose code may come to run here, as root."""
    return chosen.source, chosen.url, chosen.keys


def _who(text: str) -> str:
    return text if _WHO.fullmatch(text) else "page"


def _still_trusted(data: DataDir, keys: list[str]) -> list[str]:
    revoked = {mark(key) for key in revoked_file(data).read().keys}
    return [key for key in readable(keys) if mark(key) not in revoked]


def _check_not_revoked(data: DataDir, keys: list[str]) -> None:
    """Raises ReleaseRefused: what was revoked once stays so on this machine."""
    if len(_still_trusted(data, keys)) != len(keys):
        raise ReleaseRefused(
            "this key was revoked: releases that it signed are refused here",
            "Ask the publisher for the key that took its place.",
            key="upgrade_key_revoked",
        )


def _check_place(chosen: UpgradeSettings) -> None:
    """Refuse an address now that would be refused at every look-up. Raises ReleaseRefused."""
    if not chosen.url:
        return
    if chosen.source is Source.INDEX:
        from .fetch import address

        address(chosen.url)
    else:
        from .git_tags import check_repository

        check_repository(chosen.repository)
