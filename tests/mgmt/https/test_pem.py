"""Certificates of one's own: put in order, or refused with the cause."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from streamstead.core.errors import Invalid
from streamstead.mgmt.https.pem import check_pair

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


@dataclass
class Made:
    certificate: x509.Certificate
    private: Any

    @property
    def crt(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key(self) -> str:
        return self.locked(serialization.NoEncryption())

    def locked(self, how: serialization.KeySerializationEncryption) -> str:
        raw: bytes = self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how
        )
        return raw.decode()


def make(
    name: str,
    issuer: Made | None = None,
    private: Any = None,
    names: tuple[str, ...] = ("live.example.com",),
    start: datetime = NOW - DAY,
    end: datetime = NOW + 90 * DAY,
    fetched: bool = False,
) -> Made:
    private = private or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
    )
    if names:
        san = x509.SubjectAlternativeName([x509.DNSName(one) for one in names])
        builder = builder.add_extension(san, critical=False)
    if fetched:
        at = x509.UniformResourceIdentifier("http://ca.example/inter.crt")
        access = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, at)
        builder = builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
    signer = issuer.private if issuer else private
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return Made(builder.sign(signer, algorithm), private)


@pytest.fixture(scope="module")
def root() -> Made:
    return make("Root", names=())


@pytest.fixture(scope="module")
def intermediate(root: Made) -> Made:
    return make("Intermediate", root, names=())


@pytest.fixture(scope="module")
def leaf(intermediate: Made) -> Made:
    return make("leaf", intermediate, fetched=True)


def test_a_chain_in_any_order_is_put_in_order_without_its_root(
    root: Made, intermediate: Made, leaf: Made
) -> None:
    stray = make("stray", names=())
    mixed = root.crt + stray.crt + intermediate.crt + leaf.crt
    chain, key, facts = check_pair(mixed, leaf.key, NOW)
    assert chain == leaf.crt + intermediate.crt
    assert "BEGIN PRIVATE KEY" in key
    assert facts.domains == ("live.example.com",)
    assert facts.issuer == "Intermediate"
    assert facts.key_type == "ECDSA P-256"
    assert facts.not_after_ms == int((NOW + 90 * DAY).timestamp() * 1000)
    assert not facts.trusted
    assert not facts.self_signed


def test_a_certificate_signed_by_itself_is_taken() -> None:
    own = make("own", private=rsa.generate_private_key(65537, 2048))
    facts = check_pair(own.crt, own.key, NOW)[2]
    assert facts.self_signed
    assert facts.key_type == "RSA 2048"


def test_a_leaf_of_a_private_ca_needs_no_more(root: Made) -> None:
    alone = make("alone", root)
    assert check_pair(alone.crt, alone.key, NOW)[0] == alone.crt


CASES: dict[str, Callable[[Made, Made], tuple[str, str]]] = {
    "certificate_chain_incomplete": lambda leaf, _: (leaf.crt, leaf.key),
    "certificate_key_mismatch": lambda leaf, other: (leaf.crt + other.crt, make("x").key),
    "certificate_key_encrypted": lambda leaf, _: (
        leaf.crt,
        leaf.locked(serialization.BestAvailableEncryption(b"secret")),
    ),
    "certificate_key_unreadable": lambda leaf, _: (leaf.crt, "-----BEGIN PRIVATE KEY-----\nx"),
    "certificate_unreadable": lambda leaf, _: ("this is no certificate", leaf.key),
}


@pytest.mark.parametrize("key", CASES)
def test_what_cannot_be_served_is_refused_with_its_cause(
    key: str, leaf: Made, intermediate: Made
) -> None:
    with pytest.raises(Invalid) as refused:
        check_pair(*CASES[key](leaf, intermediate), NOW)
    assert refused.value.key == key
    assert refused.value.help
    assert "BEGIN" not in refused.value.message


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"start": NOW - 9 * DAY, "end": NOW - DAY}, "certificate_expired"),
        ({"start": NOW + DAY}, "certificate_not_yet_valid"),
        ({"names": ()}, "certificate_no_names"),
        (
            {"private": rsa.generate_private_key(65537, 1024)},  # noqa: S505
            "certificate_key_weak",
        ),
        ({"private": ec.generate_private_key(ec.SECP256K1())}, "certificate_key_weak"),
        ({"private": ed25519.Ed25519PrivateKey.generate()}, "certificate_key_weak"),
    ],
)
def test_what_browsers_would_refuse_is_refused(options: dict[str, Any], key: str) -> None:
    made = make("own", **options)
    with pytest.raises(Invalid) as refused:
        check_pair(made.crt, made.key, NOW)
    assert refused.value.key == key


def test_exchanged_fields_are_noticed(leaf: Made) -> None:
    with pytest.raises(Invalid, match="holds a certificate") as refused:
        check_pair(leaf.key, leaf.crt, NOW)
    assert "exchanged" in refused.value.help
