"""How fast a destination is sent to."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.sending.delivery import Delivered, Refused, Reply, TryLater
from service.core.sending.pace import (
    FIRST_REST,
    LONGEST_REST,
    NONE,
    PATIENCE,
    UNLIMITED,
    WELL,
    Allowance,
    Health,
    Limits,
    allow,
    estimate,
    share,
    spend,
    weigh,
)

NOW = datetime(2025, 4, 10, tzinfo=UTC)
OK = Reply(accepted=True, status=204, reason="taken")
BUSY = Reply(accepted=False, status=500, reason="busy")
OURS = Reply(accepted=False, status=None, reason="no route", ours=True)
LATER = TryLater(5)


def later(seconds):
    return NOW + timedelta(seconds=seconds)


def after(replies, health=WELL, at=NOW):
    for reply in replies:
        health = weigh(health, reply, LATER, at, 0.5)
    return health


# What an attempt says


def test_what_arrives_makes_well():
    assert weigh(after([BUSY] * 9), OK, Delivered(), NOW, 0.5) == WELL


def test_failures_are_counted_from_the_first():
    assert after([BUSY] * 2, after([BUSY]), later(60)) == Health(3, NOW)


@pytest.mark.parametrize(("reply", "outcome"), [(OURS, LATER), (BUSY, Refused("this one message"))])
def test_our_own_fault_and_the_refusal_of_one_message_say_nothing(reply, outcome):
    assert weigh(WELL, reply, outcome, NOW, 0.5) == WELL


def test_a_probe_that_is_refused_for_good_is_followed_by_a_rest():
    probed, at = after([BUSY] * PATIENCE), later(60)
    refused = weigh(probed, BUSY, Refused("given up"), at, 0.5)
    assert refused == Health(PATIENCE + 1, NOW, at + timedelta(seconds=2 * FIRST_REST))
    assert allow(NONE, refused, None, 0, at).count == 0
    assert weigh(probed, OURS, Refused("given up"), at, 0.5) == probed


def test_rests_double_up_to_the_longest():
    rests = [after([BUSY] * count).rests_until for count in range(1, 30)]
    assert rests[: PATIENCE - 1] == [None] * (PATIENCE - 1)
    seconds = [(one - NOW).total_seconds() for one in rests[PATIENCE - 1 :]]
    assert seconds[:3] == [FIRST_REST, 2 * FIRST_REST, 4 * FIRST_REST]
    assert set(seconds[8:]) == {LONGEST_REST}


@pytest.mark.parametrize(("asked", "rest"), [(90, 90), (10**12, 24 * 3600), (0, None)])
@pytest.mark.parametrize("status", [429, 503])
def test_who_is_overloaded_rests_for_as_long_as_it_asks_up_to_a_day(status, asked, rest):
    reply = Reply(accepted=False, status=status, reason="busy", retry_after=asked)
    assert after([reply]).rests_until == (rest and later(rest))


def test_a_rest_is_never_cut_short_by_another_failure():
    busy = Reply(accepted=False, status=429, reason="busy", retry_after=3600)
    assert after([BUSY] * PATIENCE, after([busy])).rests_until == later(3600)


# What may leave


def test_who_is_well_and_asks_for_nothing_gets_all():
    assert allow(Limits(), WELL, None, 7, NOW) == Allowance(UNLIMITED)


def test_who_rests_gets_nothing_until_then():
    health = Health(1, NOW, later(60))
    assert allow(Limits(), health, None, 0, NOW) == Allowance(0, later(60))
    assert allow(Limits(), health, None, 0, later(60)).count == UNLIMITED


@pytest.mark.parametrize(("in_air", "count"), [(0, 1), (1, 0)])
def test_who_failed_again_and_again_is_asked_with_one(in_air, count):
    assert allow(Limits(), after([BUSY] * PATIENCE), None, in_air, later(60)).count == count


@pytest.mark.parametrize(("in_air", "count"), [(0, 3), (2, 1), (3, 0), (4, 0)])
def test_no_more_are_in_the_air_than_it_asks_for(in_air, count):
    assert allow(Limits(at_once=3), WELL, None, in_air, NOW) == Allowance(count)


def test_a_rate_says_when_to_come_again():
    slow = Limits(rate=0.5)
    assert allow(slow, WELL, None, 0, NOW).count == 1
    then = spend(slow, None, 1, NOW)
    assert then == later(2)
    assert allow(slow, WELL, then, 0, later(1)) == Allowance(0, then)
    assert allow(slow, WELL, then, 0, then).count == 1


def test_what_was_spent_before_the_clock_was_set_back_binds_nobody():
    limits = Limits(rate=2)
    ahead = spend(limits, None, 2, later(3600))
    assert allow(limits, WELL, ahead, 0, NOW).count == 2
    again = spend(limits, ahead, 2, NOW)
    assert again == spend(limits, None, 2, NOW)
    assert allow(limits, WELL, again, 0, NOW).again == again


@pytest.mark.parametrize(
    ("limits", "each", "seconds"),
    [
        (Limits(), None, None),
        (Limits(at_once=2), None, None),
        (Limits(), 0.5, 5),
        (Limits(at_once=2), 0.5, 25),
        (Limits(at_once=50), 0.5, 5),
        (Limits(rate=4), None, 25),
        (Limits(rate=4), 0.5, 25),
        (Limits(rate=4, at_once=1), 0.5, 50),
    ],
)
def test_a_hundred_take_as_long_as_the_slowest_of_its_limits(limits, each, seconds):
    assert estimate(limits, 100, each, 10) == seconds


def test_nothing_takes_no_time():
    assert estimate(Limits(rate=4), 0, 0.5, 10) == 0


def test_without_a_rate_nothing_is_spent():
    assert spend(Limits(), None, 9, NOW) is None


@given(
    rate=st.floats(0.01, 1000),
    pauses=st.lists(st.floats(0, 5), min_size=1, max_size=60),
    wanted=st.integers(1, 50),
)
def test_a_rate_is_kept_over_any_time(rate, pauses, wanted):
    limits, next_at, now, left = Limits(rate=rate), None, NOW, 0
    for pause in pauses:
        now += timedelta(seconds=pause)
        count = min(wanted, allow(limits, WELL, next_at, 0, now).count)
        next_at = spend(limits, next_at, count, now)
        left += count
    # A burst of a second at first, one more for the edges, and the microsecond of a clock's tick.
    assert (
        left <= (now - NOW).total_seconds() * rate + max(1, rate + 1) + len(pauses) * rate / 1e5 + 1
    )


@given(rate=st.floats(0.01, 1000))
def test_who_comes_when_he_is_told_to_gets_one(rate):
    limits = Limits(rate=rate)
    next_at = spend(limits, None, allow(limits, WELL, None, 0, NOW).count, NOW)
    for _ in range(20):
        found = allow(limits, WELL, next_at, 0, next_at)
        assert found.count >= 1
        next_at = spend(limits, next_at, 1, next_at)


# Shares


@given(slots=st.integers(4, 200), hanging=st.integers(1, 50))
def test_however_many_hang_slots_stay_free_unless_all_have_one(slots, hanging):
    held, free, is_moving = [0] * hanging, slots, True
    while is_moving:
        before = free
        for one in range(hanging):
            more = min(1, share(free, held[one]))
            held[one] += more
            free -= more
        is_moving = free < before
    assert free >= 0
    assert free > 0 or max(held) == 1


def test_one_alone_has_a_fifth():
    held = 0
    while share(100 - held, held):
        held += 1
    assert held == 20
