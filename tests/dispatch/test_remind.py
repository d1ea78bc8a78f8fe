"""What has come is put on the log once, and told while it holds."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete

from service.core.clock import write_tick
from service.core.event import Handling, Tick, Turn
from service.dispatch import remind
from service.store.arrivals.tables import Quarantine
from service.store.installation.remembered import remember
from service.store.reminders.tables import Reminder
from tests.books import NOW, rows
from tests.core.builders import SUBJECT, claim, measure, ref, threat
from tests.dispatch.reminding import LATE, Time

START = datetime(2025, 4, 20, 4, 1, tzinfo=UTC)
LATER = START + timedelta(days=30)
ENTERED = "entered_into_force"


def law(name="e1", action="imposed", rate="25", start=START, **more):
    return measure(name, action, rate=rate, effective_at=start.isoformat(), **more)


@pytest.fixture
async def time(db, log, clock):
    time = Time(db, log, clock)
    await time.keeper.tick()  # as after the first start
    return time


async def test_a_measure_that_enters_into_force_is_told_then_and_once(time):
    await time.send(law())
    await time.tick()
    assert await time.told() == []
    time.set(START)
    await time.tick(times=3)
    time.restart()
    await time.tick()
    assert await time.told() == [(ENTERED, None, START)]
    change = (await time.changes())[0]
    assert (change.before.status, change.after.status) == ("scheduled", "in_force")
    assert (change.sequence, change.previous is not None) == (2, True)
    assert await time.waiting() == []


async def test_nothing_is_told_a_moment_too_early(time):
    await time.send(law())
    time.set(START - timedelta(microseconds=1))
    await time.tick()
    assert await time.told() == []


async def test_a_date_that_moves_cancels_the_reminder_of_the_old_one(time):
    await time.send(law())
    await time.send(law("e2", "delayed", start=LATER))
    assert await time.waiting() == [(ENTERED, LATER)]
    time.set(START)
    await time.tick()
    assert await time.ended() == []
    time.set(LATER)
    await time.tick()
    assert await time.told() == [(ENTERED, None, LATER)]


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (law("e2", "delayed", start=LATER), "no longer holds: the law then is scheduled"),
        (measure("e2", "terminated", effective_at="2025-04-15"), "the law then is never implemen"),
        (claim("c", "e1"), "no longer holds: no law stands then"),
    ],
)
async def test_what_no_longer_holds_when_it_is_read_is_recorded_and_told_nobody(time, event, said):
    await time.send(law())
    time.set(START)
    await time.keeper.tick()
    await time.send(event)
    await time.drain()
    [(outcome, reason)] = await time.ended()
    assert (outcome, await time.told()) == ("outdated", [])
    assert said in reason


async def test_what_was_overtaken_before_it_was_read_is_told_nobody(time):
    await time.send(law(), measure("e2", "suspended", effective_at=LATER.isoformat()))
    time.set(LATER + timedelta(hours=1))
    await time.tick()
    assert [outcome for outcome, _ in await time.ended()] == ["history", "changed"]
    assert await time.told() == [("suspended", None, LATER)]


async def test_what_was_overtaken_within_the_time_allowed_says_by_what(time):
    soon = START + timedelta(hours=1)
    await time.send(law(), measure("e2", "suspended", effective_at=soon.isoformat()))
    time.set(soon)
    await time.tick()
    assert (await time.ended())[0][1].endswith("was overtaken: the law then is suspended")
    assert await time.told() == [("suspended", None, soon)]


async def test_what_is_overdue_beyond_the_time_allowed_alerts_nobody(time):
    await time.send(law())
    time.set(START + LATE + timedelta(seconds=1))
    await time.tick()
    [(outcome, reason)] = await time.ended()
    assert (outcome, await time.told()) == ("history", [])
    assert "too long after its instant" in reason


async def test_an_outage_within_the_time_allowed_is_made_up_for(time):
    await time.send(law())
    time.set(START + LATE)
    await time.tick()
    assert await time.told() == [(ENTERED, None, START)]


async def test_history_makes_reminders_of_what_is_ahead_and_of_nothing_else(time):
    past = law("e1", start=NOW - timedelta(days=3)) | {"handling": "history"}
    ahead = law("e2", "increased", "30") | {"handling": "history"}
    await time.send(past, ahead)
    assert await time.waiting() == [(ENTERED, START)]
    time.set(START)
    await time.tick()
    assert await time.told() == [(ENTERED, None, START)]


async def test_what_was_accepted_before_its_date_and_read_after_it_is_told(time):
    """The consumer lagged: its change speaks of a date that is still to come."""
    await time.send(law(start=NOW + timedelta(minutes=1)))
    late = law("e2", "increased", "30", start=NOW + timedelta(minutes=5))
    time.consumer._clock = lambda: NOW + timedelta(hours=1)
    await time.send(late)
    time.set(NOW + timedelta(hours=1))
    await time.tick()
    assert (ENTERED, None, NOW + timedelta(minutes=5)) in await time.told()


async def test_a_reminder_that_is_due_and_not_told_yet_outlives_what_else_is_recorded(time):
    await time.send(law())
    time.set(START + timedelta(minutes=1))
    await time.send(measure("e2", "exempted", effective_at=LATER.isoformat()))
    assert (ENTERED, START) in await time.waiting()
    await time.tick()
    assert (ENTERED, None, START) in await time.told()


async def test_what_rests_on_a_simulation_alerts_as_one(time):
    await time.send(law() | {"handling": "simulated"})
    time.set(START)
    await time.tick()
    assert [one.mode for one in await time.changes()] == ["simulated"]


async def test_a_simulation_beside_the_law_leaves_the_laws_reminder_live(time):
    await time.send(law())
    simulated = measure("e2", "suspended", effective_at=LATER.isoformat())
    await time.send(simulated | {"handling": "simulated"})
    for instant in (START, LATER):
        time.set(instant)
        await time.tick()
    assert [one.mode for one in await time.changes()] == ["live", "simulated"]


async def test_a_test_makes_no_reminder(time):
    await time.send(law() | {"handling": "test"})
    assert await time.waiting() == []


async def test_what_the_log_gets_twice_has_its_effect_once(time):
    await time.send(law())
    time.set(START)
    await time.keeper.tick()
    await time.drain(twice=True)
    assert await time.told() == [(ENTERED, None, START)]


async def test_an_event_of_the_clock_is_one_however_it_was_handled(time):
    """Two clocks may judge differently whether it is too late."""
    tick = Tick(subject=SUBJECT, turn=Turn.ENTERED_INTO_FORCE, at=START)
    await time.send(law())
    time.set(START)
    await time._take([write_tick(tick, Handling.LIVE), write_tick(tick, Handling.HISTORY)])
    assert await time.told() == [(ENTERED, None, START)]
    assert await rows(time.db, Quarantine) == []


async def test_a_clock_that_runs_ahead_of_ours_is_found_out_and_its_reminder_made_again(time):
    await time.send(law())
    time.set(START)
    await time.keeper.tick()
    time.set(START - timedelta(hours=1))
    await time.drain()
    assert await time.told() == []
    assert (
        "clocks of this installation disagree" in (await rows(time.db, Quarantine, "reason"))[0][0]
    )
    time.set(START)
    await time.tick()
    assert await time.told() == [(ENTERED, None, START)]


async def test_a_forged_event_of_the_clock_is_set_aside(time):
    tick = Tick(subject="measure:nobody", turn=Turn.ENTERED_INTO_FORCE, at=NOW)
    await time._take([write_tick(tick, Handling.LIVE)])
    assert "the books do not have" in (await rows(time.db, Quarantine, "reason"))[0][0]


async def test_what_an_earlier_release_has_recorded_gets_its_reminders(time, monkeypatch):
    """Page by page, and once."""
    monkeypatch.setattr(remind, "SUBJECTS", 1)
    for name in "abc":
        event = law(name)
        event["data"]["measure"] = name
        await time.send(event)
    async with time.db.write() as session:
        await remember(session, {remind.MADE: None})
        await session.execute(delete(Reminder))
    await time.keeper.tick()
    assert len(await time.waiting()) == 3


async def test_a_threat_whose_deadline_passes_is_told(time):
    await time.send(threat("t1", rate="50", condition={"deadline": "2025-04-25"}))
    time.set(datetime(2025, 4, 26, 3, 59, tzinfo=UTC))
    await time.tick()
    assert await time.told() == []
    time.set(datetime(2025, 4, 26, 4, tzinfo=UTC))
    await time.tick()
    assert [one.headline for one in await time.changes()] == ["threat_lapsed"]


async def test_a_threat_that_was_carried_out_does_not_lapse(time):
    await time.send(threat("t1", rate="50", condition={"deadline": "2025-04-25"}))
    await time.send(law("e1", realises=ref("t1")))
    for instant in (START, datetime(2025, 4, 26, 4, tzinfo=UTC)):
        time.set(instant)
        await time.tick()
    assert await time.told() == [(ENTERED, None, START)]


async def test_many_are_put_on_the_log_page_by_page(time, monkeypatch):
    monkeypatch.setattr(remind, "PAGE", 2)
    events = [law(f"e{place}", measure=f"m{place}") for place in range(5)]
    await time.send(*events)
    time.set(START)
    assert await time.keeper.tick() == 5
    await time.drain()
    assert len(await time.told()) == 5
