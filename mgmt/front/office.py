"""Changes of the front: judged, tested, made, read back, and only then kept."""

import asyncio
import re
from time import monotonic
from typing import Any

from pydantic import ValidationError

from ...core.errors import Conflict, Invalid, NotSupported, StreamsteadError, Upstream
from ...core.event_types import EventType
from ...core.log import get_logger
from ..house import House
from ..https.shelf import Shelf
from ..ports import port_problem
from ..services.common import MediaServer
from ..services.front import configuration_tag, front_spec
from ..services.media import hls_of
from ..state_file import StateFile
from ..status import State
from .fetch import fetch
from .media_api import MediaApi
from .modules import modules_of
from .proxies import MAX_PROXIES, check_backend, check_embed_host, check_homepage, check_location
from .settings import FrontChange, FrontPending, FrontSettings

log = get_logger(__name__)

FRONT_TAKES_S = 8.0
SETTLED_S = 0.4
"""nginx starts its new workers, waits 100 ms, and only then tells the old ones to take no more."""

MEDIA_TAKES_S = 25.0
LOOK_EVERY_S = 5.0
_WORKING = (State.RUNNING, State.UNHEALTHY)
_WINDOW = re.compile(r"hls_window (\d+);|hls_playlist_length (\d+)s;")


class FrontOffice:
    """One for the house. Changes are made one at a time."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._kept = StateFile(house.folder, "front", FrontSettings)
        self._waits = StateFile(house.folder, "front-pending", FrontPending)
        self._pending = self._waits.read()
        self._media = MediaApi(house.settings.srs_api_port)
        self._lock = asyncio.Lock()
        self._woken = asyncio.Event()

    async def state(self) -> dict[str, Any]:
        """Return how it is set, as platform/house/front.py describes it."""
        house, plan = self._house, self._house.plan
        wanted = self._pending.over(plan.front)
        return {
            "hls": wanted.hls or plan.media_server is MediaServer.EMBEDDED,
            "noHlsCtx": wanted.no_hls_ctx,
            "hlsLowLatency": wanted.hls_low_latency,
            "homepage": wanted.homepage,
            "proxies": [
                {"location": location, "backend": backend}
                for location, backend in sorted(wanted.proxies.items())
            ],
            "redirect_https": wanted.redirect_https,
            "hsts": wanted.hsts,
            "rtmps": wanted.rtmps,
            "rtmps_port": house.settings.rtmps_port,
            "rtmps_possible": modules_of(plan.runtime).no_stream,
            "embed": wanted.embed.value,
            "embed_hosts": list(wanted.embed_hosts),
            "pending": self._waiting(),
            "https_ready": not self._https_problem(),
            "in_effect": await self._in_effect(),
        }

    async def update(self, change: FrontChange) -> dict[str, Any]:
        """Make a change and return the state. Raises Invalid, Conflict, NotSupported, Upstream."""
        async with self._lock:
            now = self._house.plan.front
            wanted = self._judged(self._pending.over(now), change)
            told = wanted
            if wanted.media() != now.media() and not change.now and await self._live() > 0:
                told = wanted.model_copy(
                    update={"no_hls_ctx": now.no_hls_ctx, "hls_low_latency": now.hls_low_latency}
                )
            await self._make(told)
            self._set_pending(FrontPending.between(told, wanted))
            self._tell(now, wanted)
        return await self.state()

    async def keep_promises(self) -> None:
        """Make what waits as soon as nobody is live; never returns."""
        while True:
            self._woken.clear()
            if self._pending == FrontPending():
                await self._woken.wait()
            else:
                try:
                    async with self._lock:
                        if await self._live() == 0:
                            await self._make(self._pending.over(self._house.plan.front))
                            self._set_pending(FrontPending())
                            log.info("front.pending_made")
                except (OSError, StreamsteadError) as exc:
                    log.warning("front.pending_failed", error=str(exc))
                await asyncio.sleep(LOOK_EVERY_S)

    def _set_pending(self, pending: FrontPending) -> None:
        if pending != self._pending:
            self._waits.write(pending)
            self._pending = pending
            self._woken.set()

    def _tell(self, before: FrontSettings, after: FrontSettings) -> None:
        old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
        changed = sorted(name for name in new if new[name] != old[name])
        if changed:
            data = {"changed": changed, "pending": [one["name"] for one in self._waiting()]}
            self._house.events.tell(EventType.FRONT_CHANGED, data)

    def _waiting(self) -> list[dict[str, str]]:
        embedded = self._house.plan.media_server is MediaServer.EMBEDDED
        reason = (
            "The embedded media server must be started again for this, which cuts off who is live;"
            " it is done when nobody is."
            if embedded
            else "The media server reads this anew without cutting anybody off, but players see a"
            " jump; it is done when nobody is live."
        )
        names = {"no_hls_ctx": "noHlsCtx", "hls_low_latency": "hlsLowLatency"}
        waits = self._pending.model_dump(exclude_none=True)
        return [{"name": names[name], "reason": reason} for name in waits]

    async def _live(self) -> int:
        try:
            return len(await self._media.published())
        except Upstream:
            return 0  # one that does not answer carries nobody that a restart could cut off

    async def _in_effect(self) -> dict[str, Any] | None:
        """Return how the media server cuts HLS now; None while it cannot be asked."""
        plan = self._house.plan
        try:
            fragment_s = await self._media.fragment_s()
        except Upstream:
            return None
        embedded = plan.media_server is MediaServer.EMBEDDED
        name = "engine-nginx.conf" if embedded else "srs/srs.conf"
        try:
            text = await asyncio.to_thread((plan.data.config / name).read_text, "utf-8")
        except OSError:
            text = ""
        found = _WINDOW.search(text)
        return {
            "server": plan.media_server.value,
            "fragment_s": fragment_s,
            "window_s": float(found[1] or found[2]) if found else 0.0,
            "per_viewer": "hls_ctx on;" in text,
        }

    def _https_problem(self) -> str:
        """Return why nobody may be sent to HTTPS; empty when it works for everybody."""
        plan = self._house.plan
        if not plan.doors.https:
            return "HTTPS has no port here"
        try:
            about = Shelf(plan.data.ssl).about(plan.certificate)
        except (OSError, ValueError, ValidationError):
            return "there is no certificate"
        if about.facts.self_signed:
            return "the certificate is signed by this house alone, and browsers warn of it"
        return ""

    def _judged(self, old: FrontSettings, change: FrontChange) -> FrontSettings:
        """Return the settings with the change, every value of it checked."""
        plain = change.model_dump(exclude_none=True, exclude={"now", "proxy", "homepage"})
        if change.homepage is not None:
            plain["homepage"] = check_homepage(change.homepage) if change.homepage else ""
        if change.embed_hosts is not None:
            hosts = dict.fromkeys(check_embed_host(host) for host in change.embed_hosts)
            plain["embed_hosts"] = tuple(hosts)
        if change.proxy is not None:
            plain["proxies"] = self._proxies(dict(old.proxies), change)
        new = old.model_copy(update=plain)
        if new.homepage and "/" in new.proxies:
            raise Conflict(
                "/ cannot lead elsewhere and be a proxy at the same time",
                "Remove the one before you set the other.",
                key="homepage_or_proxy",
            )
        if (change.redirect_https or change.hsts) and (why := self._https_problem()):
            raise Conflict(
                f"nobody can be sent to HTTPS: {why}", "Get a certificate first.", key="https_off"
            )
        if change.rtmps and not old.rtmps:
            self._check_rtmps()
        by_media = change.hls is False or change.no_hls_ctx is False
        if by_media and self._house.plan.media_server is MediaServer.EMBEDDED:
            raise NotSupported(
                "the embedded media server serves no HLS itself", "nginx serves it from disk here."
            )
        if by_media and not new.hls and not new.no_hls_ctx:
            raise Conflict(
                "players do not understand the sessions of the media server behind our own",
                "Let nginx serve HLS, or switch sessions of the media server off.",
                key="hls_sessions_twice",
            )
        return new

    def _proxies(self, proxies: dict[str, str], change: FrontChange) -> dict[str, str]:
        assert change.proxy is not None
        location = check_location(change.proxy.location)
        if not change.proxy.backend:
            proxies.pop(location, None)
            return proxies
        twin = location.removesuffix("/") if location.endswith("/") else f"{location}/"
        if twin in proxies and location != "/":
            raise Conflict(f"{twin} is a proxy already", "Remove that one first.")
        proxies[location] = check_backend(change.proxy.backend, self._house.settings)
        if len(proxies) > MAX_PROXIES:
            raise Invalid(f"there are {MAX_PROXIES} proxies already", "Remove one first.")
        return proxies

    def _check_rtmps(self) -> None:
        why = modules_of(self._house.plan.runtime).no_stream
        if why:
            raise NotSupported(f"RTMPS cannot be had: {why}", "Run ./bootstrap: it installs it.")
        problem = port_problem(self._house.settings.rtmps_port)
        if problem:
            raise Conflict(
                f"RTMPS cannot be had: {problem}",
                "End that program, or choose another port by STREAMSTEAD_RTMPS_PORT.",
                key="port_taken",
            )

    async def _make(self, front: FrontSettings) -> None:
        """Go on by these settings and keep them; as before when anything refuses them."""
        house = self._house
        before = house.plan.front
        if front == before:
            return
        states = {one.name: one.state for one in house.supervisor.status()}
        ran = {name for name, state in states.items() if state in _WORKING}
        await house.change(front=front)
        try:
            await self._read_back(before, ran)
            await asyncio.to_thread(self._kept.write, front)
        except (OSError, StreamsteadError):
            await house.change(front=before)
            raise

    async def _read_back(self, before: FrontSettings, ran: set[str]) -> None:
        """Wait until those of nginx and the media server that ran do so by what they were told.

        Raises Invalid and Upstream.
        """
        plan = self._house.plan
        if "front" in ran:
            wanted = f'"configuration":"{configuration_tag(front_spec(plan))}"'
            if not await self._says(plan.settings.http_port, wanted):
                lines = await self._house.supervisor.logs("front", 20)
                said = [line for line in lines if "[emerg]" in line]
                why = said[-1].partition("[emerg] ")[2] if said else "it goes on as before"
                raise Invalid(
                    f"nginx did not take the configuration: {why[:300]}",
                    "Nothing was changed; correct what was given.",
                    key="configuration_refused",
                )
        if before.media() != plan.front.media() and "media" in ran:
            await self._media_took(float(hls_of(plan).fragment_s))

    async def _says(self, port: int, wanted: str) -> bool:
        """Wait until all answers are the wanted one: for a moment workers of both kinds answer."""
        since: float | None = None
        try:
            async with asyncio.timeout(FRONT_TAKES_S):
                while since is None or monotonic() - since < SETTLED_S:
                    try:
                        found = wanted.encode() in await fetch(port, "/healthz")
                    except (OSError, ValueError):
                        found = False
                    since = (since or monotonic()) if found else None
                    await asyncio.sleep(0.05)
        except TimeoutError:
            return False
        return True

    async def _media_took(self, fragment_s: float) -> None:
        try:
            async with asyncio.timeout(MEDIA_TAKES_S):
                while True:
                    try:
                        if await self._media.fragment_s() == fragment_s:
                            return
                    except Upstream:
                        pass
                    await asyncio.sleep(0.2)
        except TimeoutError:
            raise Upstream(
                f"the media server did not take segments of {fragment_s:.0f} s",
                "It goes on as before; its log tells why.",
                key="media_not_changed",
            ) from None
