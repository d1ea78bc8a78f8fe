"""What we sign, receivers in Python, JavaScript and Java verify with the libraries they have.

The webhook is one that was sent: its bytes and headers are those that a receiver was given.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from service.core.proof.signing import jwk_x, private_from, public_of, secret_from
from service.core.sending.delivery import Parcel
from service.dispatch.http import WebhookSender
from tests.receivers import http_receiver
from tests.signatures.languages import ask_java, ask_node

ALERT = Path(__file__).parents[1] / "core/message/golden/webhook_us-cn-recip-125.json"
NEW, OLD, OTHER = (secret_from(bytes([one]) * 32) for one in range(3))
PRIVATE, STRANGE = (private_from(bytes([one]) * 32) for one in range(2))


def ask_python(cases):
    """What Python says of each."""
    return [_judge(one) for one in cases]


def _judge(case):
    try:
        Webhook(case["key"]).verify(case["body"], case["headers"])
    except WebhookVerificationError as error:
        return str(error)
    return "verified"


ASK = {"python": ask_python, "node": ask_node, "java": ask_java}
NEEDS = {
    "python": (),
    "node": pytest.mark.needs_program("node", "npm"),
    "java": pytest.mark.needs_program("java", "mvn"),
}
SHARED = [
    pytest.param("python", "standardwebhooks", id="python-standardwebhooks"),
    pytest.param("node", "standardwebhooks", id="node-standardwebhooks", marks=NEEDS["node"]),
    pytest.param("node", "svix", id="node-svix", marks=NEEDS["node"]),
    pytest.param("java", "svix", id="java-svix", marks=NEEDS["java"]),
]
# None of these libraries knows v1a yet; the languages themselves do.
ED25519 = [
    pytest.param("node", "crypto", id="node-crypto", marks=NEEDS["node"]),
    pytest.param("java", "java.security", id="java-security", marks=NEEDS["java"]),
]


@pytest.fixture
async def send():
    """Send a real alert, signed with these keys; what the receiver was given."""

    async def post(*keys):
        parcel = Parcel(
            delivery_id=UUID(int=7),
            kind="webhook",
            address=receiver.url,
            secrets=keys,
            body=ALERT.read_bytes(),
            attempt=1,
            signed_at=datetime.now(UTC),
        )
        assert (await sender.send(parcel)).accepted
        request = receiver.requests[-1]
        return {"headers": dict(request.headers), "body": request.body.decode()}

    async with http_receiver() as receiver, WebhookSender(loopback_allowed=True) as sender:
        yield post


def spoilt(sent):
    """The same webhook with another duty in it."""
    body = sent["body"].replace("125", "126")
    assert body != sent["body"]
    return sent | {"body": body}


def unsigned(sent):
    """The same webhook without its v1 signatures."""
    kept = [one for one in sent["headers"]["webhook-signature"].split() if "v1a," in one]
    return sent | {"headers": sent["headers"] | {"webhook-signature": " ".join(kept)}}


@pytest.mark.parametrize(("language", "library"), SHARED)
async def test_its_library_verifies_what_we_send_and_nothing_else(send, language, library):
    one, both, mixed = await send(NEW), await send(NEW, OLD), await send(NEW, OLD, PRIVATE)
    good = [(one, NEW), (both, NEW), (both, OLD), (mixed, NEW), (mixed, OLD)]
    bad = [(one, OTHER), (spoilt(one), NEW), (both, OTHER), (spoilt(mixed), OLD)]
    bad.append((unsigned(mixed), NEW))
    cases = [sent | {"library": library, "key": key} for sent, key in good + bad]
    said = ASK[language](cases)
    assert said[: len(good)] == ["verified"] * len(good)
    assert all("signature" in one.lower() for one in said[len(good) :]), said


@pytest.mark.parametrize(("language", "library"), ED25519)
async def test_its_ed25519_verifies_our_v1a_by_the_public_key(send, language, library):
    alone, beside = await send(PRIVATE), await send(NEW, STRANGE, PRIVATE)
    good = [(alone, PRIVATE), (beside, PRIVATE), (beside, STRANGE)]
    bad = [(alone, STRANGE), (spoilt(alone), PRIVATE), (await send(NEW), PRIVATE)]
    cases = [sent | {"library": library, "key": _jwk(key)} for sent, key in good + bad]
    assert ASK[language](cases) == ["verified"] * 3 + ["no v1a signature matches"] * 3


def _jwk(private):
    return {"kty": "OKP", "crv": "Ed25519", "x": jwk_x(public_of(private))}


def test_no_lock_file_names_a_place_to_fetch_from():
    lock = (Path(__file__).with_name("package-lock.json")).read_text("utf-8")
    assert "http" not in lock
    assert all("integrity" in one for name, one in json.loads(lock)["packages"].items() if name)
