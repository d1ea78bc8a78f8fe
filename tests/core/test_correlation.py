"""Codes that change: what follows keeps matching until the owner decides, and from its day."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.correlation import Correlation, Word, find_turns, succeed
from service.core.match import Match, facts_of, match, narrow
from service.core.match.subscription import Heir, Rule, explode
from tests.core.match.match_oracle import change_of, is_found, measure

DAY = date(2025, 7, 1)
BEFORE, AFTER = "2025-06-30", "2025-07-01"


def table(nomenclature="HTS", **following):
    """`x87032301="87032302 87032303"`: what follows 8703.23.01."""
    known = {old[1:]: tuple(news.split()) for old, news in following.items()}
    return Correlation("cor_1", nomenclature, DAY, known)


def rule_of(*codes, **more):
    return Rule(lanes=[{"product": {"nomenclature": "HTS", "codes": list(codes)} | more}])


def turns(rule, correlation):
    return [(one.code, one.old, one.following, one.ends) for one in find_turns(rule, correlation)]


def is_told(rule, code, on=AFTER, of="HTS"):
    goods = {"scope": "codes", "nomenclature": of, "include": [code]}
    facts = facts_of(change_of(measure(product=goods, effective_at=on)))
    found = isinstance(match(facts, rule), Match)
    assert not found or is_found(explode(rule), narrow(facts))
    return found


SPLIT = table(x87032301="87032302 87032303")


@pytest.mark.parametrize(
    ("code", "correlation", "expected"),
    [
        ("8703.23.01", SPLIT, [("87032301", "87032301", ("87032302", "87032303"), True)]),
        ("8703.23.01.10", SPLIT, [("8703230110", "87032301", ("87032302", "87032303"), True)]),
        ("8703.23", SPLIT, []),
        ("8703.23", table(x87032301="87042101"), [("870323", "87032301", ("87042101",), False)]),
        ("8703.23.01", table(x87032301=""), [("87032301", "87032301", (), True)]),
        ("8703.23", table(x87032301=""), []),
        (
            "8703.23.01",
            table(x87032301="87032301 87032309"),
            [("87032301", "87032301", ("87032309",), False)],
        ),
        ("8703.23.01", table("TARIC", x87032301="87032302"), []),
        ("8703.24.01", SPLIT, []),
        (
            "8703.23",
            table("HS", x870323="870325 870326"),
            [("870323",) * 2 + (("870325", "870326"), True)],
        ),
        ("8703.23.01", table("HS", x870323="870325"), [("87032301", "870323", ("870325",), True)]),
        ("87", table("HS", x870323="870325"), []),
        ("9903.01.25", table("HS", x99030125="99030126"), []),
        ("9903.01.25", table(x99030125="99030126"), [("99030125",) * 2 + (("99030126",), True)]),
    ],
)
def test_what_of_a_lane_a_correlation_concerns(code, correlation, expected):
    assert turns(rule_of(code), correlation) == expected


def test_what_the_lane_follows_or_excepts_already_is_no_heir():
    both = rule_of("8703.23.01", "8703.23.02")
    assert turns(both, SPLIT) == [("87032301", "87032301", ("87032303",), True)]
    assert find_turns(rule_of("8703.23.01", "8703.23.02", "8703.23.03"), SPLIT)[0].following == ()
    but = rule_of("8703.23.01", **{"except": ["8703.23.03"]})
    assert turns(but, SPLIT) == [("87032301", "87032301", ("87032302",), True)]


def test_in_another_list_what_follows_is_said_on_six_digits():
    lane = Rule(lanes=[{"product": {"nomenclature": "TARIC", "codes": ["8703.23.19.10", "8704"]}}])
    moved = table(x87042101="87059001")
    assert turns(lane, moved) == [("8704", "87042101", ("870590",), False)]


def test_retired_is_told_from_followed_by_what_is_held():
    assert find_turns(rule_of("8703.23.01"), table(x87032301=""))[0].is_retired
    assert not find_turns(rule_of("8703.23.01", "8703.23.02"), table(x87032301="87032302"))[
        0
    ].is_retired


def test_lanes_without_goods_are_never_concerned():
    rule = Rule(lanes=[{"country": "CN"}, {"product": {"codes": ["HTS 8703.23.01"]}}])
    assert [one.lane for one in find_turns(rule, SPLIT)] == [2]
    assert succeed(rule, SPLIT, Word.OPEN).lanes[0] == rule.lanes[0]


@pytest.mark.parametrize(
    ("word", "before", "after"),
    [
        (Word.OPEN, {"87032301"}, {"87032301", "87032302", "87032303"}),
        (Word.ACCEPTED, {"87032301"}, {"87032302", "87032303"}),
        (Word.DECLINED, {"87032301"}, {"87032301"}),
        (Word.MENDED, {"87032301"}, {"87032301"}),
    ],
)
def test_from_its_day_a_lane_follows_what_was_decided(word, before, after):
    rule = succeed(rule_of("8703.23.01"), SPLIT, word)
    (lane,) = rule.lanes
    assert set(lane.product.followed(date(2025, 6, 30))) == before
    assert set(lane.product.followed(DAY)) == after
    every = before | after | {"87032302", "87032303"}
    assert {code for code in every if is_told(rule, code, BEFORE)} == before
    assert {code for code in every if is_told(rule, code, AFTER)} == after


def test_a_retired_code_ends_only_when_that_is_accepted():
    gone = table(x87032301="")
    assert is_told(succeed(rule_of("8703.23.01"), gone, Word.OPEN), "87032301")
    accepted = succeed(rule_of("8703.23.01"), gone, Word.ACCEPTED)
    assert accepted.lanes[0].product.heirs == (
        Heir(code=None, of="87032301", since=DAY, ends=True),
    )
    assert is_told(accepted, "87032301", BEFORE)
    assert not is_told(accepted, "87032301")


def test_one_change_follows_another():
    first = succeed(rule_of("8703.23.01"), table(x87032301="87032302"), Word.ACCEPTED)
    again = succeed(first, table(x87032302="87032304"), Word.ACCEPTED)
    assert again.lanes[0].product.followed(DAY) == ("87032304",)
    assert is_told(again, "87032304")


def test_the_reason_says_which_code_is_followed():
    rule = succeed(rule_of("8703.23.01"), SPLIT, Word.OPEN)
    goods = {"scope": "codes", "nomenclature": "HTS", "include": ["87032302"]}
    found = match(facts_of(change_of(measure(product=goods, effective_at=AFTER))), rule)
    assert found.reason == "it names your 8703.23.02 (which follows your 8703.23.01)"


def test_a_rule_with_heirs_is_read_back_from_the_books_as_it_is():
    rule = succeed(rule_of("8703.23.01"), SPLIT, Word.ACCEPTED)
    assert Rule.model_validate_json(rule.model_dump_json(exclude_defaults=True)) == rule


LINES = [f"870323{place:02d}" for place in range(1, 9)] + [f"870421{place:02d}" for place in (1, 2)]
TABLES = st.dictionaries(
    st.sampled_from(LINES), st.lists(st.sampled_from(LINES), max_size=3), min_size=1, max_size=6
)


@settings(deadline=None)
@given(st.lists(st.sampled_from([*LINES, "870323", "8703"]), min_size=1, unique=True), TABLES)
def test_until_the_owner_decides_old_and_new_codes_match(codes, following):
    correlation = Correlation(
        "cor_1", "HTS", DAY, {old: tuple(dict.fromkeys(news)) for old, news in following.items()}
    )
    rule = succeed(rule_of(*codes), correlation, Word.OPEN)
    held = [line for line in LINES if any(line.startswith(code) for code in codes)]
    for line in held:
        assert is_told(rule, line)
        assert all(is_told(rule, new) for new in correlation.following.get(line, ()))


@settings(deadline=None)
@given(st.lists(st.sampled_from(LINES), min_size=1, unique=True), TABLES)
def test_what_was_accepted_ends_exactly_the_codes_that_the_table_ends(codes, following):
    correlation = Correlation(
        "cor_1", "HTS", DAY, {old: tuple(dict.fromkeys(news)) for old, news in following.items()}
    )
    rule = succeed(rule_of(*codes), correlation, Word.ACCEPTED)
    ended = {code for code in codes if code in following and code not in following[code]}
    followed = rule.lanes[0].product.followed(DAY)
    assert not ended & set(followed)
    assert set(codes) - ended <= set(followed)
