"""Certificates and keys as people hand them over: read, put in order, and judged.

Needs a library that takes 8 MB: only the worker imports this module.
"""

import ssl
import warnings
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from ...core.errors import Invalid
from .models import Facts

MIN_RSA_BITS = 2048
_SKEW = timedelta(minutes=5)

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def check_pair(crt: str, key: str, now: datetime) -> tuple[str, str, Facts]:
    """Return the chain in its order (leaf first, without root), the key in PKCS #8, and the facts.

    Raises Invalid in words, with a key of its own for each cause.
    """
    private = _read_key(key, crt)
    certificates = _read_chain(crt)
    leaf = _leaf_of(certificates, private)
    _check_leaf(leaf, now)
    chain = _in_order(leaf, certificates)
    roots = _system_roots()
    trusted = _is_trusted(chain, roots, now)
    if not trusted and not _is_self_signed(leaf):
        _check_complete(chain, roots)
    pem = "".join(_pem(one) for one in chain)
    return pem, _pem_of_key(private), facts_of(leaf, trusted)


def check_readable(crt: str, key: str) -> Facts:
    """Return the facts of a certificate that is ours already, whatever its dates. Raises Invalid
    when the two cannot be read or do not belong together."""
    return facts_of(_leaf_of(_read_chain(crt), _read_key(key, crt)), trusted=False)


def facts_of(leaf: x509.Certificate, trusted: bool) -> Facts:
    return Facts(
        domains=_names(leaf),
        issuer=_issuer(leaf),
        not_before_ms=_ms(leaf.not_valid_before_utc),
        not_after_ms=_ms(leaf.not_valid_after_utc),
        key_type=_key_type(leaf),
        serial=f"{leaf.serial_number:x}",
        fingerprint=leaf.fingerprint(hashes.SHA256()).hex(),
        self_signed=_is_self_signed(leaf),
        trusted=trusted,
    )


def _read_key(pem: str, crt: str) -> Key:
    raw = pem.strip().encode() + b"\n"
    if b"-----BEGIN CERTIFICATE" in raw and b"PRIVATE KEY" not in raw:
        raise Invalid(
            "the field of the key holds a certificate",
            "The two may be exchanged: the key begins with BEGIN PRIVATE KEY."
            if "PRIVATE KEY" in crt
            else "Put the file there that begins with BEGIN PRIVATE KEY.",
            key="certificate_key_unreadable",
        )
    if b"ENCRYPTED" in raw:
        raise Invalid(
            "the key is protected by a password, which this server could not give at its start",
            "Remove it: openssl pkey -in locked.pem -out key.pem",
            key="certificate_key_encrypted",
        )
    try:
        key = serialization.load_pem_private_key(raw, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Invalid(
            "the key cannot be read",
            "It must be PEM text that begins with BEGIN PRIVATE KEY (or RSA, or EC).",
            key="certificate_key_unreadable",
        ) from None
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size < MIN_RSA_BITS:
            raise Invalid(
                f"the RSA key has only {key.key_size} bits, which browsers refuse",
                f"Make a certificate with {MIN_RSA_BITS} bits or more, or with ECDSA.",
                key="certificate_key_weak",
            )
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey):
        if key.curve.name not in ("secp256r1", "secp384r1", "secp521r1"):
            raise Invalid(
                f"browsers do not know the curve {key.curve.name}",
                "Make a certificate with P-256 or P-384.",
                key="certificate_key_weak",
            )
        return key
    raise Invalid(
        "browsers do not take certificates with a key of this kind",
        "Make one with an ECDSA (P-256) or RSA key.",
        key="certificate_key_weak",
    )


def _read_chain(pem: str) -> list[x509.Certificate]:
    text = pem.strip()
    if "-----BEGIN PKCS7" in text or "-----BEGIN CERTIFICATE REQUEST" in text:
        raise Invalid(
            "this is not a certificate but a request for one, or a PKCS #7 file",
            "Take the files that your CA sent as PEM (.crt or .pem).",
            key="certificate_unreadable",
        )
    try:
        # The key may stand in the same file, as some programs write it.
        return x509.load_pem_x509_certificates(text.encode() + b"\n")
    except ValueError:
        raise Invalid(
            "the certificate cannot be read",
            "It must be PEM text that begins with BEGIN CERTIFICATE; the whole chain.",
            key="certificate_unreadable",
        ) from None


def _leaf_of(certificates: list[x509.Certificate], key: Key) -> x509.Certificate:
    wanted = _public(key.public_key())
    for one in certificates:
        try:
            if _public(one.public_key()) == wanted:
                return one
        except (ValueError, UnsupportedAlgorithm):
            continue
    raise Invalid(
        f"the key does not belong to the certificate of {_title(certificates[0])}",
        "Take the key that was made for the request of this certificate.",
        key="certificate_key_mismatch",
    )


