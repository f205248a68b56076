import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamstead.core.rtmp.chunk import (
    AUDIO,
    SET_CHUNK_SIZE,
    VIDEO,
    ChunkError,
    ChunkReader,
    Message,
    encode,
)

MESSAGES = st.builds(
    Message,
    kind=st.sampled_from([AUDIO, VIDEO, 18, 20]),
    timestamp=st.integers(0, 0xFFFFFFFF),
    payload=st.binary(min_size=1, max_size=600),
    stream_id=st.integers(0, 0xFFFFFFFF),
)


@given(st.lists(MESSAGES, max_size=5), st.integers(1, 50), st.integers(1, 700))
def test_messages_survive_any_chunking_and_any_splitting(
    messages: list[Message], step: int, chunk: int
) -> None:
    size = Message(SET_CHUNK_SIZE, 0, chunk.to_bytes(4, "big"))
    data = encode(size, 2) + b"".join(encode(m, 3 + m.kind % 5, chunk) for m in messages)
    reader = ChunkReader()
    found = [m for at in range(0, len(data), step) for m in reader.feed(data[at : at + step])]
    assert found == messages


@given(st.binary(max_size=400))
def test_any_bytes_are_either_waited_for_or_a_chunk_error(data: bytes) -> None:
    reader = ChunkReader()
    try:
        reader.feed(data)
    except ChunkError:
        return


def test_two_channels_may_be_mixed() -> None:
    long = encode(Message(VIDEO, 40, b"v" * 300, 1), 6)
    short = encode(Message(AUDIO, 50, b"a" * 10, 1), 4)
    first = 12 + 128
    found = ChunkReader().feed(long[:first] + short + long[first:])
    assert [(m.kind, m.timestamp, len(m.payload)) for m in found] == [(8, 50, 10), (9, 40, 300)]


def test_short_headers_take_what_they_lack_from_the_message_before() -> None:
    data = encode(Message(AUDIO, 1000, b"abc", 1), 4)
    data += b"\x44" + b"\x00\x00\x17" + b"\x00\x00\x02" + b"\x08" + b"de"  # delta 23, two bytes
    data += b"\x84" + b"\x00\x00\x15" + b"fg"  # delta 21, same size
    data += b"\xc4" + b"hi"  # everything as before
    found = ChunkReader().feed(data)
    assert [m.timestamp for m in found] == [1000, 1023, 1044, 1065]
    assert [m.payload for m in found] == [b"abc", b"de", b"fg", b"hi"]


@pytest.mark.parametrize(
    "data",
    [
        b"\x44" + bytes(11),  # no header before
        b"\x04\0\0\0\xff\xff\xff\x08" + bytes(4),  # 16 MB
        encode(Message(SET_CHUNK_SIZE, 0, b"\0\0\0\0"), 2),
        encode(Message(SET_CHUNK_SIZE, 0, b"\x7f\xff\xff\xff"), 2),
        encode(Message(SET_CHUNK_SIZE, 0, b"\x01"), 2),
    ],
)
def test_what_cannot_be_rtmp_is_refused(data: bytes) -> None:
    with pytest.raises(ChunkError):
        ChunkReader().feed(data)


def test_a_peer_cannot_open_chunk_streams_without_end() -> None:
    heads = [bytes([0, number]) for number in range(100)]
    data = b"".join(h + bytes(3) + b"\0\0\x05" + b"\x08" + bytes(4) + b"abcde" for h in heads)
    with pytest.raises(ChunkError):
        ChunkReader().feed(data)
