"""Outputs as SRS-cloud and Oryx know them: by platform, in ``SRS_FORWARD_CONFIG``.

An entry that we did not write is taken over: those of an Oryx whose data this house was given, and
those of programs that write them to this day. Its key is sealed, and then is no more in there.
"""

from dataclasses import replace
from typing import Any

import orjson

from ...core.errors import Conflict, StreamsteadError
from ...core.log import get_logger
from .address import Address
from .output import Output, OutputSource, SourceKind
from .presets import CUSTOM
from .store import CUSTOM_PART, OutputStore

log = get_logger(__name__)

FIXED = {"wx": "wechat", "bilibili": "bilibili", "kuaishou": "kuaishou"}
"""Names of platforms that those programs have, and what we call them."""


def is_platform(name: str) -> bool:
    """Tell whether Oryx would take this name."""
    return name in FIXED or CUSTOM_PART in name


def find(outputs: tuple[Output, ...], platform: str) -> Output | None:
    """Return the output of that name."""
    return next((one for one in outputs if one.compat == platform), None)


def source_of(stream: str) -> OutputSource:
    """Read their source: the name of a stream, of any app; empty: whichever is live."""
    app, slash, name = stream.strip().strip("/").partition("/")
    return OutputSource(SourceKind.STREAM, app, name) if slash else OutputSource(stream=app)


def new_output(platform: str, label: str, now_ms: int) -> Output:
    """Return what an entry begins as."""
    known = FIXED.get(platform, CUSTOM)
    return Output(
        id="", label=label or platform, platform=known, compat=platform, created_ms=now_ms
    )


async def take_over(store: OutputStore, now_ms: int) -> int:
    """Make outputs of the entries that are not ours; return how many. Raises RedisError."""
    taken = 0
    for platform, raw in sorted((await store.oryx()).items()):
        entry = _read(raw)
        output = find(await store.all(), platform)
        if entry is None or (output is not None and not entry.get("secret")):
            continue
        try:
            await _take(store, output, platform, entry, now_ms)
        except (StreamsteadError, KeyError, TypeError) as exc:
            log.warning("output.not_taken_over", platform=platform, error=type(exc).__name__)
            if isinstance(exc, Conflict):
                break
        else:
            taken += 1
            log.info("output.taken_over", platform=platform)
    return taken


async def _take(
    store: OutputStore, output: Output | None, platform: str, entry: dict[str, Any], now_ms: int
) -> None:
    address = Address.of(str(entry.get("server") or ""), str(entry.get("secret") or ""))

    def edit(it: Output) -> Output:
        changed = replace(
            it,
            enabled=bool(entry.get("enabled")),
            source=source_of(str(entry.get("stream") or "")),
            label=str(entry.get("label") or "")[:100] or it.label,
        )
        return store.with_address(changed, address)

    if output is None:
        await store.create(edit(new_output(platform, "", now_ms)))
    else:
        await store.change(output.id, edit)


def _read(raw: str) -> dict[str, Any] | None:
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None
