"""Who is told of a change, and why: the sentences of the domain on matching."""

from datetime import date
from decimal import Decimal

import pytest

from service.core.change import Kind
from service.core.codes import members
from service.core.event import Stage
from service.core.match import Match, Miss, facts_of, match, narrow
from service.core.match.subscription import Rule, explode
from tests.core.match.match_oracle import (
    change_of,
    is_found,
    measure,
    percent,
    talks,
)

CARS = {"scope": "codes", "include": ["8703"]}
US_CARS = {"scope": "codes", "nomenclature": "HTS", "include": ["8703.23.01"]}
PASSENGER_VEHICLES = {"scope": "described", "text": "passenger vehicles"}
ALL_EU = sorted(members("EU", date(2025, 6, 1)))


def rule_of(*lanes, **minima):
    return Rule(lanes=list(lanes), **minima)


def ask(change, *lanes, told=None, **minima):
    return match(facts_of(change), rule_of(*lanes, **minima), told)


def on_goods(**product):
    return change_of(measure(product={"scope": "codes"} | product))


def of(*codes, kind="country", **more):
    return change_of(measure(origin={"kind": kind, "members": list(codes)} | more))


# Products


@pytest.mark.parametrize(
    ("theirs", "reason"),
    [
        ("8703", "it names your 8703"),
        ("8703.23", "its 8703.23 lies within your 8703"),
        ("87", "your 8703 lies within its 87"),
    ],
)
def test_8703_hears_of_itself_of_what_is_below_and_of_what_is_above(theirs, reason):
    found = ask(on_goods(include=[theirs]), {"product": "8703"})
    assert found == Match(1, reason, yours=("8703",))


def test_8703_hears_of_a_measure_on_all_goods():
    found = ask(change_of(measure()), {"product": "8703"})
    assert found == Match(1, "it is on all goods, so on your 8703 too", yours=("8703",))


@pytest.mark.parametrize("theirs", ["8704", "8703.24", "94", "9401.61"])
def test_a_neighbour_is_not_heard_of(theirs):
    found = ask(on_goods(include=[theirs]), {"product": "8703.23"})
    assert found == Miss("lane 1: product: none of your codes (8703.23) is in its list")


def test_of_several_codes_those_that_met_are_listed_and_counted():
    found = ask(on_goods(include=["87", "9401.61"]), {"product": ["8703", "0101", "9401"]})
    assert found.yours == ("8703", "9401")
    assert found.reason == "your 8703 lies within its 87, and so for 1 more of your codes"


def test_a_long_list_is_said_in_short():
    found = ask(on_goods(include=["01"]), {"product": ["8703", "8704", "8705", "9401", "9403"]})
    assert "(8703, 8704, 8705 and 2 more)" in found.reason


def test_codes_of_different_nomenclatures_compare_on_six_digits_and_it_says_so():
    found = ask(on_goods(**US_CARS), {"product": "TARIC 8703.23.19.10"})
    assert found.six_digits
    assert found.reason == (
        "your 8703.23.19.10 and its 8703.23.01 are alike; "
        "compared on six digits, as the nomenclatures differ"
    )


def test_codes_of_one_nomenclature_compare_on_every_digit():
    assert isinstance(ask(on_goods(**US_CARS), {"product": "HTS 8703.23.19"}), Miss)
    found = ask(on_goods(**US_CARS), {"product": "HTS 8703.23.01.10"})
    assert (found.six_digits, found.yours) == (False, ("8703230110",))


def test_six_common_digits_mean_the_same_in_every_nomenclature():
    found = ask(on_goods(**US_CARS), {"product": {"nomenclature": "CN", "codes": ["8703.23"]}})
    assert found == Match(1, "its 8703.23.01 lies within your 8703.23", yours=("870323",))


def test_chapter_99_of_two_nomenclatures_has_nothing_in_common():
    change = on_goods(nomenclature="HTS", include=["9903.01.25"])
    assert isinstance(ask(change, {"product": "HTS 9903.01"}), Match)
    assert isinstance(ask(change, {"product": "NCM 9903.01"}), Miss)


def test_what_the_measure_excepts_is_not_heard_of():
    change = on_goods(include=["87"], **{"except": ["8703"]})
    assert ask(change, {"product": "8703.23"}) == Miss("lane 1: product: it excepts your 8703.23")
    assert isinstance(ask(change, {"product": "8704"}), Match)
    assert isinstance(ask(change, {"product": "87"}), Match)


