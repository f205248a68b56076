"""The calls of Oryx: ``vlive/*``, ``camera/*`` and ``mgmt/limits/*``."""

import asyncio
import re
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request
from fastapi import Path as PathField

from ...core.app import API, Body, RawBodies, Reply
from ...core.auth import Authenticator, Principal, SignedIn
from ...core.errors import Invalid, MissingField, TokenMissing
from ...core.log import get_logger
from ...core.registry import rfc3339
from ...core.vlive_files import take_in
from ..services import Services, ServicesDep
from . import compat_models as models
from .arrive import MAX_UPLOAD
from .channel import Channel, ChannelItemType, ChannelKind, ChannelState, Destination, Item
from .channel import ChannelToKind as ToKind
from .files import STAGED
from .intake import check_ready
from .legacy import PLATFORMS, channel_id, check_platform, destination, to_oryx
from .models import ChannelItemIn
from .url_policy import check_url

log = get_logger(__name__)
router = APIRouter(prefix=f"{API}/ffmpeg", tags=["channels"])
limits = APIRouter(prefix=f"{API}/mgmt/limits", tags=["channels"])

UPLOAD_PATH = f"{API}/ffmpeg/vlive/upload/"
RAW_BODIES = RawBodies(UPLOAD_PATH, "multipart/form-data", MAX_UPLOAD)
ORYX_DATA = "/data/"
"""Where the data directory is for programs that know Oryx."""

_ID = re.compile(r"[0-9A-Za-z-]{1,64}")


def _find(services: Services, kind: ChannelKind, platform: str) -> Channel | None:
    found = services.channels.store.current
    return next((one for one in found if (one.kind, one.compat) == (kind, platform)), None)


async def _secret(
    services: Services, kind: ChannelKind, body: models.OryxSecret | None
) -> dict[str, models.OryxChannel] | None:
    store = services.channels.store
    await store.refresh()
    if body is None or body.action is None:
        mine = (one for one in store.current if one.kind is kind)
        return {one.compat: _shown(one) for one in mine}
    for name in ("platform", "server", "enabled"):
        if getattr(body, name) in (None, ""):
            raise MissingField(f"{name} is missing", f"Send the field {name}.")
    platform = check_platform(str(body.platform), kind)
    if kind is ChannelKind.VLIVE and not body.files:
        raise MissingField("files is missing", "Send the files of the channel.")
    before = _find(services, kind, platform)
    base = before or _blank(platform, kind, services.clock())
    items = await _items(services, base, body.files, body.allow_private)
    to = _destination(services, base.to, str(body.server), body.secret or "")

    changes: dict[str, Any] = {"to": to, "enabled": bool(body.enabled)} | _options(body)
    if body.label is not None:
        changes["label"] = body.label.strip()
    if items is not None:
        changes["items"] = items

    def edit(channel: Channel) -> Channel:
        changed = replace(channel, **changes)
        if changed.enabled is not channel.enabled:
            changed = replace(changed, run_ms=0, ended_ms=0)
        if changed.enabled:
            check_ready(changed)
        return changed

    await _save(services, before, base, edit)
    return None


def _options(body: models.OryxSecret | models.OryxSourceBody) -> dict[str, Any]:
    found = {"extra_audio": body.extra_audio, "allow_private": body.allow_private}
    return {name: value for name, value in found.items() if value is not None}


async def _save(services: Services, before: Channel | None, base: Channel, edit: Any) -> Channel:
    store = services.channels.store
    if before is None:
        return await store.create(edit(base))
    return await store.change(before.id, edit)


def _blank(platform: str, kind: ChannelKind, now_ms: int) -> Channel:
    return Channel(
        id=channel_id(platform, kind), kind=kind, label="", compat=platform, created_ms=now_ms
    )


