"""Take in what the operator wants a channel to play, and where it is to go: checked, and sealed."""

import asyncio
import secrets
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...core.errors import Invalid, StreamsteadError
from ...core.media_limits import MediaLimitStore
from ...core.names import check_stream
from ...core.resolver import Resolve
from ..outputs.address import Address
from ..outputs.store import OutputStore
from ..probe import ProbeResult, probe
from .channel import (
    Channel,
    ChannelItemType,
    ChannelKind,
    ChannelToKind,
    Destination,
    Item,
    Trouble,
)
from .files import OwnFiles
from .legacy import sealed_address
from .models import ChannelItemIn, ChannelTo, ChannelToAddress
from .store import ChannelStore
from .url_policy import check_url, shown_url
from .way import open_way

AT_ONCE = 3
"""So many sources are looked into at the same time."""


@dataclass(frozen=True, slots=True)
class Intake:
    """``strict`` calls refuse what cannot be reached now, as Oryx does; else that is noted."""

    store: ChannelStore
    files: OwnFiles
    limits: MediaLimitStore
    outputs: OutputStore
    resolve: Resolve
    looking: asyncio.Semaphore

    async def items(
        self,
        kind: ChannelKind,
        wanted: Sequence[ChannelItemIn],
        known: Sequence[Item],
        *,
        allow_private: bool,
        strict: bool = False,
    ) -> tuple[Item, ...]:
        """Return the items of a channel; those that are ``known`` are not looked into again.

        Raises Invalid, NotFound, RedisError; with ``strict`` also MediaFailed, SourceUnreachable.
        """
        by_id = {one.id: one for one in known}
        async with asyncio.TaskGroup() as group:
            tasks = []
            for one in wanted:
                before = by_id.pop(one.id, None)
                work = self._item(kind, one, before, allow_private, strict)
                tasks.append(group.create_task(_outcome(work)))
        results = [task.result() for task in tasks]
        for result in results:
            if isinstance(result, StreamsteadError):
                raise result
        return tuple(one for one in results if isinstance(one, Item))

    async def _item(
        self,
        kind: ChannelKind,
        wanted: ChannelItemIn,
        before: Item | None,
        allow_private: bool,
        strict: bool,
    ) -> Item:
        if before is not None and wanted.target in (None, before.target):
            kept = replace(before, name=wanted.name or before.name)
            if kept.is_file or kept.trouble is None:
                return kept
            url = self.store.url_of(kept)  # it could not be reached before: perhaps it can now
            return await self._address(kind, kept, url, allow_private, strict)
        if not wanted.target:
            raise Invalid(
                "an item has no target",
                "Choose a file, or enter an address.",
                key="channel_item_empty",
            )
        id_ = before.id if before is not None else secrets.token_hex(6)
        if wanted.type is ChannelItemType.STREAM:
            url = check_url(
                wanted.target, allow_private=allow_private, film=kind is ChannelKind.VLIVE
            )
            shown = shown_url(url)
            item = Item(id_, wanted.type, wanted.name or shown, shown, self.store.seal(url))
            return await self._address(kind, item, url, allow_private, strict)
        if kind is ChannelKind.CAMERA:
            raise Invalid(
                "a camera is read from an address",
                "Enter the address of its stream.",
                key="channel_camera_file",
            )
        return await self.film(id_, wanted.type, wanted.target, wanted.name)

    async def film(self, id_: str, type_: ChannelItemType, target: str, name: str = "") -> Item:
        """Return the item of a file. Raises Invalid, NotFound, MediaFailed, RedisError."""
        path = await asyncio.to_thread(self.files.find, target)
        async with self.looking:
            facts = await probe(str(path), is_file=True)
        await self._check_rate(ChannelKind.VLIVE, facts)
        size = await asyncio.to_thread(lambda: path.stat().st_size)
        relative = self.files.relative(target)
        called = name or await asyncio.to_thread(self.files.name_of, path)
        return _with_facts(Item(id_, type_, called, relative, bytes=size), facts)

    async def _address(
        self, kind: ChannelKind, item: Item, url: str, allow_private: bool, strict: bool
    ) -> Item:
        film = kind is ChannelKind.VLIVE
        try:
            async with self.looking:
                facts = await self.facts_of_url(url, allow_private=allow_private, film=film)
        except Invalid:
            raise
        except StreamsteadError as exc:
            if strict:
                raise
            # A camera that is off today is none the less a camera.
            return replace(item, trouble=Trouble(exc.key, exc.message, exc.help))
        await self._check_rate(kind, facts)
        return _with_facts(item, facts)

    async def facts_of_url(self, url: str, *, allow_private: bool, film: bool) -> ProbeResult:
        """Look at what an address gives. Raises Invalid, SourceUnreachable, MediaFailed."""
        async with open_way(
            url, allow_private=allow_private, film=film, resolve=self.resolve
        ) as way:
            return await probe(url, is_file=False, way=way)

    async def _check_rate(self, kind: ChannelKind, facts: ProbeResult) -> None:
        limits = await self.limits.get()
        most = limits.camera_kbps if kind is ChannelKind.CAMERA else limits.vlive_kbps
        if facts.kbps > most:
            raise Invalid(
                f"it has {facts.kbps} kbit/s, and {most} are allowed",
                "Raise the limit, or encode it with a lower bitrate.",
                key="channel_bitrate",
            )

    async def destination(
        self, wanted: ChannelToAddress | ChannelTo, before: Destination
    ) -> Destination:
        """Return where a channel is to go. Raises Invalid, NotFound, RedisError."""
        if wanted.kind is ChannelToKind.STREAM:
            if not wanted.stream:
                return Destination(ChannelToKind.STREAM, wanted.app or "live", "")
            check_stream(wanted.app, wanted.stream)
            return Destination(ChannelToKind.STREAM, wanted.app, wanted.stream)
        if wanted.kind is ChannelToKind.OUTPUTS:
            ids = tuple(dict.fromkeys(wanted.outputs))
            for one in ids:
                await self.outputs.get(one)
            return Destination(ChannelToKind.OUTPUTS, "", "", ids)
        key = wanted.key if isinstance(wanted, ChannelToAddress) else None
        if before.kind is ChannelToKind.ADDRESS:
            now = self.store.address_of(before)
            address = now.changed(wanted.server, key)
            if address == now:
                return before
        else:
            address = Address.of(wanted.server, key or "")
        return sealed_address(address, self.store.seal)


def check_ready(channel: Channel) -> None:
    """Raise Invalid unless a channel has something to play and somewhere to go."""
    if not channel.items:
        raise Invalid(
            "this channel has nothing to play", "Add a file or an address.", key="channel_empty"
        )
    to = channel.to
    if not (to.stream or to.outputs or to.sealed_server):
        raise Invalid(
            "this channel goes nowhere yet",
            "Choose a stream of this house, or outputs.",
            key="channel_nowhere",
        )


def _with_facts(item: Item, facts: ProbeResult) -> Item:
    return replace(
        item,
        duration_ms=facts.duration_ms,
        video_codec=facts.video_codec,
        audio_codec=facts.audio_codec,
        facts={"format": facts.format, "video": facts.video, "audio": facts.audio},
        trouble=None,
    )


async def _outcome(work: Coroutine[Any, Any, Item]) -> Item | StreamsteadError:
    """Return what came of it: the first failure is to be told as itself, not as one of a group."""
    try:
        return await work
    except StreamsteadError as exc:
        return exc