def test_an_exception_for_part_of_your_goods_is_no_reason_for_silence():
    change = change_of(measure(product={"scope": "all", "except": ["8703.23"]}))
    assert isinstance(ask(change, {"product": "8703"}), Match)
    found = ask(change, {"product": ["8703.23", "9401"]})
    assert found.yours == ("9401",)


def test_an_exception_of_another_nomenclature_never_silences_a_national_line():
    goods = {"scope": "all", "nomenclature": "HTS", "except": ["8703.23.01"]}
    change = change_of(measure(product=goods))
    assert isinstance(ask(change, {"product": "CN 8703.23.19"}), Match)
    assert isinstance(ask(change, {"product": "HTS 8703.23.01"}), Miss)


def test_what_the_lane_excepts_is_not_heard_of():
    lane = {"product": {"codes": ["87"], "except": ["8711"]}}
    assert isinstance(ask(on_goods(include=["8711.10"]), lane), Miss)
    assert isinstance(ask(on_goods(include=["8711.10", "8703.23"]), lane), Match)
    assert isinstance(ask(change_of(measure()), lane), Match)


def test_a_code_that_the_measure_lists_and_excepts_is_not_on_the_list():
    change = on_goods(include=["8703.23", "8704"], **{"except": ["8703"]})
    assert isinstance(ask(change, {"product": "87"}), Match)
    change = on_goods(include=["8703.23"], **{"except": ["8703"]})
    assert isinstance(ask(change, {"product": "87"}), Miss)


@pytest.mark.parametrize("product", [PASSENGER_VEHICLES, {"scope": "unknown"}])
def test_passenger_vehicles_without_codes_never_reaches_a_9401_lane_unasked(product):
    found = ask(change_of(measure(product=product)), {"product": "9401"})
    assert found == Miss("lane 1: product: its goods are only described, and `possible` is off")


def test_a_description_is_a_possible_match_for_who_asks_for_it():
    change = change_of(measure(product=PASSENGER_VEHICLES))
    found = ask(change, {"product": "8703"}, possible=True)
    said = "its goods are only described: possibly yours"
    assert found == Match(1, said, possible=True, yours=("8703",))


def test_a_description_that_excepts_your_goods_is_not_even_possible():
    change = change_of(measure(product=PASSENGER_VEHICLES | {"except": ["94"]}))
    assert isinstance(ask(change, {"product": "9401"}, possible=True), Miss)


def test_a_description_reaches_a_country_lane_for_sure():
    found = ask(change_of(measure(product=PASSENGER_VEHICLES)), {"importer": "US"})
    assert not found.possible


def test_a_sure_match_is_told_before_a_possible_one():
    change = change_of(measure(product=PASSENGER_VEHICLES))
    found = ask(change, {"product": "8703"}, {"importer": "US"}, possible=True)
    assert (found.lane, found.possible) == (2, False)


# Countries


def test_direction_matters():
    us_on_cn = change_of(measure(importer="US", origin={"kind": "country", "members": ["CN"]}))
    cn_on_us = change_of(measure(importer="CN", origin={"kind": "country", "members": ["US"]}))
    lane = {"importer": "US", "origin": "CN"}
    assert ask(us_on_cn, lane) == Match(1, "the US levies it; it is on goods of China")
    assert ask(cn_on_us, lane) == Miss("lane 1: importer: it asks for the US, here China levies")
    back = {"importer": "CN", "origin": "US"}
    assert isinstance(ask(us_on_cn, back), Miss)
    assert isinstance(ask(cn_on_us, back), Match)


def test_a_country_alone_stands_for_any_role():
    assert ask(of("CN"), {"country": "CN"}).reason == "it is on goods of China"
    assert ask(of("CN"), {"country": "US"}).reason == "the US levies it"
    assert ask(of("CN"), {"country": "VN"}) == Miss(
        "lane 1: country: Vietnam neither levies this nor are these its goods"
    )


def test_a_country_beside_an_importer_is_the_other_side_of_the_pair():
    lane = {"importer": "US", "country": "CN"}
    assert ask(of("CN"), lane).reason == "the US levies it; it is on goods of China"
    assert isinstance(ask(of("VN"), lane), Miss)


def test_all_countries_is_expanded_when_matching():
    found = ask(change_of(measure()), {"origin": "VN"})
    assert found.reason == "it is on goods of every origin, so of Vietnam too"


def test_all_countries_leaves_out_those_it_excepts():
    change = change_of(measure(origin={"kind": "all", "except": ["CN", "EU"]}))
    for code in ("CN", "EU", "DE"):
        assert isinstance(ask(change, {"origin": code}), Miss)
    assert isinstance(ask(change, {"origin": "VN"}), Match)


