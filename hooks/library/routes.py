"""Routes of the library: find recordings, look at one, name it, keep it, delete it."""

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from redis.exceptions import RedisError

from ...core.app import API, Body, Reply
from ...core.auth import SignedIn
from ...core.errors import Conflict, Invalid, StoreUnavailable, StreamsteadError
from ..fields import Name, TimeMs
from ..recorder.services import Services, ServicesDep
from .catalogue_query import Order, Query, Sort
from .recording import EndReason, HoleReason, Mp4State, Recording, State, UploadState

router = APIRouter(prefix=f"{API}/recordings", tags=["recordings"])

MAX_AT_ONCE = 500
MAX_TAGS = 20

Id = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Title = Annotated[str, Field(max_length=200)]
Tag = Annotated[str, Field(min_length=1, max_length=50, pattern=r"^[^|\n\r]+$")]
Access = Literal["private", "public", "pass", "webhook"]
KindOut = Literal["live", "clip", "upload", "import"]


class HoleOut(BaseModel):
    """``at_ms`` from the beginning of the recording."""

    at_ms: int
    missing_ms: int
    reason: HoleReason
    detail: str


class Problem(BaseModel):
    key: str
    message: str
    help: str


class RecordingOut(BaseModel):
    """One recording. Times are ms since the epoch; ``problem``: what went wrong last."""

    id: str
    kind: KindOut
    state: State
    app: str
    stream: str
    url: str
    title: str
    tags: list[str]
    keep: bool
    started_ms: int
    ended_ms: int | None
    duration_ms: int
    size_bytes: int
    segments: int
    mp4: Mp4State
    mp4_bytes: int | None
    has_playlist: bool
    has_poster: bool
    has_sprite: bool
    width: int | None
    height: int | None
    video_codec: str
    audio_codec: str
    holes: list[HoleOut]
    end_reason: EndReason | None
    source_id: str | None
    local: bool
    in_bucket: bool
    target_id: str | None
    upload: UploadState
    uploaded_bytes: int
    upload_bytes: int
    problem: Problem | None
    access: Access
    delete_at_ms: int | None
    play_url: str


class RecordingPage(BaseModel):
    recordings: list[RecordingOut]
    cursor: str | None
    total: int


