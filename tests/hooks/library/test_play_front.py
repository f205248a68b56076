"""Recordings through the real front door: playlists, segments, files, and losing the right."""

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from streamstead.core.settings import Settings
from streamstead.hooks.library.recording import MP4_FILE, Mp4State, Recording

from ...conftest import scratch_data_dir, scratch_settings, wait_until
from ..front import API, LIMIT_S, FrontDoor, opened
from .recorded import SEGMENTS, lay_down, make_media

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed"),
]

NOTHING = "00000000-0000-4000-8000-000000000000"
TITLE = 'Evening "service" / Zoë 晚会'


class Recorder:
    """The recorder's process, beside the front door and the gatekeeper."""

    def __init__(self, door: FrontDoor) -> None:
        self.door = door
        self.settings: Settings = door.settings
        self.start()

    def start(self) -> None:
        program = Path(sys.prefix) / "bin" / "streamstead"
        argv = [str(program), "serve", "recorder", "--data", str(self.settings.data_dir)]
        with (self.settings.data.logs / "recorder.log").open("ab") as log:
            self.child = subprocess.Popen(argv, stdout=log, stderr=log)
        address = f"http://127.0.0.1:{self.settings.recorder_port}/healthz"

        def answers() -> bool:
            assert self.child.poll() is None, (self.settings.data.logs / "recorder.log").read_text()
            try:
                return httpx.get(address, trust_env=False).status_code == 200
            except httpx.HTTPError:
                return False

        wait_until(answers, "the recorder answers", LIMIT_S)

    def kill(self) -> None:
        self.child.send_signal(signal.SIGKILL)
        self.child.wait(LIMIT_S)

    def stop(self) -> None:
        self.child.terminate()
        self.child.wait(LIMIT_S)


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media") / "made"
    make_media(folder)
    return folder


@pytest.fixture(scope="module")
def shelf(media: Path) -> Iterator[tuple[Recorder, dict[str, Recording]]]:
    """A house with some recordings, by what they are good for."""
    with scratch_data_dir() as data, opened(scratch_settings(data)) as door:
        root = door.settings.data.record
        found = {
            "plain": lay_down(root, media, title=TITLE),
            "private": lay_down(root, media),
            "without_mp4": lay_down(root, media, mp4=Mp4State.OFF, mp4_bytes=0),
            "only_mp4": lay_down(root, media, playlist=False),
        }
        (root / found["without_mp4"].id / MP4_FILE).unlink()
        recorder = Recorder(door)
        try:
            yield recorder, found
        finally:
            recorder.stop()


@pytest.fixture
def recorder(shelf: tuple[Recorder, dict[str, Recording]]) -> Recorder:
    return shelf[0]


@pytest.fixture
def door(recorder: Recorder) -> FrontDoor:
    return recorder.door


@pytest.fixture
def plain(shelf: tuple[Recorder, dict[str, Recording]]) -> str:
    """A recording that is open to everyone."""
    recorder, found = shelf
    rule(recorder.door, found["plain"].id, "public")
    return found["plain"].id


@pytest.fixture
def private(shelf: tuple[Recorder, dict[str, Recording]]) -> str:
    recorder, found = shelf
    rule(recorder.door, found["private"].id, "inherit")
    return found["private"].id


def rule(door: FrontDoor, id_: str, kind: str, **more: object) -> Any:
    return door.call("/hooks/play/rule/update", app="vod", stream=id_, kind=kind, **more)


def new_pass(door: FrontDoor, id_: str, **more: object) -> tuple[str, str]:
    """Return (pass id, query with its token)."""
    made = door.call("/hooks/play/passes/create", app="vod", stream=id_, label="t", **more)
    return made["pass"]["id"], f"?pass={made['token']}"


def facts(door: FrontDoor, id_: str, query: str = "") -> dict[str, Any]:
    return dict(door.get(f"{API}/vod/{id_}{query}").json()["data"])


def key(reply: httpx.Response) -> str:
    return str(reply.json()["data"]["key"])


def segments(door: FrontDoor, playlist: str) -> list[str]:
    """Return the addresses of the segments that a session's playlist names."""
    reply = door.get(playlist)
    assert reply.status_code == 200, reply.text
    return [
        reply.url.join(line).raw_path.decode()
        for line in reply.text.splitlines()
        if line.endswith(".ts")
    ]


