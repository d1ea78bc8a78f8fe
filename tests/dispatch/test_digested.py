"""Stopping and taking back what waits for others, and what was told with others."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import update

from service.core.sending.delivery import WAITS, delivery_id
from service.core.sending.steering import LANDING, Act, NotPossible
from service.store.again.resending import find_losses
from service.store.delivery.tables import Alert, Delivery, Held, Receipt
from service.store.gathering.tables import Carried, Gathered
from service.store.steering.errands import RESWEEP, Kind, Task, begin, name_destination
from tests.books import NOW, count, rows
from tests.dispatch.gathering import DAILY, bodies, find_faults, follow_with, let_go, teller, types
from tests.dispatch.office import send_all
from tests.dispatch.steering import again, change_of, run_errands, say
from tests.receivers import Answer, http_receiver


@pytest.fixture
def tell_of(db, log, clock):
    return teller(db, log, clock)


@pytest.fixture
async def receiver():
    async with http_receiver() as opened:
        yield opened


@pytest.fixture
def bundled(db, clock, dispatch, tell_of):
    """So many changes that left in one bundle, which is not sent yet."""

    async def make(receiver, *rates):
        await follow_with(db, "desk", receiver, wishes=DAILY)
        await tell_of(*rates)
        await send_all(dispatch())
        clock.advance(hours=12)
        await let_go(db, clock)
        return (await rows(db, Carried, "alert_id"))[0][0]

    return make


async def outcome_of(db, number):
    change = await change_of(db, number)
    ends = {row[0]: row[1:] for row in await rows(db, Receipt, "delivery_id", "outcome", "reason")}
    return ends.get(delivery_id("desk", str(change.id)))


def told(receiver):
    """The changes of the only digest, by their numbers' rates."""
    (body,) = [one for one in bodies(receiver) if one["type"] == "tariffwire.digest"]
    return {one["change"] for one in body["data"]["changes"]}


async def test_who_was_told_in_a_digest_is_told_of_the_recall(
    db, clock, dispatch, receiver, bundled
):
    await bundled(receiver, "5", "6", "7")
    await send_all(dispatch())
    await say(db, clock, Act.RECALL, number=2)
    await send_all(dispatch("later"))
    digest, correction = bodies(receiver)
    recalled = str((await change_of(db, 2)).id)
    (member,) = [one for one in digest["data"]["changes"] if one["change"] == recalled]
    assert correction["type"] == "tariffwire.recall"
    assert correction["data"]["previous_alert"] == member["delivery"]
    assert (await outcome_of(db, 2))[0] == "digested"
    assert await find_faults(db, clock) == []


async def test_what_waits_for_a_digest_is_cancelled_by_a_recall(
    db, clock, dispatch, receiver, tell_of
):
    await follow_with(db, "desk", receiver, wishes=DAILY)
    await tell_of("5", "6", "7")
    await send_all(dispatch())
    clock.advance(seconds=LANDING.total_seconds())
    await say(db, clock, Act.RECALL, number=2)
    clock.advance(hours=12)
    await let_go(db, clock)
    await send_all(dispatch("later"))
    assert types(receiver) == ["digest"]
    assert str((await change_of(db, 2)).id) not in told(receiver)
    assert await outcome_of(db, 2) == ("cancelled", "recalled: a mistake")
    assert await count(db, Gathered) == 0


async def test_a_member_recalled_before_its_digest_left_is_struck_from_it(
    db, clock, dispatch, receiver, bundled
):
    await bundled(receiver, "5", "6", "7")
    await say(db, clock, Act.RECALL, number=3)
    assert await outcome_of(db, 3) == ("cancelled", "recalled: a mistake")
    (about,) = [
        change
        for change, cause in await rows(db, Alert, "change_id", "cause")
        if "digest:" in cause
    ]
    assert about == (await change_of(db, 2)).id  # no longer about what was recalled
    await send_all(dispatch("later"))
    assert types(receiver) == ["digest"]
    assert told(receiver) == {str((await change_of(db, number)).id) for number in (1, 2)}
    assert bodies(receiver)[0]["data"]["count"] == 2
    assert await find_faults(db, clock) == []