def _destination(services: Services, now: Destination, server: str, secret: str) -> Destination:
    store, rtmp_port = services.channels.store, services.settings.rtmp_port
    own = f"rtmp://localhost/{now.app}"
    if now.kind is ToKind.STREAM and now.stream and not secret and server.rstrip("/") == own:
        return now
    if now.kind is ToKind.OUTPUTS and server == now.shown_server:
        return now
    if now.kind is ToKind.ADDRESS:
        before = store.address_of(now)
        after = before.changed(server, secret or None)
        if after == before:
            return now
        server, secret = after.server, after.key
    return destination(server, secret, rtmp_port, store.seal)


async def _items(
    services: Services,
    channel: Channel,
    files: list[models.OryxFile] | None,
    allow_private: bool | None,
) -> tuple[Item, ...] | None:
    """Return what is to be played; what is known stays. Everything else must be there now."""
    if files is None:
        return None
    known = {one.id: one for one in channel.items}
    wanted = []
    for one in files:
        if channel.kind is ChannelKind.CAMERA and one.type is not ChannelItemType.STREAM:
            raise Invalid("a camera is read from an address", "Send the type stream.")
        same = known.get(one.uuid)
        kept = same is not None and one.target in ("", same.target)
        target = None if kept else _path(one)
        wanted.append(ChannelItemIn(id=one.uuid, type=one.type, name=one.name, target=target))
    allow = channel.allow_private if allow_private is None else allow_private
    items = await services.channels.intake.items(
        channel.kind, wanted, channel.items, allow_private=allow, strict=True
    )
    owned: dict[str, Item] = {}
    for item, one in zip(items, files, strict=True):
        mine = await _owned(services, item, one)
        owned[item.id if mine.id in owned else mine.id] = mine
    return tuple(replace(one, id=id_) for id_, one in owned.items())


def _path(file: models.OryxFile) -> str:
    if file.type is ChannelItemType.STREAM:
        return file.target
    return _below_data(file.target or file.path)


def _below_data(path: str) -> str:
    return path.removeprefix(ORYX_DATA) if path.startswith(ORYX_DATA) else path


async def _owned(services: Services, item: Item, file: models.OryxFile) -> Item:
    """Give an item the id that its sender knows; a film that has just come finds its place."""
    id_ = file.uuid if _ID.fullmatch(file.uuid) else item.id
    if not item.is_file or not item.target.startswith(f"upload/{STAGED}"):
        return replace(item, id=id_)
    data = services.settings.data
    source = await asyncio.to_thread(services.channels.files.find, item.target)
    stem = source.stem.removeprefix(STAGED)
    name = f"{Path(file.name).stem or stem}{source.suffix}"
    film = await asyncio.to_thread(take_in, source, data.vlive, stem, name)
    return replace(item, id=id_, target=f"vlive/{film.name}", name=file.name or name)


async def _source(
    services: Services, kind: ChannelKind, body: models.OryxSourceBody
) -> models.OryxSources:
    platform = check_platform(body.platform, kind)
    if not body.files:
        raise MissingField("files is missing", "Send the files of the channel.")
    await services.channels.store.refresh()
    before = _find(services, kind, platform)
    base = before or _blank(platform, kind, services.clock())
    items = await _items(services, base, body.files, body.allow_private) or ()

    changes: dict[str, Any] = {"items": items} | _options(body)
    made = await _save(services, before, base, lambda it: replace(it, **changes))
    await _forget(services, base.items, made)
    return models.OryxSources(platform=platform, files=_files(made))


async def _forget(services: Services, before: tuple[Item, ...], now: Channel) -> None:
    """Delete films that came by these calls for this channel alone, and are played no more."""
    channels = await services.channels.store.all()
    played = {item.target for one in (*channels, now) for item in one.items}
    for item in before:
        came_here = item.target.startswith(f"vlive/{item.id}.")
        if came_here and item.is_file and item.target not in played:
            await asyncio.to_thread(services.channels.files.discard, item.target)


