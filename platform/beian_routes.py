"""Routes of what stands at the foot and in the title of the pages."""

import re
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from ..core.app import API, Body, Reply
from ..core.auth import SignedIn
from ..core.errors import Invalid
from .beian import Beian
from .services import ServicesDep

router = APIRouter(prefix=f"{API}/mgmt/beian", tags=["system"])

_NO_TEXT = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Control characters, and those that turn the direction of what follows."""

BeianKey = Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[a-z][a-z0-9_]*$")]


class BeianUpdate(Body):
    """``beian``: name of the entry, such as icp or title; an empty ``text`` removes it."""

    beian: BeianKey
    text: Annotated[str, Field(max_length=200)]


@router.get("/query")
@router.post("/query")
async def beian(services: ServicesDep) -> Reply[Beian]:
    """Tell what stands at the foot of every page; needs no session."""
    return Reply(data=await services.beian.read())


@router.post("/update")
async def update_beian(body: BeianUpdate, services: ServicesDep, _who: SignedIn) -> Reply[Beian]:
    """Set or remove one entry."""
    value = body.text.strip()
    if _NO_TEXT.search(value):
        raise Invalid("the text has characters that cannot be shown", "Use plain text in one line.")
    await services.beian.put(body.beian, value)
    return Reply(data=await services.beian.read())
