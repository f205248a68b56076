"""Make slates: what is shown while no source has media, encoded as the last source was.

Runs inside a relay: standard library only. One at a time on the whole machine, with low priority
and within a limit of time; what was made is kept (shelf.py).
"""

import asyncio
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path

import orjson

from ...core.rtmp.chunk import AUDIO, VIDEO, Message
from ..gently import MediaFailed
from ..splice.media import SlateParams
from ..splice.slate import Slate
from .encode import encode_silence, encode_sound, encode_video, find_encoder
from .format import Format, make_format
from .scene import CARD, CLIP_DEMUXERS, PICTURE, PICTURE_DEMUXERS, Scene, SlateLook, make_scene
from .shelf import LOCK, VERSION, Loop, load, store, sweep

__all__ = ["SlateLook", "make_slate", "note"]

_LOCK_POLL_S = 0.1
_WORK = ".work-"
_MEMORY = Path("/dev/shm")  # noqa: S108 - only where the disk takes nothing


async def make_slate(params: SlateParams, look: SlateLook, cache: Path) -> Slate:
    """Return a slate for who watched a source of ``params``; ``cache`` keeps what was made.

    ``params.video_codec`` of the slate differs from what was asked for when this FFmpeg cannot
    encode that: it is avc then, see ``note``. Raises MediaFailed; its keys are those of gently.py,
    ``slate_file_missing`` and ``slate_empty`` (no picture in the file). ``cache`` is absolute; a
    slate comes about without it too, for example when the disk is full.
    """
    with suppress(OSError):
        await asyncio.to_thread(cache.mkdir, parents=True, exist_ok=True)
    digest = await asyncio.to_thread(_digest, params, look)
    loop = await asyncio.to_thread(load, cache, digest)
    if loop is None:
        async with _alone(cache):
            # Another relay may have made it meanwhile.
            loop = await asyncio.to_thread(load, cache, digest)
            if loop is None:
                loop = await _make(params, look, cache)
                await asyncio.to_thread(store, cache, digest, loop)
                await asyncio.to_thread(sweep, cache, _WORK)
    return _slate(params, loop)


def note(wanted: SlateParams, made: Slate) -> str:
    """Return in words how a slate differs from what was asked for; "" when it does not."""
    if made.params.video_codec == wanted.video_codec:
        return ""
    return (
        f"this ffmpeg has no encoder for {wanted.video_codec}: the slate is H.264, and players see"
        " the codec change"
    )


async def _make(params: SlateParams, look: SlateLook, cache: Path) -> Loop:
    encoder = await find_encoder(params.video_codec)
    codec = params.video_codec if encoder else "avc"
    encoder = encoder or await find_encoder("avc")
    if encoder is None:
        raise MediaFailed(
            "this ffmpeg has no H.264 encoder (libx264)", "Install another one.", key="no_ffmpeg"
        )
    form = make_format(params, codec)
    directory = await asyncio.to_thread(_work_directory, cache)
    try:
        scene = await asyncio.to_thread(make_scene, look, form.width, form.height, directory)
        audio_header, silence = await encode_silence(form)
        video_header, video = await encode_video(scene, form, encoder, directory)
        sounds = await _sounds(scene, form, len(video), silence)
    finally:
        await asyncio.to_thread(shutil.rmtree, directory, True)
    messages = [
        Message(VIDEO, round(number * form.frame_ms), body)
        for number, (_, body) in enumerate(video)
    ] + [
        Message(AUDIO, round(number * form.audio_frame_ms), body)
        for number, body in enumerate(sounds)
    ]
    # Stable: of two of the same moment the picture comes first.
    messages.sort(key=lambda message: message.timestamp)
    return Loop(
        codec=codec,
        loop_ms=round(len(video) * form.frame_ms),
        silence_ms=float(form.audio_frame_ms),
        video_header=Message(VIDEO, 0, video_header),
        audio_header=Message(AUDIO, 0, audio_header),
        silence=Message(AUDIO, 0, silence),
        messages=messages,
    )


async def _sounds(scene: Scene, form: Format, pictures: int, silence: bytes) -> list[bytes]:
    count = round(pictures * form.frame_ms / form.audio_frame_ms)
    own = await encode_sound(scene, form, count) if scene.audio_input else []
    return (own + [silence] * count)[:count]


def _digest(params: SlateParams, look: SlateLook) -> str:
    """Return what names a slate. Raises MediaFailed when its file is not there."""
    about: list[object] = [VERSION, asdict(params), asdict(look)]
    if look.kind != CARD:
        kinds = PICTURE_DEMUXERS if look.kind == PICTURE else CLIP_DEMUXERS
        try:
            seen = os.stat(look.path) if look.path and look.path.suffix in kinds else None
        except OSError:
            seen = None
        if seen is None:
            raise MediaFailed(
                f"the {look.kind} of the slate is not there any more",
                "Choose another one; until then the built-in card can be used.",
                key="slate_file_missing",
            )
        about += [seen.st_size, seen.st_mtime_ns, seen.st_ino]
    return hashlib.sha256(orjson.dumps(about, default=str)).hexdigest()[:32]


def _slate(params: SlateParams, loop: Loop) -> Slate:
    return Slate(
        params=replace(params, video_codec=loop.codec),
        messages=[loop.video_header, loop.audio_header, *loop.messages],
        loop_ms=loop.loop_ms,
        silence=loop.silence,
    )


def _work_directory(cache: Path) -> Path:
    """Make a new directory. Raises MediaFailed when there is no place for one at all."""
    for place in (cache, _MEMORY, None):
        with suppress(OSError):
            return Path(tempfile.mkdtemp(prefix=_WORK, dir=place))
    raise MediaFailed("no file can be written", "Make room on the disk.", key="slate_not_written")


@asynccontextmanager
async def _alone(cache: Path) -> AsyncIterator[None]:
    """Wait until nobody else on this machine makes a slate; but rather two than none."""
    try:
        fd = os.open(cache / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        yield
        return
    try:
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(_LOCK_POLL_S)
        yield
    finally:
        os.close(fd)
