import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamstead.core.rtmp.amf import AmfError, AmfValue, decode, encode

SCALARS = st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=50)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(min_size=1, max_size=10), inner, max_size=4)
    ),
    max_leaves=10,
)


@given(st.lists(VALUES, max_size=4))
def test_what_is_encoded_is_decoded(values: list[AmfValue]) -> None:
    assert decode(encode(*values)) == values


@given(st.binary(max_size=200))
def test_any_bytes_are_either_values_or_an_amf_error(data: bytes) -> None:
    try:
        decode(data)
    except AmfError:
        return


def test_a_long_text_survives() -> None:
    assert decode(encode("x" * 70000)) == ["x" * 70000]


def test_an_ecma_array_is_read_as_an_object() -> None:
    data = b"\x08\0\0\0\0\0\x01a\0" + b"\x3f\xf0" + bytes(6) + b"\0\0\x09"
    assert decode(data) == [{"a": 1.0}]


@pytest.mark.parametrize(
    "data", [b"\x03" * 100, b"\x0a\xff\xff\xff\xff", b"\x0a\0\0\0\x01" * 40, b"\x11", b"\x02\xff"]
)
def test_hostile_nesting_and_sizes_are_refused(data: bytes) -> None:
    with pytest.raises(AmfError):
        decode(data)