def test_a_union_is_excepted_only_with_all_its_members():
    most = change_of(measure(origin={"kind": "all", "except": ALL_EU[1:]}))
    whole = change_of(measure(origin={"kind": "all", "except": ALL_EU}))
    assert isinstance(ask(most, {"origin": "EU"}), Match)
    assert isinstance(ask(whole, {"origin": "EU"}), Miss)


def test_a_duty_on_all_countries_is_not_on_the_importers_own_goods():
    assert isinstance(ask(change_of(measure()), {"origin": "US"}), Miss)
    assert isinstance(ask(change_of(measure(importer="EU")), {"origin": "DE"}), Miss)
    assert isinstance(ask(change_of(measure()), {"country": "US"}), Match)


def test_a_group_matches_its_members_subscribers():
    found = ask(of("EU", kind="group"), {"origin": "DE"})
    assert found.reason == "it is on goods of Germany (in the EU)"
    found = ask(change_of(measure(importer="EU")), {"importer": "FR"})
    assert found.reason == "France levies it (in the EU)"
    assert isinstance(ask(of("EU", kind="group"), {"origin": "CN"}), Miss)


def test_a_member_matches_its_unions_subscribers():
    assert ask(of("DE"), {"origin": "EU"}).reason == "it is on goods of the EU (through a member)"


def test_a_member_let_off_hears_nothing_and_its_union_still_does():
    change = of("EU", kind="group", **{"except": ["DE"]})
    assert isinstance(ask(change, {"origin": "DE"}), Miss)
    assert isinstance(ask(change, {"origin": "EU"}), Match)


@pytest.mark.parametrize(("day", "kind"), [("2019-06-01", Match), ("2025-06-01", Miss)])
def test_membership_is_that_of_the_day_of_effect(day, kind):
    origin = {"kind": "group", "members": ["EU"]}
    change = change_of(measure(origin=origin, effective_at=day))
    assert isinstance(ask(change, {"origin": "GB"}), kind)


def test_a_country_and_an_importer_that_mean_different_members_do_not_match():
    change = change_of(measure(importer="EU", origin={"kind": "country", "members": ["CN"]}))
    assert isinstance(ask(change, {"importer": "DE", "country": "FR"}), Miss)
    assert isinstance(ask(change, {"importer": "EU", "country": "FR"}), Match)


def test_a_pseudo_origin_is_nobodys_goods():
    change = of("TRANSSHIPPED", kind="pseudo")
    assert isinstance(ask(change, {"origin": "VN"}), Miss)
    assert isinstance(ask(change, {"importer": "US"}), Match)


# Talks


@pytest.mark.parametrize(("importer", "origin"), [("US", "CN"), ("CN", "US")])
def test_a_pair_means_both_as_parties_in_any_order(importer, origin):
    found = ask(change_of(talks("US", "CN")), {"importer": importer, "origin": origin})
    assert found.reason == "China and the US are party to these talks"


def test_a_pair_does_not_hear_of_one_of_the_two_with_somebody_else():
    found = ask(change_of(talks("US", "JP")), {"importer": "US", "origin": "CN"})
    assert found == Miss("lane 1: origin: China is no named party to these talks")


@pytest.mark.parametrize("role", ["country", "importer", "origin", "party"])
def test_a_lane_of_one_country_hears_a_step_in_which_it_is_named(role):
    assert ask(change_of(talks("US", "CN")), {role: "CN"}).reason == "China is party to these talks"


def test_fifty_unnamed_countries_match_nobodys_single_country_lane():
    crowd = change_of(talks("US", None))
    assert isinstance(ask(crowd, {"country": "VN"}), Miss)
    assert isinstance(ask(crowd, {"origin": "VN"}), Miss)


def test_an_unnamed_counterpart_is_heard_of_only_where_the_lane_names_none():
    crowd = change_of(talks("US", None))
    assert isinstance(ask(crowd, {"country": "US"}), Match)
    assert isinstance(ask(crowd, {"importer": "US", "origin": "VN"}), Miss)


def test_who_is_named_beside_an_unnamed_group_hears_of_it_in_any_role():
    crowd = change_of(talks("US", "JP", None))
    for lane in ({"party": "US"}, {"importer": "JP"}, {"origin": "US"}, {"country": "JP"}):
        assert isinstance(ask(crowd, lane), Match)
    assert isinstance(ask(crowd, {"importer": "US", "origin": "JP"}), Match)
    assert isinstance(ask(crowd, {"importer": "US", "party": "KR"}), Miss)


