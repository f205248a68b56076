"""Addresses that viewers may have been given, and what they mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamstead.core.errors import Invalid
from streamstead.hooks.link import Way, is_link, read_link

SID = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("text", "way", "stream", "token"),
    [
        ("http://h:2022/watch/live/cam?pass=T", "watch", "live/cam", "T"),
        ("https://h/watch/live/cam/?pass=T#t=1", "watch", "live/cam", "T"),
        ("/watch/live/cam", "watch", "live/cam", ""),
        ("  https://h/live/cam.m3u8?a=1&pass=T&b=2 ", "hls", "live/cam", "T"),
        ("/live/cam.m3u8?pass=T", "hls", "live/cam", "T"),
        ("/live/cam.m3u8?pass=%54", "hls", "live/cam", "T"),
        ("/live/cam.m3u8?pass=T&pass=T", "hls", "live/cam", ""),
        ("/live/cam.m3u8?PASS=T", "hls", "live/cam", ""),
        ("http://h/live/cam%20one.flv?pass=T", "flv", "live/cam one", "T"),
        ("ws://h/live/cam.flv?pass=T", "flv", "live/cam", "T"),
        ("http://h/live/a.b.m3u8", "hls", "live/a.b", ""),
        ("http://h/s/abcdefghijkl.m3u8?pass=T", "hls", "s/abcdefghijkl", "T"),
        ("http://h/rtc/v1/whep/?app=live&stream=cam&pass=T", "webrtc", "live/cam", "T"),
        ("http://h/rtc/v1/whep?app=live&stream=cam", "webrtc", "live/cam", ""),
        ("webrtc://h/live/cam?pass=T", "webrtc", "live/cam", "T"),
        ("rtmp://h/live/cam?pass=T", "rtmp", "live/cam", "T"),
        ("rtmp://h:1935/live?pass=T/cam", "rtmp", "live/cam", "T"),
        ("RTMP://h/live/cam", "rtmp", "live/cam", ""),
        ("srt://h:10080?streamid=#!::r=live/cam,m=request,pass=T", "srt", "live/cam", "T"),
        ("srt://h:10080?streamid=#!::m=request,r=live/cam?pass=T", "srt", "live/cam", "T"),
        ("srt://h?streamid=%23!::r=live/cam,m=request,pass=T&latency=20", "srt", "live/cam", "T"),
        ("srt://h?mode=caller&streamid=#!::r=live/cam,m=request", "srt", "live/cam", ""),
        ("srt://h?streamid=#!::r=live/cam?pass=T,pass=T", "srt", "live/cam", ""),
        ("http://h/live/cam-17.ts", "segment", "live/cam", ""),
        ("/live/cam-1-17.ts?pass=T", "segment", "live/cam-1", ""),
        (f"/p/{SID}/live/cam.m3u8", "session", "live/cam", ""),
        (f"https://h/p/{SID}/live/cam-1-1700000000.ts", "session", "live/cam-1", ""),
    ],
)
def test_an_address_of_ours_is_read(text: str, way: str, stream: str, token: str) -> None:
    link = read_link(text)
    assert (link.way, f"{link.app}/{link.stream}", link.token) == (Way(way), stream, token)
    assert link.sid == (SID if way == "session" else "")


@pytest.mark.parametrize(
    "text",
    [
        "/",
        "http://h",
        "http://h/",
        "http://h/live",
        "http://h/live/cam",
        "http://h/live/deeper/cam.m3u8",
        "http://h/live/../cam.m3u8",
        "http://h/live/%2e%2e.m3u8",
        "http://h/live/a%2Fb.m3u8",
        "http://h/live/a%00.m3u8",
        "http://h/live/.m3u8",
        "http://h/mgmt/streams",
        "http://h/rtc/v1/whep/?app=live",
        f"http://h/p/{SID[:-1]}/live/cam.m3u8",
        "ftp://h/live/cam.m3u8",
        "javascript://h/live/cam.m3u8",
        "rtmp://h/live",
        "srt://h:10080",
        "srt://h:10080?streamid=#!::m=request",
        "http://[::1/live/cam.m3u8",
        "/live/cam.m3u8?" + "a=1&" * 200,
    ],
)
def test_an_address_of_others_is_refused_in_words(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_link(text)
    assert refused.value.key in ("link_unreadable", "name_invalid")


@pytest.mark.parametrize("text", ["abc.0.def.ghi", "phrase:1.2.3.4", "", "live/cam.m3u8"])
def test_a_pass_alone_is_no_address(text: str) -> None:
    assert not is_link(text)


@given(st.text(max_size=200), st.sampled_from(["", "http://h/", "rtmp://h/", "srt://h?streamid="]))
def test_whatever_is_pasted_is_read_or_refused(rest: str, begin: str) -> None:
    try:
        link = read_link(begin + rest)
    except Invalid:
        return
    assert "/" not in link.app + link.stream
    assert link.app
    assert link.stream
