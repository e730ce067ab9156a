"""Create a certificate for the emulator if it uses TLS."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

_GOOD_FOR = timedelta(days=30)


class Certificate(NamedTuple):
    """Files of a certificate of this machine."""

    certificate: Path
    key: Path
    trusted: Path
    """CA bundle of clients: all public authorities and this certificate."""

    def context(self) -> ssl.SSLContext:
        """Return the TLS context of a client of the emulator."""
        return ssl.create_default_context(cafile=str(self.trusted))


def make_certificate(folder: Path) -> Certificate:
    """Create a certificate for the loopback address, a new one for each start.

    Args:
        folder: folder of its files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    serial = x509.random_serial_number()
    # A client that trusts several of them selects the right one by its name.
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "localhost"),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, str(serial)),
        ]
    )
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    time = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(time - timedelta(minutes=5))
        .not_valid_after(time + _GOOD_FOR)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    made = Certificate(folder / "emulator.crt", folder / "emulator.key", folder / "trusted.pem")
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    made.certificate.write_bytes(pem)
    made.key.touch(mode=0o600)
    made.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    with open(certifi.where(), "rb") as public:  # noqa: PTH123 - certifi names it by a text
        made.trusted.write_bytes(public.read() + pem)
    return made