def test_a_public_recording_plays_from_the_first_to_the_last_byte(
    door: FrontDoor, plain: str, media: Path
) -> None:
    reply = door.get(f"/vod/{plain}.m3u8")
    assert reply.headers["cache-control"] == "no-store"
    assert "RESOLUTION=320x180" in reply.text
    playlist = door.enter(f"/vod/{plain}.m3u8")
    assert re.fullmatch(rf"/v/[0-9a-f]{{32}}/{plain}/index\.m3u8", playlist)
    text = door.get(playlist)
    assert text.headers["content-type"] == "application/vnd.apple.mpegurl"
    assert text.headers["access-control-allow-origin"] == "*"
    assert "#EXT-X-ENDLIST" in text.text
    found = segments(door, playlist)
    assert len(found) == SEGMENTS
    for n, address in enumerate(found):
        reply = door.get(address)
        assert reply.content == (media / f"{n}.ts").read_bytes()
        assert reply.headers["content-type"] == "video/mp2t"
        assert "immutable" in reply.headers["cache-control"]


def test_ffmpeg_plays_it_to_the_end(door: FrontDoor, plain: str) -> None:
    url = f"{door.client.base_url}/vod/{plain}.m3u8"
    argv = ["ffprobe", "-v", "error", "-count_packets", "-select_streams", "v", "-of", "csv=p=0"]
    argv += ["-show_entries", "stream=nb_read_packets", url]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=True)
    assert int(done.stdout.split()[0].strip(",")) == SEGMENTS * 50


def test_pictures_of_a_session_come_from_disk(door: FrontDoor, plain: str) -> None:
    folder = door.enter(f"/vod/{plain}.m3u8").rpartition("/")[0]
    kinds = {"poster.jpg": "image/jpeg", "sprite.jpg": "image/jpeg", "sprite.vtt": "text/vtt"}
    for name, kind in kinds.items():
        reply = door.get(f"{folder}/{name}")
        assert (reply.status_code, reply.headers["content-type"]) == (200, kind)
    for name in ("recording.json", "segments.jsonl", "manifest.json", "index.mp4", "..%2fx.ts"):
        assert door.get(f"{folder}/{name}").status_code == 404, name
    assert key(door.get(f"{folder}/000009-1-1-1-none.ts")) == "recording_file_missing"


def test_a_session_opens_no_other_recording(door: FrontDoor, plain: str, private: str) -> None:
    folder = door.enter(f"/vod/{plain}.m3u8").rpartition("/")[0]
    other = door.get(folder.replace(plain, private) + "/index.m3u8")
    assert (other.status_code, key(other)) == (403, "segment_without_session")
    assert door.get(f"/v/{'0' * 32}/{plain}/index.m3u8").status_code == 403


def test_a_recording_without_a_file_has_a_playlist(
    door: FrontDoor, shelf: tuple[Recorder, dict[str, Recording]]
) -> None:
    one = shelf[1]["without_mp4"]
    rule(door, one.id, "public")
    assert facts(door, one.id)["mp4"] is None
    assert len(segments(door, door.enter(f"/vod/{one.id}.m3u8"))) == SEGMENTS
    assert key(door.get(f"/vod/{one.id}.mp4")) == "recording_file_missing"


def test_a_recording_without_a_playlist_says_so_and_has_its_file(
    door: FrontDoor, shelf: tuple[Recorder, dict[str, Recording]]
) -> None:
    one = shelf[1]["only_mp4"]
    rule(door, one.id, "public")
    assert facts(door, one.id)["playlist"] is None
    reply = door.get(f"/vod/{one.id}.m3u8")
    assert (reply.status_code, key(reply)) == (404, "recording_without_playlist")
    assert door.get(f"/vod/{one.id}.mp4").status_code == 200


@pytest.mark.parametrize(
    ("asked", "status", "first", "count"),
    [
        ("bytes=1000-1999", 206, 1000, 1000),
        ("bytes=0-0", 206, 0, 1),
        ("bytes=-500", 206, -500, 500),
        ("bytes=5000-", 206, 5000, None),
        ("bytes=0-99999999", 206, 0, None),
        ("bytes=99999999-", 416, None, 0),
        ("bytes=abc", 416, None, 0),
        ("lines=1-2", 200, 0, None),
        ("", 200, 0, None),
    ],
)
def test_the_file_is_sent_in_exactly_the_part_that_is_asked_for(
    door: FrontDoor,
    plain: str,
    media: Path,
    asked: str,
    status: int,
    first: int | None,
    count: int | None,
) -> None:
    whole = (media / MP4_FILE).read_bytes()
    headers = {"Range": asked} if asked else {}
    reply = door.get(f"/vod/{plain}.mp4", **headers)
    assert reply.status_code == status
    if first is None:
        assert reply.headers["content-range"] == f"bytes */{len(whole)}"
        return
    start = first if first >= 0 else len(whole) + first
    part = whole[start:] if count is None else whole[start : start + count]
    assert reply.content == part
    assert int(reply.headers["content-length"]) == len(part)
    assert reply.headers["content-type"] == "video/mp4"
    if status == 206:
        end = start + len(part) - 1
        assert reply.headers["content-range"] == f"bytes {start}-{end}/{len(whole)}"
    else:
        assert reply.headers["accept-ranges"] == "bytes"


