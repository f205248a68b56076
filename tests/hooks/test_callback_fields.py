"""Properties of the parser: whatever a client sends, it is read in one way only."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from streamstead.core.errors import StreamsteadError
from streamstead.hooks.callback import Callback, parameter, parse, redacted


def callback(param: str) -> Callback:
    body = {"action": "on_publish", "client_id": "c", "app": "live", "stream": "cam"}
    return parse(orjson.dumps(body | {"param": param}))


def publish_secret(param: str) -> str:
    return parameter(callback(param), "secret")


printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40)


@given(st.binary(max_size=2000))
def test_any_bytes_are_parsed_or_refused_by_name(body: bytes) -> None:
    try:
        parse(body)
    except StreamsteadError:
        return


@given(st.text(max_size=200))
def test_any_param_gives_a_secret_or_none(param: str) -> None:
    secret = publish_secret(param)
    assert isinstance(secret, str)


@given(st.text(st.characters(categories=["L", "N"]), min_size=6, max_size=30), st.booleans())
def test_a_redacted_param_never_holds_the_secret(secret: str, lead: bool) -> None:
    param = ("?" if lead else "") + f"app=live&secret={secret}&stream=cam"
    shown = redacted(callback(param))
    for word in ("secret=", "app=live", "stream=cam"):
        shown = shown.replace(word, "")
    assert secret not in shown


@given(printable, printable)
def test_a_second_secret_never_helps(one: str, other: str) -> None:
    assert publish_secret(f"?secret={one}&secret={other}".replace("#", "")) in ("", one, other)
    assert publish_secret("?secret=a&secret=b") == ""
