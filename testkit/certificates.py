"""Certificates for TLS servers of tests, and the authority that signs them."""

import ssl
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from llmready.domain.clock import now

# Python 3.13 requires it for an authority (RFC 5280).
_SIGNS_CERTIFICATES = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


class Authority:
    """An authority that signs certificates.

    Args:
        folder: Where keys and certificates are written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("Authority of the tests")
        self._number = 0
        end = now() + timedelta(days=1)
        certificate = (
            _builder(self._name, self._name, self._key, end, signer=self._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_SIGNS_CERTIFICATES, critical=True)
        )
        self.file = folder / "authority.pem"
        """Certificate of the authority itself."""
        self.file.write_bytes(_pem(certificate.sign(self._key, hashes.SHA256())))

    def trusted(self) -> ssl.SSLContext:
        """Return the TLS context of a client that trusts only this authority."""
        return ssl.create_default_context(cafile=str(self.file))

    def server(self, host: str, *, expired: bool = False, signed: bool = True) -> ssl.SSLContext:
        """Return the TLS context of a server for a host.

        Args:
            host: DNS name of the host.
            expired: Whether the certificate expired a day ago.
            signed: Whether the authority has signed it. If not, the certificate has signed itself.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        issuer, signer = (self._name, self._key) if signed else (_name(host), key)
        end = now() + timedelta(days=-1 if expired else 1)
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        built = _builder(_name(host), issuer, key, end, signer=signer).add_extension(names, critical=False)
        self._number += 1
        file = self._folder / f"server-{self._number}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        file.write_bytes(private + _pem(built.sign(signer, hashes.SHA256())))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    end: datetime,
    *,
    signer: ec.EllipticCurvePrivateKey,
) -> x509.CertificateBuilder:
    """Return the builder of a certificate that is valid for the 30 days before its end."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - timedelta(days=30))
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
