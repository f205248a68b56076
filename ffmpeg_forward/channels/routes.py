"""Routes of channels: virtual live and cameras."""

import asyncio
from dataclasses import replace
from typing import Any

from fastapi import APIRouter

from ...core.app import API, Reply
from ...core.auth import SignedIn
from ...core.errors import Conflict, Invalid, StreamsteadError
from ...core.log import get_logger
from ...core.vlive_files import used_bytes
from ..models import MediaFacts
from ..probe import ProbeResult, probe
from ..services import Services, ServicesDep
from . import models
from .channel import Channel, ChannelKind, Trouble
from .intake import check_ready
from .url_policy import check_url
from .views import problem_view, shown

log = get_logger(__name__)
router = APIRouter(prefix=f"{API}/ffmpeg/channels", tags=["channels"])

_PLAIN = ("label", "loop", "shuffle", "max_duration_s", "transcode", "extra_audio", "allow_private")


@router.post("/list")
async def list_channels(
    body: models.ListChannels, services: ServicesDep, _: SignedIn
) -> Reply[models.Channels]:
    """List the channels, or those of one kind, oldest first."""
    found = await services.channels.store.all(body.kind)
    return Reply(data=models.Channels(channels=[_shown(services, one) for one in found]))


@router.post("/create")
async def create_channel(
    body: models.CreateChannel, services: ServicesDep, _: SignedIn
) -> Reply[models.Channel]:
    """Add a channel. What it plays is looked into; an address that gives nothing now is kept."""
    intake = services.channels.intake
    blank = Channel(id="", kind=body.kind, label=body.label.strip(), compat="")
    items = await intake.items(body.kind, body.items, (), allow_private=body.allow_private)
    channel = replace(
        blank,
        to=await intake.destination(body.to, blank.to),
        items=items,
        schedule=await body.schedule.times() if body.schedule else None,
        enabled=body.enabled,
        created_ms=services.clock(),
        **{name: getattr(body, name) for name in _PLAIN if name != "label"},
    )
    if channel.enabled:
        check_ready(channel)
    made = await services.channels.store.create(channel)
    log.info("channel.made", id=made.id, kind=made.kind, items=len(made.items))
    return Reply(data=_shown(services, made))


@router.post("/update")
async def update_channel(
    body: models.UpdateChannel, services: ServicesDep, _: SignedIn
) -> Reply[models.Channel]:
    """Change a channel, also while it runs: what it plays counts from the next item on."""
    store, intake = services.channels.store, services.channels.intake
    before = await store.get(body.id)
    changes: dict[str, Any] = {
        name: getattr(body, name) for name in _PLAIN if getattr(body, name) is not None
    }
    if "schedule" in body.model_fields_set:
        changes["schedule"] = await body.schedule.times() if body.schedule else None
    if body.items is not None:
        allow = before.allow_private if body.allow_private is None else body.allow_private
        changes["items"] = await intake.items(
            before.kind, body.items, before.items, allow_private=allow
        )
    if body.to is not None:
        changes["to"] = await intake.destination(body.to, before.to)

    def edit(channel: Channel) -> Channel:
        changed = replace(channel, **changes)
        if body.enabled is not None and body.enabled is not channel.enabled:
            changed = _switched(changed, on=body.enabled)
        if changed.enabled:
            check_ready(changed)
        return changed

    return Reply(data=_shown(services, await store.change(body.id, edit)))


def _switched(channel: Channel, *, on: bool) -> Channel:
    """Begin a new run, or end it."""
    return replace(channel, enabled=on, run_ms=0, ended_ms=0)


@router.post("/remove")
async def remove_channel(
    body: models.ChannelBody, services: ServicesDep, _: SignedIn
) -> Reply[None]:
    """End a channel and forget it; files stay."""
    await services.channels.store.remove(body.id)
    log.info("channel.removed", id=body.id)
    return Reply(data=None)


@router.post("/start")
async def start_channel(
    body: models.ChannelBody, services: ServicesDep, _: SignedIn
) -> Reply[models.Channel]:
    """Switch a channel on, from the beginning; with a schedule it runs when that says so. One that
    is on is looked at again now."""

    def edit(channel: Channel) -> Channel:
        check_ready(channel)
        running = channel.phase(services.clock()) == "starting"
        return channel if running else _switched(channel, on=True)

    made = await services.channels.store.change(body.id, edit)
    services.channels.keeper.wake()
    return Reply(data=_shown(services, made))


@router.post("/stop")
async def stop_channel(
    body: models.ChannelBody, services: ServicesDep, _: SignedIn
) -> Reply[models.Channel]:
    """Switch a channel off."""
    made = await services.channels.store.change(body.id, lambda it: _switched(it, on=False))
    return Reply(data=_shown(services, made))


