"""Whatever is planned, sent, paused, halted and taken back: who wants the latest is told it."""

import asyncio
import shutil
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.core.sending.delivery import Reply
from service.core.sending.steering import Act, NotPossible
from service.dispatch.plan import Planner
from service.log import open_log
from service.store.database import open_database
from service.store.delivery.tables import Alert, Delivery, Held, Receipt
from service.store.plans.tables import Fanout
from service.store.standings.tables import Change
from service.telemetry import Metrics
from tests.books import Watch, consumer_of, rows, silent, take
from tests.core.builders import measure
from tests.dispatch.office import make_dispatcher, send_all
from tests.dispatch.steering import run_errands, say
from tests.dispatch.test_superseding import faults, follow_latest, pause, resume

OK = Reply(accepted=True, status=204, reason="taken")
CHANGES = 6
acts = st.sampled_from([Act.HALT, Act.RESUME, Act.RECALL])
steps = st.one_of(
    st.sampled_from(["alert", "alert", "alert", "pause", "resume", "send"]),
    st.tuples(acts, st.integers(1, CHANGES)),
)


class Desk:
    """A receiver that takes all."""

    def __init__(self):
        self.taken = []

    async def send(self, parcel):
        self.taken.append(parcel.delivery_id)
        return OK


class Scene:
    """One destination, and what happens to it."""

    def __init__(self, db, log):
        self.db, self.log, self.clock, self.desk, self.made = db, log, Watch(), Desk(), 0

    async def do(self, step):
        self.clock.advance(minutes=5)
        if isinstance(step, tuple):
            await self.decide(*step)
        else:
            await getattr(self, step)()

    async def alert(self):
        if self.made < CHANGES:
            self.made += 1
            action = "increased" if self.made > 1 else "imposed"
            event = measure(f"e{self.made}", action, rate=str(10 + self.made))
            await take(consumer_of(self.db, self.log, self.clock), self.db, event)
            planner = Planner(self.db, self.clock, Metrics(), silent)
            while await planner.step():
                pass

    async def pause(self):
        await pause(self.db, self.clock)

    async def resume(self):
        await resume(self.db, self.clock)

    async def send(self):
        await send_all(make_dispatcher(self.db, self.clock, {"webhook": self.desk}))

    async def decide(self, act, number):
        if number <= self.made:
            try:
                await say(self.db, self.clock, act, number)
            except NotPossible:
                return
            await run_errands(self.db, self.clock)

    async def finish(self):
        for number in range(1, self.made + 1):
            await self.do((Act.RESUME, number))
        await self.resume()
        await self.do("send")


async def live_through(path, story):
    async with (
        open_database(f"sqlite:///{path}/books.db") as db,
        open_log(f"sqlite:///{path}/log.db", Watch()) as log,
    ):
        scene = Scene(db, log)
        await follow_latest(db, "desk")
        for step in story:
            await scene.do(step)
            assert await faults(db) == []
        await scene.finish()
        await check(db, scene)


async def check(db, scene):
    assert await faults(db) == []
    assert await rows(db, Delivery, "id") == await rows(db, Held, "delivery_id") == []
    ended = dict(await rows(db, Receipt, "delivery_id", "outcome"))
    assert set(ended.values()) <= {"delivered", "superseded", "cancelled"}
    assert len(scene.desk.taken) == len(set(scene.desk.taken))
    words = dict(await rows(db, Fanout, "change_id", "state"))
    numbers = dict(await rows(db, Change, "id", "number"))
    told = {
        numbers[change]
        for identity, change in (await rows(db, Alert, "id", "change_id"))
        if ended[identity] == "delivered"  # a correction says what holds instead
    }
    holding = [number for one, number in numbers.items() if words[one] != "recalled"]
    if holding:
        assert told, "nothing was told"
        assert max(told) >= max(holding)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(steps, min_size=3, max_size=14))
def test_the_latest_that_holds_is_told_in_the_end(migrated, story):
    with TemporaryDirectory() as folder:
        shutil.copy(migrated, f"{folder}/books.db")
        asyncio.run(live_through(folder, story))
