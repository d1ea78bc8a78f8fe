"""A lane that follows a catalogue follows exactly its codes."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.catalogue.filling import Misfit, Shelf, catalogues_of, fill
from service.core.codes.harmonized import descriptions
from service.core.match import Match, facts_of, match, narrow
from service.core.match.subscription import MOST_INDEXED, Rule, explode
from service.core.match.touching import touches
from tests.core.match.match_oracle import change_of, is_found, measure

DAY = date(2025, 6, 1)
CODES = sorted(code for code in descriptions() if code[:2] in {"84", "85", "87"})
LISTS = st.lists(st.sampled_from(CODES), min_size=1, max_size=30, unique=True)


def rule_of(*products, **lane):
    return Rule(lanes=[{"product": product} | lane for product in products])


def on_goods(*codes, **more):
    return facts_of(change_of(measure(product={"scope": "codes", "include": list(codes)} | more)))


def test_the_rule_names_its_catalogues_and_is_filled_with_what_they_hold():
    rule = rule_of({"catalogue": "parts"}, "9401", {"catalogue": "cars", "except": ["8703.80"]})
    assert catalogues_of(rule) == {"parts", "cars"}
    shelves = {"parts": Shelf(("87082901",), "HTS"), "cars": Shelf(("8703", "870380"))}
    filled = fill(rule, shelves)
    assert [lane.product.own for lane in filled.lanes] == [("87082901",), ("9401",), ("8703",)]
    assert filled.lanes[0].product.nomenclature == "HTS"
    assert fill(filled, shelves) == filled


def test_a_lane_without_goods_stays_as_it_is():
    rule = Rule(lanes=[{"country": "CN"}])
    assert fill(rule, {}) == rule
    assert not touches(rule, "8703", None)


def test_an_exception_of_another_list_does_not_go_with_the_catalogue():
    rule = rule_of({"catalogue": "parts", "except": ["TARIC 8703.23.19.10"]})
    with pytest.raises(Misfit, match="codes of TARIC, and 'parts' holds codes of HTS"):
        fill(rule, {"parts": Shelf(("87032301",), "HTS")})
    assert fill(rule, {"parts": Shelf(("870323",))})


def test_a_filled_rule_is_read_back_from_the_books_as_it_is():
    filled = fill(rule_of({"catalogue": "parts"}), {"parts": Shelf(("87082901",), "HTS")})
    assert Rule.model_validate_json(filled.model_dump_json(exclude_defaults=True)) == filled


@settings(deadline=None)
@given(LISTS, st.lists(st.sampled_from(CODES), min_size=1, max_size=5))
def test_a_catalogue_matches_exactly_what_its_codes_match(held, theirs):
    followed = fill(rule_of({"catalogue": "parts"}), {"parts": Shelf(tuple(held))})
    named = rule_of(held)
    facts = on_goods(*theirs)
    found, expected = match(facts, followed), match(facts, named)
    assert (found.reason, type(found)) == (expected.reason, type(expected))
    if isinstance(found, Match):
        assert (found.yours, found.stock) == (expected.yours, expected.yours)
        assert is_found(explode(followed), narrow(facts))


SUBHEADINGS = tuple(code for code in descriptions() if len(code) == 6)
ALL = fill(rule_of({"catalogue": "all"}), {"all": Shelf(SUBHEADINGS)})


@settings(deadline=None, max_examples=30)
@given(st.sampled_from(CODES))
def test_a_long_catalogue_is_found_by_few_rows(theirs):
    rows = explode(ALL)
    assert len(rows) <= MOST_INDEXED
    assert is_found(rows, narrow(on_goods(theirs)))
    assert isinstance(match(on_goods(theirs), ALL), Match)


def test_a_catalogue_of_which_all_is_excepted_matches_nothing():
    rule = rule_of({"catalogue": "parts", "except": ["87"]})
    filled = fill(rule, {"parts": Shelf(("8703",))})
    assert explode(filled) == []
    said = match(on_goods("8703"), filled).reason
    assert said == "lane 1: product: none of your codes is in use any more"


@pytest.mark.parametrize(
    ("code", "of", "is_touched"),
    [
        ("8703", None, True),
        ("87", None, True),
        ("87032301", "HTS", True),
        ("8711", None, False),
        ("9401", None, False),
    ],
)
def test_a_product_touches_the_lanes_that_name_it(code, of, is_touched):
    assert touches(rule_of({"codes": ["87"], "except": ["8711"]}), code, of) == is_touched