@router.post("/skip")
async def skip_item(
    body: models.ChannelBody, services: ServicesDep, _: SignedIn
) -> Reply[models.Channel]:
    """Go on with the next item."""
    channel = await services.channels.store.get(body.id)
    if not services.channels.keeper.skip(channel):
        raise Conflict("this channel is not running", "Start it first.", key="channel_not_running")
    return Reply(data=_shown(services, channel))


@router.post("/probe")
async def probe_source(
    body: models.ProbeChannel, services: ServicesDep, _: SignedIn
) -> Reply[models.ChannelProbe]:
    """Look into a file or an address; what is wrong with it is part of a good answer."""
    if bool(body.url) == bool(body.file):
        raise Invalid("there is nothing to look into", "Send url or file, and not both.")
    try:
        found = await _facts(body, services)
    except StreamsteadError as exc:
        problem = problem_view(Trouble(exc.key, exc.message, exc.help))
        return Reply(data=models.ChannelProbe(media=None, duration_ms=0, kbps=0, problem=problem))
    return Reply(
        data=models.ChannelProbe(
            media=_media(found), duration_ms=found.duration_ms, kbps=found.kbps, problem=None
        )
    )


async def _facts(body: models.ProbeChannel, services: Services) -> ProbeResult:
    part = services.channels
    if body.file:
        path = await asyncio.to_thread(part.files.find, body.file)
        async with part.intake.looking:
            return await probe(str(path), is_file=True)
    film = body.kind is ChannelKind.VLIVE
    url = check_url(body.url, allow_private=body.allow_private, film=film)
    async with part.intake.looking:
        return await part.intake.facts_of_url(url, allow_private=body.allow_private, film=film)


def _media(found: ProbeResult) -> MediaFacts:
    video, audio = found.video or {}, found.audio or {}
    return MediaFacts(
        video_codec=found.video_codec,
        profile=str(video.get("profile") or ""),
        level=str(video.get("level") or ""),
        width=int(video.get("width") or 0),
        height=int(video.get("height") or 0),
        fps=round(found.fps, 3),
        pix_fmt=str(video.get("pix_fmt") or ""),
        video_kbps=int(video.get("bit_rate") or 0) // 1000,
        audio_codec=found.audio_codec,
        audio_rate=int(audio.get("sample_rate") or 0),
        audio_channels=int(audio.get("channels") or 0),
        audio_kbps=int(audio.get("bit_rate") or 0) // 1000,
    )


@router.post("/files")
async def list_files(
    body: models.ListFiles, services: ServicesDep, _: SignedIn
) -> Reply[models.ServerFiles]:
    """List files of this server that can be played, the newest first, 1000 at most."""
    part = services.channels
    found = await asyncio.to_thread(part.files.all, body.folder)
    used = await asyncio.to_thread(used_bytes, services.settings.data.vlive)
    limits = await part.limits.get()
    listed = [
        models.ServerFile(path=it.path, name=it.name, bytes=it.bytes, duration_ms=it.duration_ms)
        for it in found
    ]
    return Reply(
        data=models.ServerFiles(files=listed, used_bytes=used, quota_bytes=limits.quota_bytes)
    )


@router.post("/files/remove")
async def remove_file(body: models.RemoveFile, services: ServicesDep, _: SignedIn) -> Reply[None]:
    """Delete a film that no channel plays."""
    part = services.channels
    path = part.files.relative(body.path)
    users = [
        one.label or one.id
        for one in await part.store.all()
        if any(item.is_file and item.target == path for item in one.items)
    ]
    if users:
        raise Conflict(
            f"this file is played by {', '.join(users[:3])}",
            "Take it out of the channel first.",
            key="file_in_use",
        )
    await asyncio.to_thread(part.files.remove, path)
    return Reply(data=None)


@router.post("/limits/query")
async def query_limits(
    services: ServicesDep, _: SignedIn, __: models.ChannelQuery | None = None
) -> Reply[models.ChannelLimits]:
    """Tell what sources and films may take."""
    return Reply(data=await _limits(services))


@router.post("/limits/update")
async def update_limits(
    body: models.UpdateChannelLimits, services: ServicesDep, _: SignedIn
) -> Reply[models.ChannelLimits]:
    """Change some of it; sources that are set already stay."""
    await services.channels.limits.set(
        vlive_kbps=body.vlive_kbps, camera_kbps=body.camera_kbps, quota_mb=body.quota_mb
    )
    return Reply(data=await _limits(services))


async def _limits(services: Services) -> models.ChannelLimits:
    found = await services.channels.limits.get()
    return models.ChannelLimits(
        vlive_kbps=found.vlive_kbps, camera_kbps=found.camera_kbps, quota_mb=found.quota_mb
    )


def _shown(services: Services, channel: Channel) -> models.Channel:
    return shown(channel, services.channels.keeper)
