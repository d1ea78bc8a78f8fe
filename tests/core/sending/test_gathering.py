"""What waits, and until when, by the clocks of whoever asked for it."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from service.core.change import Severity
from service.core.destination.preferences import Preferences, Weekday
from service.core.event import Handling
from service.core.sending.gathering import (
    WINDOW,
    Wait,
    bundle_cause,
    is_bundle,
    say_wishes,
    shared_cause,
    wait_for,
)
from tests.core.message.golden.written import change_of

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
CRITICAL = change_of("us-cn-recip-125")
HIGH = replace(CRITICAL, severity=Severity.HIGH)
LAW = "instrument:executive_order:EO 14266"
DAILY = {"timezone": "Europe/Berlin", "digest": {"every": "day", "at": "07:00"}}
NIGHT = {"timezone": "Europe/Berlin", "quiet_hours": {"from": "22:00", "to": "06:30"}}


def at(text, zone="Europe/Berlin"):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def wait(wishes, now, change=HIGH, sent=0):
    return wait_for(Preferences.model_validate(wishes), change, now, sent)


def test_who_asks_for_nothing_is_told_at_once():
    assert wait({}, at("2025-04-10T03:00")) is None
    assert wait({"hourly_cap": 3, **NIGHT}, at("2025-04-10T12:00"), sent=2) is None


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2025-04-10T06:59", "2025-04-10T07:00"),
        ("2025-04-10T07:00", "2025-04-11T07:00"),
        ("2025-03-29T12:00", "2025-03-30T07:00"),  # the night in which an hour is left out
        ("2025-10-25T12:00", "2025-10-26T07:00"),  # and the one in which it comes twice
    ],
)
def test_a_daily_digest_comes_at_its_local_hour(now, due):
    assert wait(DAILY, at(now)) == Wait(f"digest:{due[:10]}", at(due))


def test_a_weekly_digest_comes_on_its_day():
    weekly = DAILY | {"digest": {"every": "week", "on": "friday", "at": "17:30"}}
    assert wait(weekly, at("2025-04-10T12:00")).due_at == at("2025-04-11T17:30")
    assert wait(weekly, at("2025-04-11T17:30")).due_at == at("2025-04-18T17:30")


def test_a_digest_that_falls_into_quiet_hours_comes_at_their_end():
    both = NIGHT | {"digest": {"every": "day", "at": "23:00"}}
    assert wait(both, at("2025-04-10T12:00")) == Wait("digest:2025-04-11", at("2025-04-11T06:30"))
    assert wait(both, at("2025-04-11T03:00")) == Wait("digest:2025-04-11", at("2025-04-11T06:30"))
    assert wait(both, at("2025-04-11T06:30")).cause == "digest:2025-04-12"


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2025-04-10T22:00", "2025-04-11T06:30"),
        ("2025-04-11T06:29", "2025-04-11T06:30"),
        ("2025-04-11T06:30", None),
        ("2025-04-11T21:59", None),
    ],
)
def test_quiet_hours_may_pass_midnight(now, due):
    found = wait(NIGHT, at(now))
    assert found == (due and Wait(f"quiet:{due}", at(due)))


def test_quiet_hours_within_a_day():
    noon = {"quiet_hours": {"from": "12:00", "to": "14:00"}}
    assert wait(noon, at("2025-04-10T13:00", "UTC")).due_at == at("2025-04-10T14:00", "UTC")
    assert wait(noon, at("2025-04-10T11:00", "UTC")) is None
    assert wait(noon, at("2025-04-10T14:00", "UTC")) is None


def test_an_end_of_quiet_hours_that_comes_twice_is_still_ahead():
    early = NIGHT | {"quiet_hours": {"from": "01:00", "to": "02:50"}}
    second = datetime(2025, 10, 26, 2, 40, tzinfo=ZoneInfo("Europe/Berlin"), fold=1)
    found = wait(early, second.astimezone(UTC))
    assert found.due_at == second.astimezone(UTC) + timedelta(minutes=10)


def test_beyond_the_cap_they_wait_for_the_next_hour_that_is_not_quiet():
    capped = {"hourly_cap": 2}
    now = at("2025-04-10T14:40", "UTC")
    assert wait(capped, now, sent=1) is None
    assert wait(capped, now, sent=2) == Wait("cap:2025-04-10T14", at("2025-04-10T15:00", "UTC"))
    late = wait(NIGHT | capped, at("2025-04-10T21:40"), sent=2)
    assert late.due_at == at("2025-04-11T06:30")


def test_the_changes_of_one_law_wait_for_each_other_for_a_moment():
    now = at("2025-04-10T12:00")
    assert wait({"group": True}, now) == Wait(LAW, now + WINDOW)
    assert wait({"group": True}, now, replace(HIGH, citations=())) is None
    assert wait(DAILY | {"group": True}, now).cause == "digest:2025-04-11"
    late = at("2025-04-10T21:59:50")
    assert wait(NIGHT | {"group": True}, late).due_at == at("2025-04-11T06:30")


def test_what_is_critical_waits_for_its_law_alone():
    now = at("2025-04-10T23:00")
    wishes = DAILY | NIGHT | {"hourly_cap": 1}
    assert wait(wishes, now, CRITICAL, sent=9) is None
    assert wait(wishes | {"group": True}, now, CRITICAL, sent=9) == Wait(LAW, now + WINDOW)


def test_a_test_waits_for_nothing_and_a_simulation_for_its_like():
    now = at("2025-04-10T12:00")
    assert wait(DAILY, now, replace(HIGH, mode=Handling.TEST)) is None
    simulated = wait(DAILY, now, replace(HIGH, mode=Handling.SIMULATED))
    assert simulated.cause == "digest:2025-04-11/simulated"
    assert shared_cause(bundle_cause(simulated.cause, 7)) == "digest:2025-04-11"


def test_no_two_bundles_have_one_cause():
    one, other = (bundle_cause(LAW, number) for number in (7, 8))
    assert one != other
    assert is_bundle(one)
    assert shared_cause(one) == shared_cause(other) == LAW
    assert not is_bundle("")
    assert not is_bundle("recall:0196d0c4-58a0-7000-8000-000000000001")


def test_quiet_hours_that_never_end_are_refused():
    with pytest.raises(ValidationError, match="are the same"):
        Preferences.model_validate({"quiet_hours": {"from": "22:00", "to": "22:00"}})


minutes = st.builds(time, st.integers(0, 23), st.integers(0, 59))
moments = st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - as hypothesis wants them
# More often than chance would have it: round the nights in which the clocks of Berlin change.
nights = st.sampled_from(["2025-03-30T00:00", "2025-10-26T00:00"]).flatmap(
    lambda text: st.integers(-300, 300).map(
        lambda more: datetime.fromisoformat(text).replace(tzinfo=UTC) + timedelta(minutes=more)
    )
)


@st.composite
def wishes_of(draw):
    begin, end = draw(st.lists(minutes, min_size=2, max_size=2, unique=True))
    every = draw(st.sampled_from(["day", "week"]))
    digest = {"every": every, "at": draw(minutes), "on": draw(st.sampled_from(get_args(Weekday)))}
    return Preferences.model_validate(
        {
            "timezone": draw(st.sampled_from(ZONES)),
            "digest": draw(st.sampled_from([None, digest])),
            "quiet_hours": draw(st.sampled_from([None, {"from": begin, "to": end}])),
            "hourly_cap": draw(st.integers(0, 2)),
            "group": draw(st.booleans()),
        }
    )


@given(wishes_of(), moments | nights, st.integers(0, 3))
def test_it_ends_ahead_and_outside_quiet_hours(wishes, now, sent):
    found = wait_for(wishes, HIGH, now, sent)
    if found is None:
        assert wait_for(quiet_of(wishes), HIGH, now, 0) is None
        return
    assert now < found.due_at <= now + timedelta(days=10)
    after = wait_for(quiet_of(wishes), HIGH, found.due_at, 0)
    assert after is None, "it would be quiet when it comes"


def quiet_of(wishes):
    """Quiet hours alone."""
    return wishes.model_copy(update={"digest": None, "hourly_cap": 0, "group": False})


@given(wishes_of(), moments | nights)
def test_whatever_waits_for_one_digest_is_due_at_one_moment(wishes, now):
    first = wait_for(wishes, HIGH, now, 0)
    if first and first.cause.startswith("digest:"):
        assert wait_for(wishes, HIGH, first.due_at - timedelta(seconds=1), 0) == first
        assert wait_for(wishes, HIGH, first.due_at, 0) != first


def test_what_was_asked_for_is_said_in_words():
    wishes = NIGHT | {"digest": {"every": "week", "at": "07:00"}, "hourly_cap": 5}
    assert say_wishes(Preferences.model_validate(wishes)) == [
        "They come together, every Monday at 07:00.",
        "From 22:00 to 06:30 they wait.",
        "Those beyond 5 an hour come together.",
        "These are times in Europe/Berlin.",
        "What is critical comes at once.",
    ]
    assert say_wishes(Preferences.model_validate(DAILY))[0].startswith("They come together, every")
    assert say_wishes(Preferences(hourly_cap=1))[1:] == ["What is critical comes at once."]
    assert say_wishes(Preferences(group=True)) == []
