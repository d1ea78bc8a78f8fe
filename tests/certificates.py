"""Certificates made on the spot, so that none of them ever expires in a drawer."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

Pair = tuple[str, str]


class Authority:
    """Issues certificates that are in force from one instant to another, as it is itself."""

    def __init__(self, since: datetime | None = None, until: datetime | None = None) -> None:
        now = datetime.now(UTC)
        self._since = since or now - timedelta(days=1)
        self._until = until or now + timedelta(days=1)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("test authority")
        self.pem, _ = self._sign("test authority", self._key, is_authority=True)

    def issue(self, name: str, *, host: str = "") -> Pair:
        """A certificate and its key, as PEM; a server's, if an address is named."""
        return self._sign(name, ec.generate_private_key(ec.SECP256R1()), host=host)

    @staticmethod
    def lock(key: str) -> str:
        """The same key under a passphrase."""
        return _write(load_pem_private_key(key.encode(), None), b"passphrase")

    def _sign(
        self, name: str, key: ec.EllipticCurvePrivateKey, *, host: str = "", is_authority=False
    ) -> Pair:
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._since)
            .not_valid_after(self._until)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if host:
            known = x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))])
            builder = builder.add_extension(known, critical=False)
        made = builder.sign(self._key, hashes.SHA256())
        return made.public_bytes(Encoding.PEM).decode(), _write(key)


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _write(key: ec.EllipticCurvePrivateKey, passphrase: bytes = b"") -> str:
    locked = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked).decode()
