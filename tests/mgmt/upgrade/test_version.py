"""The order of versions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamstead.core.errors import Invalid
from streamstead.mgmt.upgrade.version import Version

# The order that semver.org gives as its example.
ORDER = [
    "0.9.9", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
    "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.10.0", "2.0.0",
]  # fmt: skip

numbers = st.integers(0, 999)
versions = st.builds(lambda a, b, c, rc: f"{a}.{b}.{c}{rc}", numbers, numbers, numbers,
                     st.sampled_from(["", "-rc.1", "-a", "-1"]))  # fmt: skip


def test_releases_come_in_the_order_of_semantic_versions() -> None:
    assert sorted(map(Version.parse, reversed(ORDER))) == [Version.parse(one) for one in ORDER]


def test_a_leading_v_and_build_metadata_do_not_count() -> None:
    assert Version.parse("v1.2.3+abc") == Version.parse("1.2.3")


@given(versions)
def test_what_is_printed_is_read_again(text: str) -> None:
    assert str(Version.parse(text)) == text


@pytest.mark.parametrize("text", ["", "1", "1.2", "1.2.3.4", "latest", "1.2.x", "1.2.3-", "-1.2.3"])
def test_other_words_are_no_versions(text: str) -> None:
    with pytest.raises(Invalid):
        Version.parse(text)