def _shown(channel: Channel) -> models.OryxChannel:
    told = to_oryx(channel)
    return models.OryxChannel(
        platform=channel.compat,
        server=told["server"],
        secret=channel.to.stream or channel.to.key_hint,
        enabled=channel.enabled,
        custom=told["custom"],
        label=channel.label,
        files=_files(channel),
        extraAudio=channel.extra_audio,
    )


def _files(channel: Channel) -> list[models.OryxSource]:
    return [models.OryxSource.model_validate(one) for one in to_oryx(channel)["files"]]


async def _streams(services: Services, kind: ChannelKind) -> list[models.OryxChannelStream]:
    mine = await services.channels.store.all(kind)
    return [_stream(services, one) for one in sorted(mine, key=lambda it: it.compat)]


def _stream(services: Services, channel: Channel) -> models.OryxChannelStream:
    found, since_ms = services.channels.keeper.standing(channel)
    shown = models.OryxChannelStream(
        platform=channel.compat,
        enabled=channel.enabled,
        custom=channel.compat not in PLATFORMS,
        label=channel.label,
        files=_files(channel),
    )
    if found.state in (ChannelState.OFF, ChannelState.SCHEDULED, ChannelState.ENDED):
        return shown
    index = found.now.index if found.now is not None else 0
    shown.source = channel.items[index].id if index < len(channel.items) else None
    shown.start = rfc3339(channel.run_ms or since_ms)
    if found.state is ChannelState.LIVE:
        now = services.clock()
        shown.ready = rfc3339(since_ms)
        shown.frame = models.OryxChannelFrame(
            log=_log(now - since_ms, found.kbps), update=rfc3339(now)
        )
    return shown


