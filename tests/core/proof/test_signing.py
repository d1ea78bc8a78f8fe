"""Keys that sign, in the texts that the Standard Webhooks specification gives them."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from service.core.proof.signing import (
    BadSecret,
    jwk_x,
    kind_of,
    private_from,
    proves,
    public_of,
    secret_from,
    sign,
)

# RFC 8032 §7.1, TEST 2.
SEED = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
RAW_PUBLIC = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
SIGNED = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)
PRIVATE = private_from(SEED)
PUBLIC = "whpk_" + base64.b64encode(RAW_PUBLIC).decode()
SEED_ALONE = "whsk_" + base64.b64encode(SEED).decode()


def test_the_published_ed25519_vector_holds():
    assert public_of(PRIVATE) == PUBLIC
    assert sign(PRIVATE, b"\x72") == "v1a," + base64.b64encode(SIGNED).decode()
    assert proves(PUBLIC, b"\x72", [sign(PRIVATE, b"\x72")])


def test_a_private_key_is_kept_with_its_public_key_or_as_its_seed_alone():
    assert base64.b64decode(PRIVATE.removeprefix("whsk_")) == SEED + RAW_PUBLIC
    assert public_of(SEED_ALONE) == PUBLIC
    assert sign(SEED_ALONE, b"any") == sign(PRIVATE, b"any")


def test_a_public_key_is_its_own_public_key():
    assert public_of(PUBLIC) == PUBLIC


def test_the_form_for_json_web_keys_is_the_same_key():
    x = jwk_x(PUBLIC)
    raw = base64.urlsafe_b64decode(x + "=" * (-len(x) % 4))
    Ed25519PublicKey.from_public_bytes(raw).verify(SIGNED, b"\x72")
    assert "=" not in x


@pytest.mark.parametrize(
    ("text", "kind"),
    [(PRIVATE, "v1a"), (PUBLIC, "v1a"), (secret_from(bytes(24)), "v1"), ("unprefixed", "v1")],
)
def test_the_kind_of_a_key_is_seen_by_its_first_letters(text, kind):
    assert kind_of(text) == kind


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (PUBLIC, "only whsk_… signs"),
        ("whsk_!", "not whsk_ and base64"),
        ("whsk_c2hvcnQ=", "32 or 64 bytes, not 5"),
        ("whsk_" + base64.b64encode(SEED + bytes(32)).decode(), "not the public key of its first"),
    ],
)
def test_what_is_no_private_key_never_signs(text, reason):
    with pytest.raises(BadSecret, match=reason):
        sign(text, b"any")


@pytest.mark.parametrize("text", ["whpk_c2hvcnQ=", "whpk_!"])
def test_what_is_no_public_key_is_said_to_be_none_whatever_is_offered(text):
    with pytest.raises(BadSecret):
        proves(text, b"any", ["v1a,AAAA"])


def test_a_signature_and_a_public_key_are_written_in_one_way_alone():
    signature = sign(PRIVATE, b"any")
    assert signature.endswith("w==")
    assert not proves(PUBLIC, b"any", [signature.removesuffix("w==") + "x=="])
    assert PUBLIC.endswith("w=")
    other = PUBLIC.removesuffix("w=") + "x="
    assert base64.b64decode(other.removeprefix("whpk_")) == RAW_PUBLIC
    with pytest.raises(BadSecret, match="not as base64 is written"):
        proves(other, b"any", [signature])


def test_a_shared_secret_is_taken_as_it_was_agreed_on():
    last, same = (f"whsec_{'A' * 34}{end}" for end in ("A=", "B="))
    assert sign(last, b"any") == sign(same, b"any")
