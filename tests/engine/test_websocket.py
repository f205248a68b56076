import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamstead.engine.websocket import ClientFrames, WebSocketError, accept_value, frame


def masked(opcode: int, payload: bytes) -> bytes:
    mask = b"\x01\x02\x03\x04"
    body = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    size = len(payload)
    head = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + size.to_bytes(2, "big")
    return bytes([0x80 | opcode]) + head + mask + body


def test_the_accept_value_is_that_of_the_rfc() -> None:
    assert accept_value(b"dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@pytest.mark.parametrize(("size", "head"), [(5, 2), (125, 2), (126, 4), (65535, 4), (65536, 10)])
def test_frames_have_the_shortest_head(size: int, head: int) -> None:
    found = frame(bytes(size))
    assert (found[0], len(found)) == (0x82, head + size)


@given(st.integers(1, 20))
def test_a_ping_is_answered_and_a_close_closes_however_they_are_cut(step: int) -> None:
    data = masked(9, b"hello") + masked(1, b"ignored" * 30) + masked(8, b"\x03\xe8bye")
    frames = ClientFrames()
    answers = [a for at in range(0, len(data), step) for a in frames.feed(data[at : at + step])]
    assert answers == [frame(b"hello", 10), frame(b"\x03\xe8", 8)]
    assert frames.closed


@pytest.mark.parametrize("data", [b"\x81\x05hello", b"\x81\xff" + bytes(8), masked(1, bytes(5000))])
def test_unmasked_and_huge_frames_are_refused(data: bytes) -> None:
    with pytest.raises(WebSocketError):
        ClientFrames().feed(data)


@given(st.binary(max_size=100))
def test_any_bytes_are_survived(data: bytes) -> None:
    try:
        ClientFrames().feed(data)
    except WebSocketError:
        return
