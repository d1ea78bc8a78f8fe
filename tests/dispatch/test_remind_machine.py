"""Whatever the clock does, and whoever dies when: each instant is told once, if it holds."""

import asyncio
import shutil
from contextlib import AsyncExitStack
from datetime import timedelta
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from service.core.clock import turnings_of
from service.core.standing import History, standing
from service.log import open_log
from service.store.audit import count_given
from service.store.database import open_database
from service.store.reminders.tables import Reminder
from service.store.standings.histories import read_histories
from service.verify.books import Books
from service.verify.events import check_events
from service.verify.standings import check_standings
from tests.books import NOW, Watch, rows
from tests.core.builders import claim, measure, threat
from tests.dispatch.reminding import Time

KEYS = ("x", "y")
DAY = timedelta(days=1)
keys = st.sampled_from(KEYS)
days = st.integers(-2, 12)
actions = st.sampled_from(
    ["imposed", "increased", "delayed", "suspended", "resumed", "terminated", "exempted"]
)


class Clock(RuleBasedStateMachine):
    """Two measures whose dates move; a clock that is set; processes that die at every gap."""

    template = ""

    @initialize()
    def open(self):
        self.folder = TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.made = 0
        self.furthest = NOW  # what the clock has shown
        self.do(self._open())

    async def _open(self):
        self.closing = AsyncExitStack()
        path = shutil.copy(self.template, f"{self.folder.name}/books.db")
        clock = Watch()
        db = await self.closing.enter_async_context(open_database(f"sqlite:///{path}"))
        log = await self.closing.enter_async_context(
            open_log(f"sqlite:///{self.folder.name}/log.db", clock)
        )
        self.time = Time(db, log, clock)
        await self.time.keeper.tick()

    def teardown(self):
        try:
            self.do(self._settle())
        finally:
            self.do(self.closing.aclose())
            self.runner.close()
            self.folder.cleanup()

    def do(self, work):
        return self.runner.run(work)

    def name(self):
        self.made += 1
        return f"e{self.made}"

    def on(self, day):
        return (NOW + day * DAY).isoformat()

    @rule(key=keys, action=actions, day=days, until=st.none() | st.integers(13, 16))
    def state(self, key, action, day, until):
        more = {"until": self.on(until)} if until else {}
        event = measure(self.name(), action, rate=str(self.made), effective_at=self.on(day), **more)
        event["data"]["measure"] = key
        self.do(self.time.send(event))

    @rule(key=keys, day=days)
    def threaten(self, key, day):
        event = threat(self.name(), rate="50", condition={"deadline": self.on(day)})
        event["data"]["measure"] = key
        self.do(self.time.send(event))

    @rule(about=st.integers(1, 12), verdict=st.sampled_from(["denied", "retracted"]))
    def assess(self, about, verdict):
        if about <= self.made:
            self.do(self.time.send(claim(self.name(), f"e{about}", verdict)))

    @rule(hours=st.integers(1, 60))
    def advance(self, hours):
        self.time.clock.advance(hours=hours)
        self.furthest = max(self.furthest, self.time.clock())

    @rule(hours=st.integers(1, 30))
    def set_back(self, hours):
        self.time.clock.advance(hours=-hours)

    @rule()
    def tick(self):
        self.do(self.time.keeper.tick())

    @rule(twice=st.booleans())
    def drain(self, twice):
        self.do(self.time.drain(twice=twice))

    @rule()
    def die(self):
        """Memory is gone; the books and the log stay."""
        self.time.restart()

    async def _settle(self):
        """In the end the clock has shown every instant, each day with a tick of its own."""
        self.time.clock.now = max(self.furthest, self.time.clock())
        await self.time.tick()
        for _ in range(20):
            self.time.clock.advance(hours=24)
            await self.time.tick()
        await self._judge()

    async def _judge(self):
        """Every instant that the last word on its subject left ahead was put on the log, once."""
        assert await rows(self.time.db, Reminder) == []
        async with self.time.db.read() as session:
            histories = await read_histories(session, [f"measure:{key}" for key in KEYS])
        for history in histories.values():
            ticks = [one for one in history.entries if one.is_tick]
            assert len({one.identity for one in ticks}) == len(ticks)
            said = {(one.event.data.turn, one.event.data.at) for one in ticks}
            others = [one for one in history.entries if not one.is_tick]
            for last in others[-1:]:
                left = {(one.turn, one.at) for one in turnings_of(history.fold, last.seen_at)}
                assert left <= said
            bare = History(history.subject, tuple(others))
            for at in (self.furthest, self.time.clock()):
                assert standing(history, at, at) == standing(bare, at, at)
        async with self.time.db.read() as session:
            given = await count_given(session)
            books = Books(session, self.time.clock(), kept_since=NOW - DAY, given=given)
            assert [str(one) async for one in check_events(books)] == []
            assert [str(one) async for one in check_standings(books)] == []


@pytest.mark.timeout(600)
def test_each_instant_is_told_once_whatever_happens(migrated):
    Clock.template = str(migrated)
    run_state_machine_as_test(
        Clock,
        settings=settings(
            max_examples=60,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
