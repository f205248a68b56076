"""What the password adds to the manager."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr
from starlette.requests import Request

from ...core.errors import Forbidden
from ...core.password import is_hash
from ..house import House, Part
from ..http import body, by_root, post


def _hash(text: str) -> str:
    if not is_hash(text):
        raise ValueError("is no hash of ours")
    return text


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    hash: Annotated[str, AfterValidator(_hash)]


class FirstAsked(_Asked):
    code: str


class ChangeAsked(_Asked):
    password: SecretStr


def open_part(house: House) -> Part:
    """Return its routes and loops."""
    keeper = house.passwords

    async def first(request: Request) -> None:
        asked = await body(request, FirstAsked)
        await keeper.first(asked.hash, asked.code)

    async def change(request: Request) -> None:
        asked = await body(request, ChangeAsked)
        await keeper.change(asked.password, asked.hash)

    async def reset(request: Request) -> None:
        if not by_root(request):
            raise Forbidden("only root may set it without the old one", "Change it in the page.")
        await keeper.reset((await body(request, _Asked)).hash)

    return Part(
        routes=[
            post("/v1/password/first", first),
            post("/v1/password/change", change),
            post("/v1/password/reset", reset),
        ],
        loops=[keeper.run()],
    )