class FindRecordings(Body):
    """What is absent does not matter. ``search``: words of title, stream, tags or id."""

    cursor: Annotated[str, Field(max_length=2000)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    search: Annotated[str, Field(max_length=200)] | None = None
    app: Name | None = None
    stream: Name | None = None
    state: State | None = None
    kind: KindOut | None = None
    tag: Tag | None = None
    where: Literal["local", "bucket"] | None = None
    keep: bool | None = None
    from_ms: TimeMs | None = None
    to_ms: TimeMs | None = None
    sort: Sort = "started"
    order: Order = "desc"


class RecordingBody(Body):
    id: Id


class UpdateRecording(RecordingBody):
    """What is absent stays as it is."""

    title: Title | None = None
    tags: Annotated[list[Tag], Field(max_length=MAX_TAGS)] | None = None
    keep: bool | None = None


class DeleteRecordings(Body):
    """``confirm``: the number of ``ids`` again, so that nobody deletes more than was meant."""

    ids: Annotated[list[Id], Field(min_length=1, max_length=MAX_AT_ONCE)]
    confirm: int
    bucket_too: bool = True


class NotDeleted(BaseModel):
    id: str
    key: str
    message: str


class Deleted(BaseModel):
    """``deleted``: these are going; what lies in a bucket that is away goes when it is back."""

    deleted: list[str]
    refused: list[NotDeleted]


class Retry(RecordingBody):
    what: Literal["mp4", "upload", "thumbnails"]


class StreamCount(BaseModel):
    app: str
    stream: str
    count: int


class StreamCounts(BaseModel):
    streams: list[StreamCount]


class Summary(BaseModel):
    """How many there are of each; ``local_bytes``: on this disk."""

    count: int
    local_bytes: int
    bucket_count: int
    recording: int
    uploading: int
    failed: int


def shown(recording: Recording, kinds: Mapping[str, str], delete_at_ms: int | None) -> RecordingOut:
    """Return a recording as the API shows it. ``kinds``: id -> who may watch it."""
    one = recording
    problem = None
    if one.problem:
        problem = Problem(key=one.problem, message=one.problem_text, help=one.problem_help)
    return RecordingOut(
        id=one.id,
        kind=one.kind.value,
        state=one.state,
        app=one.app,
        stream=one.stream,
        url=one.url,
        title=one.title,
        tags=list(one.tags),
        keep=one.keep,
        started_ms=one.started_ms,
        ended_ms=one.ended_ms,
        duration_ms=one.duration_ms,
        size_bytes=one.size_bytes,
        segments=one.segments,
        mp4=one.mp4,
        mp4_bytes=one.mp4_bytes or None,
        has_playlist=one.playlist,
        has_poster=one.poster,
        has_sprite=one.sprite,
        width=one.width or None,
        height=one.height or None,
        video_codec=one.video_codec,
        audio_codec=one.audio_codec,
        holes=[
            HoleOut(at_ms=it.at_ms, missing_ms=it.missing_ms, reason=it.reason, detail=it.detail)
            for it in one.holes
        ],
        end_reason=one.end_reason,
        source_id=one.source_id or None,
        local=one.local,
        in_bucket=one.upload is UploadState.VERIFIED,
        target_id=one.target_id or None,
        upload=one.upload,
        uploaded_bytes=one.uploaded_bytes,
        upload_bytes=one.upload_bytes,
        problem=problem,
        access=kinds.get(one.id, "private"),  # type: ignore[arg-type]
        delete_at_ms=delete_at_ms,
        play_url=f"/vod/{one.id}",
    )


async def show(services: Services, *recordings: Recording) -> list[RecordingOut]:
    """Return recordings as the API shows them."""
    try:
        kinds = await services.play.access_of([one.id for one in recordings])
    except (StoreUnavailable, RedisError):
        kinds = {}  # nobody is let in now, so it is private; the list itself needs no store
    rules = services.retention.current
    return [shown(one, kinds, rules.delete_at_ms(one)) for one in recordings]


@contextmanager
def saved() -> Iterator[None]:
    """Say it in words when the disk does not take what is to be written."""
    try:
        yield
    except OSError as exc:
        raise Conflict(
            f"the disk does not take it: {exc.strerror or exc}",
            "Make room on the disk, or look after it; then try again.",
            key="disk_full" if exc.errno in (errno.ENOSPC, errno.EDQUOT) else "disk",
        ) from exc


@router.post("/query")
async def query(body: FindRecordings, services: ServicesDep, _: SignedIn) -> Reply[RecordingPage]:
    """Find recordings, page by page."""
    asked: dict[str, Any] = body.model_dump(exclude={"token"})
    asked["search"] = body.search or ""
    page = await services.catalogue.page(Query(**asked))
    found = await show(services, *page.items)
    return Reply(data=RecordingPage(recordings=found, cursor=page.cursor, total=page.total))


@router.post("/get")
async def get(body: RecordingBody, services: ServicesDep, _: SignedIn) -> Reply[RecordingOut]:
    """Tell everything about one recording."""
    found = await services.catalogue.get(body.id)
    return Reply(data=(await show(services, found))[0])


@router.post("/update")
async def update(body: UpdateRecording, services: ServicesDep, _: SignedIn) -> Reply[RecordingOut]:
    """Name a recording, tag it, or keep it from being deleted by rules."""
    changes = body.model_dump(exclude_none=True, exclude={"token", "id"})
    if "title" in changes:
        changes["title"] = " ".join(changes["title"].split())
    if "tags" in changes:
        changes["tags"] = tuple(dict.fromkeys(tag.strip() for tag in changes["tags"]))
        if "" in changes["tags"]:
            raise Invalid("a tag is empty", "Write a word, or leave it out.")
    with saved():
        changed = await services.catalogue.change(body.id, **changes)
    return Reply(data=(await show(services, changed))[0])


@router.post("/delete")
async def delete(body: DeleteRecordings, services: ServicesDep, _: SignedIn) -> Reply[Deleted]:
    """Delete recordings for good, on this disk and (``bucket_too``) in their buckets."""
    ids = list(dict.fromkeys(body.ids))
    if body.confirm != len(ids):
        raise Invalid(
            f"{len(ids)} recordings are named, and {body.confirm} confirmed",
            "Send the number of recordings as confirm.",
            key="not_confirmed",
        )
    done, refused = [], []
    for id_ in ids:
        try:
            with saved():
                await services.remover.remove(id_, bucket_too=body.bucket_too)
        except StreamsteadError as exc:
            refused.append(NotDeleted(id=id_, key=exc.key, message=exc.message))
        else:
            done.append(id_)
    return Reply(data=Deleted(deleted=done, refused=refused))


@router.post("/end")
async def end(body: RecordingBody, services: ServicesDep, _: SignedIn) -> Reply[RecordingOut]:
    """Close a recording that is under way; a rule that still wants its stream begins the next."""
    with saved():
        ended = await services.capture.end(body.id)
    return Reply(data=(await show(services, ended))[0])


@router.post("/retry")
async def retry(body: Retry, services: ServicesDep, _: SignedIn) -> Reply[RecordingOut]:
    """Make the MP4 or the pictures again, or go on with an upload that was given up."""
    recording = await services.catalogue.get(body.id)
    if recording.state in (State.RECORDING, State.DELETING):
        raise Conflict(
            "this recording is under way or being deleted",
            "Wait until it is finished.",
            key="recording_busy",
        )
    changes: dict[str, Any] = {"problem": "", "problem_text": "", "problem_help": ""}
    if body.what == "upload":
        if not recording.target_id:
            raise Conflict("it has no storage to go to", "Choose one first.", key="no_target")
        changes["upload"] = UploadState.WAITING
    elif not recording.local or recording.freed:
        raise Conflict(
            "its files are not on this disk any more",
            "They are in the bucket, with everything that was made of them.",
            key="recording_not_local",
        )
    elif body.what == "mp4":
        changes |= {"state": State.FINISHING, "mp4": Mp4State.WAITING}
    else:
        changes |= {"state": State.FINISHING, "poster": False, "sprite": False}
    with saved():
        changed = await services.catalogue.change(body.id, **changes)
    return Reply(data=(await show(services, changed))[0])


@router.post("/streams")
async def streams(services: ServicesDep, _: SignedIn) -> Reply[StreamCounts]:
    """List the streams that have recordings."""
    found = await services.catalogue.streams()
    listed = [StreamCount(app=app, stream=stream, count=count) for app, stream, count in found]
    return Reply(data=StreamCounts(streams=listed))


@router.post("/summary")
async def summary(services: ServicesDep, _: SignedIn) -> Reply[Summary]:
    """Count all recordings."""
    totals = await services.catalogue.totals()
    uploading = (UploadState.WAITING, UploadState.UPLOADING, UploadState.PAUSED)
    return Reply(
        data=Summary(
            count=totals.count,
            local_bytes=totals.local_bytes,
            bucket_count=totals.bucket_count,
            recording=totals.by_state.get(State.RECORDING, 0),
            uploading=sum(totals.by_upload.get(one, 0) for one in uploading),
            failed=totals.by_state.get(State.FAILED, 0),
        )
    )
