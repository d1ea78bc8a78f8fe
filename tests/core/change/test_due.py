"""The change that an instant brings, and why there is none."""

from datetime import timedelta
from decimal import Decimal

import pytest

from service.core.change import read_change, write_change
from service.core.change.derive import Outcome, weigh
from service.core.change.rebuild import Kept, rebuild
from service.core.clock import turnings_of
from tests.core.builders import SUBJECT, entry, history, measure, on, replay, threat
from tests.core.clock_streams import tick_of

KNOWN = "2025-03-02"
START = "2025-04-10T00:00:00+00:00"
LATER = "2025-04-20T00:00:00+00:00"
LAW = measure("law", rate="25", effective_at=START, announced_at="2025-03-01")
BASE = measure("base", rate="84", effective_at="2025-04-01", announced_at="2025-03-01")
UP = measure("up", "increased", rate="125", effective_at=START)
PAUSE = measure("pause", "suspended", rate="10", effective_at=START, until=LATER)


def strike(*events, place=0, delay=5.0, lead=None, more=()):
    """What the turning at this place makes, told so many seconds after its instant."""
    held, made = replay([entry(one, KNOWN) for one in events])
    one = turnings_of(held.fold, on("2025-04-05"))[place]
    for late in more:
        held = weigh(entry(late, KNOWN), held).history
    seen = one.at + timedelta(seconds=delay) - timedelta(days=lead or 0)
    return weigh(tick_of(SUBJECT, one, seen, lead), held), made


def test_it_has_the_standing_of_the_eve_and_of_the_instant():
    derived, made = strike(LAW)
    change = derived.change
    assert derived.outcome is Outcome.CHANGED
    assert (change.before.status, change.after.status) == ("scheduled", "in_force")
    assert (change.old, change.new.percent, change.delta_pp) == (None, 25, 25)
    assert (change.kinds, change.severity) == (("entered_into_force",), "critical")
    assert (change.previous, change.sequence) == (made[0].change.id, 2)
    assert (change.effective_at.at, change.days, change.lead) == (on("2025-04-10"), 0, None)
    assert change.is_of_clock
    assert not made[0].change.is_of_clock
    assert read_change(write_change(change)) == change


def test_it_threads_to_the_change_that_announced_it():
    other = measure("off", "exempted", effective_at=LATER)
    derived, made = strike(LAW, other)
    assert derived.change.previous == made[0].change.id
    assert derived.history.last_change == derived.change.id


def test_of_what_was_history_it_threads_to_the_last_change():
    held = weigh(entry(LAW | {"handling": "history"}, KNOWN), history()).history
    [one] = turnings_of(held.fold, on("2025-04-05"))
    assert weigh(tick_of(SUBJECT, one, one.at), held).change.previous is None


@pytest.mark.parametrize(
    ("events", "place", "kinds", "delta"),
    [
        (
            [BASE, measure("up", "increased", rate="125", effective_at=START)],
            0,
            ["entered_into_force"],
            41,
        ),
        ([BASE, PAUSE], 0, ["suspended"], -74),
        ([BASE, PAUSE], 1, ["resumed", "rate_increased"], 74),
        ([BASE, measure("end", "terminated", effective_at=START)], 0, ["ended"], None),
        ([BASE, measure("off", "exempted", effective_at=START)], 0, ["exemption_granted"], None),
        ([measure("new", effective_at=START)], 0, ["entered_into_force"], None),
        (
            [
                measure(
                    "new",
                    duty={"components": [{"kind": "ad_valorem", "amount": "20"}], "basis": "total"},
                    effective_at=START,
                )
            ],
            0,
            ["entered_into_force"],
            None,
        ),
        (
            [threat("t", rate="50", condition={"deadline": "2025-04-20"})],
            0,
            ["threat_lapsed"],
            None,
        ),
        (
            [BASE | {"data": BASE["data"] | {"apply": {"in_transit": {"entered_before": START}}}}],
            0,
            ["in_transit_closed"],
            None,
        ),
    ],
)
def test_its_kinds_and_its_delta(events, place, kinds, delta):
    change = strike(*events, place=place)[0].change
    assert list(change.kinds) == kinds
    assert change.delta_pp == (None if delta is None else Decimal(delta))


def test_what_is_upcoming_says_what_and_when():
    change = strike(BASE, PAUSE, place=1, lead=7)[0].change
    assert (change.kinds, change.lead, change.days) == (("upcoming", "resumed"), 7, 7)
    assert (change.old.percent, change.new.percent) == (10, 84)
    assert change.until is None


def test_what_begins_says_when_it_ends():
    assert strike(BASE, PAUSE)[0].change.until.at == on("2025-04-20")
    short = measure("short", rate="5", effective_at=START, until=LATER)
    assert strike(short)[0].change.until.at == on("2025-04-20")


MOVED = measure("moved", "delayed", effective_at=LATER, announced_at="2025-03-03")
PAUSED = measure("paused", "suspended", effective_at="2025-04-10T00:00:03+00:00")


@pytest.mark.parametrize(
    ("more", "delay", "lead", "said"),
    [
        (MOVED, 5, None, "no longer holds: the law then is scheduled"),
        (measure("t", "terminated", effective_at="2025-04-02"), 5, None, "law then is never impl"),
        (PAUSED, 5, None, "was overtaken: the law then is suspended"),
        (MOVED, 5, 7, "no longer holds: the law then is scheduled"),
        (PAUSED, 7 * 86_400 + 5.0, 7, "is ahead no longer: its instant has come"),
    ],
)
def test_what_no_longer_holds_says_why(more, delay, lead, said):
    derived, _ = strike(LAW, more=[more], delay=delay, lead=lead)
    assert (derived.outcome, derived.change) == (Outcome.OUTDATED, None)
    assert said in derived.reason


def test_what_holds_a_moment_after_its_instant_is_told_although_something_follows_later():
    assert strike(LAW, more=[measure("p", "suspended", effective_at=LATER)])[0].change


def test_books_with_the_clocks_events_are_rebuilt_as_they_were():
    derived, _ = strike(LAW)
    entries = derived.history.entries
    kept = [
        Kept(number, one, outcome)
        for number, (one, outcome) in enumerate(zip(entries, ["changed"] * 2, strict=True), 1)
    ]
    found = rebuild(SUBJECT, kept)
    assert found.misfits == []
    assert found.history.sequence == 2
