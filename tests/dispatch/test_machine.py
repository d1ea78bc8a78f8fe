"""Whatever happens to deliveries in whatever order: none is lost, doubled, or left for ever."""

import asyncio
import shutil
from contextlib import AsyncExitStack
from datetime import timedelta
from tempfile import TemporaryDirectory
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import update

from service.core.sending.delivery import Reply, judge
from service.core.sending.pace import PATIENCE, Limits
from service.dispatch.slots import Room
from service.store.database import open_database
from service.store.delivery.claiming import KINDS, Asked, claim
from service.store.delivery.holding import disable, release
from service.store.delivery.sending import hand_back, hold_sending, release_sending, set_aside
from service.store.delivery.settling import Transmitted, settle
from service.store.delivery.tables import Alert, Delivery, Held, Pace
from service.store.following.tables import Destination
from service.store.pacing.failing import disable_if_failing
from service.store.pacing.lanes import reopen
from service.store.pacing.paces import begin_anew, list_failing, look_again
from service.store.rows import insert_rows
from service.verify.alerts import check_alerts, check_deliveries, check_receipts
from service.verify.books import Books
from service.verify.finding import Kind
from tests.books import NOW, add_receiver
from tests.dispatch.standing import read_standing

LEASE = 60
SENDERS = ("here", "there")
DESTINATIONS = {"d-hook": "webhook", "e-hook": "webhook", "f-mail": "email"}
OK = Reply(accepted=True, status=204, reason="taken")
BUSY = Reply(accepted=False, status=500, reason="busy")
REPLIES = (
    OK,
    BUSY,
    Reply(accepted=False, status=429, reason="slow down", retry_after=90),
    Reply(accepted=False, status=410, reason="gone"),
    Reply(accepted=False, status=550, reason="no such message", final=True),
    Reply(accepted=False, status=None, reason="no route", ours=True),
)
LIMITS = (Limits(), Limits(rate=0.1), Limits(at_once=1), Limits(ordered=True))
names = st.sampled_from(sorted(DESTINATIONS))
senders = st.sampled_from(SENDERS)
subjects = st.sampled_from("xy")
limits = st.sampled_from(LIMITS)


