"""Instants and days."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from service.core.moment import Moment, When, find_zone, read_moment

NEW_YORK = "America/New_York"


class Timed(BaseModel):
    importer: str | None = None
    at: When


def test_an_instant_keeps_its_offset():
    moment = read_moment("2025-04-10T00:01:00-04:00")
    assert moment.at == datetime(2025, 4, 10, 4, 1, tzinfo=UTC)
    assert moment.precision == "instant"
    assert moment.at.utcoffset() == timedelta(hours=-4)


def test_a_day_takes_effect_from_midnight_in_the_zone_of_the_importer():
    moment = read_moment("2025-04-10", "US")
    assert moment.at == datetime(2025, 4, 10, 4, tzinfo=UTC)
    assert read_moment("2025-04-10", "CN").at == datetime(2025, 4, 9, 16, tzinfo=UTC)
    assert moment.zone == NEW_YORK


def test_a_day_is_shown_as_a_day():
    assert read_moment("2025-04-10", "US").as_json() == {
        "at": "2025-04-10T00:00:00-04:00",
        "precision": "day",
        "zone": NEW_YORK,
    }


def test_a_day_without_a_zone_orders_as_in_utc_until_one_is_given():
    moment = read_moment("2025-04-10")
    assert (moment.at, moment.zone) == (datetime(2025, 4, 10, tzinfo=UTC), None)


def test_a_day_can_bring_its_own_zone():
    assert read_moment({"day": "2025-04-10", "zone": "Asia/Shanghai"}, "US").zone == "Asia/Shanghai"
    assert read_moment({"day": "2025-04-10"}, "US").zone == NEW_YORK


def test_a_moment_is_read_as_it_is():
    moment = read_moment("2025-04-10", "US")
    assert read_moment(moment) is moment


@given(
    st.dates(date(1000, 1, 1), date(9000, 1, 1)).map(date.isoformat),
    st.sampled_from(["", "T00:01:00-04:00", "T12:01:00+08:00", "T23:59:59.5Z"]),
    st.sampled_from([None, "US", "CN", "EU", "GB"]),
)
def test_what_leaves_as_json_comes_back_the_same(day, hour, importer):
    moment = read_moment(day + hour, importer)
    assert read_moment(moment.as_json()) == moment


@pytest.mark.parametrize(
    ("given_text", "said"),
    [
        ("2025-04-10T00:01:00", "has no offset; add one"),
        ("20250410", "has no offset"),
        ("2025-04-31", "is no date"),
        ("next week", "is no date"),
        ("0001-04-10", "out of range"),
        ("9999-04-10", "out of range"),
        ("9999-04-10T00:00:00Z", "out of range"),
        ("0001-04-10T00:00:00Z", "out of range"),
        (1744257660, "write an instant with offset"),
        (None, "write an instant with offset"),
        ({"day": "2025-04-10", "hour": 3}, 'write {"day"'),
        ({"day": 3}, 'write {"day"'),
        ({"day": "2025-04-10", "zone": 3}, "zone is an IANA name"),
        ({"day": "2025-04-10", "zone": "Mars/Olympus"}, "no such time zone 'Mars/Olympus'"),
        ({"at": "2025-04-10T00:00:00Z", "zone": "../../etc"}, "no such time zone"),
    ],
)
def test_what_is_no_moment_is_refused_and_told_how_to_write_it(given_text, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        read_moment(given_text, "US")


def test_a_field_takes_its_zone_from_the_importer_beside_it():
    assert Timed(importer="CN", at="2025-04-10").at.zone == "Asia/Shanghai"
    assert Timed(at="2025-04-10").at.zone is None


def test_a_field_leaves_in_the_one_shape_and_says_so_in_its_schema():
    timed = Timed(importer="US", at="2025-04-10")
    assert Timed.model_validate_json(timed.model_dump_json()) == timed
    assert "ISO 8601" in Timed.model_json_schema()["properties"]["at"]["description"]


def test_two_instants_start_together_only_when_equal():
    one = read_moment("2025-04-10T00:01:00-04:00")
    assert one.is_same_start(read_moment("2025-04-10T04:01:00+00:00"))
    assert not one.is_same_start(read_moment("2025-04-10T00:02:00-04:00"))


def test_a_day_and_an_hour_on_that_day_are_one_start_where_the_day_was_stated():
    day = read_moment("2025-04-10", "US")
    first, last = read_moment("2025-04-10T00:01:00-04:00"), read_moment("2025-04-11T03:59:00+00:00")
    assert day.is_same_start(first)
    assert first.is_same_start(day)
    assert day.is_same_start(last)
    assert not day.is_same_start(read_moment("2025-04-11T04:00:00+00:00"))
    assert day.is_same_start(read_moment("2025-04-10", "US"))
    assert not day.is_same_start(read_moment("2025-04-11", "US"))


def test_a_day_without_zone_is_compared_with_the_hour_as_written():
    day = read_moment("2025-04-10")
    assert day.is_same_start(read_moment("2025-04-10T23:59:00-04:00"))


def test_the_finer_of_two_states_an_hour():
    day, hour = read_moment("2025-04-10", "US"), read_moment("2025-04-10T00:01:00-04:00")
    assert day.finer(hour) is hour
    assert hour.finer(day) is hour
    assert day.finer(day) is day


def test_days_are_counted_on_the_calendar_where_the_moment_was_stated():
    start = read_moment("2025-04-10", "US")
    assert start.days_after(datetime(2025, 4, 9, 2, tzinfo=UTC)) == 2  # still the 8th there
    assert start.days_after(datetime(2025, 4, 10, 23, tzinfo=UTC)) == 0
    assert start.days_after(datetime(2025, 4, 12, 12, tzinfo=UTC)) == -2
    instant = Moment(datetime(2025, 4, 10, 1, tzinfo=UTC))
    assert instant.days_after(datetime(2025, 4, 9, 23, tzinfo=UTC)) == 1


def test_a_zone_that_is_a_folder_is_no_zone():
    with pytest.raises(ValueError, match="no such time zone 'America'"):
        find_zone("America")


def test_an_instant_that_was_stated_without_a_zone_gets_none_when_read_again():
    moment = Moment(datetime(2025, 4, 10, tzinfo=UTC))
    assert read_moment(moment.as_json(), "US") == moment
    assert read_moment({"day": "2025-04-10", "precision": "day"}, "US").zone == NEW_YORK
