"""What this part adds to the manager: the text of the configuration, made and applied by a child.

A child, because both need libraries and memory that the manager does without.
"""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from starlette.requests import Request

from ...core.errors import Invalid, Upstream, UpstreamTimeout
from ..house import House, Part
from ..http import body, post
from ..services.common import own_command

LIMIT_S = 170.0
MAX_CHARS = 1_000_000


class ApplyRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    yaml: Annotated[str, Field(max_length=MAX_CHARS)]
    dry_run: bool = False
    password: SecretStr | None = None


def open_part(house: House) -> Part:
    """Return its routes."""
    one_at_a_time = asyncio.Lock()

    async def child(*words: str, text: str = "") -> bytes:
        argv = (own_command(), "config", *words, "--data", str(house.data.root))
        async with one_at_a_time:
            process = await asyncio.create_subprocess_exec(
                *argv, stdin=PIPE if text else DEVNULL, stdout=PIPE, stderr=PIPE
            )
            try:
                async with asyncio.timeout(LIMIT_S):
                    said, errors = await process.communicate(text.encode() if text else None)
            except TimeoutError:
                raise UpstreamTimeout(
                    f"the configuration was not dealt with in {LIMIT_S:.0f} s",
                    "Look which services answer, then try again.",
                ) from None
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        if not said:
            # The last two lines of a command that fails are for people.
            lines = errors.decode(errors="replace").strip().splitlines() or ["no reason given"]
            raise Invalid(lines[-2] if len(lines) > 1 else lines[-1], lines[-1])
        return said

    async def export(_: Request) -> Any:
        return {"yaml": (await child("export")).decode()}

    async def apply(request: Request) -> Any:
        asked = await body(request, ApplyRequest)
        if not asked.dry_run:
            # The child is root, so nobody asks again what the text has changed.
            await house.passwords.prove(request, asked.password)
        words = ("apply", "-", "--json", "--no-secrets", *(["--dry-run"] if asked.dry_run else []))
        raw = await child(*words, text=asked.yaml or "{}")
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError:
            raise Upstream("the answer cannot be read", "The log of the manager has it.") from None

    return Part(
        routes=[
            post("/v1/configuration/export", export),
            post("/v1/configuration/apply", apply),
        ]
    )
