"""Dated facts of the general notes."""

from datetime import date

import pytest

from service.core.codes import country_name
from service.core.schedule.programmes import column_2, origin_of, programmes


def test_every_symbol_has_countries_that_exist_or_has_lapsed():
    for one in programmes().values():
        assert one.origins or one.until
        assert all(code == "*" or country_name(code) for code in one.origins)
        assert one.until is None or one.until > one.since


@pytest.mark.parametrize(
    ("symbol", "on", "holds"),
    [
        ("S", date(2025, 4, 9), True),
        ("S", date(2020, 6, 30), False),
        ("D", date(2025, 9, 30), True),
        ("D", date(2025, 10, 1), False),
        ("A", date(2025, 4, 9), False),
        ("A", date(2019, 4, 9), False),
        ("KR", date(2012, 3, 14), False),
        ("KR", date(2012, 3, 15), True),
    ],
)
def test_a_preference_is_claimed_from_its_first_day_to_its_last(symbol, on, holds):
    assert programmes()[symbol].holds(on) is holds


def test_russia_and_belarus_pay_column_2_since_april_2022():
    assert column_2(date(2022, 4, 8)) == ("CU", "KP")
    assert column_2(date(2022, 4, 9)) == ("BY", "CU", "KP", "RU")


def test_everybody_is_who_does_not_pay_column_2():
    origin = origin_of(("*",), date(2025, 4, 9))
    assert (origin.kind, origin.excluded) == ("all", ("BY", "CU", "KP", "RU"))
    assert origin_of(("MX", "CA"), date(2025, 4, 9)).members == ("CA", "MX")
