"""A journey that a test takes as far as it likes, and then asks why."""

import pytest
from sqlalchemy import update

from service.core.destination.preferences import Preferences, write_preferences
from service.core.sending.delivery import Reply, judge
from service.core.sending.steering import OPEN_GATE
from service.dispatch.chores import Errands, Gatherer
from service.dispatch.plan import Planner
from service.store.delivery.settling import Transmitted, settle
from service.store.following.tables import Destination, Subscription
from service.store.steering.deeds import Doer
from service.store.steering.stops import say_word
from service.telemetry import Metrics
from tests.api.samples import NDJSON, consume, lines
from tests.books import add_receiver, silent, subscribe
from tests.dispatch.office import claim_for, make_dispatcher
from tests.dispatch.steering import change_of

TO = "dst_desk"
OK = Reply(accepted=True, status=204, reason="taken")


class Journey:
    """The service, one step at a time; `dst_desk` is asked about."""

    def __init__(self, api, desk, clock) -> None:
        self.api, self.db, self.clock, self._desk = api, desk.db, clock, desk

    async def follow(self, *lanes, name="sub_desk", to=TO, **more):
        """A subscription; its destination is made with the first."""
        kind, address = more.pop("kind", "webhook"), more.pop("address", "")
        if address != "there":
            await add_receiver(self.db, to, address, kind)
        await subscribe(self.db, name, [to], *lanes, **more)

    async def wish(self, **wishes):
        text = write_preferences(Preferences.model_validate(wishes))
        await self.set(Destination, TO, preferences=text)

    async def set(self, table, name, **values):
        async with self.db.write() as session:
            await session.execute(update(table).where(table.id == name).values(**values))

    async def set_steps(self, steps):
        await self.set(Subscription, "sub_desk", steps=steps)

    async def give(self, *events):
        """Accepted and folded."""
        await self.accept(*events)
        await consume(self._desk)

    async def accept(self, *events):
        answer = await self.api.post("/v1/events", content=lines(*events), headers=NDJSON)
        assert answer.status_code == 202, answer.text

    async def plan(self, gate=OPEN_GATE):
        while await Planner(self.db, self.clock, Metrics(), silent, gate).step():
            pass

    async def tell(self, *events):
        """Folded and planned."""
        await self.give(*events)
        await self.plan()

    async def claim(self):
        async with self.db.write() as session:
            return await claim_for(session, "us", self.clock())

    async def send(self, reply=OK):
        """One attempt at whatever is due, which meets this reply."""
        done = [
            Transmitted(one, b"body", "sha", reply, judge(reply, one.attempt, 0.5), self.clock())
            for one in await self.claim()
        ]
        async with self.db.write() as session:
            await settle(session, "us", done)

    def dispatcher(self, **senders):
        return make_dispatcher(self.db, self.clock, senders)

    async def say(self, act, reason="a mistake", number=1):
        """What a person decides, and all that follows."""
        change = await change_of(self.db, number)

        async def work(session):
            await say_word(session, change.id, act, Doer("kim", self.clock(), reason))

        await self.db.run_write(work)
        await self.run_errands()

    async def run_errands(self):
        while await Errands(self.db, self.clock, silent).step():
            pass

    async def let_go(self):
        while await Gatherer(self.db, self.clock, silent).step():
            pass

    async def ask(self, about="1", to=TO):
        """The whole answer, whose shape is looked at each time."""
        answer = await self.api.get("/v1/why", params={"to": to, "about": about})
        assert answer.status_code == 200, answer.text
        found = answer.json()
        states = [one["state"] for one in found["stages"]]
        passed = states.count("passed")
        assert len(states) == 6
        assert states[:passed] == ["passed"] * passed
        assert states[passed:] == (
            ["stopped"] + ["not_reached"] * (5 - passed) if passed < 6 else []
        )
        assert (found["verdict"] == "told") == (passed == 6)
        assert found["said"]
        return found

    async def stop(self, about="1", to=TO):
        """Where it stopped, with the verdict in front: `(verdict, stage, setting, said)`."""
        found = await self.ask(about, to)
        one = next(one for one in found["stages"] if one["state"] == "stopped")
        assert one["said"] in found["said"]
        return found["verdict"], one["stage"], one["setting"], one["said"]


@pytest.fixture
def journey(api, desk, clock) -> Journey:
    return Journey(api, desk, clock)