def _check_leaf(leaf: x509.Certificate, now: datetime) -> None:
    if leaf.not_valid_after_utc <= now:
        raise Invalid(
            f"the certificate expired on {_day(leaf.not_valid_after_utc)}",
            "Get a new one from your CA, or let Streamstead ask Let's Encrypt.",
            key="certificate_expired",
        )
    if leaf.not_valid_before_utc > now + _SKEW:
        raise Invalid(
            f"the certificate is valid from {_day(leaf.not_valid_before_utc)} only",
            f"This server's clock says {_day(now)}; check it, or wait.",
            key="certificate_not_yet_valid",
        )
    if not _names(leaf):
        raise Invalid(
            "the certificate names no domain (no subject alternative name), so browsers refuse it",
            "Ask your CA for one that names your domain.",
            key="certificate_no_names",
        )
    if isinstance(leaf.signature_hash_algorithm, hashes.SHA1 | hashes.MD5):
        raise Invalid(
            "the certificate is signed with SHA-1 or MD5, which browsers refuse",
            "Ask your CA for a new one.",
            key="certificate_key_weak",
        )


def _in_order(leaf: x509.Certificate, found: list[x509.Certificate]) -> list[x509.Certificate]:
    """Return leaf and its issuers; what belongs to no one is left out, and so is the root."""
    chain = [leaf]
    while not _is_self_signed(chain[-1]):
        issuer = next((one for one in found if one not in chain and _issued(one, chain[-1])), None)
        if issuer is None or _is_self_signed(issuer):
            break
        chain.append(issuer)
    return chain


def _check_complete(chain: list[x509.Certificate], roots: list[x509.Certificate]) -> None:
    """A chain that names where its next part lies lacks it, unless that is a known root."""
    last = chain[-1]
    try:
        access = last.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return
    fetched = any(one.access_method == AuthorityInformationAccessOID.CA_ISSUERS for one in access)
    if len(chain) == 1 and fetched and not any(_issued(root, last) for root in roots):
        raise Invalid(
            f"the certificate of {_issuer(last)}, which signed yours, is missing",
            "Upload the full chain (often called fullchain.pem): your certificate first, then "
            "those of the CA.",
            key="certificate_chain_incomplete",
        )


def _is_trusted(
    chain: list[x509.Certificate], roots: list[x509.Certificate], now: datetime
) -> bool:
    name = next(iter(_names(chain[0])), "")
    if not roots or not name:
        return False
    try:
        verifier = (
            PolicyBuilder()
            .store(Store(roots))
            .time(now)
            .build_server_verifier(x509.DNSName(name.replace("*", "wildcard", 1)))
        )
        verifier.verify(chain[0], chain[1:])
    except (VerificationError, ValueError, UnsupportedAlgorithm):
        return False
    return True


def _system_roots() -> list[x509.Certificate]:
    found = []
    with warnings.catch_warnings():
        # Some old roots break rules of today; that is for their owners to know.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        for raw in ssl.create_default_context().get_ca_certs(binary_form=True):
            try:
                found.append(x509.load_der_x509_certificate(raw))
            except ValueError:
                continue
    return found


def _issued(issuer: x509.Certificate, subject: x509.Certificate) -> bool:
    try:
        subject.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _is_self_signed(one: x509.Certificate) -> bool:
    return one.subject == one.issuer and _issued(one, one)


def _names(leaf: x509.Certificate) -> tuple[str, ...]:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = (str(one) for one in names.get_values_for_type(x509.IPAddress))
    return (*names.get_values_for_type(x509.DNSName), *addresses)


def _issuer(one: x509.Certificate) -> str:
    for kind in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
        values = one.issuer.get_attributes_for_oid(kind)
        if values:
            organization = str(values[0].value)
            common = one.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
            name = str(common[0].value) if common else ""
            return f"{organization} {name}".strip() if name != organization else organization
    return one.issuer.rfc4514_string()


def _title(one: x509.Certificate) -> str:
    return ", ".join(_names(one)[:3]) or one.subject.rfc4514_string()


def _key_type(leaf: x509.Certificate) -> str:
    public = leaf.public_key()
    if isinstance(public, ec.EllipticCurvePublicKey):
        return f"ECDSA P-{public.curve.key_size}"
    if isinstance(public, rsa.RSAPublicKey):
        return f"RSA {public.key_size}"
    return type(public).__name__.lstrip("_").removesuffix("PublicKey")


def _public(key: object) -> bytes:
    raw: bytes = key.public_bytes(  # type: ignore[attr-defined]
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return raw


def _pem(one: x509.Certificate) -> str:
    return one.public_bytes(serialization.Encoding.PEM).decode()


def _pem_of_key(key: Key) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _day(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
