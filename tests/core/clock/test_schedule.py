"""When a reminder is due, and as what."""

from datetime import timedelta

import pytest

from service.core.clock import plan
from tests.core.builders import on

AT = on("2025-05-20")
LONG_AGO = on("2025-01-01")
LATE = timedelta(days=3)


def before(days):
    return AT - timedelta(days=days)


@pytest.mark.parametrize(
    ("leads", "since", "now", "due", "next_at"),
    [
        ({}, before(30), before(10), (), AT),
        ({7: LONG_AGO}, before(30), before(10), (), before(7)),
        ({7: LONG_AGO, 14: LONG_AGO}, before(30), before(20), (), before(14)),
        ({7: LONG_AGO}, before(30), before(7), (7,), AT),
        ({7: LONG_AGO, 14: LONG_AGO}, before(30), before(5), (14, 7), AT),
        ({7: LONG_AGO, 14: LONG_AGO}, before(8), before(5), (7,), AT),
        ({7: LONG_AGO}, before(7), before(5), (), AT),
        ({7: before(6)}, before(30), before(5), (), AT),
        ({7: before(8)}, before(30), before(7), (7,), AT),
    ],
)
def test_a_lead_time_is_told_if_it_was_wanted_and_ahead_when_it_was_made(
    leads, since, now, due, next_at
):
    found = plan(AT, since, now, leads, LATE)
    assert (found.leads, found.next_at) == (due, next_at)
    assert (found.has_come, found.is_late) == (False, False)


@pytest.mark.parametrize(("days", "is_late"), [(0, False), (3, False), (3.1, True)])
def test_what_has_come_is_told_without_its_lead_times_and_not_for_ever(days, is_late):
    found = plan(AT, before(30), AT + timedelta(days=days), {7: LONG_AGO}, LATE)
    assert (found.leads, found.has_come, found.next_at) == ((), True, None)
    assert found.is_late is is_late
