"""The key that signs mails, opened once: RSA, or Ed25519 as in RFC 8463."""

from hashlib import sha256

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from service.core.proof.dkim import Signer

SHORTEST = 1024


class BadKey(ValueError):
    """TARIFFWIRE_DKIM_KEY is no private key that can sign: write PEM, RSA or Ed25519."""


def open_signer(pem: str, domain: str, selector: str) -> Signer:
    """Raises `BadKey` before anything is sent, and never shows the key."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadKey(BadKey.__doc__) from None
    if isinstance(key, Ed25519PrivateKey):
        edwards = key
        return Signer(
            domain, selector, "ed25519-sha256", lambda data: edwards.sign(sha256(data).digest())
        )
    if not isinstance(key, RSAPrivateKey):
        raise BadKey(BadKey.__doc__)
    if key.key_size < SHORTEST:
        raise BadKey(f"TARIFFWIRE_DKIM_KEY has {key.key_size} bits; receivers want {SHORTEST}")
    rsa = key
    return Signer(
        domain, selector, "rsa-sha256", lambda data: rsa.sign(data, padding.PKCS1v15(), SHA256())
    )
