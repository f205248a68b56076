"""Is the house well? Asked before an upgrade and after it."""

import asyncio
import http.client
import json
import time
from collections.abc import Callable
from typing import Any

from ...core.errors import Upstream
from ...core.settings import Settings
from ..front.media_api import MediaApi
from ..runtime.pidfile import boot_id, start_ticks
from ..status import WAITS_FOR_TURN
from .errors import UpgradeFailed
from .manager_link import ManagerLink

POLL_S = 0.3
STEADY_S = 4.0
"""So long everything must be well without a break, before it counts."""
FIRST_ANSWER_S = 90.0
GIVEN_UP_S = 4.0
GOOD = ("running", "off")
_ANSWER_S = 5.0


class Checkup:
    """Looks at one house from outside, as its operator and its viewers do."""

    def __init__(self, settings: Settings, link: ManagerLink) -> None:
        self._settings = settings
        self._link = link

    def complaints(self) -> list[str]:
        """Return every program that is not as it should be, in words."""
        services = self._link.services()
        if services is None:
            return ["the manager does not answer"]
        return [
            f"{one['name']} is {one['state']}" + (f" ({one['detail']})" if one["detail"] else "")
            for one in services
            if one["state"] not in GOOD
        ]

    def media(self) -> str:
        """Name the process of the media server, such that another one has another name."""
        for one in self._link.services() or []:
            if one["name"] == "media" and one["pid"]:
                return f"{one['pid']}:{start_ticks(one['pid'])}:{_boot()}"
        return ""

    def live(self) -> set[str] | None:
        """Return the streams that are published now, as the media server says; None: it does not
        answer."""
        try:
            return asyncio.run(MediaApi(self._settings.srs_api_port).published())
        except Upstream:
            return None

    def settled_release(self, within_s: float) -> str | None:
        """Return the release of the manager, which may be about to start just now."""
        until = time.monotonic() + within_s
        while (found := self._link.release()) is None and not self._link.given_up():
            if time.monotonic() >= until:
                break
            time.sleep(POLL_S)
        return found

    def wait_for_manager(self, release: str) -> None:
        """Wait until the manager answers from ``release``. Raises UpgradeFailed."""
        until, quiet_since = time.monotonic() + FIRST_ANSWER_S, time.monotonic()
        while (found := self._link.release()) != release:
            now = time.monotonic()
            if found is not None or not self._link.given_up():
                quiet_since = now
            if now - quiet_since > GIVEN_UP_S:
                raise _sick(f"the manager of {release} ended: {self._link.last_words()}")
            if now > until:
                raise _sick(f"the manager of {release} did not answer for {FIRST_ANSWER_S:.0f} s")
            time.sleep(POLL_S)

    def wait_well(
        self, release: str, version: str, media: str, within_s: float, tell: Callable[[str], None]
    ) -> None:
        """Wait until all is well, and stays so for a while. Raises UpgradeFailed.

        Programs that do nothing worse than start may take three times as long: a slow machine is
        no reason to go back.

        ``media``: the process of the media server that must be there; empty when it may be
        another.
        """
        until, well_since, said = time.monotonic() + within_s, 0.0, ""
        while True:
            wrong = self._wrong(release, version, media)
            now = time.monotonic()
            if not wrong:
                well_since = well_since or now
                if now - well_since >= min(STEADY_S, within_s / 15):
                    return
            else:
                well_since = 0.0
                slow = all(one.endswith((" is starting", f"({WAITS_FOR_TURN})")) for one in wrong)
                if now > until + (2 * within_s if slow else 0):
                    raise _sick(
                        f"not everything is well after {within_s:.0f} s: {'; '.join(wrong)}"
                    )
            # A word for who watches; not one for every look.
            text = "; ".join(wrong) or "all is well; it must stay so for a moment"
            if text != said:
                tell(said := text)
            time.sleep(POLL_S)

    def _wrong(self, release: str, version: str, media: str) -> list[str]:
        if self._link.release() != release:
            return ["the manager does not answer"]
        wrong = self.complaints()
        if wrong:
            return wrong
        if media and media.endswith(_boot()) and self.media() != media:
            return ["the media server is not the process that ran before"]
        answered = self._json(self._settings.http_port, "/terraform/v1/mgmt/versions") or {}
        if answered.get("data", {}).get("version") != version:
            return [f"the page's API does not answer as version {version}"]
        return self._lost_streams()

    def _lost_streams(self) -> list[str]:
        """What the media server has and our own services have not found again."""
        live = self.live()
        path = "/terraform/v1/mgmt/streams/query"
        secret = self._settings.api_secret.get_secret_value()
        found = self._json(self._settings.platform_port, path, secret)
        if live is None or found is None:
            return ["the streams cannot be listed"]
        ours = {one["url"].strip("/") for one in found["data"]["streams"]}
        lost = sorted(url for url in live if url not in ours)
        return [f"the live stream {url} is not known any more" for url in lost]

    def _json(self, port: int, path: str, secret: str = "") -> dict[str, Any] | None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWER_S)
        try:
            if secret:
                headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
                connection.request("POST", path, "{}", headers)
            else:
                connection.request("GET", path)
            reply = connection.getresponse()
            raw = reply.read()
            return dict(json.loads(raw)) if reply.status == 200 else None
        except (OSError, http.client.HTTPException, ValueError):
            return None
        finally:
            connection.close()


def _boot() -> str:
    """Name this start of the machine, or of the container that is one: its kernel goes on."""
    return f"{boot_id()}.{start_ticks(1)}"


def _sick(reason: str) -> UpgradeFailed:
    return UpgradeFailed(
        reason,
        "The release before runs again; look at the logs of what is named, then try again.",
        key="upgrade_unhealthy",
    )
