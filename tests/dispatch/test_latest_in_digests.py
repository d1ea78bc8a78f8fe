"""Who wants a digest, and of each subject the latest alone: both hold together."""

import pytest

from service.core.sending.steering import Act
from service.store.delivery.tables import Receipt
from tests.books import rows
from tests.dispatch.gathering import (
    DAILY,
    bodies,
    find_faults,
    follow_with,
    let_go,
    teller,
    types,
)
from tests.dispatch.office import send_all
from tests.dispatch.steering import alerts, run_errands, say
from tests.dispatch.test_superseding import set_steps
from tests.receivers import http_receiver

STEEL, CARS = "us-steel", "us-cars"


@pytest.fixture
async def receiver():
    async with http_receiver() as opened:
        yield opened


@pytest.fixture
async def step(db, log, clock, dispatch, receiver):
    """A day's steps, each claimed before the next one comes."""
    await follow_with(db, "desk", receiver, wishes=DAILY)
    await set_steps(db, "all-desk", "latest")
    tell = teller(db, log, clock)

    async def go(measure, rate):
        await tell(rate, measure=measure)
        await send_all(dispatch())
        clock.advance(minutes=10)

    return go


async def test_a_digest_has_each_subject_as_it_stands_at_its_hour(
    db, clock, dispatch, receiver, step
):
    for measure, rate in ((STEEL, "5"), (CARS, "7"), (STEEL, "6"), (STEEL, "8")):
        await step(measure, rate)
    clock.advance(hours=11)
    await let_go(db, clock)
    await send_all(dispatch())
    assert types(receiver) == ["digest"]
    (told,) = (one["data"]["changes"] for one in bodies(receiver))
    ids = [identity for (identity,) in await alerts(db, "id")]
    assert {one["delivery"] for one in told} == {str(ids[1]), str(ids[3])}
    ended = dict(await rows(db, Receipt, "delivery_id", "outcome"))
    assert [ended[one] for one in ids[:4]] == ["superseded", "digested", "superseded", "digested"]
    assert await find_faults(db, clock) == []


async def test_the_latest_that_is_taken_back_gives_its_place_in_the_digest_back(
    db, clock, dispatch, receiver, step
):
    for measure, rate in ((STEEL, "5"), (CARS, "7"), (STEEL, "6")):
        await step(measure, rate)
    ids = [identity for (identity,) in await alerts(db, "id")]
    await say(db, clock, Act.RECALL, 3)
    await run_errands(db, clock)
    await send_all(dispatch())
    assert receiver.requests == []
    clock.advance(hours=11)
    await let_go(db, clock)
    await send_all(dispatch())
    assert types(receiver) == ["digest"]
    (told,) = (one["data"]["changes"] for one in bodies(receiver))
    assert {one["delivery"] for one in told} == {str(ids[0]), str(ids[1])}
    assert await find_faults(db, clock) == []
