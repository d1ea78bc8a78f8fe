"""What is upcoming is told to who asked for so many days, and to nobody else."""

from dataclasses import replace
from decimal import Decimal

import pytest

from service.core.change import Kind
from service.core.match import Match, Miss, facts_of, match
from service.core.match.subscription import FilterRow, Rule, explode
from tests.core.match.match_oracle import change_of, measure

CHANGE = replace(
    change_of(measure()),
    event_type="tariff.clock",
    kinds=(Kind.UPCOMING, Kind.ENTERED_INTO_FORCE),
    lead=7,
)


def ask(told=None, change=CHANGE, **minima):
    return match(facts_of(change), Rule(lanes=[{}], **minima), told)


@pytest.mark.parametrize(
    ("minima", "said"),
    [
        ({}, "lead_times: you asked for no notice, this is 7 days ahead"),
        (
            {"lead_times": [14, 30]},
            "lead_times: you asked for 14, 30 days notice, this is 7 days ahead",
        ),
        (
            {"lead_times": [7], "kinds": ["suspended"]},
            "kinds: you asked for suspended, this is upcoming, entered_into_force",
        ),
    ],
)
def test_a_rule_without_that_lead_time_hears_nothing(minima, said):
    assert ask(**minima) == Miss(said)


@pytest.mark.parametrize("kinds", [[], ["upcoming"], ["entered_into_force"]])
def test_a_rule_with_it_does_by_either_kind(kinds):
    assert isinstance(ask(lead_times=[30, 7], kinds=kinds), Match)


def test_what_has_come_asks_for_no_lead_time():
    assert isinstance(ask(change=replace(CHANGE, lead=None, kinds=CHANGE.kinds[1:])), Match)


def test_a_minimum_is_held_against_what_time_moves_not_against_what_was_told():
    moved = replace(CHANGE, delta_pp=Decimal(25))
    assert isinstance(ask(Decimal(25), moved, lead_times=[7], min_delta_pp=5), Match)
    small = replace(CHANGE, delta_pp=Decimal(2))
    assert isinstance(ask(Decimal(0), small, lead_times=[7], min_delta_pp=5), Miss)


def test_lead_times_are_found_by_rows_of_their_own():
    rows = explode(Rule(lanes=[{"importer": "US", "programmes": ["x"]}], lead_times=[7, 30]))
    assert rows == [
        FilterRow("lead", code="30"),
        FilterRow("lead", code="7"),
        FilterRow("measure", "US"),
    ]
