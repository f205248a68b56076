"""What the relay of a channel is told to do."""

from collections.abc import Iterator
from dataclasses import dataclass

from ...core.errors import StreamsteadError
from ..outputs.output import Output
from ..outputs.store import OutputStore
from ..relay.config import (
    CAMERA,
    CHANNEL,
    ITEMS,
    LOCAL,
    DestinationConfig,
    ItemConfig,
    RelayConfig,
    SourceConfig,
)
from .channel import Channel, ChannelKind, ChannelToKind, ChannelTranscode, Item, Trouble
from .files import OwnFiles
from .store import ChannelStore
from .url_policy import check_url

PREFIX = "channel-"
SOURCE = "media"
LOCAL_ID = "local"
ADDRESS_ID = "address"
LONGEST_SIDE = 1920
AUDIO_RATE = 48000

NOTHING = Trouble("channel_empty", "this channel has nothing to play", "Add a file or an address.")
NOWHERE = Trouble(
    "channel_nowhere",
    "this channel goes nowhere yet",
    "Choose a stream of this house, or outputs.",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """``config`` None: it cannot run, because of ``trouble``. ``troubles``: of items, by their id;
    those are left out. ``claims``: ids of the outputs that it feeds."""

    config: RelayConfig | None
    trouble: Trouble | None = None
    troubles: dict[str, Trouble] | None = None
    claims: tuple[str, ...] = ()


class Planner:
    """Asks the disk: belongs into a thread."""

    def __init__(
        self,
        store: ChannelStore,
        files: OwnFiles,
        outputs: OutputStore,
        rtmp_port: int,
        house_key: str,
    ) -> None:
        self._store = store
        self._files = files
        self._outputs = outputs
        self._rtmp_port = rtmp_port
        self._house_key = house_key

    def plan(self, channel: Channel) -> Plan:
        """Return what is to run, checked again: files may be gone, and addresses forbidden now."""
        troubles: dict[str, Trouble] = {}
        items: list[ItemConfig] = []
        form = _common_form(channel)
        for item in channel.items:
            try:
                items.append(self._item(channel, item, form))
            except StreamsteadError as exc:
                troubles[item.id] = Trouble(exc.key, exc.message, exc.help)
        if channel.kind is ChannelKind.CAMERA:
            items = items[:1]
        if not items:
            first = next(iter(troubles.values()), NOTHING)
            return Plan(None, first, troubles)
        claims: tuple[str, ...] = ()
        try:
            destinations = tuple(self._destinations(channel))
        except StreamsteadError as exc:
            return Plan(None, Trouble(exc.key, exc.message, exc.help), troubles)
        if not destinations:
            return Plan(None, NOWHERE, troubles)
        if channel.to.kind is ChannelToKind.OUTPUTS:
            claims = tuple(one.id for one in destinations)
        source = SourceConfig(
            id=SOURCE,
            kind=CAMERA if channel.kind is ChannelKind.CAMERA else ITEMS,
            items=tuple(items),
            loop=channel.loop,
            shuffle=channel.shuffle,
            silent_audio=channel.extra_audio == "silent",
        )
        config = RelayConfig(
            name=PREFIX + channel.id,
            mode=CHANNEL,
            rtmp_port=self._rtmp_port,
            house_key=self._house_key,
            sources=(source,),
            destinations=destinations,
        )
        return Plan(config, None, troubles, claims)

    def _item(self, channel: Channel, item: Item, form: dict[str, int]) -> ItemConfig:
        if item.is_file:
            target = str(self._files.find(item.target))
        else:
            film = channel.kind is ChannelKind.VLIVE
            url = self._store.url_of(item)
            target = check_url(url, allow_private=channel.allow_private, film=film)
        return ItemConfig(
            id=item.id,
            target=target,
            name=item.name,
            is_file=item.is_file,
            may_transcode=channel.transcode is not ChannelTranscode.NEVER,
            must_transcode=channel.transcode is ChannelTranscode.ALWAYS,
            allow_private=channel.allow_private,
            film=channel.kind is ChannelKind.VLIVE,
            **form,
        )

    def _destinations(self, channel: Channel) -> Iterator[DestinationConfig]:
        to = channel.to
        if to.kind is ChannelToKind.STREAM and to.stream:
            yield DestinationConfig(LOCAL_ID, f"{LOCAL}{to.app}/{to.stream}")
        elif to.kind is ChannelToKind.ADDRESS:
            address = self._store.address_of(to)
            yield DestinationConfig(ADDRESS_ID, address.url, address.secrets)
        else:
            for output in self._chosen(channel):
                yield self._outputs.destination(output)

    def _chosen(self, channel: Channel) -> Iterator[Output]:
        """Yield the outputs that still exist."""
        for id_ in channel.to.outputs:
            output = self._outputs.known(id_)
            if output is not None:
                yield output


def _common_form(channel: Channel) -> dict[str, int]:
    """Return what all films are turned into when all are encoded: the form of the first one."""
    if channel.transcode is not ChannelTranscode.ALWAYS or channel.kind is ChannelKind.CAMERA:
        return {}
    for item in channel.items:
        video = item.facts.get("video") or {}
        width, height = int(video.get("width") or 0), int(video.get("height") or 0)
        longest = max(width, height)
        if not width or not height:
            continue
        part = min(1.0, LONGEST_SIDE / longest)
        return {
            "width": max(2, round(width * part / 2) * 2),
            "height": max(2, round(height * part / 2) * 2),
            "audio_rate": AUDIO_RATE,
        }
    return {}
