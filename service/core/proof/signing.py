"""Keys that sign: `whsec_…` by HMAC-SHA256 (`v1`), `whsk_…` by Ed25519 (`v1a`), and `whpk_…`.

The texts are those of the Standard Webhooks specification 1.0.0, "Signature scheme". Ed25519 is
`cryptography`'s, the one library beside pydantic and jinja2 that the core uses: a signature is
arithmetic, the same for the same key and content (RFC 8032 §5.1), and Python has none of its own.
"""

import base64
import hmac
from collections.abc import Callable, Iterable
from functools import lru_cache, partial

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SHARED = "whsec_"
PRIVATE = "whsk_"
PUBLIC = "whpk_"

SHARED_BYTES = range(24, 65)
SEED_BYTES = 32
DECODED = 16_384
"""Keys that are kept ready to sign: decoding one costs more than signing with it."""

V1, V1A = "v1", "v1a"


class BadSecret(ValueError):
    """A signing secret is `whsec_` followed by the base64 of 24 to 64 bytes."""


def secret_from(entropy: bytes) -> str:
    """`whsec_…` from 24 to 64 random bytes that the caller drew."""
    _check_length(entropy)
    return SHARED + base64.b64encode(entropy).decode()


def private_from(seed: bytes) -> str:
    """`whsk_…` from 32 random bytes: the seed and its public key, as libsodium and Svix keep it."""
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return PRIVATE + base64.b64encode(seed + public).decode()


def public_of(private: str) -> str:
    """The `whpk_…` by which receivers verify what `private` signs."""
    return PUBLIC + base64.b64encode(_public_bytes(private)).decode()


def jwk_x(public: str) -> str:
    """The `x` of RFC 8037 §2: the same 32 bytes in base64url without padding."""
    raw = _decode(public, PUBLIC)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def kind_of(text: str) -> str:
    """`v1` or `v1a`: which kind of signature the key makes or proves."""
    return V1A if text.startswith((PRIVATE, PUBLIC)) else V1


def sign(text: str, content: bytes) -> str:
    """The signature, with its kind before it: `v1,…` or `v1a,…`."""
    return _signer(text)(content)


def proves(text: str, content: bytes, offered: Iterable[str]) -> bool:
    """Whether one of `offered` was made from this content with the key that `text` is, or proves.

    v1 is compared in constant time, as bytes: `compare_digest` refuses text that is not ASCII.
    """
    if kind_of(text) == V1A:
        return any(_verifies(text, content, one) for one in offered)
    expected = sign(text, content).encode()
    return any(hmac.compare_digest(expected, one.encode()) for one in offered)


def _verifies(text: str, content: bytes, offered: str) -> bool:
    kind, _, signature = offered.partition(",")
    if kind != V1A:
        return False
    verifier = _verifier(text)  # a key that is none is the caller's fault, not the signature's
    try:
        verifier.verify(_read_base64(signature), content)
    except (ValueError, InvalidSignature):
        return False
    return True


@lru_cache(DECODED)
def _signer(text: str) -> Callable[[bytes], str]:
    if kind_of(text) == V1A:
        private = _private_key(text)
        return lambda content: f"{V1A},{base64.b64encode(private.sign(content)).decode()}"
    key = _decode(text, SHARED)
    _check_length(key)
    return lambda content: f"{V1},{base64.b64encode(hmac.digest(key, content, 'sha256')).decode()}"


@lru_cache(DECODED)
def _verifier(text: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(_public_bytes(text))


def _public_bytes(text: str) -> bytes:
    if text.startswith(PRIVATE):
        return _private_key(text).public_key().public_bytes_raw()
    raw = _decode(text, PUBLIC)
    if len(raw) != SEED_BYTES:
        message = f"a public key is {PUBLIC} and the base64 of 32 bytes, this one has {len(raw)}"
        raise BadSecret(message)
    return raw


def _private_key(text: str) -> Ed25519PrivateKey:
    """From the seed alone, or followed by its public key, which must be that of the seed."""
    if not text.startswith(PRIVATE):
        message = f"{PUBLIC}… verifies; only {PRIVATE}… signs"
        raise BadSecret(message)
    raw = _decode(text, PRIVATE)
    if len(raw) not in {SEED_BYTES, 2 * SEED_BYTES}:
        message = f"a private key is {PRIVATE} and the base64 of 32 or 64 bytes, not {len(raw)}"
        raise BadSecret(message)
    private = Ed25519PrivateKey.from_private_bytes(raw[:SEED_BYTES])
    if raw[SEED_BYTES:] not in {b"", private.public_key().public_bytes_raw()}:
        message = f"the second half of this {PRIVATE}… is not the public key of its first half"
        raise BadSecret(message)
    return private


def _decode(text: str, prefix: str) -> bytes:
    """A key that is compared as text has one text alone; a secret is taken as it was agreed on."""
    read = _read_base64 if prefix == PUBLIC else partial(base64.b64decode, validate=True)
    try:
        return read(text.removeprefix(prefix))
    except ValueError as error:
        message = f"the signing secret is not {prefix} and base64: {error}"
        raise BadSecret(message) from error


def _read_base64(text: str) -> bytes:
    """As it is written in one way alone: the last sign has bits that decoding does not look at."""
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw).decode() != text:
        message = "it is not as base64 is written"
        raise ValueError(message)
    return raw


def _check_length(key: bytes) -> None:
    if len(key) not in SHARED_BYTES:
        message = f"a signing secret has 24 to 64 bytes, this one has {len(key)}"
        raise BadSecret(message)