def test_talks_of_several_are_heard_of_by_each_of_them_and_by_each_pair():
    table = change_of(talks("US", "MX", "CA"))
    for code in ("US", "MX", "CA"):
        assert isinstance(ask(table, {"country": code}), Match)
    for pair in (("US", "MX"), ("CA", "US"), ("MX", "CA")):
        importer, origin = pair
        assert isinstance(ask(table, {"importer": importer, "origin": origin}), Match)
    assert isinstance(ask(table, {"importer": "US", "origin": "CN"}), Miss)


@pytest.mark.parametrize("stage", list(Stage))
def test_every_stage_and_every_state_beside_the_track_is_heard_of(stage):
    assert isinstance(ask(change_of(talks("US", "CN", stage=stage)), {"country": "CN"}), Match)


def test_talks_with_a_union_are_heard_of_by_its_members():
    found = ask(change_of(talks("US", "EU")), {"importer": "DE", "origin": "US"})
    assert found.reason == "Germany (in the EU) and the US are party to these talks"


def test_talks_never_reach_a_lane_that_asks_for_measures():
    change = change_of(talks("US", "CN"))
    said = "it asks for measures, and these are talks"
    assert ask(change, {"country": "CN", "product": "8703"}) == Miss(f"lane 1: product: {said}")
    assert ask(change, {"programmes": ["S122"]}) == Miss(f"lane 1: programmes: {said}")
    assert ask(change, {"measures": ["us-s122"]}) == Miss(f"lane 1: measures: {said}")


def test_a_party_lane_asks_for_talks_and_hears_of_no_measure():
    found = ask(of("CN"), {"party": "CN"})
    assert found == Miss("lane 1: party: it asks for talks, and this is a measure")


# Names, minima, reasons


def test_an_empty_lane_follows_everything():
    assert ask(change_of(measure()), {}) == Match(1, "you follow everything")
    assert ask(change_of(talks("US", None)), {}) == Match(1, "you follow everything")


def test_a_programme_is_followed_by_its_name():
    assert ask(of("CN"), {"programmes": ["S122"]}).reason == "its programme is S122"
    assert ask(of("CN"), {"programmes": ["S301", "S232"]}) == Miss(
        "lane 1: programmes: it asks for S301, S232, this is S122"
    )
    nameless = change_of(measure(programme=None))
    assert ask(nameless, {"programmes": ["S122"]}).reason.endswith("this is of none that is named")


def test_a_measure_is_followed_by_its_key():
    assert ask(of("CN"), {"measures": ["probe"]}).reason == "you follow this measure"
    assert ask(of("CN"), {"measures": ["other"]}) == Miss(
        "lane 1: measures: it asks for other, this is measure:probe"
    )


def test_all_fields_of_a_lane_must_hold_and_any_lane_will_do():
    change = change_of(measure(origin={"kind": "country", "members": ["CN"]}, product=CARS))
    assert isinstance(ask(change, {"origin": "CN", "product": "9401"}), Miss)
    assert ask(change, {"product": "9401"}, {"origin": "CN", "product": "8703"}) == Match(
        2, "it is on goods of China; it names your 8703", yours=("8703",)
    )


def test_a_miss_names_what_stopped_each_lane_first():
    found = ask(of("CN"), {"importer": "JP", "origin": "VN"}, {"origin": "VN", "product": "8703"})
    assert found == Miss(
        "lane 1: importer: it asks for Japan, here the US levies; "
        "lane 2: origin: it asks for goods of Vietnam, these are not"
    )


def test_one_of_the_kinds_asked_for_is_enough():
    change = of("CN")
    assert isinstance(ask(change, {}, kinds=["measure_announced", "ended"]), Match)
    assert ask(change, {}, kinds=["ended", "suspended"]) == Miss(
        "kinds: you asked for ended, suspended, this is measure_announced"
    )


def test_a_minimum_certainty_keeps_weaker_claims_away():
    change = change_of(measure(certainty="reported", action="threatened"))
    assert isinstance(ask(change, {}, min_certainty="reported"), Match)
    assert ask(change, {}, min_certainty="announced") == Miss(
        "min_certainty: you asked for announced, this is reported"
    )


def test_a_minimum_delta_keeps_small_moves_away():
    change = of("CN")
    assert isinstance(ask(change, {}, min_delta_pp="10"), Match)
    assert ask(change, {}, min_delta_pp="10.5") == Miss(
        "min_delta_pp: you asked for 10.5, this moves 10 points"
    )


