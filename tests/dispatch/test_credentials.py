"""What a delivery carries of its destination's credentials: opened, and as of this moment."""

from dataclasses import replace
from datetime import timedelta

import pytest

from service.core.destination.credentials import Credentials, Key, add_key
from service.core.destination.grant import Grant
from service.core.proof.signing import private_from, secret_from
from service.core.sending.delivery import Reply, Route
from service.dispatch.trial import send_trial
from service.store.delivery.tables import Attempt, Pace, Receipt
from service.store.following.accounts import DEFAULT
from service.store.following.destinations import change_destination, find_destination
from service.store.following.tables import Destination
from service.store.following.vault import Vault
from tests.books import NOW, count, rows
from tests.dispatch.office import HEAD, follow, make_dispatcher, send_all
from tests.receivers import Answer, http_receiver

NEW, OLD, PRIVATE = secret_from(b"n" * 32), secret_from(b"o" * 32), private_from(b"p" * 32)
HEADERS = (("Authorization", "Bearer 0123456789"),)
ROUTE = Route(authority="theirs", certificate="ours", key="secret")
GRANT = Grant("https://login.example", "us", "b04a91f3c7d25e68")
HELD = add_key(
    Credentials((Key(OLD, NOW), Key(PRIVATE, NOW)), HEADERS, ROUTE, GRANT),
    Key(NEW, NOW),
    NOW,
    timedelta(hours=1),
)
VAULT = Vault([b"k" * 32])


class Desk:
    """A sender that keeps what it is given."""

    def __init__(self):
        self.parcels = []

    async def send(self, parcel):
        self.parcels.append(parcel)
        return Reply(accepted=True, status=204, reason="taken")


@pytest.fixture
def sender():
    return Desk()


@pytest.fixture
async def desk(db):
    """A destination with all that one can be given, sealed; everything is for it."""
    await follow(db, "desk")
    async with db.write() as session:
        value = await find_destination(session, DEFAULT, "desk")
        value = replace(value, secrets=(), sealed=VAULT.seal("desk", HELD))
        await change_destination(session, value)
    return value


async def test_a_delivery_carries_all_of_them_and_the_keys_that_sign_now(
    db, clock, sender, desk, alert
):
    dispatcher = make_dispatcher(db, clock, {"webhook": sender}, vault=VAULT)
    await alert()
    await send_all(dispatcher)
    clock.advance(hours=1)
    await alert()
    await send_all(dispatcher)
    first, second = sender.parcels
    assert first.secrets == (NEW, OLD, PRIVATE)
    assert second.secrets == (NEW, PRIVATE)
    assert (first.headers, first.route, first.grant) == (HEADERS, ROUTE, GRANT)
    assert not any(
        secret in repr(first) for secret in (NEW, PRIVATE, "0123456789", "key='secret", "b04a91f3")
    )


async def test_so_does_a_test_message(clock, sender, desk):
    await send_trial(desk, {"webhook": sender}, HEAD, clock(), vault=VAULT)
    (parcel,) = sender.parcels
    assert (parcel.secrets, parcel.headers) == ((NEW, OLD, PRIVATE), HEADERS)
    assert (parcel.route, parcel.grant) == (ROUTE, GRANT)


async def test_what_cannot_be_opened_waits_and_is_our_fault(db, clock, sender, desk, alert):
    await alert()
    await send_all(make_dispatcher(db, clock, {"webhook": sender}))
    assert sender.parcels == []
    (attempt,) = await rows(db, Attempt, "outcome", "reason")
    assert attempt[0] == "try_later"
    assert "our fault" in attempt[1]
    assert "TARIFFWIRE_SECRETS_KEY" in attempt[1]
    assert await count(db, Receipt) == 0
    clock.advance(days=1)
    await send_all(make_dispatcher(db, clock, {"webhook": sender}, vault=VAULT))
    assert len(sender.parcels) == await count(db, Receipt) == 1


async def test_a_token_server_that_refuses_counts_as_a_failed_attempt(
    db, clock, desk, alert, webhooks
):
    refusal = Answer(status=410, body=b'{"error": "invalid_client"}')
    given = b'{"access_token": "8f1c0a52d7e94b16", "token_type": "bearer"}'
    async with (
        http_receiver(refusal, Answer(status=200, body=given)) as server,
        http_receiver() as receiver,
    ):
        held = Credentials((Key(NEW, NOW),), grant=replace(GRANT, token_url=server.url))
        sealed = VAULT.seal("desk", held)
        async with db.write() as session:
            value = replace(desk, address=receiver.url, sealed=sealed)
            await change_destination(session, value)
        dispatcher = make_dispatcher(db, clock, {"webhook": webhooks}, vault=VAULT)
        await alert()
        await send_all(dispatcher)
        assert await rows(db, Pace, "failures") == [(1,)]
        assert await rows(db, Destination, "state") == [("active",)]
        clock.advance(hours=1)
        await send_all(dispatcher)
    first, second = await rows(db, Attempt, "outcome", "status", "reason", "request")
    assert first[:3] == ("try_later", None, "the token server answered 410 invalid_client")
    assert second[:2] == ("delivered", 204)
    assert "8f1c0a52d7e94b16" not in str((first, second))
    assert GRANT.client_secret not in str((first, second))
