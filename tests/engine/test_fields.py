"""What nginx says must never be mistaken for what a client says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamstead.engine.fields import BadNotify, is_stream_name, parse_notify

HEAD = (
    "app=live&flashver=FMLE/3.0%20(compatible%3B%20Lavf59.27&swfurl="
    "&tcurl=rtmp://127.0.0.1:1935/live{args}&pageurl=&addr=192.0.2.7&clientid=3"
)


def publish(query: str = "", args: str = "", name: str = "s1") -> bytes:
    tail = f"&{query}" if query else ""
    return f"{HEAD.format(args=args)}&call=publish&name={name}&type=live{tail}".encode()


def test_a_publish_is_read_with_its_query_as_srs_param() -> None:
    found = parse_notify(publish("secret=abc&token=t1"))
    assert (found.call, found.cid, found.app, found.name) == ("publish", 3, "live", "s1")
    assert found.ip == "192.0.2.7"
    assert found.tc_url == "rtmp://127.0.0.1:1935/live"
    assert found.param == "?secret=abc&token=t1"


def test_no_query_is_an_empty_param() -> None:
    assert parse_notify(publish()).param == ""


def test_a_client_cannot_overwrite_a_single_field_of_nginx() -> None:
    forged = "name=victim&app=other&addr=9.9.9.9&clientid=1&call=play&type=record&tcurl=rtmp://x/y"
    found = parse_notify(publish(forged))
    assert (found.call, found.cid, found.app, found.name) == ("publish", 3, "live", "s1")
    assert found.ip == "192.0.2.7"
    assert found.tc_url == "rtmp://127.0.0.1:1935/live"
    assert found.param == f"?{forged}"


@given(st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=200))
def test_no_query_at_all_changes_who_the_client_is(query: str) -> None:
    try:
        found = parse_notify(publish(query))
    except BadNotify:
        return
    assert (found.call, found.cid, found.app, found.name) == ("publish", 3, "live", "s1")
    assert found.ip == "192.0.2.7"


def test_a_play_does_not_take_fields_of_a_publish_from_the_client() -> None:
    head = HEAD.format(args="")
    body = f"{head}&call=play&name=s1&start=0&duration=0&reset=0&type=x&name=y".encode()
    found = parse_notify(body)
    assert found.name == "s1"
    assert found.param == "?type=x&name=y"


def test_a_done_call_of_a_forger_is_read_by_the_first_clientid() -> None:
    body = f"{HEAD.format(args='')}&call=publish_done&name=s1&clientid=99&type=live".encode()
    assert parse_notify(body).cid == 3


def test_parameters_of_the_application_count_too_but_its_vhost_does_not() -> None:
    found = parse_notify(publish("b=2", args="%3Fvhost=a.example%26secret=x"))
    assert found.param == "?b=2&secret=x"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"call=publish",
        b"app=live&call=publish&name=s1",
        publish().replace(b"clientid=3", b"clientid=three"),
        publish().replace(b"&type=live", b""),
        publish(name="a%00b"),
        publish(name="a%0ab"),
        publish("x=\x01"),
        b"\xff\xfe",
        publish().replace(b"call=publish", b"call=update"),
    ],
)
def test_a_call_that_is_not_whole_is_refused(body: bytes) -> None:
    with pytest.raises(BadNotify):
        parse_notify(body)


@pytest.mark.parametrize("name", ["livestream", "a", "Room_1", "a-b.c", "直播", "x" * 128, "a~b@c"])
def test_ordinary_names_are_taken(name: str) -> None:
    assert is_stream_name(name)


BAD_NAMES = ("", ".", "..", ".hidden", "a..b", "a/b", "a\\b", "../x", "a\0b", "a\nb", "a b", "a\n")
BAD_PARTS = ("%2f", "?", "#", ";", "'", '"', "<", "直" * 43, "x" * 128)


@pytest.mark.parametrize("name", [*BAD_NAMES, *(f"a{part}" for part in BAD_PARTS)])
def test_names_that_could_leave_the_folder_are_not(name: str) -> None:
    assert not is_stream_name(name)


@given(st.text(max_size=300))
def test_a_taken_name_is_always_one_short_path_part(name: str) -> None:
    if is_stream_name(name):
        assert "/" not in name
        assert name not in (".", "..")
        assert len(f"{name}-1795231953369.ts".encode()) < 255
