"""Wishes, halts, recalls and pauses in whatever order: everybody is told of each change once."""

import random
from collections import Counter
from contextlib import suppress

import pytest
from sqlalchemy import update

from service.core.sending.steering import Act, NotPossible
from service.dispatch.chores import Errands
from service.store.delivery.holding import disable, release
from service.store.delivery.tables import Delivery, Held, Receipt
from service.store.following.tables import Destination
from service.store.gathering.waiting import ask_anew
from tests.books import count, rows, silent
from tests.dispatch.gathering import (
    DAILY,
    NIGHT,
    ORDER,
    bodies,
    find_faults,
    follow_with,
    let_go,
    teller,
    wish,
)
from tests.dispatch.office import send_all
from tests.dispatch.steering import say
from tests.receivers import Answer, http_receiver

WISHES = ({}, DAILY, NIGHT, {"hourly_cap": 1}, {"group": True}, DAILY | NIGHT)
STEPS = 60


class Office:
    """One destination, and everything that may happen to what it gets."""

    def __init__(self, db, log, clock, dispatch, receiver):
        self.db, self.clock, self.receiver = db, clock, receiver
        self.dispatch = dispatch
        self.tell_of = teller(db, log, clock)
        self.changes = 0

    async def tell(self, chance):
        many = chance.randint(1, 3)
        self.changes += many
        await self.tell_of(*chance.choices(["5", "60"], [3, 1], k=many), instrument=ORDER)

    async def send(self, chance):
        if chance.random() < 0.2:
            self.receiver.script.append(Answer(status=500))
        await send_all(self.dispatch())

    async def wait(self, chance):
        self.clock.advance(minutes=chance.choice([1, 20, 300, 900]))
        await let_go(self.db, self.clock)

    async def wish(self, chance):
        await wish(self.db, "desk", **chance.choice(WISHES))
        if chance.random() < 0.5:
            await self.db.run_write(lambda session: ask_anew(session, "desk", self.clock()))

    async def decide(self, chance):
        if self.changes:
            with suppress(NotPossible):
                act = chance.choice([Act.HALT, Act.RESUME, Act.RECALL])
                await say(self.db, self.clock, act, number=chance.randint(1, self.changes))
        await self.run_errands()

    async def run_errands(self):
        errands = Errands(self.db, self.clock, silent)
        while await errands.step():
            pass

    async def pause(self, chance):
        async with self.db.write() as session:
            await disable(session, "desk", "", self.clock(), "paused")

    async def enable(self, chance=None):
        active = update(Destination).where(Destination.id == "desk").values(state="active")
        async with self.db.write() as session:
            await session.execute(active)
            await release(session, "desk", self.clock())

    async def end(self):
        """All that is held is let go, and all that is due arrives."""
        self.receiver.script.clear()
        await self.enable()
        await wish(self.db, "desk")
        for number in range(1, self.changes + 1):
            with suppress(NotPossible):
                await say(self.db, self.clock, Act.RESUME, number=number)
        for _ in range(4):
            self.clock.advance(hours=30)
            await self.run_errands()
            await let_go(self.db, self.clock)
            await send_all(self.dispatch())


@pytest.mark.parametrize("seed", range(6))
async def test_each_is_told_once_whatever_happens(db, log, clock, dispatch, seed):
    chance = random.Random(seed)
    async with http_receiver() as receiver:
        office = Office(db, log, clock, dispatch, receiver)
        await follow_with(db, "desk", receiver, wishes=chance.choice(WISHES))
        often = {
            office.tell: 4, office.send: 5, office.wait: 4, office.wish: 1,
            office.decide: 2, office.pause: 1, office.enable: 2,
        }  # fmt: skip
        for step in chance.choices(list(often), list(often.values()), k=STEPS):
            await step(chance)
            assert await find_faults(db, clock) == [], step.__name__
        await office.end()
    assert await find_faults(db, clock) == []
    assert await count(db, Delivery) == await count(db, Held) == 0
    outcomes = {end for (end,) in await rows(db, Receipt, "outcome")}
    assert outcomes <= {"delivered", "digested", "cancelled"}
    # A retry has the id of what it repeats.
    last = {one["data"]["delivery"]: one["data"] for one in bodies(receiver)}
    told = Counter(change for one in last.values() for change in named(one))
    assert set(told.values()) == {1}


def named(data):
    """The changes that a message tells of; a correction takes back, and tells of none."""
    if "recalled" in data:
        return []
    return [one["change"] for one in data["changes"]] if "changes" in data else [data["change"]]