def test_a_null_delta_passes_a_minimum_delta():
    change = change_of(measure(duty=None))
    assert change.delta_pp is None
    assert isinstance(ask(change, {}, min_delta_pp="50"), Match)
    assert isinstance(ask(change, {}, min_delta_pp="50", told=Decimal(10)), Match)


def test_minima_are_judged_against_what_this_destination_was_last_told():
    raised = measure(action="increased", duty=percent(11), effective_at="2025-06-02")
    change = change_of(measure(effective_at="2025-01-01"), raised)
    assert change.delta_pp == 1
    assert isinstance(ask(change, {}, min_delta_pp="3"), Miss)
    assert isinstance(ask(change, {}, min_delta_pp="3", told=Decimal(10)), Miss)
    assert isinstance(ask(change, {}, min_delta_pp="3", told=Decimal(8)), Match)
    assert isinstance(ask(change, {}, min_delta_pp="1", told=Decimal(11)), Miss)


def test_what_was_told_counts_for_nothing_where_no_rate_is_left_to_compare():
    imposed = measure(effective_at="2025-01-01")
    claim = {"about": {"source": "https://oracle.example", "id": "e0"}, "certainty": "instrument"}
    change = change_of(imposed, claim | {"verdict": "retracted"})
    assert isinstance(ask(change, {}, min_delta_pp="50", told=Decimal(10)), Match)


def test_blanket_measures_can_be_turned_off():
    assert ask(change_of(measure()), {"origin": "VN"}, blanket=False) == Miss(
        "blanket: you asked for no measures on every origin, this is one"
    )
    assert isinstance(ask(of("VN"), {"origin": "VN"}, blanket=False), Match)


def test_a_verdict_is_matched_by_what_it_is_about():
    claim = {"about": {"source": "https://oracle.example", "id": "e0"}, "certainty": "reported"}
    data = measure(action="threatened", certainty="reported", product=CARS)
    change = change_of(data, claim | {"verdict": "denied"})
    assert change.kinds == (Kind.CLAIM_DENIED,)
    assert isinstance(ask(change, {"product": "8703"}), Match)
    assert isinstance(ask(change, {"product": "9401"}), Miss)


def test_facts_keep_the_measure_and_its_product():
    facts = facts_of(on_goods(include=["8703"]))
    assert facts.product.include == ("8703",)
    assert facts_of(change_of(talks("US", "CN"))).product is None


# Narrowing


def is_caught(change, *lanes, **minima):
    return is_found(explode(rule_of(*lanes, **minima)), narrow(facts_of(change)))


def test_the_net_lets_other_goods_and_other_countries_through():
    change = change_of(measure(origin={"kind": "country", "members": ["CN"]}, product=CARS))
    assert is_caught(change, {"product": "8703.23"})
    others = {"product": "9401"}, {"origin": "VN"}, {"importer": "CN"}, {"measures": ["other"]}
    for lane in others:
        assert not is_caught(change, lane)


def test_the_net_for_described_goods_holds_only_lanes_that_accept_possible_ones():
    change = change_of(measure(product=PASSENGER_VEHICLES))
    assert not is_caught(change, {"product": "8703"})
    assert is_caught(change, {"product": "8703"}, possible=True)


def test_the_net_for_talks_is_their_parties():
    change = change_of(talks("US", "CN"))
    assert is_caught(change, {"party": "CN"})
    assert not is_caught(change, {"importer": "US", "origin": "VN"})
    assert not is_caught(change, {"country": "CN", "product": "8703"})


@pytest.mark.parametrize(
    ("group", "country", "day", "kind"),
    [
        ("CPTPP", "GB", "2024-12-14", Miss),
        ("CPTPP", "GB", "2024-12-15", Match),
        ("RCEP", "PH", "2023-06-01", Miss),
        ("RCEP", "PH", "2023-06-02", Match),
        ("EU-CUSTOMS", "GB", "2020-12-31", Match),
        ("EU-CUSTOMS", "GB", "2021-01-01", Miss),
        ("EU", "HR", "2013-06-30", Miss),
        ("EU", "HR", "2013-07-01", Match),
    ],
)
def test_a_group_means_its_members_of_that_day(group, country, day, kind):
    origin = {"kind": "group", "members": [group]}
    change = change_of(measure(origin=origin, effective_at=day))
    assert isinstance(ask(change, {"origin": country}), kind)


def test_a_group_is_said_by_its_name():
    origin = {"kind": "group", "members": ["ASEAN"]}
    assert ask(change_of(measure(origin=origin)), {"origin": "VN"}).reason == (
        "it is on goods of Vietnam (in ASEAN)"
    )
