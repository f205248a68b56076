"""Open a connection to wherever an address says, by ourselves or through FFmpeg."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from ...core.house_grant import HouseGrants, Way
from ...core.resolver import Resolve, Resolver
from . import problems
from .config import LOCAL, DestinationConfig, Sender
from .connection import Connection
from .dial import Place, Said, addresses_of, dial, leads_here
from .ffmpeg_sender import open_ffmpeg
from .limits import Limits
from .problems import PublishFailed, Step
from .rtmp_address import RtmpAddress, has_password
from .rtmp_publish import RtmpPublisher
from .tls import Trust


@dataclass(frozen=True, slots=True)
class Network:
    """Shared by all destinations of a process."""

    resolve: Resolve = field(default_factory=Resolver)
    trust: Trust = field(default_factory=Trust)


@dataclass(frozen=True, slots=True)
class House:
    """Our own media server. ``reads``: the streams (``app/stream``) that the timeline is made of;
    they are never published to."""

    rtmp_port: int
    grants: HouseGrants | None = None
    reads: Callable[[], Collection[str]] = tuple


def place_of(config: DestinationConfig, house: House) -> str:
    """Return host and port for people; for an address that is none, what it is called."""
    if config.url.startswith(LOCAL):
        return f"127.0.0.1:{house.rtmp_port}"
    try:
        return RtmpAddress.of(config.url).where
    except PublishFailed:
        netloc = config.url.partition("://")[2].partition("/")[0].partition("?")[0]
        return netloc.rpartition("@")[2] or "the address"


async def open_connection(
    config: DestinationConfig,
    house: House,
    network: Network,
    *,
    now_ms: int,
    said: Said,
    note: Callable[[str], None],
    fourcc: tuple[str, ...] = (),
    limits: Limits | None = None,
) -> Connection:
    """Return a connection that takes media. ``note`` gets lines for people; they may hold secrets.

    Raises PublishFailed.
    """
    url, limits = config.url, limits or Limits()
    if url.startswith(LOCAL):
        url = _local_url(url.removeprefix(LOCAL), house, now_ms)
    elif config.sender == Sender.FFMPEG or url.startswith("srt:") or has_password(url):
        said(Step.DNS)
        await _check_for_ffmpeg(url, house, network, limits)
        return await open_ffmpeg(url, verify_tls=config.verify_tls, said=said, note=note)
    address = RtmpAddress.of(url)
    place = Place(
        address.host,
        address.port,
        tls=address.tls,
        verify_tls=config.verify_tls,
        loop_port=house.rtmp_port if _is_read(address, house) else 0,
    )
    publisher, sock = await dial(
        lambda: RtmpPublisher(address), place, network.resolve, network.trust, said, limits
    )
    try:
        await publisher.start(sock, said, limits, fourcc)
    except BaseException:
        publisher.abort()
        raise
    return publisher


def _is_read(address: RtmpAddress, house: House) -> bool:
    """Tell whether it has the name of a stream that the timeline is made of."""
    return f"{address.app}/{address.key.partition('?')[0]}" in house.reads()


async def _check_for_ffmpeg(url: str, house: House, network: Network, limits: Limits) -> None:
    """Raise PublishFailed for an address that FFmpeg must not be sent to."""
    if url.startswith("srt:"):
        await addresses_of(_srt_place(url), network.resolve, limits)
        return
    address = RtmpAddress.of(url)
    place = Place(address.host, address.port)
    found = await addresses_of(place, network.resolve, limits)
    own = address.port == house.rtmp_port and _is_read(address, house)
    if own and any(leads_here(one) for one in found):
        raise PublishFailed(problems.loop())


def _srt_place(url: str) -> Place:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not port:
        raise PublishFailed(problems.bad_address("host or port is missing"))
    return Place(host, port)


def _local_url(stream: str, house: House, now_ms: int) -> str:
    if stream in house.reads():
        raise PublishFailed(problems.loop())
    url = f"rtmp://127.0.0.1:{house.rtmp_port}/{stream}"
    if house.grants is None:
        return url
    grant = house.grants.make(Way.PUBLISH, stream, now_ms)
    return f"{url}?grant={quote(grant, safe='')}"
