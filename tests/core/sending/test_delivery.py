"""The rules of `core/sending/delivery.py`: outcome, wait, state, Retry-After."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.sending.delivery import (
    HOUR,
    LONGEST_OF_OURS,
    LONGEST_WAIT,
    OVERLOADED,
    SLOW_DOWN,
    WAITS,
    Delivered,
    Refused,
    Reply,
    State,
    TryLater,
    delivery_id,
    judge,
    next_state,
    parse_retry_after,
    urgency,
)

NOW = datetime(2025, 4, 10, 4, 1, tzinfo=UTC)
OK = Reply(accepted=True, status=204, reason="answered 204")

spreads = st.floats(0, 1)
attempts = st.integers(1, 40)
failures = st.builds(
    Reply,
    accepted=st.sampled_from([False]),
    status=st.none() | st.integers(100, 599).filter(lambda status: status != 410),
    reason=st.text(max_size=20),
    retry_after=st.none() | st.floats(0, 1e12),
    ours=st.booleans(),
)


def failed(status: int | None = 500, **more) -> Reply:
    return Reply(accepted=False, status=status, reason=f"answered {status}", **more)


def test_ten_attempts_take_about_75_hours():
    assert len(WAITS) + 1 == 10
    assert 75 * HOUR < sum(WAITS) < 76 * HOUR
    assert list(WAITS) == sorted(WAITS)


def test_a_cause_is_told_to_a_destination_under_one_id():
    assert delivery_id("dst_1", "change-1") == delivery_id("dst_1", "change-1")
    others = {delivery_id(*one) for one in [("dst_1", "change-2"), ("dst_2", "change-1")]}
    assert delivery_id("dst_1", "change-1") not in others
    assert len(others) == 2


def test_what_is_critical_goes_first():
    assert [urgency(one) for one in ("critical", "high", None)] == [0, 1, 1]


def test_an_accepted_reply_is_delivered():
    assert judge(OK, 1, 0.5) == Delivered()


def test_a_410_disables_the_destination():
    assert judge(failed(410), 1, 0.5) == Refused("answered 410", disable=True)


def test_a_final_refusal_is_not_tried_again():
    assert judge(failed(550, final=True), 1, 0.5) == Refused("answered 550")


@pytest.mark.parametrize("status", [None, 200, 302, 400, 404, 429, 500, 503])
def test_any_other_failure_is_tried_later(status):
    assert isinstance(judge(failed(status), 9, 0.5), TryLater)


def test_the_tenth_failure_is_the_last():
    outcome = judge(failed(), 10, 0.5)
    assert outcome == Refused("given up after 10 attempts; the last: answered 500")


def test_our_own_fault_never_uses_up_a_delivery():
    assert isinstance(judge(failed(None, ours=True), 99, 0.5), TryLater)


@pytest.mark.parametrize("attempt", [1, 9, 99])
def test_our_own_fault_is_tried_soon_and_then_ever_more_rarely(attempt):
    waits, waited = [], 0.0
    for _ in range(9):
        waited = judge(failed(None, ours=True), attempt, 0.5, waited).after
        waits.append(waited)
    assert waits == pytest.approx([5, 10, 20, 40, 80, 160, *[LONGEST_OF_OURS] * 3])


def test_a_clock_set_back_hastens_no_retry_of_our_own_fault():
    assert judge(failed(None, ours=True), 1, 0.5, -3600.0) == TryLater(pytest.approx(WAITS[0]))


def test_a_receiver_that_fails_waits_as_planned_however_long_our_own_fault_lasted():
    assert judge(failed(), 1, 0.5, 3600.0) == TryLater(pytest.approx(WAITS[0]))


def test_retry_after_is_honoured():
    assert judge(failed(retry_after=900.0), 1, 0.0) == TryLater(900.0)


def test_retry_after_never_hastens_a_retry():
    assert judge(failed(retry_after=1.0), 3, 0.5) == TryLater(pytest.approx(WAITS[2]))


@pytest.mark.parametrize("status", sorted(OVERLOADED))
def test_an_overloaded_receiver_is_slowed_down(status):
    assert judge(failed(status), 1, 0.0) == TryLater(SLOW_DOWN)


@given(failures, attempts, spreads)
def test_a_wait_is_positive_and_capped(reply, attempt, spread):
    outcome = judge(reply, attempt, spread)
    if isinstance(outcome, TryLater):
        assert 0 < outcome.after <= LONGEST_WAIT * 1.1 + 1e-6
        assert outcome.after >= min(reply.retry_after or 0, LONGEST_WAIT)
    else:
        assert attempt >= 10
        assert not reply.ours


@given(failures, attempts, spreads, spreads)
def test_more_spread_never_shortens_a_wait(reply, attempt, one, other):
    low, high = (judge(reply, attempt, spread) for spread in sorted([one, other]))
    if isinstance(low, TryLater):
        assert low.after <= high.after


@pytest.mark.parametrize(
    ("state", "outcome", "after"),
    [
        (State.PENDING, Delivered(), State.DELIVERED),
        (State.PENDING, TryLater(5), State.PENDING),
        (State.PENDING, Refused("no"), State.FAILED),
        (State.PENDING, Refused("gone", disable=True), State.HELD),
        (State.HELD, Delivered(), State.DELIVERED),
        (State.HELD, TryLater(5), State.HELD),
        (State.HELD, Refused("no"), State.FAILED),
        (State.HELD, Refused("gone", disable=True), State.HELD),
        (State.CANCELLED, Delivered(), State.DELIVERED),
        (State.CANCELLED, TryLater(5), State.CANCELLED),
        (State.CANCELLED, Refused("no"), State.CANCELLED),
        (State.DELIVERED, Refused("no"), State.DELIVERED),
        (State.FAILED, TryLater(5), State.FAILED),
    ],
)
def test_the_state_after_an_attempt(state, outcome, after):
    assert next_state(state, outcome) is after


@given(st.sampled_from(State), st.sampled_from([Delivered(), TryLater(5.0), Refused("no")]))
def test_the_same_outcome_twice_changes_nothing_more(state, outcome):
    once = next_state(state, outcome)
    assert next_state(once, outcome) is once


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Thu, 10 Apr 2025 04:03:00 GMT", 120.0),
        ("Thu, 10 Apr 2025 04:03:00", 120.0),
        ("Thu, 10 Apr 2025 04:03:00 -0000", 120.0),
        ("Thu, 10 Apr 2025 00:00:00 GMT", 0.0),
        ("9" * 400, 999_999_999_999.0),
        (None, None),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("soon", None),
        ("Thu, 99 Apr 2025 99:99:99 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value, seconds):
    assert parse_retry_after(value, NOW) == seconds


@given(st.text())
def test_no_retry_after_raises(value):
    parsed = parse_retry_after(value, NOW)
    assert parsed is None or parsed >= 0


@given(st.timedeltas(timedelta(0), timedelta(days=3650)))
def test_a_date_is_as_far_away_as_it_says(distance):
    moment = (NOW + distance).replace(microsecond=0)
    text = moment.strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert parse_retry_after(text, NOW) == (moment - NOW).total_seconds()
