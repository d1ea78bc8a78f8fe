"""The next seven o'clock, whatever clocks do."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.core.destination.hours import next_at, next_beat
from service.core.destination.preferences import Preferences

WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",  # moves by half an hour
    "America/Sao_Paulo",  # skipped midnight
    "Africa/Cairo",
    "Pacific/Apia",  # left out a day in 2011
    "Antarctica/Troll",
)
zones = st.sampled_from(ZONES).map(ZoneInfo)
hours = st.times().map(lambda one: one.replace(second=0, microsecond=0, tzinfo=None))
weekdays = st.none() | st.sampled_from(WEEK)
instants = st.integers(946_684_800, 2_208_988_800).map(lambda one: datetime.fromtimestamp(one, UTC))
"""From 2000 to 2040."""


def skips(zone, at, day):
    """Whether the clocks never show this hour on this day."""
    local = datetime.combine(day, at, zone)
    return local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None)


@given(zones, hours, weekdays, instants)
@example(ZoneInfo("Pacific/Apia"), time(7), "friday", datetime(2011, 12, 30, 9, tzinfo=UTC))
@example(ZoneInfo("America/Sao_Paulo"), time(0), None, datetime(2017, 10, 15, 2, tzinfo=UTC))
def test_it_is_ahead_on_its_day_and_at_its_hour(zone, at, weekday, now):
    found = next_at(zone, at, weekday, now)
    assert now < found <= now + timedelta(days=9 if weekday else 2)
    local = found.astimezone(zone)
    if (local.time(), WEEK[local.weekday()]) != (at, weekday or WEEK[local.weekday()]):
        days = (local.date() - timedelta(days=one) for one in range(2))
        assert any(skips(zone, at, day) for day in days)


@given(zones, hours, weekdays, instants)
def test_nothing_lies_between_now_and_it(zone, at, weekday, now):
    found = next_at(zone, at, weekday, now)
    almost = found - timedelta(microseconds=1)
    assert next_at(zone, at, weekday, max(now, almost)) == found
    assert next_at(zone, at, weekday, found) > found


@given(zones, hours, instants)
def test_a_local_day_has_one_and_not_two(zone, at, now):
    first = next_at(zone, at, None, now)
    second = next_at(zone, at, None, first)
    assert first.astimezone(zone).date() < second.astimezone(zone).date()


@pytest.mark.parametrize(
    ("at", "now", "expected"),
    [
        (time(7), "2025-03-29T12:00+01:00", "2025-03-30T07:00+02:00"),
        (time(2, 30), "2025-03-29T12:00+01:00", "2025-03-30T03:30+02:00"),  # skipped
        (time(2, 30), "2025-10-25T12:00+02:00", "2025-10-26T02:30+02:00"),  # the first of two
        (time(2, 30), "2025-10-26T02:30+02:00", "2025-10-27T02:30+01:00"),  # and not the second
        (time(7), "2025-04-09T07:00+02:00", "2025-04-10T07:00+02:00"),
    ],
)
def test_the_clocks_of_berlin(at, now, expected):
    found = next_at(ZoneInfo("Europe/Berlin"), at, None, datetime.fromisoformat(now))
    assert found == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        ({"heartbeat": "day"}, "2025-04-10T07:00+00:00"),
        ({"heartbeat": "week"}, "2025-04-14T07:00+00:00"),
        ({"heartbeat": "day", "timezone": "Asia/Tokyo"}, "2025-04-10T07:00+09:00"),
        (
            {"heartbeat": "day", "digest": {"every": "week", "at": "06:30", "on": "friday"}},
            "2025-04-10T06:30+00:00",
        ),
        (
            {"heartbeat": "week", "digest": {"every": "day", "at": "06:30", "on": "friday"}},
            "2025-04-11T06:30+00:00",
        ),
    ],
)
def test_a_heartbeat_comes_at_the_hour_of_the_digest(wishes, expected):
    now = datetime(2025, 4, 9, 20, tzinfo=UTC)
    found = next_beat(Preferences.model_validate(wishes), now)
    assert found == datetime.fromisoformat(expected)
