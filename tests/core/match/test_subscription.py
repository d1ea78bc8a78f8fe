"""What a business may write, how slips are answered, and the rows by which a rule is found."""

from decimal import Decimal

import pytest
from pydantic import ValidationError

from service.core.certainty import Certainty
from service.core.codes import MOST_HINTED, countries, harmonized
from service.core.event.unreadable import faults_of
from service.core.match import subscription
from service.core.match.subscription import (
    MAX_CODES,
    MAX_LANES,
    FilterRow,
    Lane,
    ProductLane,
    Rule,
    explode,
)


def rule_of(*lanes, **minima):
    return Rule(lanes=list(lanes), **minima)


def product_of(given):
    return Lane(product=given).product


def refusal(**given):
    """Where it was refused, and in what words."""
    with pytest.raises(ValidationError) as error:
        Rule(**given)
    (only,) = error.value.errors()
    (fault,) = faults_of(error.value)
    return only["loc"], fault.what


# What people write


@pytest.mark.parametrize(
    ("written", "code"),
    [("UK", "GB"), ("Vietnam", "VN"), ("United States", "US"), ("viet nam", "VN"), ("EU", "EU")],
)
def test_a_country_is_understood_by_its_names(written, code):
    assert Lane(country=written, importer=written, origin=written, party=written) == Lane(
        country=code, importer=code, origin=code, party=code
    )


def test_a_misspelt_country_is_answered_with_the_nearest():
    where, said = refusal(lanes=[{"country": "Vietnm"}])
    assert where == ("lanes", 0, "country")
    assert "Did you mean VN (Vietnam)?" in said


@pytest.mark.parametrize(
    "written",
    [
        "8703.23",
        ["8703.23"],
        ("8703 23",),
        {"codes": ["870323"]},
        {"nomenclature": "HS", "codes": ["HS 8703.23", "8703.23"]},
    ],
)
def test_a_product_is_a_text_a_list_or_an_object(written):
    assert product_of(written) == ProductLane(codes=["870323"])
    assert product_of(written).codes == ("870323",)


def test_a_product_that_is_made_already_is_taken_as_it_is():
    made = ProductLane(codes=["8703"])
    assert product_of(made) is made


def test_a_slip_in_a_code_is_answered_with_suggestions():
    where, said = refusal(lanes=[{"product": "8703.2x"}])
    assert where == ("lanes", 0, "product", "codes", 0)
    assert "8703.23" in said.partition("Did you mean")[2]


def counted(monkeypatch, module, name):
    """Each call of what stands in the module, as a list that grows."""
    calls, real = [], getattr(module, name)

    def call(*given, **named):
        calls.append(given)
        return real(*given, **named)

    monkeypatch.setattr(module, name, call)
    return calls


def faults_in(**given):
    with pytest.raises(ValidationError) as error:
        Rule(**given)
    return faults_of(error.value)


def test_of_very_many_slips_in_codes_only_the_first_are_compared_with_all_codes(monkeypatch):
    compared = counted(monkeypatch, harmonized, "_codes_alike")
    codes = [f"9904{number:02}" for number in range(10)]  # chapters that need a list of their own
    codes = [f"8799{number:02}" for number in range(90)] + codes
    faults = faults_in(lanes=[{"product": codes}] * 20)
    assert len(compared) == MOST_HINTED
    assert ["Did you mean" in fault.what for fault in faults] == [True] * MOST_HINTED + [False] * 10
    assert faults[-1].what == '"879919": HS 2022 has no heading 8799.'


def test_of_very_many_slips_in_countries_only_the_first_are_compared_with_all(monkeypatch):
    compared = counted(monkeypatch, countries, "get_close_matches")
    faults = faults_in(lanes=[{"importer": f"Vietnm{number}"} for number in range(MAX_LANES)])
    assert len(compared) == MOST_HINTED
    assert "Did you mean VN (Vietnam)?" in faults[0].what
    assert "Did you mean" not in faults[-1].what