async def test_a_digest_of_which_all_is_recalled_is_not_sent(
    db, clock, dispatch, receiver, bundled
):
    bundle = await bundled(receiver, "5", "6")
    await say(db, clock, Act.RECALL, number=1)
    await say(db, clock, Act.RECALL, number=2)
    await send_all(dispatch("later"))
    assert receiver.requests == []
    ends = dict(await rows(db, Receipt, "delivery_id", "outcome"))
    assert ends[bundle] == "cancelled"
    assert await count(db, Delivery) == await count(db, Carried) == 0
    assert await find_faults(db, clock) == []


async def test_what_is_recalled_while_its_digest_is_in_the_air_is_corrected(
    db, clock, dispatch, bundled
):
    async with http_receiver(answer=Answer(delay=0.1)) as receiver:
        await bundled(receiver, "5", "6")
        sender = dispatch()
        await sender.turn()
        task = await say(db, clock, Act.RECALL, number=1)
        assert (task.done, task.aloft) == (0, 1)
        await sender.drain()
        clock.advance(seconds=RESWEEP.total_seconds())
        await run_errands(db, clock)
        await send_all(dispatch("later"))
    assert types(receiver) == ["digest", "recall"]
    assert await find_faults(db, clock) == []


async def test_what_is_recalled_after_its_digest_failed_is_not_said_again(
    db, clock, dispatch, bundled
):
    async with http_receiver(Answer(status=500)) as receiver:
        bundle = await bundled(receiver, "5", "6")
        await send_all(dispatch())
        await say(db, clock, Act.RECALL, number=1)
        clock.advance(hours=1)
        await send_all(dispatch("later"))
    first, second = bodies(receiver)
    assert [len(one["data"]["changes"]) for one in (first, second)] == [2, 1]
    assert second["data"]["delivery"] == str(bundle)
    assert (await outcome_of(db, 1))[0] == "cancelled"


async def test_a_digest_with_something_recalled_is_not_sent_again(
    db, clock, dispatch, receiver, bundled
):
    bundle = await bundled(receiver, "5", "6")
    await send_all(dispatch())
    await say(db, clock, Act.RECALL, number=1)
    with pytest.raises(NotPossible, match="a change that it tells of was stopped"):
        await again(db, clock, bundle)


@pytest.mark.parametrize("act", [Act.HALT, Act.RECALL])
async def test_a_member_that_was_sent_by_itself_meanwhile_was_told(
    db, clock, dispatch, bundled, act
):
    async with http_receiver() as receiver:
        bundle = await bundled(receiver, "5", "6", "7")
        members = [member for (member,) in await rows(db, Carried, "member_id")]
        alone = delivery_id("desk", str((await change_of(db, 2)).id))
        assert alone in members
        later = {"visible_at": clock() + timedelta(seconds=5)}
        async with db.write() as session:
            await session.execute(update(Delivery).where(Delivery.id == bundle).values(later))
        await again(db, clock, alone)
        await send_all(dispatch())
        await say(db, clock, act, number=2)
        assert await find_faults(db, clock) == []
        clock.advance(hours=1)
        await send_all(dispatch("later"))
    corrected = ["recall"] if act is Act.RECALL else []
    assert sorted(types(receiver)) == ["change", "digest", *corrected]
    assert len(told(receiver)) == 2
    assert (await outcome_of(db, 2))[0] == "delivered"
    assert await find_faults(db, clock) == []


async def test_what_is_halted_waits_for_nobody_else_and_then_for_the_next_digest(
    db, clock, dispatch, receiver, tell_of
):
    await follow_with(db, "desk", receiver, wishes=DAILY)
    await tell_of("5", "6", "7")
    await send_all(dispatch())
    await say(db, clock, Act.HALT, number=2)
    clock.advance(hours=12)
    await let_go(db, clock)
    await send_all(dispatch("later"))
    assert len(told(receiver)) == 2
    await say(db, clock, Act.RESUME, number=2)
    await send_all(dispatch("later"))
    assert len(receiver.requests) == 1
    clock.advance(hours=24)
    await let_go(db, clock)
    await send_all(dispatch("later"))
    assert types(receiver) == ["digest", "change"]
    assert await find_faults(db, clock) == []


