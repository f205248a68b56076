"""The self-signed certificate that 443 starts with."""

import datetime
import ipaddress
from pathlib import Path

from ..core.files import write_atomic

VALID_DAYS = 3650


def ensure_self_signed(certificate: Path, key: Path, names: tuple[str, ...]) -> bool:
    """Write an ECDSA P-256 certificate and its key unless both exist; return whether it did.

    ``names``: host names and addresses it is for.
    """
    if certificate.exists() and key.exists():
        return False
    # Late: only a first start needs the library and its memory.
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "streamstead")])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        # A machine whose clock is a little behind must accept it too.
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([_general_name(n) for n in names]), False)
        .sign(private, hashes.SHA256())
    )
    write_atomic(
        key,
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
        0o600,
    )
    write_atomic(certificate, built.public_bytes(serialization.Encoding.PEM), 0o644)
    return True


def _general_name(name: str):  # type: ignore[no-untyped-def]  # a type of the late import
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
