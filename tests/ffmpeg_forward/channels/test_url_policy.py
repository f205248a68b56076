"""Addresses that channels may read, and the tricks to make them read others."""

import pytest

from streamstead.core.errors import Invalid
from streamstead.ffmpeg_forward.channels.url_policy import (
    SourceUnreachable,
    admit,
    check_url,
    shown_url,
)

PUBLIC = "93.184.216.34"
NAMES = {
    "cam.example.com": [PUBLIC],
    "both.example.com": [PUBLIC, "10.0.0.7"],
    "inside.example.com": ["192.168.1.9"],
    "six.example.com": ["2606:2800:220:1::1"],
    "metadata.example.com": ["169.254.169.254"],
    "mapped.example.com": ["::ffff:127.0.0.1"],
}


async def resolve(host: str, port: int) -> list[str]:
    assert port > 0
    if host not in NAMES:
        raise OSError("unknown")
    return NAMES[host]


def check(url: str, *, allow_private: bool = False, film: bool = False) -> str:
    return check_url(url, allow_private=allow_private, film=film)


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://cam.example.com/h264",
        "rtsp://user:p%40ss@cam.example.com:8554/h264?channel=1",
        "rtmp://cam.example.com/live/stream",
        "rtmps://cam.example.com/live/stream",
        "srt://cam.example.com:9000?streamid=a&passphrase=0123456789&latency=200000",
        "srt://cam.example.com:9000?mode=caller",
        "http://cam.example.com/video.mjpg",
        "https://cam.example.com:8443/live/index.m3u8?token=a",
        f"rtsp://{PUBLIC}/x",
        "rtsp://[2606:2800:220:1::1]:554/x",
    ],
)
def test_usual_addresses_of_cameras_are_fine(url: str) -> None:
    assert check(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "/etc/passwd",
        "concat:/etc/passwd|/etc/shadow",
        "subfile,,start,0,end,9,,:/etc/passwd",
        "data:text/plain;base64,AAAA",
        "ftp://cam.example.com/x.mp4",
        "gopher://cam.example.com/x",
        "tcp://cam.example.com:80",
        "udp://cam.example.com:80",
        "unix:/run/redis.sock",
        "pipe:0",
        "crypto:http://cam.example.com/x.ts",
        "hls+http://cam.example.com/x.m3u8",
        "async:http://cam.example.com/x.ts",
        "lavfi:testsrc",
        "rtp://cam.example.com:5000",
        "rtmpe://cam.example.com/a/b",
    ],
)
def test_no_other_scheme_is_read(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        check(url)
    assert refused.value.key in ("channel_scheme", "channel_bad_url")
    assert url not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "rtsp:",
        "rtsp:///path",
        "rtsp:cam.example.com/x",
        "rtsp://:554/x",
        "rtsp://cam.example.com:0/x",
        "rtsp://cam.example.com:70000/x",
        "rtsp://cam.example.com:x/x",
        "rtmp://cam.example.com/live/x swfUrl=file:///etc/passwd",
        "rtmp://cam.example.com/live/x\nrtmp://inside/x",
        "http://cam.example.com\\@127.0.0.1/x.ts",
        "http://good.example.com@evil@127.0.0.1/x.ts",
        "http://127.0.0.1%2f@cam.example.com%00/x.ts",
        "http://cam.exa%6dple.com/x.ts",
        "http://cam\u3002example\u3002com/x.ts",
        "http://\uff11\uff12\uff17.0.0.1/x.ts",
        "http://127.1/x.ts",
        "http://0x7f.0.0.1/x.ts",
        "http://0x7f000001/x.ts",
        "http://2130706433/x.ts",
        "http://017700000001/x.ts",
        "http://127.0.0.1.\\.example.com/x.ts",
        "http://10.0.0.256/x.ts",
        "http://[fe80::1%25eth0]/x.ts",
        "http://[::1/x.ts",
        "http://-cam.example.com/x.ts",
        "http://" + "a" * 64 + ".example.com/x.ts",
        "http://cam.example.com/" + "a" * 3000 + ".ts",
        "srt://cam.example.com",
        "srt://cam.example.com:9000?mode=listener",
        "srt://cam.example.com:9000?mode=rendezvous",
        "srt://cam.example.com:9000?mode=caller&mode=listener",
        "srt://0.0.0.0:9000?listen=1",
        "srt://cam.example.com:9000?localaddr=10.0.0.1",
    ],
)
def test_what_programs_understand_in_two_ways_is_refused(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        check(url, allow_private=True)
    assert refused.value.key in ("channel_bad_url", "channel_private_address")


PRIVATE = [
    "127.0.0.1",
    "127.255.0.9",
    "localhost",
    "localhost.",
    "LOCALHOST",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.0.64",
    "100.64.0.1",
    "[::1]",
    "[fc00::1]",
    "[::ffff:10.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
]
NEVER = [
    "169.254.169.254",
    "169.254.0.1",
    "0.0.0.0",
    "[::]",
    "[fe80::1]",
    "[::ffff:169.254.169.254]",
    "[fd00:ec2::254]",
    "100.100.100.200",
    "168.63.129.16",
    "224.0.0.1",
    "255.255.255.255",
    "[ff02::1]",
]


@pytest.mark.parametrize("host", PRIVATE)
def test_private_addresses_need_the_operators_word(host: str) -> None:
    url = f"rtsp://{host}:554/stream"
    with pytest.raises(Invalid) as refused:
        check(url)
    assert refused.value.key == "channel_private_address"
    assert check(url, allow_private=True)


@pytest.mark.parametrize("host", NEVER)
def test_link_local_and_metadata_are_never_read(host: str) -> None:
    for allow in (False, True):
        with pytest.raises(Invalid) as refused:
            check(f"http://{host}/latest/meta-data.ts", allow_private=allow)
        assert refused.value.key == "channel_private_address"


def test_a_film_is_no_web_page() -> None:
    for ending in (".flv", ".m3u8", ".ts", ".mp4", ".M3U8"):
        assert check(f"https://cam.example.com/x{ending}?a=b", film=True)
    for path in ("/watch?v=x.mp4", "/", "/x.mp4/", "/x.html", "/x.txt"):
        with pytest.raises(Invalid) as refused:
            check(f"https://cam.example.com{path}", film=True)
        assert refused.value.key == "channel_bad_url"


async def test_every_address_of_a_name_must_be_allowed() -> None:
    for name in ("both", "inside", "metadata", "mapped"):
        with pytest.raises(Invalid) as refused:
            await admit(
                f"rtsp://{name}.example.com/x", allow_private=False, film=False, resolve=resolve
            )
        assert refused.value.key == "channel_private_address"
        if name != "metadata":
            url = f"rtsp://{name}.example.com/x"
            assert await admit(url, allow_private=True, film=False, resolve=resolve)
    with pytest.raises(Invalid):
        await admit(
            "rtsp://metadata.example.com/x", allow_private=True, film=False, resolve=resolve
        )
    with pytest.raises(SourceUnreachable) as unknown:
        await admit("rtsp://nobody.example/x", allow_private=False, film=False, resolve=resolve)
    assert unknown.value.key == "channel_name_unknown"


async def test_what_was_looked_at_is_what_is_connected_to() -> None:
    async def ask(url: str) -> tuple[str, bool, dict[str, str]]:
        found = await admit(url, allow_private=False, film=False, resolve=resolve)
        return found.url, found.through_guard, dict(found.options)

    assert await ask("rtsp://u:p@cam.example.com:8554/x?a=b") == (
        f"rtsp://u:p@{PUBLIC}:8554/x?a=b",
        False,
        {},
    )
    assert await ask("srt://six.example.com:9000?streamid=x") == (
        "srt://[2606:2800:220:1::1]:9000?streamid=x",
        False,
        {},
    )
    # A server of many names learns which one was meant, but not who asks.
    assert await ask("rtmp://u:p@cam.example.com/live/x") == (
        f"rtmp://u:p@{PUBLIC}/live/x",
        False,
        {"rtmp_tcurl": "rtmp://cam.example.com/live"},
    )
    # A certificate is for the name.
    for scheme in ("https", "http", "rtmps", "rtsps"):
        url = f"{scheme}://cam.example.com/live/x.ts"
        assert await ask(url) == (url, True, {})


def test_people_see_no_password() -> None:
    shown = shown_url("rtsp://admin:s3cret@10.0.0.2:554/ch1?key=s3cret&user=s3cret")
    assert shown == "rtsp://***@10.0.0.2:554/ch1?key=***&user=***"
    assert shown_url("http://cam.example.com/x.ts?s3cret") == "http://cam.example.com/x.ts?***"
    assert shown_url("srt://cam.example.com:9000") == "srt://cam.example.com:9000"