def test_a_part_of_another_version_is_not_sent(door: FrontDoor, plain: str) -> None:
    address = f"/vod/{plain}.mp4"
    tag = door.get(address, Range="bytes=0-9").headers["etag"]
    part = {"Range": "bytes=10-19"}
    assert door.get(address, **part, **{"If-Range": tag}).status_code == 206
    assert door.get(address, **part, **{"If-Range": '"older"'}).status_code == 200
    assert door.client.head(address).headers["content-length"].isdigit()


def test_a_download_is_saved_under_the_title(door: FrontDoor, plain: str, private: str) -> None:
    reply = door.get(f"/vod/{plain}.mp4?download=1", Range="bytes=1000-1999")
    assert (reply.status_code, len(reply.content)) == (206, 1000)
    assert reply.headers["content-disposition"] == (
        'attachment; filename="Evening service Zoe .mp4"; '
        "filename*=UTF-8''Evening%20service%20Zo%C3%AB%20%E6%99%9A%E4%BC%9A.mp4"
    )
    assert "content-disposition" not in door.get(f"/vod/{plain}.mp4", Range="bytes=0-1").headers
    _, query = new_pass(door, private)
    reply = door.get(f"/vod/{private}.mp4{query}&download=1", Range="bytes=0-1")
    assert 'filename="cam 2023-11-14 22-13-20.mp4"' in reply.headers["content-disposition"]


def test_a_private_recording_is_for_who_has_a_pass_and_for_the_operator(
    door: FrontDoor, private: str
) -> None:
    addresses = [f"/vod/{private}.{what}" for what in ("m3u8", "mp4", "jpg", "vtt", "sprite.jpg")]
    addresses += [
        f"{API}/hooks/record/hls/{private}.m3u8",
        f"{API}/hooks/dvr/hls/{private}/index.mp4",
    ]
    _, query = new_pass(door, private)
    preview = door.call("/hooks/play/preview", app="vod", stream=private)["pass"]
    session = {"Authorization": f"Bearer {door.settings.api_secret.get_secret_value()}"}
    for address in addresses:
        refused = door.get(address)
        assert (refused.status_code, key(refused)) == (403, "pass_missing"), address
        assert door.client.head(address).status_code == 403
        assert door.get(address + query).status_code == 200, address
        assert door.get(f"{address}?pass={preview}").status_code == 200, address
        assert door.get(address, **session).status_code == 200, address
        assert door.client.head(address + query).status_code == 200
    assert facts(door, private) == facts(door, NOTHING) | {"id": private}
    known = facts(door, private, query)
    assert (known["allowed"], known["stream"], known["duration_ms"]) == (True, "cam", 8000)


def test_the_addresses_of_old_lead_to_the_same_session(door: FrontDoor, plain: str) -> None:
    session = door.enter(f"/vod/{plain}.m3u8")
    for kind in ("record", "dvr", "vod"):
        for tail in (f"{plain}.m3u8", f"{plain}/index.m3u8"):
            assert door.enter(f"{API}/hooks/{kind}/hls/{tail}") == session
        reply = door.get(f"{API}/hooks/{kind}/hls/{plain}/index.mp4", Range="bytes=1000-1999")
        assert (reply.status_code, len(reply.content)) == (206, 1000)


def test_a_browser_that_is_kept_out_gets_a_page(door: FrontDoor, private: str) -> None:
    reply = door.get(f"/vod/{private}.mp4", Accept="text/html", **{"Accept-Language": "zh-CN"})
    assert (reply.status_code, reply.headers["content-type"]) == (403, "text/html; charset=utf-8")
    assert f'href="/vod/{private}"' in reply.text


