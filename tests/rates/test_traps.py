"""Headings of the tariff schedule that go on printing a rate which nobody owes.

The rate and the revision are what the schedule shows; the days lie within those revisions.
"""

from datetime import date
from decimal import Decimal

import pytest

from tests.rates.ground import partners
from tests.rates.test_every_day import ask, own_key, own_status, reciprocal

PRINTED = [  # heading, revision, the rate it prints, partner, day, what stands, what is owed
    ("9903.01.54", "2025_rev_9", 25, "KR", date(2025, 4, 20), "suspended", 10),
    ("9903.01.54", "2025_rev_12", 25, "KR", date(2025, 6, 1), "suspended", 10),
    ("9903.01.54", "2025_rev_18", 25, "KR", date(2025, 8, 20), "in_force", 15),
    ("9903.01.63", "2025_rev_12", 34, "CN", date(2025, 5, 20), "suspended", 10),
    ("9903.01.63", "2025_rev_18", 34, "CN", date(2025, 8, 20), "suspended", 10),
]


def partner_of(code):
    return next(one for one in partners() if one["code"] == code)


@pytest.mark.parametrize(
    ("printed", "code", "day", "status", "owed"),
    [one[2:] for one in PRINTED],
    ids=[f"{one[0]}-{one[1]}" for one in PRINTED],
)
def test_what_a_heading_prints_while_it_rests_is_not_owed(printed, code, day, status, owed):
    partner = partner_of(code)
    rates = ask(partner, day)
    assert own_status(rates, partner) == status
    found = reciprocal(rates)
    assert list(found.values()) == [Decimal(owed)]
    assert Decimal(printed) not in found.values()
    if status == "suspended":
        assert own_key(partner) not in found
        beside = {one.measure: one for one in rates.beside}[own_key(partner)]
        assert beside.duty.percent == printed  # it keeps its rate, and is paused


@pytest.mark.parametrize("partner", partners(), ids=lambda one: one["code"])
def test_no_heading_of_2026_is_answered_with_the_rate_it_still_prints(partner):
    rates = ask(partner, date(2026, 6, 15))
    assert (rates.coverage.is_covered, rates.answers, rates.beside) == (False, (), ())
