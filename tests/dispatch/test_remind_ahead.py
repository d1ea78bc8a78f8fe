"""Lead times: who asks for days is told so many days before, and nobody else."""

from datetime import UTC, datetime, timedelta

import pytest

from service.store.delivery.tables import Alert
from service.store.following.subscriptions import remove_subscription
from service.store.reminders import leads
from service.store.reminders.tables import LeadTime
from tests.books import NOW, add_receiver, rows, subscribe
from tests.core.builders import measure, threat
from tests.dispatch.reminding import Time

START = datetime(2025, 5, 20, 4, 1, tzinfo=UTC)
ENTERED = "entered_into_force"


def law(name="e1", **more):
    return measure(name, rate="25", effective_at=START.isoformat(), **more)


def before(days):
    return START - timedelta(days=days)


@pytest.fixture
async def time(db, log, clock):
    time = Time(db, log, clock)
    await add_receiver(db, "desk")
    await time.keeper.tick()
    return time


async def alerted(time):
    """Of each alert: the lead of its change, and who matched."""
    await time.plan()
    by_change = {one.id: one for one in await time.changes()}
    found = await rows(time.db, Alert, "change_id", "matched", order="number")
    return [
        (by_change[change].lead, b"week" in matched)
        for change, matched in found
        if change in by_change
    ]


async def test_who_asks_for_days_is_told_so_many_days_before(time):
    await subscribe(time.db, "week", ["desk"], lead_times=[7])
    await time.tick()
    await time.send(law())
    for days in (8, 7, 6, 0):
        time.set(before(days))
        await time.tick()
    assert await time.told() == [(ENTERED, 7, START), (ENTERED, None, START)]
    change = (await time.changes())[0]
    assert (change.kinds, change.days) == (("upcoming", ENTERED), 7)
    assert (change.before.status, change.after.status) == ("scheduled", "in_force")
    assert await alerted(time) == [(7, True), (None, True)]


async def test_who_asks_for_none_is_told_of_none(time):
    await subscribe(time.db, "week", ["desk"], lead_times=[7])
    await add_receiver(time.db, "other")
    await subscribe(time.db, "plain", ["other"])
    await subscribe(time.db, "fortnight", ["other"], lead_times=[14])
    await time.tick()
    await time.send(law())
    time.set(before(7))
    await time.tick()
    assert [lead for _, lead, _ in await time.told()] == [14, 7]
    assert sorted(await alerted(time)) == [(7, True), (14, False)]


async def test_a_lead_time_that_comes_later_works_for_what_is_ahead(time, monkeypatch):
    monkeypatch.setattr(leads, "SPREAD", 1)
    await time.send(law(), law("e2", measure="other"))
    await time.tick()
    time.set(before(10))
    await subscribe(time.db, "week", ["desk"], lead_times=[7, 14])
    await time.tick()
    time.set(before(7))
    await time.tick(times=2)
    assert await time.told() == [(ENTERED, 7, START)] * 2
    assert await rows(time.db, LeadTime, "days", "is_spread") == [(7, True), (14, True)]


async def test_a_lead_time_that_nobody_asks_for_any_more_makes_nothing(time):
    await subscribe(time.db, "week", ["desk"], lead_times=[7])
    await time.send(law())
    await time.tick()
    async with time.db.write() as session:
        await remove_subscription(session, "week", NOW)
    time.set(before(7))
    await time.tick()
    assert await time.told() == []


async def test_what_is_announced_within_its_lead_time_is_told_by_its_announcement(time):
    await subscribe(time.db, "week", ["desk"], lead_times=[7])
    time.set(before(3))
    await time.tick()
    await time.send(law())
    await time.tick()
    assert await time.told() == []


async def test_a_lead_time_missed_in_an_outage_is_told_while_it_is_still_ahead(time):
    await subscribe(time.db, "week", ["desk"], lead_times=[7])
    await time.send(law())
    await time.tick()
    time.set(before(2))
    await time.tick()
    change = (await time.changes())[0]
    assert (change.lead, change.days) == (7, 2)


async def test_a_lead_time_whose_instant_has_come_meanwhile_is_told_nobody(time):
    await subscribe(time.db, "week", ["desk"], lead_times=[7])
    await time.send(law())
    await time.tick()
    time.set(before(7))
    await time.keeper.tick()
    time.set(START)
    await time.drain()
    assert [outcome for outcome, _ in await time.ended()] == ["outdated"]
    assert "has come" in (await time.ended())[0][1]


async def test_a_date_that_moves_is_told_ahead_of_again(time):
    await subscribe(time.db, "week", ["desk"], lead_times=[7])
    await time.send(law())
    await time.tick()
    time.set(before(7))
    await time.tick()
    later = START + timedelta(days=30)
    await time.send(measure("e2", "delayed", effective_at=later.isoformat()))
    time.set(later - timedelta(days=7))
    await time.tick()
    assert await time.told() == [(ENTERED, 7, START), (ENTERED, 7, later)]


async def test_a_minimum_delta_does_not_silence_what_was_told_before(time):
    await subscribe(time.db, "week", ["desk"], lead_times=[7], min_delta_pp="5")
    await time.send(law())
    await time.tick()
    for days in (7, 0):
        time.set(before(days))
        await time.tick()
        await time.plan()
    assert await alerted(time) == [(7, True), (None, True)]


async def test_deadlines_of_threats_are_told_ahead_too(time):
    await subscribe(time.db, "week", ["desk"], lead_times=[7])
    await time.send(threat("t1", rate="50", condition={"deadline": "2025-05-20"}))
    await time.tick()
    time.set(before(5))
    await time.tick()
    assert [one.kinds for one in await time.changes()] == [("upcoming", "threat_lapsed")]
