"""What a ladder may be, and what players are told of it."""

import pytest

from streamstead.core.errors import Invalid
from streamstead.ffmpeg_forward.transcode.ladder import (
    MAX_RENDITIONS,
    Hardware,
    Rendition,
    VideoCodec,
    check_ladder,
)
from streamstead.ffmpeg_forward.transcode.variants import (
    SourceFacts,
    describe,
    level_of,
    size_of,
)

from .conftest import SAME, SMALL, SOUND, ladder

FULL_HD = SourceFacts(1920, 1080, "High", "4.1", "H264")


def small(**changes: object) -> Rendition:
    return SMALL.model_copy(update=changes)


def test_a_good_ladder_is_taken() -> None:
    check_ladder(ladder(SAME, SMALL, SOUND))
    check_ladder(ladder(Rendition(name="source", codec=VideoCodec.COPY), small(width=0)))


@pytest.mark.parametrize(
    ("renditions", "key"),
    [
        ([small(), small(name="SMALL")], "transcode_name_twice"),
        ([small(name="a/b")], "transcode_name_invalid"),
        ([small(name="-a")], "transcode_name_invalid"),
        ([small(name="..")], "transcode_name_invalid"),
        ([small(width=97)], "transcode_size_odd"),
        ([small(height=14)], "transcode_size_small"),
        ([small(video_kbps=0)], "transcode_bitrate_low"),
        ([small(), small(name="b", gop_s=4.0)], "transcode_gop_differs"),
        ([small(name=f"r{n}") for n in range(MAX_RENDITIONS + 1)], "transcode_too_many_renditions"),
    ],
)
def test_what_could_never_run_is_refused(renditions: list[Rendition], key: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_ladder(ladder(*renditions))
    assert caught.value.key == key


def test_a_ladder_without_renditions_or_with_a_name_too_long_for_a_file_is_refused() -> None:
    empty = ladder().model_copy(update={"renditions": ()})
    for one, key in (
        (empty, "transcode_empty"),
        (ladder(SMALL, stream="道" * 80), "transcode_name_invalid"),
        (ladder(SMALL, stream="a/b"), "name_invalid"),
    ):
        with pytest.raises(Invalid) as caught:
            check_ladder(one)
        assert caught.value.key == key


def test_only_what_changes_the_pictures_changes_the_digest() -> None:
    made = ladder(SMALL)
    assert made.model_copy(update={"label": "x", "enabled": False}).digest == made.digest
    assert made.model_copy(update={"hardware": Hardware.OFF}).digest != made.digest
    assert ladder(small(video_kbps=61)).digest != made.digest


@pytest.mark.parametrize(
    ("size", "fps", "level"),
    [((160, 90), 10, 10), ((640, 360), 30, 30), ((1280, 720), 30, 31), ((1920, 1080), 60, 42)],
)
def test_levels_are_those_of_the_standard(size: tuple[int, int], fps: int, level: int) -> None:
    assert level_of(*size, fps) == level


@pytest.mark.parametrize(
    ("source", "box", "size"),
    [
        ((1920, 1080), (1280, 720), (1280, 720)),
        ((1080, 1920), (1280, 720), (406, 720)),
        ((640, 360), (1280, 720), (640, 360)),
        ((1920, 1080), (0, 480), (854, 480)),
        ((0, 0), (640, 360), (0, 0)),
    ],
)
def test_pictures_keep_their_shape_and_are_never_enlarged(
    source: tuple[int, int], box: tuple[int, int], size: tuple[int, int]
) -> None:
    wanted = small(width=box[0], height=box[1])
    assert size_of(wanted, SourceFacts(*source)) == size


def test_players_are_told_what_is_known_and_nothing_else() -> None:
    made = ladder(
        Rendition(name="source", codec=VideoCodec.COPY),
        Rendition(name="as-is", codec=VideoCodec.COPY, audio_kbps=0),
        Rendition(name="720p", width=1280, height=720, video_kbps=2500, fps=30),
        SOUND,
    )
    source, as_is, half, sound = describe(made, FULL_HD)
    assert (source.stream, source.width) == ("cam_source", 1920)
    assert source.codecs == "avc1.640029,mp4a.40.2"
    # Sound that is passed on is whatever the source has.
    assert as_is.codecs == ""
    assert (half.width, half.height, half.codecs) == (1280, 720, "avc1.4d401f,mp4a.40.2")
    assert half.bandwidth == int((2500 + 128) * 1000 * 1.1)
    assert (sound.codecs, sound.width, sound.sound) == ("mp4a.40.2", 0, True)
    unknown = describe(made)
    assert [(one.width, one.codecs) for one in unknown] == [
        (0, ""),
        (0, ""),
        (0, ""),
        (0, "mp4a.40.2"),
    ]
    assert all(one.bandwidth > 0 for one in unknown)
