"""The books of a recording under way: every segment in one place, once, whatever happens."""

import os
from pathlib import Path

import pytest

from streamstead.hooks.library.recording import HoleReason
from streamstead.hooks.recorder.segments import Journal, read_segments, segment_names
from streamstead.hooks.recorder.take import Arrived, Take


@pytest.fixture
def take(tmp_path: Path) -> Take:
    (tmp_path / "one").mkdir()
    return Take(tmp_path, "one")


def arrived(
    tmp_path: Path, source: int, seq: int, run: str = "a", ms: int = 1000, moved: bool = True
) -> Arrived:
    path = tmp_path / f"cam-{source}.ts"
    path.write_bytes(f"segment {source}".encode())
    return Arrived(path, moved, source, seq, ms, run, source + ms)


def test_segments_are_moved_in_and_entered_in_their_order(take: Take, tmp_path: Path) -> None:
    for n in range(3):
        take.add(arrived(tmp_path, 1000 * n, n))
    kept = read_segments(take.directory)
    assert [one.source for one in kept] == [0, 1000, 2000]
    assert [one.n for one in kept] == [0, 1, 2]
    assert not any(one.discontinuity for one in kept)
    assert take.ms == 3000
    assert not list(tmp_path.glob("*.ts"))
    assert take.holes == []


def test_a_segment_that_comes_twice_is_taken_once_and_cleared_away(
    take: Take, tmp_path: Path
) -> None:
    take.add(arrived(tmp_path, 0, 0))
    again = arrived(tmp_path, 0, 0)
    take.add(again)
    assert not again.path.exists()
    assert len(segment_names(take.directory)) == 1


def test_the_servers_own_file_is_linked_and_stays(take: Take, tmp_path: Path) -> None:
    one = arrived(tmp_path, 0, 0, moved=False)
    take.add(one)
    assert one.path.exists()
    assert (take.directory / read_segments(take.directory)[0].name).samefile(one.path)


def test_a_symbolic_link_in_place_of_a_segment_is_refused(take: Take, tmp_path: Path) -> None:
    one = arrived(tmp_path, 0, 0, moved=False)
    secret = tmp_path / "secret"
    secret.write_text("no")
    one.path.unlink()
    one.path.symlink_to(secret)
    with pytest.raises(Exception, match="no file of the media server"):
        take.add(one)
    assert segment_names(take.directory) == []


def test_missing_segments_are_named_and_break_the_timeline(take: Take, tmp_path: Path) -> None:
    take.add(arrived(tmp_path, 0, 4))
    take.add(arrived(tmp_path, 3000, 7))
    (hole,) = take.holes
    assert hole.reason is HoleReason.LOST
    assert (hole.at_ms, hole.missing_ms) == (1000, 2000)
    assert hole.detail == "segments 5 to 6 did not arrive"
    assert read_segments(take.directory)[1].discontinuity


def test_a_pause_of_the_encoder_is_no_loss(take: Take, tmp_path: Path) -> None:
    take.add(arrived(tmp_path, 0, 0, "a"))
    take.add(arrived(tmp_path, 13_000, 1, "b"))
    (hole,) = take.holes
    assert hole.reason is HoleReason.ENCODER_AWAY
    assert hole.missing_ms == 12_000


def test_a_count_that_begins_again_is_no_hole_while_time_goes_on(
    take: Take, tmp_path: Path
) -> None:
    take.add(arrived(tmp_path, 0, 900))
    take.add(arrived(tmp_path, 1000, 0))
    assert take.holes == []
    assert not read_segments(take.directory)[1].discontinuity


@pytest.mark.parametrize("jump_ms", [3_600_000, -3_600_000])
def test_a_clock_that_jumps_loses_nothing(take: Take, tmp_path: Path, jump_ms: int) -> None:
    begin = 10_000_000
    take.add(arrived(tmp_path, begin, 0))
    take.add(arrived(tmp_path, begin + 1000 + jump_ms, 1))
    take.add(arrived(tmp_path, begin + 2000 + jump_ms, 2))
    assert take.ms == 3000
    (hole,) = take.holes
    assert (hole.reason, hole.missing_ms) == (HoleReason.CLOCK, 0)


def test_what_a_kill_left_out_of_the_journal_is_entered_by_the_next_life(
    take: Take, tmp_path: Path
) -> None:
    for n in range(3):
        take.add(arrived(tmp_path, 1000 * n, n))
    journal = take.directory / "segments.jsonl"
    whole = journal.read_bytes()
    last_line = whole.splitlines(keepends=True)[-1]
    journal.write_bytes(whole[: -len(last_line) // 2])  # torn in the middle
    next_life = Take(tmp_path, "one")
    next_life.mend()
    next_life.add(arrived(tmp_path, 3000, 3))
    assert [one.source for one in read_segments(take.directory)] == [0, 1000, 2000, 3000]
    assert read_segments(take.directory)[2].sha256
    playlist = (take.directory / "index.m3u8").read_text()
    assert playlist.count("#EXTINF") == 4


def test_a_failed_write_is_made_good_by_the_next_segment(
    take: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take.add(arrived(tmp_path, 0, 0))
    with monkeypatch.context() as patch:

        def full(*_: object) -> None:
            raise OSError(28, os.strerror(28))

        patch.setattr(Journal, "append", full)
        with pytest.raises(OSError, match="No space"):
            take.add(arrived(tmp_path, 1000, 1))
    take.add(arrived(tmp_path, 2000, 2))
    assert [one.source for one in read_segments(take.directory)] == [0, 1000, 2000]
    assert take.ms == 3000
    assert take.holes == []


def test_the_playlist_grows_while_it_records_and_ends_with_it(take: Take, tmp_path: Path) -> None:
    take.add(arrived(tmp_path, 0, 0))
    take.add(arrived(tmp_path, 1000, 1, ms=9600))
    take.add(arrived(tmp_path, 30_000, 2, "b"))
    growing = (take.directory / "index.m3u8").read_text()
    assert "#EXT-X-PLAYLIST-TYPE:EVENT" in growing
    assert "#EXT-X-ENDLIST" not in growing
    assert "#EXT-X-TARGETDURATION:10" in growing
    take.finish()
    over = (take.directory / "index.m3u8").read_text().splitlines()
    assert over[:5] == [
        "#EXTM3U",
        "#EXT-X-VERSION:3",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-TARGETDURATION:10",
        "#EXT-X-MEDIA-SEQUENCE:0",
    ]
    assert over[-1] == "#EXT-X-ENDLIST"
    names = [one.name for one in read_segments(take.directory)]
    assert over[over.index(names[2]) - 2] == "#EXT-X-DISCONTINUITY"
    assert over.count("#EXT-X-DISCONTINUITY") == 1
