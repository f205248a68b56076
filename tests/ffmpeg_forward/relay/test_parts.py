"""Addresses, timestamps and what waits: without a network."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamstead.core.rtmp.chunk import AUDIO, DATA, VIDEO, Message
from streamstead.ffmpeg_forward.relay.backlog import Backlog
from streamstead.ffmpeg_forward.relay.problems import PublishFailed
from streamstead.ffmpeg_forward.relay.rebase import Rebase
from streamstead.ffmpeg_forward.relay.rtmp_address import RtmpAddress, has_password
from streamstead.ffmpeg_forward.splice.media import look

KEY, FRAME, SOUND = b"\x17\x01\0\0\0", b"\x27\x01\0\0\0", b"\xaf\x01"
HEADER = b"\x17\0\0\0\0\x01\x42\xc0\x1e"


@pytest.mark.parametrize(
    ("url", "app", "key"),
    [
        ("rtmp://a.example/live2/abcd-efgh", "live2", "abcd-efgh"),
        ("rtmp://a.example/app/deep/key", "app/deep", "key"),
        ("rtmps://a.example:443/rtmp/FB-1?s_bl=1&s_ps=1", "rtmp", "FB-1?s_bl=1&s_ps=1"),
        ("rtmp://a.example/live-bvc/?streamname=x&key=a/b", "live-bvc", "?streamname=x&key=a/b"),
        ("rtmp://a.example/third/s-1?k=a/b=&t=1", "third", "s-1?k=a/b=&t=1"),
        ("rtmp://a.example/live2?backup=1/abcd", "live2?backup=1", "abcd"),
        ("rtmp://a.example/app?key=x", "app?key=x", ""),
        ("rtmp://a.example/only", "only", ""),
        ("rtmp://a.example//app//key", "app", "key"),
    ],
)
def test_app_and_key_are_taken_apart(url: str, app: str, key: str) -> None:
    found = RtmpAddress.of(url)
    assert (found.app, found.key) == (app, key)
    assert found.host == "a.example"
    assert found.port == (443 if found.tls else 1935)
    assert found.tc_url == f"{url.partition(':')[0]}://{url.split('/')[2]}/{app}"
    assert not key or key not in repr(found)


def test_an_address_may_be_of_ipv6_and_have_a_password() -> None:
    found = RtmpAddress.of("rtmp://me:secret@[::1]:1936/live/x")
    assert (found.host, found.port, found.where) == ("::1", 1936, "[::1]:1936")
    assert "secret" not in found.tc_url
    assert has_password("rtmp://me:secret@[::1]:1936/live/x")
    assert not has_password("rtmp://host/live/x@y")


@pytest.mark.parametrize("url", ["", "rtmp://", "rtmp://h", "rtmp://h/", "rtmp://h:99999/a/b"])
def test_what_is_no_address_is_said(url: str) -> None:
    with pytest.raises(PublishFailed) as caught:
        RtmpAddress.of(url)
    assert caught.value.problem.final


def test_a_connection_begins_at_0_whatever_headers_say() -> None:
    times = Rebase()
    stamps = [
        times.of(Message(DATA, 7, b"\x02\0\x01x")),
        times.of(Message(VIDEO, 3, HEADER)),
        times.of(Message(VIDEO, 2**32 - 20, KEY)),
        times.of(Message(AUDIO, 2**32 - 30, SOUND)),
        times.of(Message(VIDEO, 20, FRAME)),
        times.of(Message(VIDEO, 7, HEADER)),
        times.of(Message(VIDEO, 2**32 + 60, FRAME)),
    ]
    assert stamps == [0, 0, 0, 0, 40, 40, 80]


def test_headers_between_frames_do_not_push_them() -> None:
    times = Rebase()
    told = [(VIDEO, 0, KEY), (AUDIO, 10, SOUND), (VIDEO, 80, FRAME), (AUDIO, 30, b"\xaf\0\x12\x10")]
    told += [(AUDIO, 33, SOUND), (AUDIO, 56, SOUND)]
    stamps = [times.of(Message(kind, stamp, payload)) for kind, stamp, payload in told]
    assert stamps == [0, 10, 80, 10, 33, 56]


@given(st.lists(st.tuples(st.sampled_from([AUDIO, VIDEO]), st.integers(0, 2**40)), max_size=50))
def test_the_timestamps_of_a_track_only_grow(told: list[tuple[int, int]]) -> None:
    times, last = Rebase(), {AUDIO: -1, VIDEO: -1}
    for kind, stamp in told:
        found = times.of(Message(kind, stamp, KEY if kind == VIDEO else SOUND))
        assert found > last[kind]
        last[kind] = found


_TRAFFIC = st.lists(
    st.tuples(st.sampled_from(["key", "frame", "frame", "sound", "header"]), st.integers(0, 3)),
    max_size=200,
)


@given(_TRAFFIC, st.integers(1, 6))
def test_whatever_is_left_out_what_goes_on_is_decodable_and_bounded(
    traffic: list[tuple[str, int]], speed: int
) -> None:
    """Frames carry their number: one is sent only if all since its key frame were."""
    backlog = Backlog(max_age_s=3.0, max_bytes=2000)
    sent: list[Message] = []
    gop = 0
    for number, (what, seconds) in enumerate(traffic, start=1):
        step = number - 1
        gop = number if what == "key" else gop
        body = b"%d.%d." % (gop, number) + bytes(300)
        start = {"key": KEY, "frame": FRAME, "sound": SOUND, "header": HEADER}[what]
        kind = AUDIO if what == "sound" else VIDEO
        message = Message(kind, number, start + body)
        if backlog.admit(message, what == "key", float(step)):
            backlog.put(message, float(step))
        held = [one for one, _ in backlog._items]
        assert sum(len(one.payload) for one in held if not look(one).header) <= 2 * 2000 + 400
        left = seconds * speed % 4

        def take(one: Message) -> bool:
            nonlocal left
            sent.append(one)
            left -= 1
            return left > 0

        if left:
            backlog.drain(take)
    backlog.drain(lambda one: sent.append(one) is None)
    assert [one.timestamp for one in sent] == sorted(one.timestamp for one in sent)
    assert_whole_gops(traffic, [one.timestamp for one in sent])


def assert_whole_gops(traffic: list[tuple[str, int]], sent: list[int]) -> None:
    went = set(sent)
    broken = False
    for number, (what, _) in enumerate(traffic, start=1):
        if what == "key":
            broken = number not in went
        elif what == "frame":
            if number in went:
                assert not broken
            else:
                broken = True
        elif what == "header":
            assert number in went


def test_an_encoder_that_sends_nothing_but_headers_fills_no_memory() -> None:
    backlog = Backlog(max_age_s=3.0, max_bytes=2000)
    header = Message(VIDEO, 0, HEADER + bytes(1000))
    for _ in range(100):
        if backlog.admit(header, False, 0.0):
            backlog.put(header, 0.0)
    assert len(backlog) < 8


def test_without_trouble_nothing_is_left_out() -> None:
    backlog = Backlog(max_age_s=3.0)
    assert backlog.admit(Message(VIDEO, 0, FRAME), False, 0.0)
    backlog.wait_for_entry()
    assert not backlog.admit(Message(VIDEO, 0, FRAME), False, 0.0)
    assert not backlog.admit(Message(AUDIO, 0, SOUND), False, 0.0)
    assert backlog.admit(Message(VIDEO, 0, KEY), True, 0.0)
    assert backlog.admit(Message(AUDIO, 0, SOUND), False, 0.0)
    assert backlog.dropped == 0
