"""What the operator decides about the front; kept in ``<data>/mgmt/front.json``."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Embed(StrEnum):
    """Which other sites may show our players in a frame."""

    ANY = "any"
    NONE = "none"
    LIST = "list"


class FrontSettings(BaseModel):
    """``proxies``: location to backend. Every value was checked before it came here."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    hls: bool = True
    """nginx serves HLS files itself; else it asks the media server for them."""
    homepage: str = ""
    proxies: dict[str, str] = {}
    redirect_https: bool = False
    hsts: bool = False
    rtmps: bool = False
    embed: Embed = Embed.ANY
    embed_hosts: tuple[str, ...] = ()
    no_hls_ctx: bool = True
    hls_low_latency: bool = True

    def media(self) -> tuple[bool, bool]:
        """Return what the media server must be told: a change may have to wait."""
        return self.no_hls_ctx, self.hls_low_latency


class FrontPending(BaseModel):
    """``<data>/mgmt/front-pending.json``: what waits until nobody is live; None: nothing."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    no_hls_ctx: bool | None = None
    hls_low_latency: bool | None = None

    def over(self, front: FrontSettings) -> FrontSettings:
        """Return the settings as they are to be."""
        wanted = self.model_dump(exclude_none=True)
        return front.model_copy(update=wanted)

    @classmethod
    def between(cls, now: FrontSettings, wanted: FrontSettings) -> "FrontPending":
        """Return what of ``wanted`` the media server has not been told."""
        return cls(
            no_hls_ctx=wanted.no_hls_ctx if wanted.no_hls_ctx != now.no_hls_ctx else None,
            hls_low_latency=wanted.hls_low_latency
            if wanted.hls_low_latency != now.hls_low_latency
            else None,
        )


class ProxyChange(BaseModel):
    model_config = ConfigDict(extra="forbid")

    location: str
    backend: str = ""


class FrontChange(BaseModel):
    """What is asked for; None: stays. ``now``: cut streams off rather than wait."""

    model_config = ConfigDict(extra="forbid")

    hls: bool | None = None
    homepage: str | None = None
    proxy: ProxyChange | None = None
    redirect_https: bool | None = None
    hsts: bool | None = None
    rtmps: bool | None = None
    embed: Embed | None = None
    embed_hosts: tuple[str, ...] | None = None
    no_hls_ctx: bool | None = None
    hls_low_latency: bool | None = None
    now: bool = False
