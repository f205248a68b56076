"""Where outputs are kept, with their keys under seal."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ...core.errors import Conflict, NotFound
from ...core.log import get_logger
from ...core.sealed import OUTPUT, Sealer
from ...core.store import text
from ..relay.config import DestinationConfig
from .address import Address
from .output import Output, SourceKind

log = get_logger(__name__)

MAX_OUTPUTS = 64
COMPARE_S = 30.0
CUSTOM_PART = "forwarding-"
"""In the names of everything that Oryx has no name of its own for."""

_ATTEMPTS = 20
_SCRIPT = Path(__file__).with_name("store.lua")

Change = tuple[str, str, Output | None]
"""Id, JSON it must have now ("" for none), and what it becomes (None: removed)."""


class OutputStore:
    """- ``STREAMSTEAD_OUTPUTS`` hash: output id -> Output JSON; 64 at most.
    - ``SRS_FORWARD_CONFIG`` hash: platform -> ``{platform, server, secret, enabled, stream, custom,
      label}``, for programs that know SRS-cloud or Oryx; written with the outputs, never with a
      key or a password. What another program writes there is taken over (oryx.py).

    ``current`` is what was read last: while Redis is away it goes on to count.
    """

    KEY = "STREAMSTEAD_OUTPUTS"
    ORYX = "SRS_FORWARD_CONFIG"

    def __init__(self, redis: Redis, master_key: bytes) -> None:
        self._redis = redis
        self._sealer = Sealer(master_key, OUTPUT)
        self._script = redis.register_script(_SCRIPT.read_text(encoding="utf-8"))
        self._listeners: list[Callable[[], None]] = []
        self._raw: Mapping[str, str] = {}
        self._reading = asyncio.Lock()
        self.current: tuple[Output, ...] = ()
        self.loaded = False
        """Whether ``current`` was ever read."""

    def subscribe(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` after every change."""
        self._listeners.append(changed)

    async def refresh(self) -> None:
        """Read everything again; tells who listens when it has changed. Raises RedisError."""
        async with self._reading:
            found = await self._redis.hgetall(self.KEY)
            raw = {text(id_): text(one) for id_, one in found.items()}
            if raw == self._raw and self.loaded:
                return
            self.current = tuple(
                sorted(_read(raw), key=lambda it: (it.order, it.created_ms, it.id))
            )
            self._raw, self.loaded = raw, True
        for listener in self._listeners:
            listener()

    async def run(self) -> None:
        """Notice what changes without us (a restored backup); never returns."""
        while True:
            try:
                await self.refresh()
            except RedisError as exc:
                log.warning("outputs.not_read", error=type(exc).__name__)
            await asyncio.sleep(COMPARE_S)

    async def all(self) -> tuple[Output, ...]:
        """Return every output in the operator's order. Raises RedisError before the first read."""
        if not self.loaded:
            await self.refresh()
        return self.current

    def known(self, output_id: str) -> Output | None:
        """Return one as it was read last."""
        return next((one for one in self.current if one.id == output_id), None)

    async def get(self, output_id: str) -> Output:
        """Raises NotFound."""
        raw = await self._redis.hget(self.KEY, output_id)
        if raw is None:
            raise _unknown()
        return Output.from_json(raw)

    def address(self, output: Output) -> Address:
        """Return where it goes. Raises SealBroken."""
        server = self._sealer.open(output.sealed_server) if output.sealed_server else ""
        key = self._sealer.open(output.sealed_key) if output.sealed_key else ""
        return Address(server, key)

    def with_address(self, output: Output, address: Address) -> Output:
        """Return the output going elsewhere."""
        return replace(
            output,
            sealed_server=self._sealer.seal(address.server),
            sealed_key=self._sealer.seal(address.key) if address.key else "",
            shown_server=address.shown,
            key_hint=address.hint,
        )

    def destination(self, output: Output) -> DestinationConfig:
        """Return what a relay needs to push it. Raises SealBroken."""
        address = self.address(output)
        return DestinationConfig(
            id=output.id,
            url=address.url,
            secrets=address.secrets,
            sender=output.sender,
            verify_tls=output.verify_tls,
            give_up_after=output.give_up_after,
        )

    async def create(self, output: Output) -> Output:
        """Add one, the last in order. Raises Conflict (``too_many_outputs``)."""
        order = max((one.order for one in await self.all()), default=-1) + 1
        made = replace(output, id=output.id or new_output_id(), order=order)
        if not made.compat:
            made = replace(made, compat=f"{CUSTOM_PART}{made.id}")
        if not await self._write([(made.id, "", made)]):
            raise Conflict("there is such an output already", "Look at the list again.")
        return made

    async def change(self, output_id: str, edit: Callable[[Output], Output]) -> Output:
        """Replace one by ``edit(output)``, whoever else changes it. Raises NotFound, Conflict."""
        return (await self.change_many([output_id], edit))[0]

    async def change_many(
        self, output_ids: list[str], edit: Callable[[Output], Output]
    ) -> list[Output]:
        """Replace several at once, or none of them. Raises NotFound, Conflict."""
        for _ in range(_ATTEMPTS):
            changes: list[Change] = []
            for output_id in output_ids:
                raw = await self._redis.hget(self.KEY, output_id)
                if raw is None:
                    raise _unknown()
                changes.append((output_id, text(raw), edit(Output.from_json(raw))))
            if await self._write(changes):
                return [after for _, _, after in changes if after is not None]
        raise Conflict("the output is being changed by somebody else", "Try again.")

    async def remove(self, output_id: str) -> Output:
        """Forget one; return what it was. Raises NotFound, Conflict."""
        for _ in range(_ATTEMPTS):
            raw = await self._redis.hget(self.KEY, output_id)
            if raw is None:
                raise _unknown()
            if await self._write([(output_id, text(raw), None)]):
                return Output.from_json(raw)
        raise Conflict("the output is being changed by somebody else", "Try again.")

    async def oryx(self) -> dict[str, str]:
        """Return the fields of ``SRS_FORWARD_CONFIG``."""
        found = await self._redis.hgetall(self.ORYX)
        return {text(key): text(value) for key, value in found.items()}

    async def _write(self, changes: list[Change]) -> bool:
        args: list[str | int] = [MAX_OUTPUTS]
        for output_id, before, after in changes:
            field = after.compat if after else Output.from_json(before).compat
            written = (after.to_json(), _mirror(after)) if after else ("", "")
            args += [output_id, before, written[0], field, written[1]]
        verdict = int(await self._script(keys=(self.KEY, self.ORYX), args=args))
        if verdict == -1:
            raise Conflict(
                f"there are {MAX_OUTPUTS} outputs already",
                "Remove one that is no longer used.",
                key="too_many_outputs",
            )
        if verdict == 1:
            await self.refresh()
        return verdict == 1


def new_output_id() -> str:
    """Return an id that no other output has."""
    return secrets.token_hex(6)


def _read(raw: Mapping[str, str]) -> list[Output]:
    found = []
    for output_id, one in raw.items():
        try:
            found.append(Output.from_json(one))
        except (ValueError, TypeError, KeyError, AttributeError) as exc:
            log.error("output.unreadable", output=output_id, error=type(exc).__name__)
    return found


def _mirror(output: Output) -> str:
    """Return what SRS-cloud and Oryx know of an output, without its key."""
    is_stream = output.source.kind is SourceKind.STREAM
    return orjson.dumps(
        {
            "platform": output.compat,
            "server": output.shown_server,
            "secret": "",
            "enabled": output.enabled,
            "stream": output.source.stream if is_stream else "",
            "custom": CUSTOM_PART in output.compat,
            "label": output.label,
        }
    ).decode()


def _unknown() -> NotFound:
    return NotFound("there is no such output", "Look at the list again.", key="output_unknown")
