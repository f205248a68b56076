"""Show channels as the API tells them."""

from ..models import AirTimes, Problem, media_of
from . import models
from .channel import Channel, Destination, Item, Trouble
from .keeper import Keeper


def shown(channel: Channel, keeper: Keeper) -> models.Channel:
    """Return a channel and how it is."""
    found, since_ms = keeper.standing(channel)
    troubles = keeper.troubles(channel)
    now = found.now
    return models.Channel(
        id=channel.id,
        kind=channel.kind,
        label=channel.label,
        enabled=channel.enabled,
        to=_to(channel.to),
        items=[_item(one, troubles.get(one.id) or one.trouble) for one in channel.items],
        loop=channel.loop,
        shuffle=channel.shuffle,
        max_duration_s=channel.max_duration_s,
        schedule=AirTimes.of(channel.schedule),
        transcode=channel.transcode,
        extra_audio="silent" if channel.extra_audio else "",
        allow_private=channel.allow_private,
        state=found.state,
        since_ms=since_ms,
        now=models.ChannelNow(index=now.index, name=now.name, position_ms=now.position_ms)
        if now is not None
        else None,
        kbps=found.kbps,
        problem=problem_view(found.trouble),
        media=media_of(found.media),
        next_try_ms=found.next_try_ms,
    )


def problem_view(trouble: Trouble | None) -> Problem | None:
    """Return what is wrong as the API tells it."""
    if trouble is None:
        return None
    return Problem(key=trouble.key, message=trouble.message, help=trouble.help)


def _to(to: Destination) -> models.ChannelTo:
    return models.ChannelTo(
        kind=to.kind,
        app=to.app,
        stream=to.stream,
        outputs=list(to.outputs),
        server=to.shown_server,
        key_hint=to.key_hint,
    )


def _item(item: Item, trouble: Trouble | None) -> models.ChannelItem:
    return models.ChannelItem(
        id=item.id,
        type=item.type,
        name=item.name,
        target=item.target,
        bytes=item.bytes,
        duration_ms=item.duration_ms,
        video_codec=item.video_codec,
        audio_codec=item.audio_codec,
        problem=problem_view(trouble),
    )