@pytest.mark.parametrize(
    ("given", "where", "said"),
    [
        (
            {"lanes": [{"importer": "X"}] * 20_000},
            "lanes",
            f"{MAX_LANES} items, and this has 20000",
        ),
        (
            {"lanes": [{"product": ["8703.2x"] * 2001}]},
            "lanes[0].product.codes",
            f"{MAX_CODES} items, and this has 2001",
        ),
        (
            {"lanes": [{"product": {"codes": ["8703"], "except": ["8703.2x"] * 2001}}]},
            "lanes[0].product.except",
            f"{MAX_CODES} items, and this has 2001",
        ),
    ],
)
def test_a_list_that_is_too_long_is_refused_before_anything_in_it_is_read(
    given, where, said, monkeypatch
):
    def read(*_):
        raise AssertionError

    monkeypatch.setattr(subscription, "_country", read)
    if "except" not in where:
        monkeypatch.setattr(subscription, "_product", read)
    (fault,) = faults_in(**given)
    assert (fault.where, fault.what) == (where, f"at most {said}")


def test_the_limits_of_lists_stand_in_the_schema():
    shown = Rule.model_json_schema()
    product = shown["$defs"]["ProductLane"]["properties"]
    assert shown["properties"]["lanes"]["maxItems"] == MAX_LANES
    assert [product[name]["maxItems"] for name in ("codes", "except")] == [MAX_CODES] * 2


def test_a_code_written_as_a_number_is_refused_because_it_loses_its_zeros():
    where, said = refusal(lanes=[{"product": 901}])
    assert where == ("lanes", 0, "product")
    assert said == 'write a code as text, "8703": a number loses its zeros'


def test_a_national_code_brings_its_nomenclature_or_is_given_one():
    expected = ("HTS", ("87032301",))
    for written in ("HTS 8703.23.01", {"nomenclature": "htsus", "codes": ["8703.23.01"]}):
        made = product_of(written)
        assert (made.nomenclature, made.codes) == expected


def test_a_national_code_without_a_nomenclature_is_asked_for_one():
    _, said = refusal(lanes=[{"product": "8703.23.01"}])
    assert "8 digits belong to a nomenclature: name it (HTS, CN, TARIC" in said


def test_a_nomenclature_that_nobody_knows_is_refused():
    where, said = refusal(lanes=[{"product": {"nomenclature": "XX", "codes": ["8703"]}}])
    assert where == ("lanes", 0, "product", "nomenclature")
    assert "No nomenclature is known by this name." in said
    where, said = refusal(lanes=[{"product": {"nomenclature": 7, "codes": ["8703"]}}])
    assert said == "Input should be a valid string"


def test_codes_of_two_nomenclatures_need_a_lane_each():
    _, said = refusal(lanes=[{"product": ["HTS 8703.23.01", "TARIC 8703.23.19.10"]}])
    assert said == "these are codes of HTS and TARIC: write a lane for each"


def test_a_code_that_the_lane_excepts_itself_is_refused():
    _, said = refusal(lanes=[{"product": {"codes": ["8703.23"], "except": ["8703"]}}])
    assert said == "8703.23 lies within your exception 8703: drop one of them"


def test_codes_keep_their_order_and_stand_once():
    assert product_of(["94", "87.03", "8703", "0101"]).codes == ("94", "8703", "0101")


def test_a_product_without_codes_is_refused():
    where, said = refusal(lanes=[{"product": []}])
    assert where == ("lanes", 0, "product", "codes")
    assert said == "name at least one code; a lane without `product` follows all goods"


def test_no_lanes_are_refused_but_an_empty_lane_is_everything():
    where, said = refusal(lanes=[])
    assert (where, said) == (("lanes",), "name at least one lane; the lane {} follows everything")
    assert refusal(lanes=None) == (("lanes",), "Input should be a valid tuple")
    assert rule_of({}).lanes == (Lane(),)


def test_a_country_that_is_no_text_is_refused():
    assert refusal(lanes=[{"origin": 4}])[1] == "Input should be a valid string"


