"""Servers and keys, taken apart and put together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamstead.core.errors import Invalid
from streamstead.ffmpeg_forward.outputs.address import Address
from streamstead.ffmpeg_forward.outputs.presets import PRESETS
from streamstead.ffmpeg_forward.relay.rtmp_address import RtmpAddress

KEY = "abcd-efgh-ijkl"


@pytest.mark.parametrize(
    ("server", "key", "url"),
    [
        ("rtmp://a.example/live2", KEY, f"rtmp://a.example/live2/{KEY}"),
        ("rtmp://a.example/live2/", f"/{KEY}", f"rtmp://a.example/live2/{KEY}"),
        (f" rtmp://a.example/live2/{KEY} ", "", f"rtmp://a.example/live2/{KEY}"),
        ("rtmp://a.example/app/inst", KEY, f"rtmp://a.example/app/inst/{KEY}"),
        ("rtmp://a.example/app", "", "rtmp://a.example/app"),
        (
            "rtmp://p.example/live-bvc/",
            "?streamname=live_1&key=x",
            "rtmp://p.example/live-bvc/?streamname=live_1&key=x",
        ),
        (
            "rtmp://p.example/live-bvc/?streamname=live_1&key=x",
            "",
            "rtmp://p.example/live-bvc/?streamname=live_1&key=x",
        ),
        ("rtmps://b.example/live2?backup=1", KEY, f"rtmps://b.example/live2?backup=1/{KEY}"),
        (
            "srt://s.example:9000",
            "publish:live/a",
            "srt://s.example:9000?streamid=publish:live/a",
        ),
        (
            "srt://s.example:9000?latency=200000&passphrase=0123456789",
            "streamid=a",
            "srt://s.example:9000?latency=200000&passphrase=0123456789&streamid=a",
        ),
        (
            "srt://s.example:9000",
            "?streamid=a&latency=1",
            "srt://s.example:9000?streamid=a&latency=1",
        ),
        ("srt://s.example:9000", "#!::r=a&b", "srt://s.example:9000?streamid=%23!::r=a%26b"),
        ("srt://s.example:9000", "", "srt://s.example:9000"),
        (f"rtmp://a.example/live2/{KEY}", KEY, f"rtmp://a.example/live2/{KEY}"),
    ],
)
def test_server_and_key_make_one_address_however_they_are_written(
    server: str, key: str, url: str
) -> None:
    assert Address.of(server, key).url == url


@pytest.mark.parametrize(
    ("server", "key", "app", "stream"),
    [
        ("rtmp://a.example/live2", KEY, "live2", KEY),
        ("rtmps://b.example:443/live2?backup=1", KEY, "live2?backup=1", KEY),
        (
            "rtmp://p.example/live-bvc/",
            "?streamname=a&key=b/c",
            "live-bvc",
            "?streamname=a&key=b/c",
        ),
        ("rtmps://i.example:443/rtmp/", "18?s_bl=1&a=Ab/c", "rtmp", "18?s_bl=1&a=Ab/c"),
    ],
)
def test_the_sender_finds_app_and_key_where_they_were_put(
    server: str, key: str, app: str, stream: str
) -> None:
    found = RtmpAddress.of(Address.of(server, key).url)
    assert (found.app, found.key) == (app, stream)


@pytest.mark.parametrize(
    ("server", "key", "shown"),
    [
        ("rtmp://user:pw@a.example:19350/live", KEY, "rtmp://a.example:19350/live"),
        (f"rtmp://a.example/live/{KEY}", "", "rtmp://a.example/live"),
        ("rtmp://a.example/live?auth=secret", KEY, "rtmp://a.example/live"),
        ("rtmps://b.example/live2?backup=1", KEY, "rtmps://b.example/live2?backup=1"),
        ("srt://[2001:db8::1]:9000?passphrase=secret", "", "srt://[2001:db8::1]:9000"),
    ],
)
def test_nothing_secret_of_a_server_is_shown(server: str, key: str, shown: str) -> None:
    assert Address.of(server, key).shown == shown


def test_only_the_end_of_a_long_key_is_hinted_at() -> None:
    assert Address.of("rtmp://a.example/live", KEY).hint == "…ijkl"
    assert Address.of("rtmp://a.example/live", "short").hint == "…"
    assert Address.of("rtmp://a.example/live").hint == ""


@pytest.mark.parametrize(
    "server",
    [
        "",
        "http://a.example/live",
        "rtmp://a.example",
        "rtmp://a.example/",
        "rtmp:///live",
        "rtmp://a.example:0/live",
        "rtmp://a.example:99999/live",
        "rtmp://a b.example/live",
        "rtmp://-/live\n",
        "rtmp://ex ample/live",
        "rtmp://ex$ample/live",
        "rtmp://[::1/live",
        "srt://s.example",
        "rtmp://a.example/" + "x" * 1000,
        "file:///etc/passwd",
        "rtmp://a.example/live\\x",
    ],
)
def test_an_address_that_can_never_be_is_refused_without_repeating_it(server: str) -> None:
    with pytest.raises(Invalid) as found:
        Address.of(server, KEY)
    assert found.value.key == "output_bad_server"
    assert KEY not in found.value.message + found.value.help


@pytest.mark.parametrize("key", ["a b", "a\nb", "ü", "x" * 1001])
def test_a_key_that_no_platform_has_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(Invalid) as found:
        Address.of("rtmp://a.example/live", key)
    assert found.value.key == "output_bad_key"
    assert key not in found.value.message + found.value.help


def test_what_was_shown_changes_nothing_when_it_is_sent_back() -> None:
    now = Address.of("rtmp://user:pw@a.example/live", KEY)
    assert now.changed(None, None) == now
    assert now.changed(now.shown, now.hint) == now
    assert now.changed("", None) == now


def test_server_and_key_change_one_without_the_other() -> None:
    now = Address.of("rtmp://a.example/live", KEY)
    assert now.changed(None, "other-key-1").url == "rtmp://a.example/live/other-key-1"
    assert now.changed("rtmp://b.example/app", None).url == f"rtmp://b.example/app/{KEY}"
    assert now.changed("rtmp://b.example/app/new-key", None).url == "rtmp://b.example/app/new-key"
    assert now.changed(None, "").url == "rtmp://a.example/live"
    srt = Address.of("srt://s.example:9000", "streamid=a&passphrase=0123456789")
    assert srt.changed("srt://t.example:1", None).url == (
        "srt://t.example:1?streamid=a&passphrase=0123456789"
    )


_TEXT = st.text(st.sampled_from("ab/?:@[]=&%#.-_ 0é\\"), max_size=12)


@given(
    server=st.builds(
        lambda scheme, rest: f"{scheme}://{rest}",
        st.sampled_from(("rtmp", "rtmps", "srt", "http", "")),
        _TEXT,
    ),
    key=_TEXT,
)
def test_whatever_is_typed_is_refused_or_stays_the_same_address(server: str, key: str) -> None:
    try:
        found = Address.of(server, key)
    except Invalid:
        return
    again = Address.of(found.server, found.key)
    assert again.url == found.url
    assert found.changed(found.shown, found.hint or None) == found


def test_a_stream_is_not_sent_to_itself() -> None:
    own = Address.of("rtmp://127.0.0.1:1935/live", "cam")
    assert own.is_own(1935, "live", "cam")
    assert not own.is_own(1935, "live", "other")
    assert not own.is_own(1936, "live", "cam")
    assert not Address.of("rtmp://a.example/live", "cam").is_own(1935, "live", "cam")


@pytest.mark.parametrize("preset", PRESETS, ids=lambda one: one.id)
def test_every_server_of_a_preset_can_be_used(preset: object) -> None:
    for server in preset.servers:  # type: ignore[attr-defined]
        found = RtmpAddress.of(Address.of(server.url, KEY).url)
        assert found.key == KEY
        assert Address.of(server.url, KEY).shown == server.url.rstrip() or server.url.endswith("/")
