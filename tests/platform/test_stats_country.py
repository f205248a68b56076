"""Countries come from the operator's database, and a bad one does no harm."""

from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from streamstead.platform.session_log import SessionLog
from streamstead.platform.stats_country import Countries
from streamstead.platform.stats_queries import Range

from .mmdb import mmdb
from .visits import NOON, Book, Visit

NETWORKS: dict[str, Any] = {
    "203.0.113.0/24": {"country": {"iso_code": "DE"}},
    "198.51.100.0/25": {"registered_country": {"iso_code": "fr"}},
    "192.0.2.0/24": {"country": "JP"},
    "192.0.3.0/24": {"country_code": "BR", "continent": "SA"},
    "192.0.4.0/24": {"city": "nowhere"},
    "2001:db8::/32": {"country": {"iso_code": "NZ"}},
}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "country.mmdb"
    path.write_bytes(mmdb(NETWORKS))
    return path


@pytest.mark.parametrize(
    ("ip", "country"),
    [
        ("203.0.113.9", "DE"),
        ("::ffff:203.0.113.9", "DE"),
        ("198.51.100.9", "FR"),
        ("198.51.100.200", None),
        ("192.0.2.1", "JP"),
        ("192.0.3.1", "BR"),
        ("192.0.4.1", None),
        ("2001:db8::1", "NZ"),
        ("10.0.0.1", None),
        ("", None),
        ("not an address", None),
    ],
)
def test_an_address_has_the_country_of_its_network(
    database: Path, ip: str, country: str | None
) -> None:
    assert Countries(database).find(ip) == country


def test_without_a_database_nobody_has_a_country() -> None:
    assert Countries(None).find("203.0.113.9") is None


@pytest.mark.parametrize("content", [None, b"", b"no database", mmdb(NETWORKS)[:-60]])
def test_a_missing_or_broken_database_is_said_once(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "country.mmdb"
    if content is not None:
        path.write_bytes(content)
    countries = Countries(path, look_again_s=0)
    with capture_logs() as logs:
        assert [countries.find("203.0.113.9") for _ in range(5)] == [None] * 5
    assert [entry["event"] for entry in logs] == ["geoip.not_usable"]


def test_a_database_broken_within_costs_the_country_only(database: Path) -> None:
    content = bytearray(database.read_bytes())
    data = content.index(b"iso_code") - 12
    content[data : data + 40] = b"\xff" * 40
    database.write_bytes(content)
    assert Countries(database).find("203.0.113.9") is None


def test_a_database_that_is_replaced_is_read_again(database: Path, tmp_path: Path) -> None:
    countries = Countries(database, look_again_s=0)
    assert countries.find("203.0.113.9") == "DE"
    new = tmp_path / "new.mmdb"
    new.write_bytes(mmdb({"203.0.113.0/24": {"country": {"iso_code": "SE"}}, "10.0.0.0/8": {}}))
    new.replace(database)
    assert countries.find("203.0.113.9") == "SE"
    database.unlink()
    assert countries.find("203.0.113.9") is None


def test_countries_are_counted(database: Path, tmp_path: Path) -> None:
    book = Book(tmp_path / "stats")
    book.log = SessionLog(book.files, lambda: book.now_ms, Countries(database).find)
    ips = ["203.0.113.1", "203.0.113.2", "2001:db8::1", "10.0.0.1"]
    book.visits(*(Visit(ip, NOON * 1000, NOON * 1000 + 5_000, ip=ip) for ip in ips))
    found = book.reader.viewers(Range(NOON, NOON + 10), 10).countries
    assert {name: amount.sessions for name, amount in found.items()} == {"DE": 2, "NZ": 1, "": 1}
    assert {row.country for row in book.rows()} == {"DE", "NZ", None}
