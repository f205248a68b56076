"""Routes of the storages that recordings may go to."""

import asyncio
from dataclasses import asdict, replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from ...core.app import API, Body, Reply
from ...core.auth import SignedIn
from ...core.errors import Conflict, Invalid, RateLimited
from ...core.log import get_logger
from ..fields import Label
from ..library.recording import UploadState
from ..recorder.services import Services, ServicesDep
from .check import LIMIT_S, first_fault, try_out
from .errors import StorageFailed
from .object_store import ObjectStore
from .presets import PRESETS, check_endpoint, endpoint_of, preset_of
from .targets import StorageTarget as Stored

log = get_logger(__name__)
router = APIRouter(prefix=f"{API}/storage/targets", tags=["storage"])

MAX_TRIALS = 2

Short = Annotated[str, Field(max_length=200)]
Bucket = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[A-Za-z0-9._-]+$")]
Region = Annotated[str, Field(max_length=100, pattern=r"^[A-Za-z0-9._-]*$")]
Provider = Annotated[str, Field(max_length=30, pattern=r"^[a-z0-9_]+$")]
Url = Annotated[str, Field(max_length=500, pattern=r"^(https?://\S+)?$")]
Prefix = Annotated[str, Field(max_length=200, pattern=r"^[^\\\x00-\x1f]*$")]
AccessKey = Annotated[str, Field(min_length=1, max_length=200)]
SecretKey = Annotated[str, Field(min_length=1, max_length=500)]
Delivery = Literal["through", "redirect"]
Id = Annotated[str, Field(max_length=64)]


class StorageHealth(BaseModel):
    """How the last use of it went; ``ok`` null before the first."""

    ok: bool | None
    key: str
    message: str
    at_ms: int


class Storage(BaseModel):
    """A storage; its keys are never told again."""

    id: str
    label: str
    provider: str
    endpoint: str
    region: str
    bucket: str
    prefix: str
    access_key_hint: str
    secret_set: bool
    path_style: bool
    storage_class: str
    acl: str
    public_url: str
    delivery: Delivery
    enabled: bool
    is_default: bool
    created_ms: int
    health: StorageHealth


class StoragePreset(BaseModel):
    """What a provider's form begins with; ``{region}`` in ``endpoint_form`` is filled in."""

    provider: str
    label: str
    endpoint_form: str
    regions: list[str]
    path_style: bool
    storage_classes: list[str]
    acls: list[str]
    help: str


class StorageTargets(BaseModel):
    targets: list[Storage]
    presets: list[StoragePreset]


class CreateStorage(Body):
    label: Label
    provider: Provider
    bucket: Bucket
    access_key: AccessKey
    secret_key: SecretKey
    endpoint: Url = ""
    region: Region = ""
    prefix: Prefix = ""
    path_style: bool | None = None
    storage_class: Short = ""
    acl: Short = ""
    public_url: Url = ""
    delivery: Delivery = "through"
    enabled: bool = True


class StorageTargetBody(Body):
    id: Id


class UpdateStorage(StorageTargetBody):
    """What is absent stays as it is."""

    label: Label | None = None
    provider: Provider | None = None
    bucket: Bucket | None = None
    access_key: AccessKey | None = None
    secret_key: SecretKey | None = None
    endpoint: Url | None = None
    region: Region | None = None
    prefix: Prefix | None = None
    path_style: bool | None = None
    storage_class: Short | None = None
    acl: Short | None = None
    public_url: Url | None = None
    delivery: Delivery | None = None
    enabled: bool | None = None


class TestStorageTarget(Body):
    """An ``id``, or the fields of a storage that is not saved yet, or both: then the fields count
    over what is saved."""

    id: Id | None = None
    label: Short | None = None
    provider: Provider | None = None
    bucket: Bucket | None = None
    access_key: AccessKey | None = None
    secret_key: SecretKey | None = None
    endpoint: Url | None = None
    region: Region | None = None
    prefix: Prefix | None = None
    path_style: bool | None = None
    storage_class: Short | None = None
    acl: Short | None = None
    public_url: Url | None = None
    delivery: Delivery | None = None
    enabled: bool | None = None


class StorageTestStep(BaseModel):
    """``ok`` null: not tried, because one before it failed."""

    name: str
    ok: bool | None
    took_ms: int
    key: str
    message: str
    help: str


class StorageTest(BaseModel):
    """``ok``: recordings can be kept there; browsers may still not be allowed to read (cors)."""

    ok: bool
    steps: list[StorageTestStep]


def _shown(target: Stored, default_id: str) -> Storage:
    hint = target.access_key
    return Storage(
        **{
            name: getattr(target, name)
            for name in Storage.model_fields
            if name not in ("access_key_hint", "secret_set", "is_default", "health", "endpoint")
        },
        endpoint=endpoint_of(target),
        access_key_hint=f"…{hint[-4:]}" if len(hint) > 8 else "…",
        secret_set=bool(target.sealed_secret),
        is_default=target.id == default_id,
        health=StorageHealth(
            ok=target.health_ok,
            key=target.health_key,
            message=target.health_message,
            at_ms=target.health_ms,
        ),
    )


