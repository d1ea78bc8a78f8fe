"""Standard Webhooks: the published vector, and the published library both ways."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from service.core.proof.signature import BadSecret, BadSignature, headers, secret_from, verify
from service.core.proof.signing import private_from, public_of

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = datetime.fromtimestamp(1614265330, UTC)
BODY = b'{"test": 2432232314}'
PUBLISHED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
OTHER = secret_from(bytes(range(32)))
PRIVATE = private_from(bytes(range(32)))
PUBLIC = public_of(PRIVATE)

entropies = st.binary(min_size=24, max_size=64)


def test_the_published_vector_holds():
    signed = headers(ID, AT, BODY, [SECRET])
    assert signed == {
        "webhook-id": ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": PUBLISHED,
    }
    verify(signed, BODY, [SECRET], AT)


def test_two_secrets_give_two_signatures_and_either_verifies():
    signed = headers(ID, AT, BODY, [OTHER, SECRET])
    assert signed["webhook-signature"].split(" ")[1] == PUBLISHED
    verify(signed, BODY, [SECRET], AT)
    verify(signed, BODY, [OTHER], AT)


@given(entropies, st.dictionaries(st.text(), st.text() | st.integers()))
def test_the_published_library_verifies_what_we_sign(entropy, content):
    now = datetime.now(UTC)
    secret, body = secret_from(entropy), json.dumps(content, ensure_ascii=False)
    body = body.encode("utf-8", "surrogatepass") if body.isascii() else body.encode()
    assert Webhook(secret).verify(body, headers(ID, now, body, [OTHER, secret])) == content


@given(entropies, st.text())
def test_we_verify_what_the_published_library_signs(entropy, text):
    secret = secret_from(entropy)
    signed = {
        "Webhook-Id": ID,
        "Webhook-Timestamp": "1614265330",
        "Webhook-Signature": Webhook(secret).sign(ID, AT, text),
    }
    verify(signed, text.encode(), [secret], AT)


def test_the_published_library_refuses_another_secret():
    now = datetime.now(UTC)
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(BODY, headers(ID, now, BODY, [SECRET]))


@given(entropies, st.binary(), st.integers(min_value=0), st.integers(1, 255))
def test_one_altered_byte_is_noticed(entropy, body, place, flip):
    secret = secret_from(entropy)
    signed = headers(ID, AT, body, [secret])
    at = place % (len(body) + 1)
    altered = body[:at] + bytes([(body[at] if at < len(body) else 0) ^ flip]) + body[at + 1 :]
    with pytest.raises(BadSignature, match="altered"):
        verify(signed, altered, [secret], AT)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_named(name):
    signed = headers(ID, AT, BODY, [SECRET])
    del signed[name]
    with pytest.raises(BadSignature, match=name):
        verify(signed, BODY, [SECRET], AT)


@pytest.mark.parametrize(
    ("away", "reason"), [(301, "too old"), (-301, "far in the future"), (10**9, "too old")]
)
def test_a_stale_or_future_signature_is_refused(away, reason):
    signed = headers(ID, AT, BODY, [SECRET])
    with pytest.raises(BadSignature, match=reason):
        verify(signed, BODY, [SECRET], AT + timedelta(seconds=away))


def test_the_tolerance_is_inclusive_and_can_be_widened():
    signed = headers(ID, AT, BODY, [SECRET])
    verify(signed, BODY, [SECRET], AT + timedelta(seconds=300))
    verify(signed, BODY, [SECRET], AT + timedelta(days=1), tolerance=timedelta(days=2))


@pytest.mark.parametrize("stamp", ["yesterday", "-1", "1e9", "٣"])
def test_a_timestamp_that_is_no_number_is_refused(stamp):
    signed = headers(ID, AT, BODY, [SECRET]) | {"webhook-timestamp": stamp}
    with pytest.raises(BadSignature, match="not a number"):
        verify(signed, BODY, [SECRET], AT)


@pytest.mark.parametrize("signature", ["v1a,abc", "é", "v1,", ",", PUBLISHED.replace("v1", "v2")])
def test_a_signature_of_another_kind_does_not_count(signature):
    signed = headers(ID, AT, BODY, [SECRET]) | {"webhook-signature": signature}
    with pytest.raises(BadSignature, match="no v1 signature"):
        verify(signed, BODY, [SECRET], AT)


@pytest.mark.parametrize("size", [0, 23, 65])
def test_a_secret_has_24_to_64_bytes(size):
    with pytest.raises(BadSecret, match=f"this one has {size}"):
        secret_from(bytes(size))


@pytest.mark.parametrize(
    ("secrets", "reason"),
    [([], "no signing secret"), (["whsec_!"], "base64"), (["whsec_c2hvcnQ="], "24 to 64")],
)
def test_a_webhook_is_never_signed_with_a_bad_secret(secrets, reason):
    with pytest.raises(BadSecret, match=reason):
        headers(ID, AT, BODY, secrets)


def test_the_prefix_may_be_left_out():
    assert headers(ID, AT, BODY, [SECRET.removeprefix("whsec_")]) == headers(ID, AT, BODY, [SECRET])


def test_a_private_key_signs_beside_a_shared_one_and_its_public_key_verifies():
    signed = headers(ID, AT, BODY, [SECRET, PRIVATE])
    first, second = signed["webhook-signature"].split(" ")
    assert first == PUBLISHED
    assert second.startswith("v1a,")
    for known in (SECRET, PUBLIC, PRIVATE):
        verify(signed, BODY, [known], AT)


@given(st.binary(min_size=32, max_size=32), st.binary(), st.integers(min_value=0))
def test_one_altered_byte_is_noticed_by_v1a(seed, body, place):
    private = private_from(seed)
    signed = headers(ID, AT, body, [private])
    at = place % (len(body) + 1)
    with pytest.raises(BadSignature, match="no v1a signature matches: the body was altered"):
        verify(signed, body[:at] + b"!" + body[at:], [public_of(private)], AT)


def test_a_signature_of_one_kind_never_stands_for_the_other():
    of_private, of_shared = headers(ID, AT, BODY, [PRIVATE]), headers(ID, AT, BODY, [SECRET])
    with pytest.raises(BadSignature, match="no v1 signature"):
        verify(of_private, BODY, [SECRET], AT)
    with pytest.raises(BadSignature, match="no v1a signature"):
        verify(of_shared, BODY, [PUBLIC], AT)
    relabelled = of_private["webhook-signature"].replace("v1a,", "v1,")
    with pytest.raises(BadSignature, match="no v1 or v1a signature"):
        verify(of_private | {"webhook-signature": relabelled}, BODY, [PUBLIC, SECRET], AT)


@pytest.mark.parametrize("signature", ["v1a,", "v1a,é", "v1a,!", "v1a,AAAA", "v1a"])
def test_what_is_no_ed25519_signature_is_refused_like_a_wrong_one(signature):
    signed = headers(ID, AT, BODY, [PRIVATE]) | {"webhook-signature": signature}
    with pytest.raises(BadSignature, match="no v1a signature"):
        verify(signed, BODY, [PUBLIC], AT)


def test_a_header_full_of_signatures_is_not_looked_through():
    last = headers(ID, AT, BODY, [PRIVATE])["webhook-signature"]
    signed = headers(ID, AT, BODY, [PRIVATE])
    verify(signed | {"webhook-signature": "v1a,AAAA " * 15 + last}, BODY, [PUBLIC], AT)
    with pytest.raises(BadSignature):
        verify(signed | {"webhook-signature": "v1a,AAAA " * 16 + last}, BODY, [PUBLIC], AT)


def test_who_knows_no_secret_verifies_nothing():
    with pytest.raises(BadSignature, match="no known signature"):
        verify(headers(ID, AT, BODY, [SECRET]), BODY, [], AT)