async def test_what_is_halted_is_taken_out_of_a_digest_that_was_not_sent(
    db, clock, dispatch, receiver, bundled
):
    await bundled(receiver, "5", "6", "7")
    task = await say(db, clock, Act.HALT, number=2)
    assert task.done == 1
    await send_all(dispatch("later"))
    assert len(told(receiver)) == 2
    assert [owner.partition(":")[0] for (owner,) in await rows(db, Held, "owner_id")] == ["halt"]
    assert await find_faults(db, clock) == []
    await say(db, clock, Act.RESUME, number=2)
    clock.advance(hours=24)
    await send_all(dispatch("later"))
    clock.advance(hours=24)
    await let_go(db, clock)
    await send_all(dispatch("later"))
    assert types(receiver) == ["digest", "change"]
    assert json.loads(receiver.requests[-1].body)["data"]["change"] not in told(receiver)


async def fail_again(db, clock, dispatch, bundle):
    """Sent again by hand, until its sender gives up."""
    await again(db, clock, bundle)
    for number in range(len(WAITS) + 1):
        await send_all(dispatch(f"s{number}"))
        clock.advance(hours=30)


def recovery(clock):
    return Task(
        object=name_destination("desk"),
        kind=Kind.RECOVER,
        who="kim",
        since=NOW,
        begun_at=clock(),
        due_at=clock(),
    )


async def test_a_recovery_leaves_out_a_digest_that_tells_of_what_was_recalled(
    db, clock, dispatch, receiver, bundled
):
    bundle = await bundled(receiver, "5", "6")
    await send_all(dispatch("early"))
    receiver.answer = Answer(status=500)
    await fail_again(db, clock, dispatch, bundle)
    receiver.answer = Answer()
    async with db.read() as session:
        assert (await find_losses(session, "desk", NOW, 3)).failed == 1
    await say(db, clock, Act.RECALL, number=2)
    await send_all(dispatch("late"))
    receiver.requests.clear()
    async with db.read() as session:
        assert (await find_losses(session, "desk", NOW, 3)).failed == 0
    async with db.write() as session:
        await begin(session, recovery(clock))
    await run_errands(db, clock)
    await send_all(dispatch("later"))
    assert receiver.requests == []
    assert await find_faults(db, clock) == []


@pytest.mark.parametrize(("act", "word"), [(Act.HALT, "halted"), (Act.RECALL, "recalled")])
async def test_a_digest_that_goes_out_again_is_called_off_by_what_it_tells_of(  # noqa: PLR0917 - fixtures
    db, clock, dispatch, receiver, bundled, act, word
):
    bundle = await bundled(receiver, "5", "6")
    await send_all(dispatch("early"))
    receiver.answer = Answer(status=500)
    await again(db, clock, bundle)
    await send_all(dispatch("again"))
    assert types(receiver) == ["digest", "digest"]
    await say(db, clock, act, number=2)
    receiver.answer = Answer()
    clock.advance(hours=30)
    await send_all(dispatch("late"))
    assert types(receiver)[2:] == (["recall"] if act is Act.RECALL else [])
    ends = {row[0]: row[1:] for row in await rows(db, Receipt, "delivery_id", "outcome", "reason")}
    assert ends[bundle] == ("cancelled", f"{word}: a mistake")
    assert await find_faults(db, clock) == []


async def test_a_digest_in_the_air_again_is_called_off_when_it_has_failed(
    db, clock, dispatch, receiver, bundled
):
    bundle = await bundled(receiver, "5", "6")
    await send_all(dispatch("early"))
    await again(db, clock, bundle)
    async with db.write() as session:
        held = {"lease": "another", "visible_at": clock() + timedelta(seconds=60)}
        await session.execute(update(Delivery).where(Delivery.id == bundle).values(held))
    task = await say(db, clock, Act.RECALL, number=2)
    assert task.due_at == clock() + RESWEEP
    async with db.write() as session:
        back = {"lease": None, "visible_at": clock() + timedelta(minutes=5)}
        await session.execute(update(Delivery).where(Delivery.id == bundle).values(back))
    clock.advance(seconds=RESWEEP.total_seconds())
    await run_errands(db, clock)
    assert await count(db, Delivery) == 1  # the correction
    clock.advance(hours=1)
    await send_all(dispatch("late"))
    assert types(receiver) == ["digest", "recall"]
