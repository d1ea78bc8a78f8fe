"""What DKIM signs, verified by PyPI's `dkimpy`."""

from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256

import dkim
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from service.core.proof.dkim import Signer

NOW = datetime(2025, 4, 10, 4, 1, tzinfo=UTC)
KEY = Ed25519PrivateKey.generate()
RECORD = b"v=DKIM1; k=ed25519; p=" + b64encode(KEY.public_key().public_bytes_raw())
HEAD = b"From: a@alerts.example\r\nSubject: x\r\n"


def sign(data):
    """RFC 8463 §3: Ed25519 signs the digest."""
    return KEY.sign(sha256(data).digest())


SIGNER = Signer("alerts.example", "tw1", "ed25519-sha256", sign)


def is_verified(message):
    return dkim.verify(message, dnsfunc=lambda name, timeout=5: RECORD)


@given(st.lists(st.text(" \tab.-", max_size=12), max_size=12))
def test_any_body_is_verified(lines):
    body = "".join(f"{line}\r\n" for line in lines).encode()
    assert is_verified(SIGNER.seal(HEAD + b"\r\n" + body, NOW))


def test_a_folded_head_is_verified():
    folded = HEAD.replace(b": x", b": a long\r\n subject, \t folded  twice\r\n\tover")
    assert is_verified(SIGNER.seal(folded + b"\r\nbody\r\n", NOW))


def test_a_head_that_was_not_there_cannot_be_added():
    sealed = SIGNER.seal(HEAD + b"\r\nbody\r\n", NOW)
    assert not is_verified(b"From: else@evil.example\r\n" + sealed)
