"""Domains as people type them."""

import pytest

from streamstead.core.errors import Invalid
from streamstead.mgmt.https.domains import check_email, parse_domains, readable


def test_several_are_split_as_the_older_api_did() -> None:
    found = parse_domains(
        " a.example.com;b.example.com, c.example.com\nA.example.com. ", False, True
    )
    assert found == ("a.example.com", "b.example.com", "c.example.com")


def test_an_address_of_a_page_counts_as_its_domain() -> None:
    assert parse_domains("https://live.example.com/", False, True) == ("live.example.com",)


def test_letters_of_other_alphabets_are_taken_and_shown_again() -> None:
    (found,) = parse_domains("直播.example.com", False, True)
    assert found == "xn--z6ut02b.example.com"
    assert readable(found) == "直播.example.com"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost",
        "192.0.2.1",
        "[2001:db8::1]",
        "live.example.com:8080",
        "live.example.com/watch",
        "-live.example.com",
        "live_1.example.com",
        "--force-renewal",
        "a" * 64 + ".example.com",
        "server.local",
        "box.lan",
        "1.2.3.4.5",
        "a@example.com",
        "*.example.com www.example.com",
        " ".join(f"a{number}.example.com" for number in range(101)),
    ],
)
def test_what_no_certificate_is_for_is_told(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_domains(text, True, True)
    assert refused.value.key == "domain_invalid"
    assert refused.value.help


def test_a_wildcard_needs_proof_by_dns() -> None:
    with pytest.raises(Invalid) as refused:
        parse_domains("*.example.com", False, True)
    assert refused.value.key == "wildcard_needs_dns"
    assert parse_domains("*.example.com example.com", True, True)[0] == "*.example.com"


def test_a_ca_of_ones_own_may_know_private_names() -> None:
    assert parse_domains("box.lan", False, False) == ("box.lan",)


def test_an_email_is_checked_and_may_be_left_out() -> None:
    assert check_email(" owner@example.com ") == "owner@example.com"
    assert check_email("") == ""
    for wrong in ("owner", "owner@example", "a b@example.com", "owner@example.com -v"):
        with pytest.raises(Invalid) as refused:
            check_email(wrong)
        assert refused.value.key == "email_invalid"