class Deliveries(RuleBasedStateMachine):
    """Two senders, three destinations, and people who pause, limit and hold."""

    template = ""

    @initialize(first=limits, second=limits, tired=st.sets(names))
    def open(self, first, second, tired):
        """Those that are `tired` rest after one more failure: few runs would get there."""
        self.folder = TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.now, self.made = NOW, 0
        self.flying = {sender: [] for sender in SENDERS}
        self.abandoned = set()  # in the air when their sender died
        self.ended = {}  # by delivery: the outcome of its receipt, which is for ever
        self.accepted = set()
        self.do(self._open())
        self.limit("d-hook", first)
        self.limit("e-hook", second)
        fails = {"failures": PATIENCE - 1, "failing_since": NOW}
        paces = [{"destination_id": name} | fails for name in sorted(tired)]
        self.write(lambda session: insert_rows(session, Pace, paces))

    async def _open(self):
        path = shutil.copy(self.template, f"{self.folder.name}/books.db")
        self.closing = AsyncExitStack()
        self.db = await self.closing.enter_async_context(open_database(f"sqlite:///{path}"))
        for name, kind in DESTINATIONS.items():
            address = f"{name}@example.com" if kind == "email" else ""
            await add_receiver(self.db, name, address, kind)

    def do(self, work):
        return self.runner.run(work)

    def write(self, work):
        return self.do(self.db.run_write(work))

    # What happens

    @rule(name=names, subject=subjects, urgency=st.integers(0, 1), many=st.integers(1, 3))
    def tell(self, name, subject, urgency, many):
        numbers = range(self.made + 1, self.made + 1 + many)
        self.made += many
        alerts = [
            {
                "id": UUID(int=number),
                "number": number,
                "account_id": "acc_default",
                "destination_id": name,
                "change_id": UUID(int=number),
                "subject": subject,
                "matched": b"[]",
                "created_at": self.now,
            }
            for number in numbers
        ]
        due = {"visible_at": self.now, "attempt": 1, "lease": None, "kind": DESTINATIONS[name]}
        of = {"destination_id": name, "urgency": urgency}
        deliveries = [due | of | {"id": one["id"], "number": one["number"]} for one in alerts]

        async def enter(session):
            await insert_rows(session, Alert, alerts)
            state = (await session.get(Destination, name)).state
            held = [
                {"delivery_id": one["id"], "owner_id": name, "destination_id": name}
                | {"attempt": 1, "held_at": self.now}
                for one in alerts
            ]
            if state == "active":
                await insert_rows(session, Delivery, deliveries)
            else:
                await insert_rows(session, Held, held)

        self.write(enter)

    @rule(sender=senders, slots=st.integers(1, 4), slow=st.sets(names))
    def take(self, sender, slots, slow):
        self.flying[sender] += self._claim(sender, slots, slow)

    @rule(sender=senders, name=names, subject=subjects, urgency=st.integers(0, 1))
    def tell_and_take(self, sender, name, subject, urgency):
        """What happens most: without it few runs would come far."""
        self.tell(name, subject, urgency, 2)
        self.take(sender, 4, frozenset())

    def _claim(self, sender, slots=100, slow=frozenset()):
        async def ask(session):
            room = Room(dict.fromkeys(KINDS, slots), {}, {}, slow)
            until = self.now + timedelta(seconds=LEASE)
            return (await claim(session, Asked(sender, self.now, until, room)))[0]

        found = self.write(ask)
        assert len({one.id for one in found}) == len(found)
        assert not self.ended.keys() & {one.id for one in found}
        aloft = {one.id for one in self.flying[sender]}
        return [one for one in found if one.id not in aloft]

    @rule(sender=senders, data=st.data())
    def settle(self, sender, data):
        flying = self.flying[sender]
        if not flying:
            return
        back = data.draw(
            st.lists(st.sampled_from(flying), min_size=1, unique_by=lambda one: one.id)
        )
        replies = [data.draw(st.sampled_from(REPLIES)) for _ in back]
        self._settle(sender, back, replies)

    @rule(sender=senders, reply=st.sampled_from(REPLIES))
    def settle_all(self, sender, reply):
        """All of a sender's come back alike: a receiver is down, or up again."""
        back = list(self.flying[sender])
        self._settle(sender, back, [reply] * len(back))

    def _settle(self, sender, back, replies):
        done = []
        for one, reply in zip(back, replies, strict=True):
            self.flying[sender].remove(one)
            outcome = judge(reply, one.attempt, 0.5)
            done.append(Transmitted(one, b"body", "sha", reply, outcome, self.now))
        before = self.do(read_standing(self.db))
        self.write(lambda session: settle(session, sender, done))
        arrived = {one.claimed.id for one in done if one.reply.accepted}
        self.accepted |= arrived
        ended = self.do(read_standing(self.db)).receipts
        for identity in arrived - before.ended - before.leased_to_others(sender):
            assert ended.get(identity) == "delivered"

    @rule(sender=senders)
    def bar(self, sender):
        """The mode lets nobody write to those that are due."""
        barred = {one.id for one in self._claim(sender)}
        self.write(lambda session: set_aside(session, barred, self.now))

    @rule(sender=senders)
    def die(self, sender):
        self.abandoned |= {one.id for one in self.flying[sender]}
        self.flying[sender] = []

    @rule(sender=senders)
    def stop(self, sender):
        aloft = [one.id for one in self.flying[sender]]
        self.flying[sender] = []
        self.write(lambda session: hand_back(session, aloft, sender, self.now))

    @rule(seconds=st.sampled_from([1, 6, 61, 400, 9 * 3600, 80 * 3600]))
    def wait(self, seconds):
        self.now += timedelta(seconds=seconds)

    @rule(sender=senders)
    def wait_for_the_next(self, sender):
        """Until just when something is due again, and take it."""
        coming = [one for one in self.do(read_standing(self.db)).moments if one > self.now]
        self.now = max(self.now, min(coming, default=self.now))
        self.take(sender, 4, frozenset())

    @rule(name=names)
    def pause(self, name):
        self.write(lambda session: disable(session, name, "", self.now, "paused"))

    @rule(name=names)
    def enable(self, name):
        async def work(session):
            active = update(Destination).where(Destination.id == name).values(state="active")
            await session.execute(active)
            await begin_anew(session, name, self.now)
            await release(session, name, self.now)

        self.write(work)

    @rule(name=names, limits=limits)
    def limit(self, name, limits):
        values = {"rate": limits.rate, "at_once": limits.at_once, "ordered": limits.ordered}

        async def work(session):
            await session.execute(update(Destination).where(Destination.id == name).values(values))
            await look_again(session, name, self.now)

        self.write(work)

    @rule()
    def give_up(self):
        async def work(session):
            for one in await list_failing(session, self.now - timedelta(hours=72)):
                await disable_if_failing(session, one, self.now)

        self.write(work)

    @rule(sender=senders)
    def hold(self, sender):
        self.write(lambda session: hold_sending(session, "a person said so", self.now))
        assert self._claim(sender) == []
        self.let_go()

    @rule()
    def let_go(self):
        self.write(lambda session: release_sending(session, self.now))

    # What always holds

    @invariant()
    @precondition(lambda self: hasattr(self, "db"))
    def each_alert_is_in_one_place_and_waits_for_something(self):
        standing = self.do(read_standing(self.db))
        assert standing.find_misplaced(self.made) == []
        assert standing.find_forgotten(self.now, LEASE) == [], (self.now, standing)
        # A lease is somebody's: in the air, or in that of one who died.
        aloft = {sender: {one.id for one in some} for sender, some in self.flying.items()}
        held = {(one.lease, one.id) for one in standing.live if one.lease}
        assert [one for one in held if one[1] not in aloft[one[0]] | self.abandoned] == []
        # An end is for ever.
        assert self.ended.items() <= standing.receipts.items()
        self.ended = standing.receipts

    def teardown(self):
        if not hasattr(self, "db"):
            return
        try:
            self.let_go()
            for name in DESTINATIONS:
                self.limit(name, Limits())
                self.enable(name)
            self._send_what_is_left()
            standing = self.do(read_standing(self.db))
            assert (standing.live, standing.held) == ([], [])
            assert standing.find_misplaced(self.made) == []
            delivered = {one for one, outcome in standing.receipts.items() if outcome != "failed"}
            assert delivered <= self.accepted
            assert self.do(self._find_faults()) == []
        finally:
            self.do(self.closing.aclose())
            self.runner.close()
            self.folder.cleanup()

    def _send_what_is_left(self):
        """All receivers are well again: as many days as waits are long, and nothing waits."""
        for _ in range(60):
            self.write(lambda session: reopen(session, self.now))
            for sender in SENDERS:
                self.flying[sender] += self._claim(sender)
                self._settle(sender, back := list(self.flying[sender]), [OK] * len(back))
            self.now += timedelta(hours=1)

    async def _find_faults(self):
        async with self.db.read() as session:
            books = Books(session, self.now, self.now + timedelta(days=1))
            # Their numbers were not counted.
            return [
                str(one)
                for check in (check_alerts, check_deliveries, check_receipts)
                for one in [found async for found in check(books)]
                if one.kind is not Kind.OVERDUE and "counter" not in str(one)
            ]


@pytest.mark.timeout(600)
def test_no_order_of_events_loses_doubles_or_strands_a_delivery(migrated):
    Deliveries.template = str(migrated)
    calm = settings(
        max_examples=60,
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Deliveries, settings=calm)
