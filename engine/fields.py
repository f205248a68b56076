"""What nginx-rtmp says in a notify call, and which of it a client may have forged.

The body is ``app=..&flashver=..&...&call=publish&name=..&type=..`` followed, unescaped, by the
query of the stream address. A publisher of ``s?name=victim&app=other`` thus sends some names
twice; nginx writes its own first and escapes ``&`` in them, so only the leading, first
occurrences are the truth, and everything behind them is the client's text.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

MAX_NAME_BYTES = 128

_SESSION = ("app", "flashver", "swfurl", "tcurl", "pageurl", "addr", "clientid", "call")
_BY_CALL = {
    "publish": (*_SESSION, "name", "type"),
    "play": (*_SESSION, "name", "start", "duration", "reset"),
    "publish_done": (*_SESSION, "name"),
    "play_done": (*_SESSION, "name"),
}
_NAME = re.compile(r"[\w~+=@,-][\w.~+=@,-]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class BadNotify(ValueError):
    """The call is not one that our nginx makes, or carries what no client may send."""


@dataclass(frozen=True, slots=True)
class Notify:
    """One call, checked. ``param`` begins with ``?`` or is empty, as SRS has it."""

    call: str
    cid: int
    app: str
    name: str
    ip: str
    tc_url: str
    page_url: str
    swf_url: str
    param: str


def is_stream_name(name: str) -> bool:
    """Tell whether a name may become a file name: one path part, no dots in front, not too long."""
    return (
        _NAME.fullmatch(name) is not None
        and ".." not in name
        and len(name.encode("utf-8", "replace")) <= MAX_NAME_BYTES
    )


def parse_notify(body: bytes) -> Notify:
    """Read a notify body. Raises BadNotify; the name is not judged here (see is_stream_name)."""
    try:
        pairs = body.decode("utf-8").split("&")
    except UnicodeDecodeError:
        raise BadNotify("not UTF-8") from None
    own, rest = _leading(pairs)
    call = own.get("call", "")
    if call not in _BY_CALL:
        raise BadNotify("not a call that we asked for")
    missing = [name for name in _BY_CALL[call] if name not in own]
    if missing:
        raise BadNotify(f"{call} without {missing[0]}")
    if not own["clientid"].isascii() or not own["clientid"].isdigit():
        raise BadNotify("clientid is not a number")
    args = "&".join(rest)
    param = join_param(args, query_of(own["tcurl"]))
    if any(_CONTROL.search(text) for text in (*own.values(), param)):
        raise BadNotify("control characters")
    return Notify(
        call=call,
        cid=int(own["clientid"]),
        app=own["app"],
        name=own["name"],
        ip=own["addr"],
        tc_url=own["tcurl"],
        page_url=own["pageurl"],
        swf_url=own["swfurl"],
        param=param,
    )


def _leading(pairs: list[str]) -> tuple[dict[str, str], list[str]]:
    """Split nginx's own fields from the client's query behind them."""
    own: dict[str, str] = {}
    for at, pair in enumerate(pairs):
        key, _, value = pair.partition("=")
        allowed = _BY_CALL.get(own.get("call", ""), _SESSION)
        if key not in allowed or key in own:
            return own, pairs[at:]
        own[key] = unquote(value, errors="replace")
    return own, []


def query_of(tc_url: str) -> str:
    """Return the query of a tcUrl without ``vhost=``, which is an address and not a parameter."""
    try:
        query = urlsplit(tc_url).query
    except ValueError:
        return ""
    return "&".join(p for p in query.split("&") if p and not p.startswith("vhost="))


def join_param(*queries: str) -> str:
    """Join queries into SRS's ``param``: ``?a=1&b=2``, or nothing at all."""
    found = "&".join(query for query in queries if query)
    return f"?{found}" if found else ""
