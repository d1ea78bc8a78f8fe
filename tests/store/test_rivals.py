"""Several processes on one server: whoever comes second takes other work, or takes none."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import insert, select

from service.core.sending.delivery import Reply, judge
from service.store.database import open_database
from service.store.delivery.claiming import renew
from service.store.delivery.holding import hold, release
from service.store.delivery.settling import Transmitted, settle
from service.store.delivery.tables import Alert, Delivery, Held, Receipt
from service.store.installation.identity import know_self
from service.store.plans.fanouts import open_fanouts
from service.store.plans.tables import Fanout
from service.store.tables import Setting
from tests.books import NOW, add_receiver, consumer_of, count, rows, take
from tests.core.builders import measure
from tests.dispatch.office import claim_for

LATER = NOW + timedelta(minutes=5)


@pytest.fixture
async def other(server_url):
    """A second process, as far as the server can tell."""
    async with open_database(server_url) as database:
        yield database


@pytest.fixture
async def waiting(server):
    """Twenty deliveries to one receiver."""
    await add_receiver(server, "d")
    numbers = range(1, 21)
    made = {"account_id": "acc_default", "destination_id": "d", "subject": "s", "matched": b"[]"}
    alerts = [
        made | {"id": UUID(int=n), "number": n, "change_id": UUID(int=1), "created_at": NOW}
        for n in numbers
    ]
    due = [
        {"id": UUID(int=n), "destination_id": "d", "visible_at": NOW, "attempt": 1, "lease": None}
        for n in numbers
    ]
    async with server.write() as session:
        await session.execute(insert(Alert), alerts)
        await session.execute(insert(Delivery), due)
    return {one["id"] for one in alerts}


async def make_changes(db, log, number):
    """So many changes that nobody has planned."""
    events = [measure(f"e{n}", "imposed", measure=f"m{n}") for n in range(number)]
    await take(consumer_of(db, log), db, *events)


def taking(lease, limit=5, now=NOW, seconds=60):
    return lambda session: claim_for(session, lease, now, limit, seconds)


def sent(claimed, now=NOW):
    reply = Reply(accepted=True, status=200, reason="")
    return [
        Transmitted(one, b"", "", reply, judge(reply, one.attempt, 0.5), now) for one in claimed
    ]


async def test_senders_claim_what_no_other_has(server, other, waiting):
    async with server.write() as session:
        mine = await claim_for(session, "mine", NOW, 5)
        theirs = await other.run_write(taking("theirs"))  # nobody waits for mine to commit
    rest = await asyncio.gather(*(one.run_write(taking("x")) for one in (server, other) * 2))
    claimed = [one.id for some in (mine, theirs, *rest) for one in some]
    assert len(claimed) == len(set(claimed)) == 20
    assert len(mine) == len(theirs) == 5


async def test_no_claim_takes_more_than_it_asked_for(server, other, waiting):
    claims = [one.run_write(taking(f"{n}", 3)) for n in range(8) for one in (server, other)]
    taken = await asyncio.gather(*claims)
    assert max(map(len, taken)) <= 3
    assert sum(map(len, taken)) == 20


async def test_a_lease_that_ran_out_is_taken_over_and_its_late_holder_changes_nothing(
    server, other, waiting
):
    mine = await server.run_write(taking("mine", 20))
    assert await other.run_write(taking("theirs", 20)) == []
    theirs = await other.run_write(taking("theirs", 20, now=LATER))
    assert {one.id for one in theirs} == waiting
    assert await server.run_write(lambda session: settle(session, "mine", sent(mine))) == []
    assert await count(server, Receipt) == 0
    assert set(await rows(server, Delivery, "lease")) == {("theirs",)}
    done = await other.run_write(lambda session: settle(session, "theirs", sent(theirs)))
    assert len(done) == await count(server, Receipt) == 20


async def test_only_its_holder_renews_a_lease(server, other, waiting):
    mine = [one.id for one in await server.run_write(taking("mine", 20))]
    await other.run_write(lambda session: renew(session, LATER, "theirs", mine))
    assert LATER not in {at for (at,) in await rows(server, Delivery, "visible_at")}
    await server.run_write(lambda session: renew(session, LATER, "mine", mine))
    assert {at for (at,) in await rows(server, Delivery, "visible_at")} == {LATER}


async def test_pausing_resuming_renewing_and_settling_never_wait_in_a_circle(
    server, other, waiting
):
    async def pause(session):
        await hold(session, "d", NOW, Delivery.destination_id == "d")

    async def resume(session):
        await release(session, "d", NOW)

    async def send(session):
        await settle(session, "me", sent(await claim_for(session, "me", NOW, 4)))
        await renew(session, LATER, "me", sorted(waiting, reverse=True))

    async def repeat(db, *work):
        for one in work * 5:
            await db.run_write(one)

    await asyncio.gather(
        repeat(server, send),
        repeat(other, pause, resume),
        repeat(other, send),
        repeat(server, pause),
    )
    await other.run_write(resume)
    everywhere = [
        *await rows(server, Receipt, "delivery_id"),
        *await rows(server, Delivery, "id"),
        *await rows(server, Held, "delivery_id"),
    ]
    assert sorted(everywhere) == sorted((one,) for one in waiting)


async def test_planners_never_have_the_same_change_in_hand(server, other, log):
    await make_changes(server, log, 12)
    planned = []

    async def read(session):
        return [one.number for one in await open_fanouts(session, 2)]

    async def write(session, numbers):
        planned.extend(numbers)
        await asyncio.sleep(0)
        await session.execute(
            Fanout.__table__.update().where(Fanout.number.in_(numbers)).values(is_open=False)
        )

    async def plan(db):
        while await db.run_turn(read, write):
            pass

    await asyncio.gather(*(plan(db) for db in (server, other, server, other)))
    assert sorted(planned) == list(range(1, 13))


async def test_a_planner_takes_what_another_has_not_in_hand(server, other, log):
    await make_changes(server, log, 3)
    async with server.write() as session:
        assert [one.number for one in await open_fanouts(session, 2)] == [1, 2]
        async with other.write() as second:
            assert [one.number for one in await open_fanouts(second, 2)] == [3]


async def test_of_two_first_starts_one_names_the_installation(server, other):
    names = await asyncio.gather(
        *(
            db.run_write(lambda session, n=n: know_self(session, f"fresh{n}"))
            for n, db in enumerate((server, other) * 4)
        )
    )
    assert len(set(names)) == 1
    async with server.read() as session:
        kept = await session.scalar(select(Setting.value).where(Setting.name == "deployment"))
    assert kept == names[0]
