"""A place to publish to, taken apart as RTMP wants it."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from . import problems
from .problems import PublishFailed

PORTS = {"rtmp": 1935, "rtmps": 443}


@dataclass(frozen=True, slots=True)
class RtmpAddress:
    """``app`` may have several parts and a query; ``key`` may have one too. ``tc_url`` is the
    address without the key."""

    tls: bool
    host: str
    port: int
    app: str = field(repr=False)
    key: str = field(repr=False)
    tc_url: str = field(repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What of it nobody may see: the key and its parts, and what stands behind the app."""
        stream, _, query = self.key.partition("?")
        return (self.key, query, stream, self.app.partition("?")[2])

    @property
    def where(self) -> str:
        """For people: host and port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @classmethod
    def of(cls, url: str) -> "RtmpAddress":
        """Read ``rtmp[s]://host[:port]/app[/more][?query]/key[?query]``.

        The key is what follows the last slash of the path, its query included: a query may have
        slashes of its own. A query behind a single part belongs to the app (``/app?x=y/key``).
        Raises PublishFailed.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise PublishFailed(problems.bad_address("it is not valid")) from None
        if parts.scheme not in PORTS or not parts.hostname:
            raise PublishFailed(problems.bad_address("it does not begin with rtmp:// or rtmps://"))
        rest = url.partition("://")[2].partition("/")[2]
        path, mark, query = rest.partition("?")
        if "/" in path or not mark:
            app, _, key = path.rpartition("/")
            app, key = (app, key) if app else (key, "")
            key += mark + query
        else:
            query, _, key = query.rpartition("/") if "/" in query else (query, "", "")
            app = f"{path}?{query}"
        app = app.strip("/")
        if not app:
            raise PublishFailed(problems.bad_address("the part behind the host is missing"))
        netloc = parts.netloc.rpartition("@")[2]
        return cls(
            tls=parts.scheme == "rtmps",
            host=parts.hostname,
            port=port or PORTS[parts.scheme],
            app=app,
            key=key,
            tc_url=f"{parts.scheme}://{netloc}/{app}",
        )


def has_password(url: str) -> bool:
    """Tell whether user and password stand in the address."""
    return "@" in url.partition("://")[2].partition("/")[0]
