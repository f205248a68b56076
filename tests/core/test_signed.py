"""Passes and grants: what a viewer brings back is believed only when we made it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamstead.core.errors import PlayRefused
from streamstead.core.signed import GRANT_MS, GrantSigner, PassSigner

KEY = b"k" * 32
URL = "live/cam"
NOW = 1_700_000_000_000

signer = PassSigner(KEY)
grants = GrantSigner(KEY)


def fault(token: str, url: str = URL, now: int = NOW) -> str:
    with pytest.raises(PlayRefused) as caught:
        signer.read(token, url, now)
    return caught.value.key


@pytest.mark.parametrize("pass_id", ["a1b2c3d4e5f6", "phrase:3", "operator"])
def test_a_token_gives_its_pass_id_back(pass_id: str) -> None:
    assert signer.read(signer.token(pass_id, URL, None), URL, NOW) == pass_id
    assert signer.read(signer.token(pass_id, URL, NOW + 1), URL, NOW) == pass_id


def test_a_token_ends_with_the_second_of_its_expiry() -> None:
    token = signer.token("a1", URL, NOW + 500)
    assert signer.read(token, URL, NOW + 999) == "a1"
    assert fault(token, now=NOW + 1000) == "pass_expired"


def test_a_token_of_another_stream_says_so() -> None:
    assert fault(signer.token("a1", "live/other", None)) == "pass_other_stream"


def test_a_token_of_another_house_is_not_valid() -> None:
    assert fault(PassSigner(b"x" * 32).token("a1", URL, None)) == "pass_tampered"


@pytest.mark.parametrize("token", ["a", "a.b", "a.b.c", "a.b.c.d.e", "é.0.x.y", "a" * 3000])
def test_what_is_no_token_is_malformed(token: str) -> None:
    assert fault(token) == "pass_malformed"


@given(st.data())
def test_any_changed_character_makes_a_token_worthless(data: st.DataObject) -> None:
    token = signer.token("a1b2c3d4e5f6", URL, NOW + 60_000)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("abcXYZ019-_.").filter(lambda char: char != token[place]))
    assert fault(token[:place] + other + token[place + 1 :]) in ("pass_tampered", "pass_malformed")


@given(st.text(max_size=300))
def test_any_text_is_refused_by_name(token: str) -> None:
    assert fault(token).startswith("pass_")


def test_a_grant_gives_back_who_the_viewer_is() -> None:
    made = grants.make(URL, "203.0.113.7", 'VLC/3 "é"', "a1", NOW)
    found = grants.read(made, URL, NOW)
    assert found is not None
    assert (found.ip, found.user_agent, found.pass_id) == ("203.0.113.7", 'VLC/3 "é"', "a1")
    assert all(char.isalnum() or char in "-_." for char in made)


def test_a_grant_that_is_old_forged_or_for_another_stream_counts_for_nothing() -> None:
    made = grants.make(URL, "203.0.113.7", "x", "a1", NOW)
    assert grants.read(made, URL, NOW + GRANT_MS) is None
    assert grants.read(made, "live/other", NOW) is None
    assert grants.read(made[:-1], URL, NOW) is None
    assert grants.read("", URL, NOW) is None
    assert grants.read("é.x", URL, NOW) is None
    assert GrantSigner(b"x" * 32).read(made, URL, NOW) is None
