"""Who may call the API: sessions of the page, API keys of programs, and the API secret.

A session token is a JWT (HS256, 12 h). It ends earlier by sign-out (its id is noted until it would
have expired) or by a change of the password (a new generation makes all older ones worthless).
"""

import hmac
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, cast

import jwt
import orjson
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from redis.asyncio import Redis

from .api_keys import PREFIX as API_KEY_PREFIX
from .api_keys import ApiKeyStore
from .errors import ConfigError, Forbidden, StoreUnavailable, TokenInvalid, TokenMissing
from .password import ADMIN_KEY
from .registry import rfc3339
from .scopes import Scope, needed_scope
from .store import text

COOKIE = "streamstead_session"
LIFETIME_S = 12 * 3600
_VERSION = "1.0"


class SessionToken(BaseModel):
    """A new session; times are RFC 3339 in UTC."""

    token: str
    createAt: str  # noqa: N815
    expireAt: str  # noqa: N815


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling, and how much that allows. ``token_id`` is empty for all but sessions."""

    name: str
    token_id: str = ""
    expires_s: int = 0
    scope: Scope = Scope.ADMIN
    from_key: bool = False


class AdminStore:
    """The hash of ``core/password.py``, which the manager writes.
    ``STREAMSTEAD_REVOKED:<token id>``: exists until the token would expire."""

    KEY = ADMIN_KEY
    REVOKED = "STREAMSTEAD_REVOKED:"

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self.api_keys = ApiKeyStore(redis)

    async def password_hash(self) -> str | None:
        raw = await self._redis.hget(self.KEY, "password_hash")
        return text(raw) if raw else None

    async def generation(self) -> int:
        return int(await self._redis.hget(self.KEY, "generation") or 0)

    async def state(self, token_id: str) -> tuple[int, bool]:
        """Return (generation, whether this token was revoked) in one round trip."""
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.hget(self.KEY, "generation")
            pipe.exists(self.REVOKED + token_id)
            generation, revoked = await pipe.execute()
        return int(generation or 0), bool(revoked)

    async def revoke(self, token_id: str, expires_s: int) -> None:
        left = expires_s - int(time.time())
        if left > 0:
            await self._redis.set(self.REVOKED + token_id, 1, ex=left)


class Authenticator:
    """Issues and checks credentials. One a service; kept in ``app.state.authenticator``."""

    def __init__(self, admin: AdminStore, master_key: bytes, api_secret: str) -> None:
        self._admin = admin
        self._api_secret = api_secret.encode()
        self._key = HKDF(SHA256(), 32, salt=None, info=b"streamstead session").derive(master_key)

    async def issue(self) -> SessionToken:
        now = int(time.time())
        claims = {
            "v": _VERSION,
            "iat": now,
            "exp": now + LIFETIME_S,
            "jti": secrets.token_hex(16),
            "gen": await self._admin.generation(),
        }
        return SessionToken(
            token=jwt.encode(claims, self._key, algorithm="HS256"),
            createAt=rfc3339(now * 1000),
            expireAt=rfc3339((now + LIFETIME_S) * 1000),
        )

    async def verify(self, credential: str) -> Principal:
        """Return who this is. Raises TokenInvalid; RedisError when it cannot be known."""
        if hmac.compare_digest(credential.encode(), self._api_secret):
            return Principal("api")
        if credential.startswith(API_KEY_PREFIX):
            return await self._verify_api_key(credential)
        try:
            claims: dict[str, Any] = jwt.decode(
                credential,
                self._key,
                algorithms=["HS256"],
                options={"require": ["exp", "iat", "jti", "gen"]},
            )
        except jwt.ExpiredSignatureError:
            raise TokenInvalid(
                "the session has expired", "Sign in again.", key="token_expired"
            ) from None
        except jwt.InvalidTokenError:
            raise TokenInvalid("the session token is not valid", "Sign in again.") from None
        generation, revoked = await self._admin.state(str(claims["jti"]))
        if revoked or claims["gen"] != generation:
            raise TokenInvalid("the session was ended", "Sign in again.", key="token_revoked")
        return Principal("admin", str(claims["jti"]), int(claims["exp"]))

    async def _verify_api_key(self, credential: str) -> Principal:
        key = await self._admin.api_keys.find(credential, time.time_ns() // 1_000_000)
        if key is None:
            raise TokenInvalid(
                "the API key is not known, or has ended",
                "Make a new one under System, API keys.",
                key="api_key_invalid",
            )
        return Principal(f"key {key.label}", scope=key.scope, from_key=True)

    async def revoke(self, who: Principal) -> None:
        """End a session at once."""
        await self._admin.revoke(who.token_id, who.expires_s)


def load_master_key(path: Path) -> bytes:
    """Read the key that mgmt made at first start. Raises ConfigError."""
    try:
        key = path.read_bytes()
    except OSError as exc:
        raise ConfigError(f"{path} cannot be read: {exc.strerror}", "Run ./bootstrap.") from None
    if len(key) < 32:
        raise ConfigError(f"{path} is too short", "Restore it from a backup, or run ./bootstrap.")
    return key


def _header_credential(request: Request) -> str:
    """Take the credential from the header, "" when there is none. Raises TokenInvalid."""
    header = request.headers.get("authorization")
    if header is None:
        return ""
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "bearer" or not value.strip():
        raise TokenInvalid("the Authorization header is not 'Bearer TOKEN'", "Correct it.")
    return value.strip()


def _token_missing() -> TokenMissing:
    return TokenMissing("this call needs a session", "Sign in, or send an API key as Bearer.")


async def find_credential(request: Request) -> str:
    """Take the credential from header, body or cookie, in this order. Raises TokenMissing."""
    credential = _header_credential(request)
    if credential:
        return credential
    body = await request.body()
    if body:
        try:
            fields = orjson.loads(body)
        except orjson.JSONDecodeError:
            fields = None
        if isinstance(fields, dict) and isinstance(fields.get("token"), str) and fields["token"]:
            return cast(str, fields["token"])
    cookie = request.cookies.get(COOKIE)
    if cookie:
        return cookie
    raise _token_missing()


_bearer = HTTPBearer(scheme_name="bearer", auto_error=False)


async def _signed_in(
    request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
) -> Principal:
    authenticator = cast(Authenticator | None, getattr(request.app.state, "authenticator", None))
    if authenticator is None:
        raise StoreUnavailable("this service is starting", "Try again in a second.")
    who = await authenticator.verify(await find_credential(request))
    return _allowed(request, who)


def _allowed(request: Request, who: Principal) -> Principal:
    """Note who is calling, for the audit; raises Forbidden when the call needs a wider scope."""
    request.state.principal = who
    route = request.scope.get("route")
    needed = needed_scope(route.path, request.method) if route is not None else Scope.ADMIN
    if not who.scope.covers(needed):
        raise Forbidden(
            f"this key may {who.scope}, and the call needs {needed}",
            "Use a key with a wider scope.",
            key="scope_too_small",
        )
    return who


SignedIn = Annotated[Principal, Depends(_signed_in)]
"""Parameter of a route that needs a session; refuses the call otherwise."""


async def _sender(request: Request) -> Principal:
    credential = _header_credential(request) or request.cookies.get(COOKIE, "")
    if not credential:
        raise _token_missing()
    authenticator = cast(Authenticator, request.app.state.authenticator)
    return _allowed(request, await authenticator.verify(credential))


Sender = Annotated[Principal, Depends(_sender)]
"""The same for a route that takes a large body, of which no byte may be read before: a token in
the body is none here."""
