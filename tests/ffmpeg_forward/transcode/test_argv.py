"""The command of a ladder, and that a real FFmpeg does with it what is promised."""

import json
import subprocess
from pathlib import Path

import pytest

from streamstead.core.house_grant import Way
from streamstead.ffmpeg_forward.transcode.argv import (
    ENCODERS,
    SOFTWARE,
    ladder_command,
    rendition_options,
)
from streamstead.ffmpeg_forward.transcode.hardware import HardwareEncoders
from streamstead.ffmpeg_forward.transcode.ladder import Hardware, Rendition, VideoCodec

from ...conftest import need
from .conftest import SAME, SMALL, SOUND, ladder


def test_every_address_has_a_grant_of_its_own_and_no_lasting_key() -> None:
    made: list[tuple[Way, str]] = []

    def grant(way: Way, url: str) -> str:
        made.append((way, url))
        return f"grant-{len(made)}"

    command = ladder_command(ladder(SAME, SOUND), SOFTWARE, 1935, grant)
    assert made == [
        (Way.PLAY, "live/cam"),
        (Way.PUBLISH, "live/cam_same"),
        (Way.PUBLISH, "live/cam_sound"),
    ]
    addresses = [word for word in command.argv if word.startswith("rtmp://")]
    assert addresses == [
        "rtmp://127.0.0.1:1935/live/cam?grant=grant-1",
        "rtmp://127.0.0.1:1935/live/cam_same?grant=grant-2",
        "rtmp://127.0.0.1:1935/live/cam_sound?grant=grant-3",
    ]
    assert command.secrets == ("grant-1", "grant-2", "grant-3")


def test_names_of_streams_cannot_become_options_or_other_addresses() -> None:
    command = ladder_command(ladder(SMALL, stream="-i a%2F&x"), SOFTWARE, 1935, lambda *_: "g")
    assert "rtmp://127.0.0.1:1935/live/-i%20a%252F%26x?grant=g" in command.argv


@pytest.mark.parametrize("kind", list(ENCODERS))
def test_devices_encode_what_the_processor_scales(kind: Hardware) -> None:
    options = rendition_options(SMALL, ENCODERS[kind], copies=False)
    assert ENCODERS[kind].codec in options
    assert "-preset" not in options or kind is Hardware.NVENC
    assert any("scale=" in word for word in options)


async def test_without_a_device_nothing_is_tried_and_the_processor_encodes(tmp_path: Path) -> None:
    hardware = HardwareEncoders(ffmpeg="/nonexistent", root=tmp_path)
    assert await hardware.found() == ()
    assert await hardware.encoder(Hardware.AUTO) is SOFTWARE
    assert await hardware.encoder(Hardware.OFF) is SOFTWARE
    assert await hardware.encoder(Hardware.VAAPI) is None


async def test_a_device_is_used_when_ffmpeg_can_encode_with_it(tmp_path: Path) -> None:
    (tmp_path / "dev/dri").mkdir(parents=True)
    (tmp_path / "dev/dri/renderD128").touch()
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    assert await HardwareEncoders(str(program), tmp_path).found() == ()
    program.write_text("#!/bin/sh\nexit 0\n")
    found = await HardwareEncoders(str(program), tmp_path).found()
    assert found == (Hardware.QSV, Hardware.VAAPI)


def packets(path: Path) -> list[tuple[float, bool]]:
    argv = [need("ffprobe"), "-v", "error", "-of", "json", "-select_streams", "v"]
    argv += ["-show_entries", "packet=pts_time,flags", str(path)]
    told = subprocess.run(argv, capture_output=True, timeout=60, check=True)
    return [
        (float(one["pts_time"]), "K" in one["flags"]) for one in json.loads(told.stdout)["packets"]
    ]


@pytest.mark.integration
@pytest.mark.parametrize("copies", [False, True])
def test_key_frames_are_at_the_same_moments_everywhere(tmp_path: Path, copies: bool) -> None:
    source = tmp_path / "from.flv"
    argv = [need("ffmpeg"), "-v", "error", "-nostdin", "-f", "lavfi"]
    argv += ["-i", "testsrc2=size=160x90:rate=12", "-t", "5", "-c:v", "libx264", "-g", "18"]
    subprocess.run([*argv, "-pix_fmt", "yuv420p", str(source)], timeout=60, check=True)
    renditions = [SAME, SMALL.model_copy(update={"fps": 0 if copies else 6})]
    if copies:
        renditions.append(Rendition(name="source", codec=VideoCodec.COPY))
    command = [need("ffmpeg"), "-v", "error", "-nostdin", "-i", str(source)]
    for one in renditions:
        command += rendition_options(one, SOFTWARE, copies=copies)
        command += ["-f", "flv", str(tmp_path / f"{one.name}.flv")]
    subprocess.run(command, timeout=60, check=True)
    found = []
    for one in renditions:
        told = packets(tmp_path / f"{one.name}.flv")
        assert len(told) > (20 if one.fps else 50)
        found.append([round(time - told[0][0], 2) for time, key in told if key])
    for other in found[1:]:
        assert other == pytest.approx(found[0], abs=0.09)
    wanted = [0, 1.5, 3.0, 4.5] if copies else [0, 1, 2, 3, 4]
    assert found[0] == pytest.approx(wanted, abs=0.09)
