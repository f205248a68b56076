"""What certbot prints becomes one sentence and a key; the texts are as certbot 5 prints them."""

import pytest

from streamstead.mgmt.https.words import explain, is_nonce

HEAD = "Saving debug log to /x/letsencrypt.log\nRequesting a certificate for live.example.com\n"
TAIL = (
    "Ask for help or search for solutions at https://community.letsencrypt.org. See the logfile "
    "/x/letsencrypt.log or re-run Certbot with -v for more details.\n"
)


def report(kind: str, detail: str) -> str:
    return (
        f"{HEAD}\nCertbot failed to authenticate some domains (authenticator: webroot). The "
        "Certificate Authority reported these problems:\n"
        f"  Domain: live.example.com\n  Type:   {kind}\n  Detail: {detail}\n\n"
        "Hint: The Certificate Authority failed to download the temporary challenge files.\n\n"
        f"Some challenges have failed.\n{TAIL}"
    )


def unexpected(said: str, typed: str = "") -> str:
    return f"{HEAD}An unexpected error occurred:\n{said}\n{TAIL}" + (
        f"acme.messages.Error: urn:ietf:params:acme:error:{typed}" if typed else ""
    )


@pytest.mark.parametrize(
    ("output", "key", "part"),
    [
        (report("dns", "DNS problem: NXDOMAIN looking up A"), "dns_wrong", "NXDOMAIN"),
        (
            report("connection", "192.0.2.7: Fetching http://x: Timeout during connect"),
            "port80_unreachable",
            "Timeout during connect",
        ),
        (
            report("unauthorized", '192.0.2.7: Invalid response from http://x: "<html>"'),
            "challenge_wrong_content",
            "Invalid response",
        ),
        (
            report("urn:ietf:params:acme:error:unauthorized", "Non-200 status code: 404"),
            "challenge_wrong_content",
            "404",
        ),
        (report("caa", "CAA record for example.com prevents"), "caa_forbidden", "prevents"),
        (
            report("unauthorized", 'Incorrect TXT record "x" found at _acme-challenge'),
            "challenge_wrong_content",
            "TXT record",
        ),
        (
            unexpected(
                "too many certificates (5) already issued for this exact set of identifiers in "
                "the last 168h0m0s, retry after 2026-11-24 03:04:05 UTC: see https://letse.org/x"
            ),
            "rate_limited",
            "2026-11-24 03:04 UTC",
        ),
        (
            unexpected("Service busy; retry later.", "rateLimited :: busy :: Service busy"),
            "rate_limited",
            "UTC",
        ),
        (
            unexpected(
                'Cannot issue for "x.example.com": The ACME server refuses to issue',
                "rejectedIdentifier :: The server will not issue :: policy",
            ),
            "domain_refused",
            "policy",
        ),
        (
            unexpected("contact email has forbidden domain", "invalidContact :: no :: forbidden"),
            "account_problem",
            "forbidden",
        ),
        (
            unexpected("Unable to register an account with ACME server. bad e-mail"),
            "account_problem",
            "bad e-mail",
        ),
        (
            unexpected(
                "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='x', port=443): "
                "Max retries exceeded (Caused by NameResolutionError: [Errno -2] Name or service "
                "not known)"
            ),
            "ca_unreachable",
            "not found",
        ),
        (
            unexpected(
                "requests.exceptions.SSLError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate "
                "verify failed: certificate is not yet valid"
            ),
            "clock_wrong",
            "clock",
        ),
        (unexpected("JWS has an invalid anti-replay nonce: abc"), "ca_unreachable", "stale"),
        (
            unexpected("Received response from server: NOTAUTH"),
            "dns_plugin_failed",
            "NOTAUTH",
        ),
        (unexpected("OSError: [Errno 28] No space left on device"), "disk_full", "full"),
        (f"{HEAD}something nobody has seen\n{TAIL}", "ca_error", "something nobody has seen"),
        ("", "ca_error", "no reason"),
    ],
)
def test_every_failure_has_a_key_and_words(output: str, key: str, part: str) -> None:
    found = explain(output, ("live.example.com",))
    assert found.key == key
    assert part in found.message
    assert found.help
    assert "https://" not in found.message


def test_a_limit_says_until_when() -> None:
    found = explain(unexpected("too many failed, retry after 2026-11-24 03:04:05 UTC"), ())
    assert found.retry_ms == 1795489445000


def test_a_refused_nonce_is_told_from_all_else() -> None:
    assert is_nonce(unexpected("JWS has an invalid anti-replay nonce: abc"))
    assert not is_nonce(report("dns", "DNS problem"))
