"""What is known of the usual platforms: servers, where the key is found, what they take.

Servers and limits are those that the platforms themselves publish for encoders. Where the address
is another one for every account, or for every show, none is listed and the operator copies it.
"""

from dataclasses import dataclass
from enum import StrEnum

CUSTOM = "custom"


class KeyForm(StrEnum):
    """How the key is written: as the last part of the path, as a query (``?a=b&c=d``), as stream id
    of SRT."""

    PATH = "path"
    QUERY = "query"
    STREAM_ID = "stream_id"


class Group(StrEnum):
    WORLD = "world"
    CHINA = "china"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Server:
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Preset:
    """``max_kbps`` (video and audio together) and ``max_gop_s`` (between key frames): 0 for no
    limit that is known. ``codecs``: of video."""

    id: str
    label: str
    group: Group
    servers: tuple[Server, ...]
    key_help: str
    key_url: str = ""
    key_form: KeyForm = KeyForm.PATH
    max_kbps: int = 0
    max_gop_s: int = 0
    codecs: tuple[str, ...] = ("avc",)


_COPIED = "Server and key are other ones for every show: copy both from there."

PRESETS = (
    Preset(
        "youtube",
        "YouTube",
        Group.WORLD,
        (
            Server("Primary (RTMPS)", "rtmps://a.rtmps.youtube.com:443/live2"),
            Server("Backup (RTMPS)", "rtmps://b.rtmps.youtube.com:443/live2?backup=1"),
            Server("Primary (RTMP)", "rtmp://a.rtmp.youtube.com/live2"),
            Server("Backup (RTMP)", "rtmp://b.rtmp.youtube.com/live2?backup=1"),
        ),
        "YouTube Studio > Create > Go live > Stream > Stream key.",
        "https://studio.youtube.com/channel/UC/livestreaming",
        max_kbps=51_000,
        max_gop_s=4,
        codecs=("avc", "hevc", "av1"),
    ),
    Preset(
        "twitch",
        "Twitch",
        Group.WORLD,
        (
            Server("Nearest (RTMPS)", "rtmps://ingest.global-contribute.live-video.net:443/app"),
            Server("Nearest (RTMP)", "rtmp://live.twitch.tv/app"),
            Server("Europe: Frankfurt", "rtmp://live-fra.twitch.tv/app"),
            Server("US East: New York", "rtmp://live-jfk.twitch.tv/app"),
            Server("US West: San Francisco", "rtmp://live-sfo.twitch.tv/app"),
            Server("Asia: Tokyo", "rtmp://live-tyo.twitch.tv/app"),
            Server("Asia: Singapore", "rtmp://live-sin.twitch.tv/app"),
            Server("South America: São Paulo", "rtmp://live-sao.twitch.tv/app"),
        ),
        "Creator Dashboard > Settings > Stream > Primary stream key.",
        "https://dashboard.twitch.tv/settings/stream",
        max_kbps=6_320,
        max_gop_s=4,
    ),
    Preset(
        "facebook",
        "Facebook",
        Group.WORLD,
        (Server("Facebook Live", "rtmps://live-api-s.facebook.com:443/rtmp"),),
        "Live Producer > Streaming software > Stream key. A persistent key stays the same.",
        "https://www.facebook.com/live/producer",
        max_kbps=9_128,
        max_gop_s=2,
    ),
    Preset(
        "x",
        "X",
        Group.WORLD,
        (
            Server("US East: Virginia", "rtmp://va.pscp.tv:80/x"),
            Server("US West: Oregon", "rtmp://or.pscp.tv:80/x"),
            Server("US West: California", "rtmp://ca.pscp.tv:80/x"),
            Server("Europe: Frankfurt", "rtmp://de.pscp.tv:80/x"),
            Server("Europe: Ireland", "rtmp://ie.pscp.tv:80/x"),
            Server("South America: Brazil", "rtmp://br.pscp.tv:80/x"),
            Server("Asia: Singapore", "rtmp://sg.pscp.tv:80/x"),
            Server("Asia: Tokyo", "rtmp://jp.pscp.tv:80/x"),
        ),
        "Live Studio > Sources > Create source; take the server of the source's region.",
        "https://studio.x.com/live",
        max_kbps=12_128,
        max_gop_s=3,
    ),
    Preset(
        "kick",
        "Kick",
        Group.WORLD,
        (Server("Kick", "rtmps://fa723fc1b171.global-contribute.live-video.net:443/app"),),
        "Creator Dashboard > Settings > Stream URL & Key. Compare the server, too.",
        "https://dashboard.kick.com/settings/stream",
        max_kbps=8_160,
        max_gop_s=2,
    ),
    Preset(
        "tiktok",
        "TikTok",
        Group.WORLD,
        (),
        f"TikTok LIVE Producer > Server URL and stream key (not every account has it). {_COPIED}",
        "https://livecenter.tiktok.com/producer",
        max_kbps=6_000,
        max_gop_s=2,
    ),
    Preset(
        "instagram",
        "Instagram",
        Group.WORLD,
        (),
        f"On the web: Create > Live video > Stream key (not every account has it). {_COPIED}",
        "https://www.instagram.com/",
        max_kbps=6_000,
        max_gop_s=2,
    ),
    Preset(
        "restream",
        "Restream",
        Group.WORLD,
        (
            Server("Nearest", "rtmp://live.restream.io/live"),
            Server("Europe: Amsterdam", "rtmp://amsterdam.restream.io/live"),
            Server("Europe: London", "rtmp://london.restream.io/live"),
            Server("Europe: Paris", "rtmp://paris.restream.io/live"),
        ),
        "Restream > Settings > Streaming setup > RTMP URL and stream key.",
        "https://restream.io/settings/streaming-setup",
        max_gop_s=2,
    ),
    Preset(
        "bilibili",
        "Bilibili 哔哩哔哩",
        Group.CHINA,
        (
            Server("Primary", "rtmp://live-push.bilivideo.com/live-bvc/"),
            Server("Outside of mainland China", "rtmp://bdy.live-push.bilivideo.com/live-bvc/"),
            Server("Backup", "rtmp://txy2.live-push.bilivideo.com/live-bvc/"),
            Server(
                "Backup, outside of mainland China", "rtmp://txy.live-push.bilivideo.com/live-bvc/"
            ),
        ),
        "Live center > My room > Start live: server address and stream key, which begins with ?",
        "https://link.bilibili.com/p/center/index#/my-room/start-live",
        KeyForm.QUERY,
        codecs=("avc", "hevc"),
    ),
    Preset(
        "douyin",
        "Douyin 抖音",
        Group.CHINA,
        (),
        f"Douyin live companion or creator service: push address and key. {_COPIED}",
        "https://anchor.douyin.com/",
        max_kbps=8_000,
        max_gop_s=2,
    ),
    Preset(
        "kuaishou",
        "Kuaishou 快手",
        Group.CHINA,
        (
            Server("Kuaishou", "rtmp://open-push.voip.yximgs.com/gifshow/"),
            Server("North America", "rtmp://tx.push.yximgs.com/live/"),
        ),
        "Kuaishou studio > Live > Push streaming: push address and stream key.",
        "https://studio.kuaishou.com/live/list",
        max_gop_s=4,
    ),
    Preset(
        "wechat",
        "WeChat Channels 视频号",
        Group.CHINA,
        (),
        f"Channels assistant > Live > Push streaming: push address and stream key. {_COPIED}",
        "https://channels.weixin.qq.com/platform",
        max_gop_s=4,
    ),
    Preset(
        CUSTOM,
        "RTMP or RTMPS server",
        Group.CUSTOM,
        (),
        "Any server that takes RTMP or RTMPS: rtmp://host/app and the stream's name as key.",
        codecs=("avc", "hevc", "av1", "vp9"),
    ),
    Preset(
        "srt",
        "SRT server",
        Group.CUSTOM,
        (),
        "Any server that takes SRT as caller: srt://host:port, and the stream id as key, or "
        "streamid=...&passphrase=...&latency=... (in microseconds) if more is needed.",
        key_form=KeyForm.STREAM_ID,
        codecs=("avc", "hevc"),
    ),
)

_BY_ID = {one.id: one for one in PRESETS}


def preset_of(platform: str) -> Preset:
    """Return what is known of a platform; of an unknown one nothing."""
    return _BY_ID.get(platform, _BY_ID[CUSTOM])


def is_preset(platform: str) -> bool:
    return platform in _BY_ID
