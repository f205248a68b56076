"""What can be found of a stream when callbacks were lost."""

import os
from pathlib import Path

from streamstead.hooks.recorder.window import begin_of, clear_stale, left_behind, listed_segments

PLAYLIST = """#EXTM3U
#EXT-X-VERSION:3
#EXT-X-MEDIA-SEQUENCE:17
#EXT-X-TARGETDURATION:3
#EXTINF:2.040, no desc
cam-1000.ts
#EXT-X-DISCONTINUITY
#EXTINF:1.960, no desc
cam-3040.ts
"""


def test_a_playlist_tells_source_count_and_length(tmp_path: Path) -> None:
    (tmp_path / "live").mkdir()
    (tmp_path / "live/cam.m3u8").write_text(PLAYLIST)
    found = listed_segments(tmp_path, "live", "cam")
    assert [(one.source, one.seq, one.ms) for one in found] == [(1000, 17, 2040), (3040, 18, 1960)]
    assert found[0].path == tmp_path / "live/cam-1000.ts"


def test_a_session_begins_where_a_gap_ends(tmp_path: Path) -> None:
    (tmp_path / "live").mkdir()
    lines = ["#EXTM3U"]
    for source in (1000, 5000, 7000, 9500):
        lines += ["#EXTINF:2.0,", f"cam-{source}.ts"]
    (tmp_path / "live/cam.m3u8").write_text("\n".join(lines))
    found = listed_segments(tmp_path, "live", "cam")
    assert begin_of(found[:3], 9500, 700) == 5000
    assert begin_of(found[:1], 5000, 700) == 5000
    assert begin_of([], 5000, 700) == 5000


def test_a_playlist_leads_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "live").mkdir()
    (tmp_path / "live/cam.m3u8").write_text(
        "#EXTM3U\n#EXTINF:1,\n../../etc/cam-5.ts\n#EXTINF:1,\nother-6.ts\n#EXTINF:x,\ncam-7.ts?a=b\n"
    )
    found = listed_segments(tmp_path, "live", "cam")
    assert [str(one.path.relative_to(tmp_path)) for one in found] == [
        "live/cam-5.ts",
        "live/cam-7.ts",
    ]


def test_no_playlist_lists_nothing(tmp_path: Path) -> None:
    assert listed_segments(tmp_path, "live", "cam") == []


def test_only_files_that_nobody_writes_to_are_left_behind(tmp_path: Path) -> None:
    home = tmp_path / "live"
    home.mkdir()
    for source, age_s in ((1, 60), (2, 60), (3, 0)):
        path = home / f"cam-{source}.ts"
        path.write_bytes(b"x")
        then = path.stat().st_mtime - age_s
        os.utime(path, (then, then))
    (home / "cam-2.ts").rename(home / "cam-2.ts.tmp")
    (home / "cam-4.ts").symlink_to("/etc/passwd")
    (home / "camera-9.ts").write_bytes(b"x")
    assert [one.source for one in left_behind(tmp_path, "live", "cam", 1)] == [2]


def test_only_media_that_nobody_lists_any_more_is_stale(tmp_path: Path) -> None:
    home = tmp_path / "live"
    home.mkdir()
    names = [f"cam-{age}.{end}" for age in (1, 90_000) for end in ("ts", "ts.tmp", "html")]
    for name in [*names, "cam.m3u8"]:
        path = home / name
        path.write_bytes(b"x")
        age_s = 90_000 if "90000" in name or name == "cam.m3u8" else 1
        then = path.stat().st_mtime - age_s
        os.utime(path, (then, then))
    clear_stale(tmp_path)
    assert {path.name for path in home.iterdir()} == {*names[:3], names[5]}