@router.post("/list")
async def list_targets(services: ServicesDep, _: SignedIn) -> Reply[StorageTargets]:
    """List the storages, and what is known of the usual providers."""
    default_id = await services.targets.default_id()
    found = [_shown(one, default_id) for one in await services.targets.all()]
    presets = [
        StoragePreset.model_validate({**asdict(one), "regions": list(one.regions)})
        for one in PRESETS
    ]
    return Reply(data=StorageTargets(targets=found, presets=presets))


def _made(body: CreateStorage, now_ms: int) -> Stored:
    given = body.model_dump(exclude={"token", "secret_key", "path_style"})
    style = preset_of(body.provider).path_style if body.path_style is None else body.path_style
    return Stored(id="", created_ms=now_ms, path_style=style, **given)


async def _check(target: Stored) -> None:
    """Raise Invalid for a target that can never work."""
    endpoint = endpoint_of(target)
    if not endpoint:
        raise Invalid(
            "the address of the storage is missing",
            "Write its endpoint, such as https://s3.example.org.",
            key="endpoint_missing",
        )
    try:
        await asyncio.to_thread(check_endpoint, endpoint)
    except StorageFailed as exc:  # of the address that was sent; no storage was asked
        raise Invalid(exc.message, exc.help, key=exc.key) from exc


@router.post("/create")
async def create(body: CreateStorage, services: ServicesDep, _: SignedIn) -> Reply[Storage]:
    """Add a storage; the first one becomes the default."""
    target = _made(body, services.clock())
    await _check(target)
    made = await services.targets.create(target, body.secret_key)
    log.info("storage.made", target=made.id, provider=made.provider)
    return Reply(data=_shown(made, await services.targets.default_id()))


@router.post("/update")
async def update(body: UpdateStorage, services: ServicesDep, _: SignedIn) -> Reply[Storage]:
    """Change a storage; uploads go on with what is new."""
    changes = body.model_dump(exclude_none=True, exclude={"token", "id", "secret_key"})
    await _check(replace(await services.targets.get(body.id), **changes))

    def edit(target: Stored) -> Stored:
        changed = replace(target, **changes)
        if body.secret_key is not None:
            changed = services.targets.seal(changed, body.secret_key)
        return replace(changed, health_ok=None, health_key="", health_message="")

    changed = await services.targets.change(body.id, edit)
    services.uploads.target_changed(body.id)
    return Reply(data=_shown(changed, await services.targets.default_id()))


@router.post("/remove")
async def remove(body: StorageTargetBody, services: ServicesDep, _: SignedIn) -> Reply[None]:
    """Forget a storage; what lies there stays. Refused while recordings are there or on the way:
    nobody could play or delete them any more."""
    used = await services.catalogue.work(target_id=body.id)
    if any(one.upload is not UploadState.NONE for one in used):
        raise Conflict(
            f"{len(used)} recordings are in this storage or on the way there",
            "Delete them first, or switch the storage off instead.",
            key="target_in_use",
        )
    await services.targets.remove(body.id)
    services.uploads.target_changed(body.id)
    return Reply(data=None)


@router.post("/set_default")
async def set_default(body: StorageTargetBody, services: ServicesDep, _: SignedIn) -> Reply[None]:
    """Use this storage where none is named."""
    await services.targets.set_default(body.id)
    return Reply(data=None)


@router.post("/test")
async def test(
    body: TestStorageTarget, request: Request, services: ServicesDep, _: SignedIn
) -> Reply[StorageTest]:
    """Try a storage out: write, read, read a part, write in parts, compare, delete."""
    target, secret = await _to_test(body, services)
    if services.trials.locked():
        raise RateLimited("storages are being tried out already", "Wait a moment.", retry_after_s=5)
    async with services.trials:
        store = await asyncio.to_thread(ObjectStore, target, secret, read_s=LIMIT_S / 4)
        try:
            steps = await asyncio.to_thread(try_out, store, _origin(request))
        finally:
            await asyncio.to_thread(store.close)
    fault = first_fault(steps)
    if body.id is not None and body.model_fields_set <= {"id", "token"}:
        await services.uploads.note_health(body.id, fault)
    return Reply(
        data=StorageTest(
            ok=fault is None, steps=[StorageTestStep(**asdict(step)) for step in steps]
        )
    )


def _origin(request: Request) -> str:
    """Return where the operator's page comes from: there recordings will be played, too."""
    scheme = request.headers.get("x-forwarded-proto", "http")
    host = request.headers.get("host", "localhost")
    return request.headers.get("origin") or f"{scheme}://{host}"


async def _to_test(body: TestStorageTarget, services: Services) -> tuple[Stored, str]:
    changes: dict[str, Any] = body.model_dump(
        exclude_none=True, exclude={"token", "id", "secret_key"}
    )
    if body.id is not None:
        target = await services.targets.get(body.id)
        secret = body.secret_key or services.targets.secret(target)
        return replace(target, **changes), secret
    missing = [name for name in ("provider", "bucket", "access_key") if getattr(body, name) is None]
    if body.secret_key is None:
        missing.append("secret_key")
    if missing:
        raise Invalid(f"{missing[0]} is missing", f"Send {', '.join(missing)}, or an id.")
    changes.setdefault("label", "")
    changes.setdefault("path_style", preset_of(changes["provider"]).path_style)
    return Stored(id="", **changes), body.secret_key or ""
