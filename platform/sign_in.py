"""Routes of the session: first password, sign-in, renewal, sign-out, change of the password."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from ..core.app import API, Body, Reply
from ..core.auth import COOKIE, LIFETIME_S, SessionToken, SignedIn
from ..core.errors import Forbidden, MissingField, WrongPassword
from ..core.events import EventType
from ..core.log import get_logger
from ..core.registry import rfc3339
from .services import Services, ServicesDep, client_address, is_local

log = get_logger(__name__)
router = APIRouter(prefix=f"{API}/mgmt", tags=["session"])

Password = Annotated[str, Field(max_length=4096, json_schema_extra={"format": "password"})]


class InitState(BaseModel):
    """``init``: a password is set."""

    init: bool
    setup_code_required: bool


class InitRequest(Body):
    password: Password | None = None
    setup_code: Annotated[str | None, Field(max_length=200)] = None


class LoginRequest(Body):
    password: Password


class PasswordRequest(Body):
    password: Password
    new_password: Password


def _set_cookie(request: Request, response: Response, session: SessionToken) -> None:
    response.set_cookie(
        COOKIE,
        session.token,
        max_age=LIFETIME_S,
        httponly=True,
        samesite="strict",
        secure=request.headers.get("x-forwarded-proto") == "https",
        path="/",
    )


async def _note(services: Services, type_: EventType, address: str, now: int) -> None:
    await services.events.append(f"{type_}:{now}:{address}", type_, now, "", {"address": address})


@router.get("/init")
async def read_init(request: Request, services: ServicesDep) -> Reply[InitState]:
    """Tell whether a password is set, and whether this caller would need the setup code."""
    return Reply(
        data=InitState(
            init=await services.admin.is_set(), setup_code_required=not is_local(request)
        )
    )


@router.post("/init")
async def init(
    body: InitRequest, request: Request, response: Response, services: ServicesDep
) -> Reply[SessionToken | InitState]:
    """Set the first password. Without one in the body: the same as GET."""
    if body.password is None:
        return Reply(data=(await read_init(request, services)).data)
    address = client_address(request)
    await services.admin.set_first(body.password, body.setup_code, address, is_local(request))
    log.info("admin.initialised", address=address)
    session = await services.authenticator.issue()
    _set_cookie(request, response, session)
    return Reply(data=session)


@router.post("/login")
async def login(
    body: LoginRequest, request: Request, response: Response, services: ServicesDep
) -> Reply[SessionToken]:
    """Sign in with the password."""
    if not body.password:
        raise MissingField("password is missing", "Type the password.")
    address = client_address(request)
    now = services.clock()
    try:
        await services.admin.check(body.password, address)
    except WrongPassword:
        log.warning("admin.refused", address=address)
        await _note(services, EventType.AUTH_REFUSED, address, now)
        raise
    await _note(services, EventType.AUTH_SIGNED_IN, address, now)
    session = await services.authenticator.issue()
    _set_cookie(request, response, session)
    return Reply(data=session)


@router.post("/token")
async def renew(
    _: Body, who: SignedIn, request: Request, response: Response, services: ServicesDep
) -> Reply[SessionToken]:
    """Give a fresh session for a valid one; the old one ends when it would have."""
    if who.from_key:
        raise Forbidden(
            "an API key gives no session: that would outlive the key",
            "Use the key itself as Bearer.",
        )
    session = await services.authenticator.issue()
    _set_cookie(request, response, session)
    log.info("session.renewed", name=who.name, until=rfc3339(who.expires_s * 1000))
    return Reply(data=session)


@router.post("/logout")
async def logout(
    who: SignedIn, response: Response, services: ServicesDep, _: Body | None = None
) -> Reply[None]:
    """End this session."""
    if who.token_id:
        await services.authenticator.revoke(who)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return Reply(data=None)


@router.post("/password")
async def change_password(
    body: PasswordRequest,
    _: SignedIn,
    request: Request,
    response: Response,
    services: ServicesDep,
) -> Reply[SessionToken]:
    """Change the password; all other sessions end."""
    address = client_address(request)
    await services.admin.change(body.password, body.new_password, address)
    await _note(services, EventType.AUTH_PASSWORD_CHANGED, address, services.clock())
    session = await services.authenticator.issue()
    _set_cookie(request, response, session)
    return Reply(data=session)
