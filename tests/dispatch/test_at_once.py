"""Owners, planners, senders and halts all at once: on a server nobody waits in a circle."""

import asyncio
import random
from contextlib import suppress

import pytest
from sqlalchemy import text, update

from service.core.sending.delivery import Reply, judge
from service.core.sending.steering import Act, NotPossible
from service.dispatch.plan import Planner
from service.store.delivery.holding import disable, release
from service.store.delivery.sending import hand_back, release_sending, set_aside
from service.store.delivery.settling import Transmitted, settle
from service.store.following.accounts import DEFAULT
from service.store.following.destinations import lock_destination, remove_destination
from service.store.following.subscriptions import (
    change_state,
    change_subscription,
    find_subscription,
    lock_subscription,
    remove_subscription,
)
from service.store.following.tables import Destination
from service.store.gathering.waiting import ask_anew
from service.telemetry import Metrics
from tests.books import add_receiver, consumer_of, silent, subscribe, take
from tests.core.builders import measure
from tests.dispatch.gathering import NIGHT, find_faults, let_go, wish
from tests.dispatch.office import claim_for
from tests.dispatch.steering import run_errands, say

DESTINATIONS = ("a", "b", "c", "d")
SUBSCRIPTIONS = ("one", "two", "three", "four", "five")
ROUNDS = 15
OK = Reply(accepted=True, status=200, reason="")


@pytest.fixture
def database_url(server_database):
    """Elsewhere writers are one at a time."""
    return server_database


class Crowd:
    """Each step is a transaction, as the API, a sender or a chore makes it."""

    def __init__(self, db, log, clock, chance):
        self.db, self.log, self.clock, self.chance = db, log, clock, chance
        self.changes = 0

    async def tell(self):
        self.changes += 1
        event = measure(f"e{self.changes}", measure=f"m{self.changes}", rate="25")
        await take(consumer_of(self.db, self.log, self.clock), self.db, event)

    async def plan(self):
        planner = Planner(self.db, self.clock, Metrics(), silent)
        while await planner.step():
            pass

    async def send(self):
        """And die of it, be stopped, not be allowed to, or settle."""
        holder, now = f"sender-{self.chance.random()}", self.clock()
        claimed = await self.db.run_write(lambda session: claim_for(session, holder, now, 20))
        ids = [one.id for one in claimed]
        done = [Transmitted(one, b"", "", OK, judge(OK, one.attempt, 0.5), now) for one in claimed]
        ways = (
            lambda _session: asyncio.sleep(0),
            lambda session: hand_back(session, ids, holder, now),
            lambda session: set_aside(session, ids, now),
            lambda session: settle(session, holder, done),
        )
        await self.db.run_write(self.chance.choice(ways))

    async def go_on(self):
        await self.db.run_write(lambda session: release_sending(session, self.clock()))

    async def decide(self):
        act = self.chance.choice([Act.HALT, Act.RESUME, Act.RESUME])
        with suppress(NotPossible):
            await say(self.db, self.clock, act, self.chance.randint(1, self.changes))
        await run_errands(self.db, self.clock)

    async def gather(self):
        await let_go(self.db, self.clock)

    async def follow(self):
        """What an owner does to a subscription."""
        name, now = self.chance.choice(SUBSCRIPTIONS), self.clock()
        act = self.chance.choice(["pause", "resume", "resume", "change", "change", "remove"])

        async def work(session):
            value = await find_subscription(session, DEFAULT, name)
            if act == "remove" and self.chance.random() < 0.1:
                await remove_subscription(session, name, now)
            elif act == "change" and value:
                await change_subscription(session, value)
            elif act in {"pause", "resume"}:
                await lock_subscription(session, name)
                await change_state(session, name, "paused" if act == "pause" else "active", now)
            if act == "resume":
                await release(session, name, now)

        await self.db.run_write(work)

    async def stop(self):
        """What an owner does to a destination."""
        name, now = self.chance.choice(DESTINATIONS), self.clock()
        act = self.chance.choice(["pause", "resume", "resume", "remove"])

        async def work(session):
            if act == "remove" and self.chance.random() < 0.1:
                await remove_destination(session, name, now)
            elif act == "pause" and await lock_destination(session, DEFAULT, name):
                await disable(session, name, "by its owner", now, "paused")
            elif act == "resume" and await lock_destination(session, DEFAULT, name):
                active = update(Destination).where(Destination.id == name).values(state="active")
                await session.execute(active)
                await ask_anew(session, name, now)
                await release(session, name, now)

        await self.db.run_write(work)


@pytest.mark.parametrize("seed", range(2))
async def test_nobody_waits_in_a_circle_and_nothing_is_lost(db, log, clock, seed):
    chance = random.Random(seed)
    for name in DESTINATIONS:
        await add_receiver(db, name)
    for name in DESTINATIONS[:2]:
        await wish(db, name, **NIGHT)
    for name in SUBSCRIPTIONS:
        await subscribe(db, name, chance.sample(DESTINATIONS, 3))
    crowd = Crowd(db, log, clock, chance)
    for _ in range(ROUNDS):
        await crowd.tell()
        steps = [crowd.plan, crowd.decide, crowd.gather, *[crowd.send, crowd.go_on] * 2]
        steps += [crowd.follow] * 3 + [crowd.stop] * 2
        chance.shuffle(steps)
        await asyncio.gather(*(step() for step in steps))
        clock.advance(seconds=30)
    assert await find_faults(db, clock) == []
    async with db.read() as session:
        said = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        assert await session.scalar(text(said)) == 0