@pytest.mark.parametrize(
    ("field", "asked"),
    [("product", "8703"), ("programmes", ["S301"]), ("measures", ["us-s301-cn"])],
)
def test_a_lane_of_talks_and_measures_at_once_could_never_match_and_is_refused(field, asked):
    where, said = refusal(lanes=[{"party": "CN", field: asked}])
    assert where == ("lanes", 0)
    assert said == f"`party` asks for talks and `{field}` for measures: write two lanes"


def test_a_misspelt_field_is_refused():
    assert refusal(lanes=[{"contry": "CN"}])[0] == ("lanes", 0, "contry")


def test_minima_are_off_and_blanket_measures_on_unless_said_otherwise():
    rule = rule_of({})
    assert (rule.kinds, rule.min_certainty, rule.min_delta_pp) == ((), None, None)
    assert (rule.blanket, rule.possible, rule.lead_times) == (True, False, ())


def test_a_rule_is_read_back_from_its_json():
    rule = rule_of(
        {"product": {"codes": ["HTS 8703.23.01", "9401"], "except": ["9401.61"]}},
        {"country": "UK", "programmes": ["S301"]},
        min_certainty="announced",
        min_delta_pp="0.5",
        lead_times=[7, 1],
    )
    assert Rule.model_validate_json(rule.model_dump_json()) == rule
    assert (rule.min_certainty, rule.min_delta_pp) == (Certainty.ANNOUNCED, Decimal("0.5"))


# Rows


def test_an_empty_lane_is_found_by_everything():
    assert explode(rule_of({})) == [FilterRow("measure"), FilterRow("track")]


def test_a_pair_is_one_row_for_measures_and_sorted_parties_for_talks():
    assert explode(rule_of({"importer": "US", "origin": "CN"})) == [
        FilterRow("measure", "US", "CN"),
        FilterRow("track", "CN", "US"),
    ]


def test_a_country_has_a_row_for_each_role():
    assert explode(rule_of({"country": "CN"})) == [
        FilterRow("measure", "", "CN"),
        FilterRow("measure", "CN", ""),
        FilterRow("track", "CN"),
    ]


def test_a_national_code_is_also_found_by_its_six_common_digits():
    assert explode(rule_of({"product": "HTS 8703.23.01"})) == [
        FilterRow("measure", code="870323"),
        FilterRow("measure", code="87032301", nomenclature="HTS"),
    ]


def test_a_measure_is_found_by_its_subject_alone():
    lane = {"importer": "US", "product": "8703", "measures": ["us-s232-autos"]}
    assert explode(rule_of(lane)) == [FilterRow("subject", subject="measure:us-s232-autos")]


def test_a_party_is_found_by_talks_alone():
    assert explode(rule_of({"party": "CN"})) == [FilterRow("track", "CN")]


def test_a_programme_needs_no_column_of_its_own():
    assert explode(rule_of({"programmes": ["S301"]})) == [FilterRow("measure")]


def test_rows_say_whether_possible_matches_are_wanted():
    rows = explode(rule_of({"product": "8703"}, possible=True))
    assert rows == [FilterRow("measure", code="8703", possible=True)]


def test_equal_rows_of_several_lanes_are_kept_once():
    lanes = [{"product": ["8703", "9401"]}, {"product": "8703"}]
    assert [row.code for row in explode(rule_of(*lanes))] == ["8703", "9401"]


def test_a_lane_of_national_codes_that_is_made_already_stays_the_same():
    made = ProductLane(codes=["HTS 8703.23.01"], **{"except": ["HTS 8703.23.01.10"]})
    assert product_of(made) == made


@pytest.mark.parametrize(
    ("product", "said"),
    [
        ({}, "name `codes`, or a `catalogue` of yours; without `product` all goods are meant"),
        (
            {"codes": ["8703"], "catalogue": "parts"},
            "`codes` and `catalogue` in one lane: write a lane for each",
        ),
    ],
)
def test_a_product_names_codes_or_a_catalogue(product, said):
    assert refusal(lanes=[{"product": product}])[1] == said
    assert product_of({"catalogue": "parts"}).ever == ()
