"""Every failure this system can name.

StreamsteadError              500  4000  internal
├── MissingField              422  1000  field_missing
├── TokenMissing              401  1000  token_missing
├── NotBooted                 503  1001  not_booted
├── NotFound                  404  1003  not_found
├── Invalid                   422  1004  invalid
├── StoreUnavailable          503  1007  redis_unavailable
├── WrongPassword             401  2000  wrong_password
├── TokenInvalid              401  2001  token_invalid
├── NoPasswordYet             401  2002  no_password_yet
├── Refused                   401  3000  publish_refused
├── HttpsManaged              409  3001  https_managed
├── MalformedJson             400  4001  malformed_json
├── UnsupportedMediaType      415  4002  unsupported_media_type
├── BodyTooLarge              413  4003  body_too_large
├── UnknownPath               404  4004  unknown_path
├── MethodNotAllowed          405  4005  method_not_allowed
├── RateLimited               429  4006  rate_limited
├── Forbidden                 403  4007  forbidden
├── Conflict                  409  4008  conflict
├── Upstream                  502  4009  upstream
│   └── UpstreamTimeout       504  4010  upstream_timeout
├── NotSupported              501  4011  not_supported
├── RequestTimeout            408  4012  request_timeout
├── ConfigError               500  4014  config  (a start that cannot go on)
├── PlayRefused               403  4015  play_refused  (every key is in _PLAY)
├── StorageFailed             502  4016  storage_failed  (hooks/storage/errors.py)
├── ReleaseRefused            422  4020  release_refused  (mgmt/upgrade/errors.py)
├── UpgradeFailed             500  4021  upgrade_failed  (mgmt/upgrade/errors.py)
└── UpgradeRunning            409  1005  upgrading  (mgmt/upgrade/errors.py)

Codes up to 3001 are those of SRS-cloud; ours begin at 4000. ``key`` never changes: the
page translates it and metrics count it.
"""

from typing import ClassVar


class StreamsteadError(Exception):
    """Base of all. ``message`` says what failed, ``help`` what to do next; both are for people."""

    code: ClassVar[int] = 4000
    status: ClassVar[int] = 500
    default_key: ClassVar[str] = "internal"

    def __init__(self, message: str, help: str = "", *, key: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.help = help
        self.key = key or self.default_key


class MissingField(StreamsteadError):
    code, status, default_key = 1000, 422, "field_missing"


class TokenMissing(StreamsteadError):
    code, status, default_key = 1000, 401, "token_missing"


class NotBooted(StreamsteadError):
    code, status, default_key = 1001, 503, "not_booted"


class NotFound(StreamsteadError):
    code, status, default_key = 1003, 404, "not_found"


class Invalid(StreamsteadError):
    code, status, default_key = 1004, 422, "invalid"


class StoreUnavailable(StreamsteadError):
    code, status, default_key = 1007, 503, "redis_unavailable"


class WrongPassword(StreamsteadError):
    code, status, default_key = 2000, 401, "wrong_password"


class TokenInvalid(StreamsteadError):
    code, status, default_key = 2001, 401, "token_invalid"


class NoPasswordYet(StreamsteadError):
    code, status, default_key = 2002, 401, "no_password_yet"


class Refused(StreamsteadError):
    code, status, default_key = 3000, 401, "publish_refused"


class HttpsManaged(StreamsteadError):
    code, status, default_key = 3001, 409, "https_managed"


class MalformedJson(StreamsteadError):
    code, status, default_key = 4001, 400, "malformed_json"


class UnsupportedMediaType(StreamsteadError):
    code, status, default_key = 4002, 415, "unsupported_media_type"


class BodyTooLarge(StreamsteadError):
    code, status, default_key = 4003, 413, "body_too_large"


class UnknownPath(StreamsteadError):
    code, status, default_key = 4004, 404, "unknown_path"


class MethodNotAllowed(StreamsteadError):
    code, status, default_key = 4005, 405, "method_not_allowed"


class RateLimited(StreamsteadError):
    """``retry_after_s`` goes into the Retry-After header."""

    code, status, default_key = 4006, 429, "rate_limited"

    def __init__(self, message: str, help: str = "", *, retry_after_s: int = 60) -> None:
        super().__init__(message, help)
        self.retry_after_s = retry_after_s


class Forbidden(StreamsteadError):
    code, status, default_key = 4007, 403, "forbidden"


class Conflict(StreamsteadError):
    code, status, default_key = 4008, 409, "conflict"


class Upstream(StreamsteadError):
    code, status, default_key = 4009, 502, "upstream"


class UpstreamTimeout(Upstream):
    code, status, default_key = 4010, 504, "upstream_timeout"


class NotSupported(StreamsteadError):
    code, status, default_key = 4011, 501, "not_supported"


class RequestTimeout(StreamsteadError):
    code, status, default_key = 4012, 408, "request_timeout"


class ConfigError(StreamsteadError):
    code, status, default_key = 4014, 500, "config"


_PLAY = {
    "pass_missing": (
        "this stream is only for viewers with a pass",
        "Open the whole link you were given, or enter the passphrase on the watch page.",
    ),
    "pass_malformed": (
        "the pass in the link is incomplete",
        "Copy the whole link again; mail programs sometimes cut it.",
    ),
    "pass_tampered": ("the pass in the link is not valid", "Ask for a new link."),
    "pass_other_stream": ("this pass is for another stream", "Ask for a link to this one."),
    "pass_expired": ("this pass has expired", "Ask for a new link."),
    "pass_revoked": ("this pass was withdrawn", "Ask for a new link."),
    "pass_unknown": ("this pass does not exist any more", "Ask for a new link."),
    "pass_in_use": (
        "as many viewers as this pass allows are watching already",
        "Try again when one has left, or ask for a link of your own.",
    ),
    "phrase_changed": ("the passphrase was changed", "Enter the new one on the watch page."),
    "webhook_refused": (
        "the owner's server did not let you in",
        "Ask whoever gave you the link.",
    ),
    "webhook_failed": (
        "the owner's server, which decides who may watch, does not answer",
        "Try again in a moment.",
    ),
    "viewer_blocked": (
        "you were disconnected from this stream a moment ago",
        "Try again in a minute.",
    ),
    "segment_without_session": (
        "a segment cannot be fetched alone",
        "Open the playlist, the address that ends in .m3u8.",
    ),
}


class PlayRefused(StreamsteadError):
    """A viewer is not let in."""

    code, status, default_key = 4015, 403, "play_refused"

    @classmethod
    def of(cls, key: str) -> "PlayRefused":
        """Return the refusal of that key, in words."""
        message, advice = _PLAY[key]
        return cls(message, advice, key=key)