def _log(live_ms: int, kbps: int) -> str:
    """Return a line as FFmpeg would write it: programs look for ``time=`` and ``speed=``."""
    s, ms = divmod(max(0, live_ms), 1000)
    clock = f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}.{ms // 10:02}"
    return f"size={kbps * s // 8}kB time={clock} bitrate={kbps:.1f}kbits/s speed=1x"


def _stream_url(kind: ChannelKind, body: models.OryxUrl) -> models.OryxNamed:
    film = kind is ChannelKind.VLIVE
    url = check_url(body.url, allow_private=body.allow_private, film=film)
    parts = urlsplit(url)
    name = parts.path.rstrip("/").rpartition("/")[2] or parts.hostname or ""
    return models.OryxNamed(name=name[:255], uuid=str(uuid.uuid4()), target=url)


@router.post("/vlive/secret")
async def vlive_secret(
    services: ServicesDep, _: SignedIn, body: models.OryxSecret | None = None
) -> Reply[dict[str, models.OryxChannel] | None]:
    """Tell the virtual live channels by platform, or change one (as Oryx)."""
    return Reply(data=await _secret(services, ChannelKind.VLIVE, body))


@router.post("/camera/secret")
async def camera_secret(
    services: ServicesDep, _: SignedIn, body: models.OryxSecret | None = None
) -> Reply[dict[str, models.OryxChannel] | None]:
    """Tell the cameras by platform, or change one (as Oryx)."""
    return Reply(data=await _secret(services, ChannelKind.CAMERA, body))


@router.post("/vlive/streams")
async def vlive_streams(
    services: ServicesDep, _: SignedIn, __: Body | None = None
) -> Reply[list[models.OryxChannelStream]]:
    """Tell how each virtual live channel is (as Oryx)."""
    return Reply(data=await _streams(services, ChannelKind.VLIVE))


@router.post("/camera/streams")
async def camera_streams(
    services: ServicesDep, _: SignedIn, __: Body | None = None
) -> Reply[list[models.OryxChannelStream]]:
    """Tell how each camera is (as Oryx)."""
    return Reply(data=await _streams(services, ChannelKind.CAMERA))


@router.post("/vlive/stream-url")
@router.post("/vlive/streamUrl")
async def vlive_stream_url(body: models.OryxUrl, _: SignedIn) -> Reply[models.OryxNamed]:
    """Check the address of a stream or film (as Oryx)."""
    return Reply(data=_stream_url(ChannelKind.VLIVE, body))


@router.post("/camera/stream-url")
async def camera_stream_url(body: models.OryxUrl, _: SignedIn) -> Reply[models.OryxNamed]:
    """Check the address of a camera (as Oryx)."""
    return Reply(data=_stream_url(ChannelKind.CAMERA, body))


@router.post("/vlive/source")
async def vlive_source(
    body: models.OryxSourceBody, services: ServicesDep, _: SignedIn
) -> Reply[models.OryxSources]:
    """Have a virtual live channel play these from now on (as Oryx)."""
    return Reply(data=await _source(services, ChannelKind.VLIVE, body))


@router.post("/camera/source")
async def camera_source(
    body: models.OryxSourceBody, services: ServicesDep, _: SignedIn
) -> Reply[models.OryxSources]:
    """Have a channel show this camera from now on (as Oryx)."""
    return Reply(data=await _source(services, ChannelKind.CAMERA, body))


@router.post("/vlive/server")
async def vlive_server(
    body: models.OryxServerFile, services: ServicesDep, _: SignedIn
) -> Reply[models.OryxSized]:
    """Check a file of this server: below ``vlive/``, ``upload/`` or ``record/`` (as Oryx)."""
    files = services.channels.files
    found = await asyncio.to_thread(files.find, _below_data(body.file))
    size = await asyncio.to_thread(lambda: found.stat().st_size)
    return Reply(
        data=models.OryxSized(
            name=await asyncio.to_thread(files.name_of, found),
            uuid=str(uuid.uuid4()),
            target=files.relative(_below_data(body.file)),
            size=size,
        )
    )


async def _bearer(request: Request) -> Principal:
    """As any other call, but by the header alone: the body is not read for it, and a form of
    another page could bring a cookie along."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not value.strip():
        raise TokenMissing(
            "this call needs a session", "Send the header Authorization: Bearer TOKEN."
        )
    authenticator: Authenticator = request.app.state.authenticator
    return await authenticator.verify(value.strip())


@router.post("/vlive/upload/{filename}")
async def vlive_upload(
    filename: Annotated[str, PathField(min_length=1, max_length=255)],
    request: Request,
    services: ServicesDep,
    _: Annotated[Principal, Depends(_bearer)],
) -> Reply[models.OryxUploaded]:
    """Take a film as the one file of a form (as Oryx). ``uploads/`` takes it piece by piece."""
    id_, place = await services.channels.arrivals.receive(request, filename)
    return Reply(data=models.OryxUploaded(uuid=id_, target=f"upload/{place.name}"))


@router.post("/vlive/ytdl")
async def vlive_ytdl(
    body: models.OryxUrl, services: ServicesDep, _: SignedIn
) -> Reply[models.OryxSized]:
    """Fetch the film of a page by yt-dlp, where that is installed (as Oryx)."""
    id_, title, place = await services.channels.arrivals.fetch(body.url)
    size = await asyncio.to_thread(lambda: place.stat().st_size)
    return Reply(
        data=models.OryxSized(name=title, uuid=id_, target=f"upload/{place.name}", size=size)
    )


@limits.post("/query")
async def query_limits(
    services: ServicesDep, _: SignedIn, __: Body | None = None
) -> Reply[models.OryxLimits]:
    """Tell the largest bitrates of sources (as Oryx)."""
    found = await services.channels.limits.get()
    return Reply(data=models.OryxLimits(vlive=found.vlive_kbps, camera=found.camera_kbps))


@limits.post("/update")
async def update_limits(
    body: models.OryxUpdateLimits, services: ServicesDep, _: SignedIn
) -> Reply[None]:
    """Change the largest bitrates of sources (as Oryx)."""
    await services.channels.limits.set(vlive_kbps=body.vlive, camera_kbps=body.camera)
    return Reply(data=None)
