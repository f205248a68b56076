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
