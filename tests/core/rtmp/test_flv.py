"""FLV as bytes that come in pieces of any size."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamstead.core.rtmp.chunk import AUDIO, DATA, VIDEO, Message
from streamstead.core.rtmp.flv import FlvError, FlvReader, file_header, tag_bytes

TAGS = st.lists(
    st.builds(
        Message,
        st.sampled_from([AUDIO, VIDEO, DATA]),
        st.integers(0, 2**32 - 1),
        st.binary(max_size=300),
    ),
    max_size=12,
)


@given(TAGS, st.integers(1, 50))
def test_tags_come_out_as_they_went_in_however_the_bytes_are_cut(
    tags: list[Message], piece: int
) -> None:
    data = file_header(audio=True, video=True) + b"".join(map(tag_bytes, tags))
    reader = FlvReader()
    found = [m for at in range(0, len(data), piece) for m in reader.feed(data[at : at + piece])]
    assert found == tags


@given(st.binary(max_size=400))
def test_any_other_bytes_are_refused_or_waited_for(data: bytes) -> None:
    with suppress(FlvError):
        FlvReader().feed(data)


@pytest.mark.parametrize("begin", [b"GIF89a", b"\0\0\0\1", b"FLV\x01\x05\xff\xff\xff\xff"])
def test_what_is_not_flv_is_refused_at_once(begin: bytes) -> None:
    with pytest.raises(FlvError):
        FlvReader().feed(begin)


def test_a_tag_that_nobody_needs_is_refused_before_it_is_kept() -> None:
    reader = FlvReader()
    reader.feed(file_header(audio=True, video=True))
    with pytest.raises(FlvError):
        reader.feed(b"\x09\xff\xff\xff" + bytes(7))


def test_the_file_header_says_which_tracks_there_are() -> None:
    assert file_header(audio=True, video=True)[4] == 5
    assert file_header(audio=True, video=False)[4] == 4
    assert file_header(audio=False, video=True)[4] == 1
