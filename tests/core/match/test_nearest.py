"""The nearest setting: whatever is offered matches, and it differs in one setting alone."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings

from service.core.codes import country_phrase, known_groups
from service.core.match import Match, Miss, facts_of, match
from service.core.match.nearest import ANY, OFFERED, find_nearest
from service.core.match.subscription import Lane, Rule
from tests.core.match.match_oracle import change_of, measure, percent, talks
from tests.core.match.test_match_oracle import CHANGES, RULES

CARS = {"scope": "codes", "include": ["8703"]}
CHINESE = {"kind": "country", "members": ["CN"]}


def offered(change, *lanes, told=None, **minima):
    rule = Rule.model_validate({"lanes": lanes, **minima})
    assert isinstance(match(facts_of(change), rule, told), Miss)
    return [one.said for one in find_nearest(facts_of(change), rule, told)]


def test_a_lead_time_is_offered_for_what_is_ahead():
    ahead = replace(change_of(measure()), event_type="tariff.clock", lead=7)
    assert offered(ahead, {}) == ["lead_times 7 instead of none"]
    assert offered(ahead, {}, lead_times=[30]) == ["lead_times 30, 7 instead of 30"]


def test_of_a_catalogue_a_wider_code_is_offered_too():
    rule = Rule.model_validate(
        {"lanes": [{"product": {"catalogue": "parts", "listed": ["8704", "9401"]}}]}
    )
    found = find_nearest(facts_of(change_of(measure(product=CARS))), rule)
    assert [one.said for one in found] == ["product 87 instead of 8704"]
    emptied = Rule.model_validate({"lanes": [{"product": {"catalogue": "parts"}}]})
    [one] = find_nearest(facts_of(change_of(measure(product=CARS))), emptied)
    assert one.value == "all goods"


@pytest.mark.parametrize(
    ("about", "lane", "minima", "said"),
    [
        (
            {"certainty": "reported"},
            {},
            {"min_certainty": "announced"},
            "min_certainty reported instead of announced",
        ),
        ({}, {}, {"min_delta_pp": "25"}, "min_delta_pp 10 instead of 25"),
        ({}, {}, {"kinds": ["ended"]}, "kinds ended, measure_announced instead of ended"),
        ({}, {}, {"blanket": False}, "blanket on instead of off"),
        (
            {"product": {"scope": "described", "text": "cars"}},
            {"product": "8703"},
            {},
            "possible on instead of off",
        ),
        ({"product": CARS}, {"product": "8704"}, {}, "product 87 instead of 8704"),
        (
            {"product": CARS},
            {"product": {"codes": ["87"], "except": ["8703"]}},
            {},
            "product no exception instead of except 8703",
        ),
        ({"product": CARS}, {"product": "9401"}, {}, "product all goods instead of 9401"),
        ({}, {"importer": "CN"}, {}, "importer the US instead of China"),
        ({"origin": CHINESE}, {"origin": "VN"}, {}, "origin China instead of Vietnam"),
        ({"origin": CHINESE}, {"country": "VN"}, {}, "country the US instead of Vietnam"),
        (
            {"origin": {"kind": "all", "except": ["VN"]}},
            {"origin": "VN"},
            {},
            "origin any instead of Vietnam",
        ),
        ({}, {"programmes": ["S301"]}, {}, "programmes S122 instead of S301"),
        ({"programme": None}, {"programmes": ["S301"]}, {}, "programmes any instead of S301"),
        ({}, {"measures": ["other"]}, {}, "measures probe instead of other"),
    ],
)
def test_one_setting_is_named_with_what_would_have_matched(about, lane, minima, said):
    assert offered(change_of(measure(**about)), lane, **minima)[0] == said


def group(*codes, **more):
    return {"origin": {"kind": "group", "members": list(codes)} | more}


@pytest.mark.parametrize(
    ("about", "lane", "said"),
    [
        (group("ASEAN"), {"origin": "CN"}, "origin Indonesia instead of China"),
        (group("USMCA"), {"country": "JP", "importer": "US"}, "country the US instead of Japan"),
        (
            group("ASEAN", **{"except": ["BN"]}),
            {"origin": "BN"},
            "origin Malaysia instead of Brunei",
        ),
        (group("CPTPP"), {"origin": "TH"}, "origin Brunei instead of Thailand"),
        (group("EU-CUSTOMS"), {"origin": "GB"}, "origin Austria instead of the United Kingdom"),
        ({"origin": {"kind": "pseudo", "members": ["X"]}}, {"origin": "VN"}, None),
        (
            {"origin": {"kind": "country", "members": ["GB", "CN"], "except": ["GB"]}},
            {"origin": "VN"},
            "origin China instead of Vietnam",
        ),
    ],
)
def test_of_a_group_a_member_is_named_for_no_lane_can_name_a_group(about, lane, said):
    found = offered(change_of(measure(**about)), lane)
    assert found[0] == (said or "origin any instead of Vietnam")


def test_a_party_to_talks_is_named_or_left_open():
    change = change_of(talks("US", "CN"))
    assert offered(change, {"party": "VN"}) == ["party China instead of Vietnam"]
    assert offered(change, {"programmes": ["S301"]}) == ["programmes any instead of S301"]
    assert offered(change, {"measures": ["other"]}) == ["measures any instead of other"]
    assert offered(change, {"product": "8703"}) == ["product all goods instead of 8703"]


def test_each_lane_has_its_nearest():
    change = change_of(measure(origin=CHINESE, product=CARS))
    lanes = [{"origin": "VN"}, {"product": "8704"}, {"importer": "VN", "product": "94"}]
    assert offered(change, *lanes) == [
        "origin China instead of Vietnam",
        "product 87 instead of 8704 in lane 2",
    ]


def test_what_two_settings_stop_no_single_one_lets_through():
    change = change_of(measure(certainty="reported", product=CARS))
    assert offered(change, {"product": "8704"}, min_certainty="announced") == []


def test_a_small_step_is_measured_against_what_was_told():
    step = change_of(measure(duty=percent(10)))
    said = offered(step, {}, min_delta_pp="5", told=Decimal(8))
    assert said == ["min_delta_pp 2 instead of 5"]


@settings(max_examples=150, deadline=None)
@given(CHANGES, RULES)
def test_whatever_is_offered_matches_and_no_more_than_a_few(change, rule):
    facts = facts_of(change)
    if isinstance(match(facts, rule), Match):
        return
    found = find_nearest(facts, rule)
    assert len(found) <= OFFERED
    assert all(one.reason and one.was != one.value for one in found)
    places = [one.value for one in found if one.setting in Lane.model_fields and one.value != ANY]
    assert not {country_phrase(code) for code in known_groups() - {"EU"}} & {*places}
