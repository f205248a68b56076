"""What an operator may give as homepage, location, backend and embedding site."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamstead.core.errors import Invalid
from streamstead.core.settings import Settings
from streamstead.mgmt.front import proxies
from streamstead.mgmt.front.proxies import (
    check_backend,
    check_embed_host,
    check_homepage,
    check_location,
)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://example.com", "https://example.com"),
        ("https://Example.COM:8443/a b".replace(" ", "%20"), "https://example.com:8443/a%20b"),
        ("http://[2001:db8::1]/x", "http://[2001:db8::1]/x"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://example.com/$a\"';{}", "https://example.com/%24a%22%27%3B%7B%7D"),
        ("https://example.com/?a=b&c=$d#e", "https://example.com/?a=b&c=%24d#e"),
        ("/watch/live/a", "/watch/live/a"),
        ("/watch/live/$a?x=1", "/watch/live/%24a?x=1"),
    ],
)
def test_a_homepage_is_put_together_anew(given: str, kept: str) -> None:
    assert check_homepage(given) == kept


@pytest.mark.parametrize(
    "given",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "/\\evil.example",
        "/",
        "ftp://example.com",
        "https://",
        "https://user:secret@example.com",
        "https://example.com:0",
        "https://example.com:99999",
        "https://exam ple.com",
        "https://example.com\n.evil",
        "https://0x7f000001",
        "https://127.1",
        "https://-a.example",
        "https://[fe80::1%eth0;}internal;]/",
    ],
)
def test_a_homepage_that_could_mislead_is_refused(given: str) -> None:
    with pytest.raises(Invalid):
        check_homepage(given)


@pytest.mark.parametrize("given", ["/blog", "/blog/", "/a/b-c_d.e~f", "/", "/blog/x/"])
def test_locations_of_others_are_taken(given: str) -> None:
    assert check_location(given) == given


@pytest.mark.parametrize(
    "given",
    [
        "/terraform/",
        "/mgmt/x",
        "/MGMT",
        "/prometheus/",
        "/.well-known/acme-challenge/x",
        "/watch",
        "/assets/x",
        "/p/x",
        "/v/x",
        "/live",
        "/live/x.flv",
        "/rtc/",
        "/.hidden",
        "blog",
        "",
        "/a//b",
        "/a/../mgmt",
        "/a/./b",
        "/a b",
        "/a;b",
        "/a{b",
        "/a$b",
        "/a\n",
        '/a"',
        "/a%2fb",
        "/~*x(",
    ],
)
def test_locations_that_hide_ours_or_are_no_paths_are_refused(given: str) -> None:
    with pytest.raises(Invalid):
        check_location(given)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("http://localhost:9000/base/", "http://127.0.0.1:9000/base/"),
        ("https://192.168.1.5", "https://192.168.1.5"),
        ("https://203.0.113.7:8443/x", "https://203.0.113.7:8443/x"),
    ],
)
def test_backends_of_this_machine_and_others_are_taken(
    settings: Settings, given: str, kept: str
) -> None:
    assert check_backend(given, settings) == kept


@pytest.mark.parametrize(
    "given",
    [
        "http://127.0.0.1:{platform}",
        "http://localhost:{hooks}",
        "http://[::1]:{srs}",
        "http://[::ffff:127.0.0.1]:{platform}",
        "http://127.9.9.9:6379",
        "http://0.0.0.0:{platform}",
        "http://169.254.169.254/latest",
        "http://[fe80::1]/",
        "http://224.0.0.1",
        "unix:/run/x",
        "http://a.example/x?y",
        "http://a.example/#x",
        "http://u:p@a.example",
        "gopher://a.example",
        "http://a.example/../x",
    ],
)
def test_backends_that_open_what_is_closed_are_refused(settings: Settings, given: str) -> None:
    raw = given.format(
        platform=settings.platform_port, hooks=settings.hooks_port, srs=settings.srs_api_port
    )
    with pytest.raises(Invalid):
        check_backend(raw, settings)


def test_a_name_that_leads_to_this_machine_is_looked_through(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [(0, 0, 0, "", ("127.0.0.1", 0))]
    monkeypatch.setattr(proxies.socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(Invalid, match="internal"):
        check_backend(f"http://inside.example:{settings.platform_port}", settings)
    assert check_backend("http://inside.example:9000", settings) == "http://inside.example:9000"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("example.com", "example.com"),
        ("*.Example.com", "*.example.com"),
        ("https://a.example:8443/", "https://a.example:8443"),
        ("localhost:3000", "localhost:3000"),
    ],
)
def test_embedding_sites(given: str, kept: str) -> None:
    assert check_embed_host(given) == kept


@pytest.mark.parametrize(
    "given", ["", "*", "a b", "a;b", "https://a/b", "'self'", "a:0", "a:70000"]
)
def test_what_is_no_site_may_embed_nothing(given: str) -> None:
    with pytest.raises(Invalid):
        check_embed_host(given)


@given(st.text(max_size=40))
def test_no_text_brings_a_character_of_nginx_into_an_address(text: str) -> None:
    try:
        kept = check_homepage(f"https://example.com/{text}")
    except Invalid:
        return
    assert not set(kept) & set("\"'\\;{}$ \n\r\t")
    assert check_homepage(kept) == kept
