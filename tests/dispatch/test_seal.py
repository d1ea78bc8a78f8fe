"""Signed mails, verified by PyPI's `dkimpy` with the public half of the key."""

from base64 import b64encode

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from service.core.proof.link import Links
from service.dispatch.mail import MailSender
from service.dispatch.post import Letterhead, Recipient, write_mail
from service.dispatch.seal import BadKey, open_signer
from tests.core.message.golden.written import ADDRESSED, change_of
from tests.dispatch.conftest import NOW
from tests.receivers import smtp_receiver

DOMAIN, SELECTOR = "alerts.example", "tw1"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=1024)
EDWARDS = Ed25519PrivateKey.generate()
KINDS = {"rsa": RSA, "ed25519": EDWARDS}
HEAD = Letterhead(
    "urn:tariffwire:test",
    "https://wire.example/schema",
    "https://wire.example",
    "Tariff desk <desk@alerts.example>",
    Links(b"key", "https://wire.example"),
)


def pem_of(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def published(key):
    """What the DNS would answer, and nothing for any other name."""
    if isinstance(key, Ed25519PrivateKey):
        public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        record = b"v=DKIM1; k=ed25519; p=" + b64encode(public)
    else:
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        record = b"v=DKIM1; k=rsa; p=" + b64encode(public)
    names = {f"{SELECTOR}._domainkey.{DOMAIN}.".encode(): record}
    return lambda name, timeout=5: names.get(name if isinstance(name, bytes) else name.encode())


def signer_of(key):
    return open_signer(pem_of(key), DOMAIN, SELECTOR)


@pytest.fixture
def mail():
    to = Recipient("dst_1", "desk@importer.example", (ADDRESSED.delivery_id,))
    return write_mail(change_of("us-cn-recip-125"), ADDRESSED, HEAD, to, NOW)


@pytest.mark.parametrize("kind", KINDS)
def test_a_signed_mail_is_verified(kind, mail):
    signed = signer_of(KINDS[kind]).seal(mail, NOW)
    assert dkim.verify(signed, dnsfunc=published(KINDS[kind]))
    assert signed.endswith(mail)
    assert max(map(len, signed.split(b"\r\n\r\n")[0].split(b"\r\n"))) < 998


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        (b"125", b"124"),
        (b"Subject: ", b"Subject: no "),
        (b"To: desk@", b"To: other@"),
        (b"/m/unsubscribe/", b"/m/unsubscribe/x"),
        (b"List-Unsubscribe=One-Click", b"List-Unsubscribe=Two-Clicks"),
        (b"MIME-Version", b"From: else@evil.example\r\nMIME-Version"),
    ],
)
def test_a_mail_that_was_changed_is_not(mail, said, instead):
    signed = signer_of(RSA).seal(mail, NOW)
    assert said in signed
    assert not dkim.verify(signed.replace(said, instead), dnsfunc=published(RSA))


def test_what_mail_servers_may_do_to_white_space_is_allowed(mail):
    signed = signer_of(RSA).seal(mail, NOW)
    moved = signed.replace(b"Subject: ", b"Subject:   ") + b"\r\n\r\n"
    assert dkim.verify(moved, dnsfunc=published(RSA))


async def test_what_arrives_is_signed(parcel, mail):
    async with (
        smtp_receiver() as receiver,
        MailSender(receiver.host, receiver.port, sender=SENDER, signer=signer_of(RSA)) as sender,
    ):
        assert (await sender.send(parcel(kind="email", address=TO, body=mail))).accepted
        assert dkim.verify(receiver.mails[0].content, dnsfunc=published(RSA))


SENDER, TO = "desk@alerts.example", "desk@importer.example"


NO_KEYS = {
    "nothing": "",
    "words": "nonsense",
    "another kind": pem_of(ec.generate_private_key(ec.SECP256R1())),
    "the public half": RSA.public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    .decode(),
}


@pytest.mark.parametrize("what", NO_KEYS)
def test_what_is_no_key_is_refused_before_it_is_used(what):
    with pytest.raises(BadKey, match="TARIFFWIRE_DKIM_KEY"):
        open_signer(NO_KEYS[what], DOMAIN, SELECTOR)
