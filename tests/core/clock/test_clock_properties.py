"""What holds for every stream of events, with the clock's own strewn into it."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from service.core.change.derive import Outcome, weigh
from service.core.clock import reminders_of, renewed, turnings_at, turnings_of
from service.core.clock.turning import eve_of
from service.core.standing import standing
from service.core.standing.history import History
from tests.core.builders import SUBJECT, TRACK
from tests.core.clock_streams import read_anew, tick_of, ticks_of
from tests.core.standing.test_fold_properties import LATE, START, asked, few, steps, streams


@st.composite
def recorded(draw, entries):
    """Recorded in this order, each as late as one likes, and ticks between them."""
    held, at = History(SUBJECT), START
    for entry in draw(st.permutations(entries)):
        at += timedelta(days=draw(st.integers(0, 6)))
        held = held.with_entry(replace(entry, recorded_at=at))
        for tick in ticks_of(held, START - timedelta(days=5))[: draw(st.integers(0, 3))]:
            if tick.identity not in held.by_identity:
                held = held.with_entry(replace(tick, recorded_at=at))
    return held


@few
@given(streams().flatmap(recorded), asked, asked, asked)
def test_the_fold_equals_a_naive_reading_by_any_of_three_clocks(held, at, known_at, recorded_at):
    naive = read_anew(held.entries, SUBJECT, at, known_at, recorded_at)
    assert standing(held, at, known_at, recorded_at) == naive
    assert standing(held.as_recorded(recorded_at), at, known_at) == naive


@few
@given(streams().flatmap(recorded), asked, asked)
def test_a_standing_is_the_same_with_and_without_the_clock(held, at, known_at):
    bare = History(SUBJECT, tuple(one for one in held.entries if not one.is_tick))
    assert standing(held, at, known_at) == standing(bare, at, known_at)
    assert (held.latest_known, held.latest_seen) == (bare.latest_known, bare.latest_seen)


@few
@given(streams(), asked)
def test_what_turns_is_what_differs_from_one_instant_to_the_next(entries, after):
    held = History(SUBJECT, tuple(entries))
    found = turnings_of(held.fold, after)
    assert [one.at for one in found] == sorted(one.at for one in found)
    for one in found:
        assert one.at > after
        assert one in turnings_at(held.fold, one.at)
        assert one.cause in held.by_identity


@few
@given(streams(), asked)
def test_no_rate_turns_that_no_reminder_names(entries, after):
    """Looked at from one to the next of all dates, no other change of a rate is seen."""
    held = History(SUBJECT, tuple(entries))
    named = {one.at for one in turnings_of(held.fold, after)}
    dates = {after + timedelta(hours=hours) for hours in range(0, 24 * 90, 24)} | named
    ordered = sorted(dates)
    for earlier, later in pairwise(ordered):
        one, other = (standing(held, at, LATE) for at in (earlier, eve_of(later)))
        assert _law(one) == _law(other)


def _law(view):
    return view and (view.applied and view.applied.figures, view.status == "suspended")


@few
@given(streams(), st.data())
def test_ticks_are_told_once_and_weighed_alike_whenever_they_come(entries, data):
    held = History(SUBJECT)
    for entry in entries:
        held = weigh(entry, held).history
    for tick in data.draw(st.permutations(ticks_of(held, START - timedelta(days=5)))):
        first = weigh(tick, held)
        assert first == weigh(tick, held)
        assert first.outcome in {Outcome.CHANGED, Outcome.OUTDATED}
        again = weigh(tick, first.history)
        assert (again.outcome, again.change) == (Outcome.DUPLICATE, None)
        held = first.history


@few
@given(streams(), asked, st.integers(0, 20))
def test_renewing_leaves_exactly_what_is_ahead_and_what_is_due(entries, after, days):
    held = frozenset()
    folded = History(SUBJECT)
    for entry in entries:
        folded = folded.with_entry(entry)
        gone, new = renewed(folded, held, after)
        held = (held - gone) | new
        assert {one for one in held if one.at > after} == reminders_of(folded, after)
    later = after + timedelta(days=days)
    gone, new = renewed(folded, held, later)
    assert gone == frozenset()
    assert new == frozenset()


@few
@given(streams(steps), asked)
def test_time_turns_nothing_in_talks(entries, after):
    assert turnings_of(History(TRACK, tuple(entries)).fold, after) == []


@few
@given(streams())
def test_what_is_put_on_the_log_too_late_alerts_nobody(entries):
    held = History(SUBJECT, tuple(entries))
    for one in turnings_of(held.fold, START):
        found = weigh(tick_of(SUBJECT, one, LATE, handling="history"), held)
        assert (found.outcome, found.change) == (Outcome.HISTORY, None)
