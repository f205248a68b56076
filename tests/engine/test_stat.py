import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamstead.engine.codecs import unsupported
from streamstead.engine.stat import BadStat, StatStream, StatVideo, parse_stat

PAGE = """<?xml version="1.0" encoding="utf-8" ?>
<rtmp>
<nginx_version>1.22.1</nginx_version>
<pid>2749</pid>
<uptime>6</uptime>
<bytes_in>1007693</bytes_in>
<bytes_out>11277</bytes_out>
<server>
<application>
<name>live</name>
<live>
<stream>
<name>s1</name>
<time>3882</time><bw_in>0</bw_in>
<bytes_in>1003917</bytes_in>
<bw_out>0</bw_out>
<bytes_out>9102</bytes_out>
<client><id>3</id><address>127.0.0.1</address><time>1193</time>
<flashver>LNX 9,0,124,2</flashver><active/></client>
<client><id>1</id><address>192.0.2.9</address><time>4060</time>
<flashver>FMLE/3.0 (compatible; Lavf59.27</flashver><publishing/><active/></client>
<meta><video><width>640</width><height>360</height><frame_rate>30</frame_rate>
<codec>H264</codec><profile>Baseline</profile><compat>192</compat><level>3.0</level></video>
<audio><codec>AAC</codec><profile>LC</profile><channels>1</channels>
<sample_rate>44100</sample_rate></audio></meta>
<nclients>2</nclients>
<publishing/>
<active/>
</stream>
<nclients>2</nclients>
</live>
</application>
</server>
</rtmp>
"""


def test_the_page_of_nginx_is_read() -> None:
    stat = parse_stat(PAGE.encode())
    assert (stat.pid, stat.uptime_s, stat.bytes_in) == (2749, 6, 1007693)
    (stream,) = stat.streams
    assert (stream.app, stream.name, stream.publisher_cid) == ("live", "s1", 1)
    assert stream.video == StatVideo("H264", "Baseline", "3.0", 640, 360)
    assert stream.audio is not None
    assert (stream.audio.codec, stream.audio.channels) == ("AAC", 1)
    assert [(c.cid, c.publishing) for c in stream.clients] == [(3, False), (1, True)]


@pytest.mark.parametrize("code", [*range(9), 11, 12, *range(14, 32), 127])
def test_control_characters_in_a_flashver_do_not_blind_us(code: int) -> None:
    page = PAGE.replace("LNX 9", f"LNX{chr(code)} 9").encode()
    assert parse_stat(page).pid == 2749


def test_bytes_that_are_no_utf8_do_not_blind_us() -> None:
    assert parse_stat(PAGE.encode().replace(b"LNX", b"\xff\xfeX")).pid == 2749


@given(st.binary(max_size=200))
def test_anything_else_is_bad_stat(page: bytes) -> None:
    with pytest.raises(BadStat):
        parse_stat(b"<rtmp><pid>x" + page)


def stream(video: StatVideo | None, bytes_in: int = 1 << 20) -> StatStream:
    return StatStream("live", "s", bytes_in, 0, (), video, None)


def test_h264_is_supported_and_what_looks_like_jpeg_is_not() -> None:
    assert unsupported(stream(StatVideo("H264", "", "", 1, 1))) is None
    reason = unsupported(stream(StatVideo("Jpeg", "", "", 0, 0)))
    assert reason is not None
    assert "H.264" in reason


def test_no_codec_is_a_fault_only_once_enough_has_come() -> None:
    assert unsupported(stream(None, bytes_in=100)) is None
    assert unsupported(stream(None)) is not None
