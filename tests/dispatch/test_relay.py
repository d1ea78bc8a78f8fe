"""Whether mail can be handed over at all is noted once, and for as long as it lasts."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from service.core.sending.delivery import Parcel, Reply
from service.dispatch.relay import WatchedRelay
from service.store.database import DatabaseUnavailable
from service.store.mail.trouble import read_mail_trouble

TAKEN = Reply(accepted=True, status=250, reason="the relay took it")
AWAY = Reply(accepted=False, status=None, reason="no conversation with the relay", ours=True)
GREY = Reply(accepted=False, status=451, reason="greylisted")
PARCEL = Parcel(
    delivery_id=uuid4(),
    kind="email",
    address="desk@example.com",
    secrets=(),
    body=b"",
    attempt=1,
    signed_at=datetime(2025, 1, 1, tzinfo=UTC),
)


class Saying:
    reply = AWAY

    async def send(self, parcel):
        return self.reply


@pytest.fixture
def relay(db, clock):
    said = Saying()
    watched = WatchedRelay(said, db, clock)

    async def send(reply):
        said.reply = reply
        assert await watched.send(PARCEL) == reply
        async with db.read() as session:
            return await read_mail_trouble(session)

    return send


async def test_a_trouble_keeps_its_beginning(relay, clock):
    begun = clock()
    assert (await relay(AWAY)).since == begun
    clock.advance(seconds=30)
    assert (await relay(AWAY)).tried_at == begun
    clock.advance(seconds=40)
    found = await relay(replace(AWAY, reason="no answer"))
    assert (found.since, found.tried_at, found.reason) == (begun, clock(), "no answer")


@pytest.mark.parametrize("reply", [TAKEN, GREY])
async def test_whatever_the_relay_answers_ends_it(relay, reply):
    await relay(AWAY)
    assert await relay(reply) is None
    assert await relay(reply) is None
    assert await relay(AWAY) is not None


async def test_a_note_of_an_earlier_process_is_ended_by_the_first_mail(relay, db, clock):
    await relay(AWAY)
    said = Saying()
    said.reply = TAKEN
    await WatchedRelay(said, db, clock).send(PARCEL)
    async with db.read() as session:
        assert await read_mail_trouble(session) is None


async def test_a_database_that_is_away_costs_no_mail(clock):
    class Away:
        async def run_write(self, work, name):
            raise DatabaseUnavailable

    assert await WatchedRelay(Saying(), Away(), clock).send(PARCEL) == AWAY
