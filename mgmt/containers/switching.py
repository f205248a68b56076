"""Another media server in the place of the one that runs."""

from pathlib import Path

from ...core.errors import Conflict, Invalid
from ...core.nginx import build_options
from ...core.settings import Settings
from ..house import House
from ..runtime.choose import Decision
from ..runtime.spec import RuntimeName
from ..services.common import MediaServer
from ..upgrade.watch import live_streams
from .images import Images
from .names import MEDIA_SERVERS
from .news import News
from .state import Programs

MEDIA_OF = {
    "srs-server": MediaServer.SRS,
    "srs-dev": MediaServer.SRS,
    "engine": MediaServer.EMBEDDED,
}
_MODULES = ("/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/usr/share/nginx/modules")


def chosen_media(programs: Programs, decision: Decision, settings: Settings) -> MediaServer:
    """Return what the operator chose, where it can be had: a house may have moved since, or gone
    from containers to processes."""
    chosen = MEDIA_OF.get(programs.media, decision.media_server)
    there = decision.runtime is RuntimeName.DOCKER or settings.srs_bin is not None
    return chosen if there or chosen is MediaServer.EMBEDDED else decision.media_server


def running_media(house: House) -> str:
    """Return which of ``MEDIA_SERVERS`` it is."""
    plan = house.plan
    if plan.media_server is MediaServer.EMBEDDED:
        return "engine"
    dev = plan.programs.media == "srs-dev" and plan.runtime is RuntimeName.DOCKER
    return "srs-dev" if dev else "srs-server"


async def refuse_while_live(house: House, what: str, force: bool) -> None:
    """Raise Conflict when somebody publishes, unless ``force``."""
    if force:
        return
    live = await live_streams(house.settings)
    if live:
        many = "1 stream is" if live == 1 else f"{live} streams are"
        raise Conflict(
            f"{many} live now; {what} would cut everybody off",
            "Wait until nobody is live, or force it.",
            key="somebody_is_live",
        )


class Switch:
    """Takes another media server; the one that runs goes on until the other can be had."""

    def __init__(self, house: House, images: Images, news: News) -> None:
        self._house = house
        self._images = images
        self._news = news

    async def to(self, name: str, force: bool) -> None:
        """Begin it. Raises Invalid for a name that is none, Conflict when it cannot be had."""
        if name not in MEDIA_SERVERS:
            raise Invalid(
                f"there is no media server {name!r}", f"They are: {', '.join(MEDIA_SERVERS)}."
            )
        if name == running_media(self._house):
            return
        image = self._needs(name)
        await refuse_while_live(self._house, "another media server", force)

        async def work() -> None:
            if image:
                await self._images.have("media", image)
                # It may have taken long.
                await refuse_while_live(self._house, "another media server", force)
            await self._go(name)

        if image:
            self._images.begin("media", work)
        else:
            await work()

    def _needs(self, name: str) -> str:
        """Return the image it needs, empty for a process. Raises Conflict when it cannot be had."""
        settings = self._house.settings
        if name == "engine":
            if not _has_rtmp():
                raise Conflict(
                    "the embedded engine needs nginx with its RTMP module, which is not installed",
                    "Install it: apt-get install nginx libnginx-mod-rtmp",
                    key="engine_not_installed",
                )
            return ""
        if self._house.plan.runtime is RuntimeName.DOCKER:
            return settings.srs_image if name == "srs-server" else settings.srs_dev_image
        if name == "srs-dev":
            raise Conflict(
                "srs-dev is a container image, and this house runs no containers",
                "Run ./bootstrap --runtime docker, or name another SRS in STREAMSTEAD_SRS_BIN.",
                key="media_not_available",
            )
        if settings.srs_bin is None or not Path(settings.srs_bin).is_file():
            raise Conflict(
                "there is no SRS on this machine",
                "Name its program in STREAMSTEAD_SRS_BIN, or run ./bootstrap --runtime docker.",
                key="media_not_available",
            )
        return ""

    async def _go(self, name: str) -> None:
        def chosen(now: Programs) -> Programs:
            images = {k: pin for k, pin in now.images.items() if k != "media"}
            return now.model_copy(update={"media": name, "images": images})

        await self._images.keep(chosen, media_server=MEDIA_OF[name])
        self._news.changed("media", name)
        await self._images.resolve()


def _has_rtmp() -> bool:
    if any((Path(folder) / "ngx_rtmp_module.so").exists() for folder in _MODULES):
        return True
    return "rtmp" in build_options()
