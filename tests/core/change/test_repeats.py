"""Which event it was that made another one no news."""

import pytest

from service.core.change.derive import weigh
from service.core.change.repeats import ground_of
from tests.core.builders import TRACK, claim, entry, history, measure, percent, step, threat
from tests.core.clock_streams import ticks_of

APRIL = {"effective_at": "2025-04-10T00:00Z"}
FIRST = entry(measure("first", duty=percent("10"), **APRIL), "2025-03-01")
RAISED = entry(
    measure("raised", "increased", duty=percent("20"), effective_at="2025-05-10T00:00Z"),
    "2025-03-02",
)


def ground(given, *held, subject=None):
    before = history(*held, **({"subject": subject} if subject else {}))
    assert weigh(given, before).change is None
    found = ground_of(given, before)
    return found[1] if found else None


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (measure("x", duty=percent("10"), **APRIL), "first"),
        (measure("x", "amended", duty=percent("10"), **APRIL), "first"),
        (measure("x", duty=percent("10"), certainty="announced", **APRIL), "first"),
        (measure("x", duty=percent("10"), certainty="reported", **APRIL), "first"),
        (measure("x", certainty="reported"), "first"),
    ],
)
def test_a_later_step_is_not_named_for_what_an_earlier_one_said(said, expected):
    assert ground(entry(said, "2025-03-03"), FIRST, RAISED) == expected


def test_of_two_that_said_it_the_latest_before_is_named():
    again = entry(measure("again", duty=percent("10"), **APRIL), "2025-03-03")
    assert ground(entry(measure("x", duty=percent("10"), **APRIL), "2025-03-04"), FIRST, again) == (
        "again"
    )


def test_a_threat_made_again_names_the_threat():
    first = entry(threat("t", duty=percent("50")), "2025-03-01")
    assert ground(entry(threat("x", duty=percent("50")), "2025-03-02"), FIRST, first) == "t"


def test_where_no_single_event_says_it_none_is_named():
    stays = measure("x", "extended", certainty="instrument")
    assert ground(entry(stays, "2025-03-03"), FIRST, RAISED) is None


def test_talks_name_the_step_that_came_as_far():
    held = [
        entry(step("a", "outreach"), "2025-01-01"),
        entry(step("b", "under_way"), "2025-02-01"),
        entry(claim("c", "a", "confirmed"), "2025-02-02"),
    ]
    again = entry(step("x", "under_way"), "2025-03-01")
    assert ground(again, *held, subject=TRACK) == "b"


def test_a_verdict_names_the_verdict_that_stands():
    said = entry(threat("t", duty=percent("50")), "2025-01-01")
    denied = entry(claim("no", "t", "denied"), "2025-01-02")
    other = entry(claim("other", "t", "disputed"), "2025-01-01")
    assert ground(entry(claim("x", "t", "denied"), "2025-01-03"), said, other, denied) == "no"


def test_the_clock_repeats_nobody():
    (tick, *_) = ticks_of(history(FIRST), FIRST.known_at)
    assert ground_of(tick, history(FIRST)) is None