def test_the_signed_in_page_gets_pictures_of_everything(door: FrontDoor, private: str) -> None:
    session = {"Authorization": f"Bearer {door.settings.api_secret.get_secret_value()}"}
    for path, kind in (
        (f"poster/{private}", "image/jpeg"),
        (f"sprite/{private}", "image/jpeg"),
        (f"sprite/{private}.vtt", "text/vtt"),
    ):
        address = f"{API}/recordings/{path}"
        reply = door.get(address, **session)
        assert (reply.status_code, reply.headers["content-type"]) == (200, kind)
        assert door.get(address).status_code == 401
    unknown = door.get(f"{API}/recordings/poster/{NOTHING}", **session)
    assert (unknown.status_code, key(unknown)) == (404, "recording_unknown")


def test_the_passphrase_of_a_recording_opens_it(door: FrontDoor, private: str) -> None:
    rule(door, private, "pass", passphrase="open sesame")
    assert facts(door, private)["passphrase"]
    body = {"app": "vod", "stream": private, "passphrase": "open sesame"}
    made = door.client.post(f"{API}/hooks/play/unlock", json=body).json()["data"]
    assert door.get(f"/vod/{private}.m3u8?pass={made['pass']}").status_code == 200
    wrong = door.client.post(f"{API}/hooks/play/unlock", json=body | {"passphrase": "sesame!"})
    assert key(wrong) == "passphrase_wrong"


Loses = Callable[[FrontDoor, str, str], object]


@pytest.mark.parametrize("restarts", [False, True], ids=["running", "restarted"])
@pytest.mark.parametrize(
    "loses",
    [
        lambda door, _, pass_id: door.call("/hooks/play/passes/revoke", id=pass_id),
        lambda door, id_, _: rule(door, id_, "webhook", webhook_url="http://127.0.0.1:9/no"),
    ],
    ids=["revoked", "rule"],
)
def test_who_loses_the_right_gets_no_further_segment(
    door: FrontDoor, recorder: Recorder, private: str, loses: Loses, restarts: bool
) -> None:
    pass_id, query = new_pass(door, private)
    _, other = new_pass(door, private)
    playlist = door.enter(f"/vod/{private}.m3u8{query}")
    door.enter(f"/vod/{private}.m3u8{other}")
    if restarts:
        recorder.kill()
    loses(door, private, pass_id)
    assert restarts is False or door.get(playlist).status_code == 200  # nginx needs nobody
    if restarts:
        recorder.start()
    wait_until(lambda: door.get(playlist).status_code == 403, "the gate is shut")
    assert key(door.get(playlist)) == "segment_without_session"


def test_links_are_tested_as_those_of_streams(door: FrontDoor, private: str) -> None:
    pass_id, query = new_pass(door, private)
    origin = str(door.client.base_url)
    for address in (f"/vod/{private}", f"/vod/{private}.m3u8", f"/vod/{private}.mp4"):
        said = door.call("/hooks/play/test", link=f"{origin}{address}{query}")
        assert (said["allowed"], said["url"]) == (True, f"vod/{private}")
    session = f"{origin}{door.enter(f'/vod/{private}.m3u8{query}')}"
    assert door.call("/hooks/play/test", link=session)["allowed"]
    door.call("/hooks/play/passes/revoke", id=pass_id)
    said = door.call("/hooks/play/test", app="vod", stream=private, **{"pass": query[6:]})
    assert (said["allowed"], said["key"]) == (False, "pass_revoked")
    wait_until(
        lambda: not door.call("/hooks/play/test", link=session)["allowed"], "the session is over"
    )


def test_nobody_publishes_where_recordings_are_watched(door: FrontDoor, plain: str) -> None:
    secret = door.call("/hooks/srs/secret/query")["publish"]
    status = door.callback("on_publish", "p-vod", plain, app="vod", param=f"?secret={secret}")
    assert status != 200
    assert door.call("/hooks/streams/list")["streams"] == []


def test_a_piece_of_a_file_is_read_only_from_who_is_signed_in(door: FrontDoor) -> None:
    address, piece = f"{API}/uploads/nothing", b"x" * 3_000_000
    refused = door.client.patch(address, content=piece)
    assert (refused.status_code, key(refused)) == (401, "token_missing")
    session = {"Authorization": f"Bearer {door.settings.api_secret.get_secret_value()}"}
    large = door.client.patch(address, content=b"x" * 18_000_000, headers=session)
    assert (large.status_code, key(large)) == (413, "body_too_large")
    assert "smaller pieces" in large.text
