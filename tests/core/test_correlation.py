"""Codes that change: what follows keeps matching until the owner decides, and from its day."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.catalogue.filling import Shelf, fill
from service.core.correlation import (
    Correlation,
    Word,
    chain,
    find_by_heirs,
    find_over,
    find_turns,
    succeed,
)
from service.core.match import Match, facts_of, match, narrow
from service.core.match.subscription import Heir, Rule, explode
from tests.core.match.match_oracle import change_of, is_found, measure

DAY = date(2025, 7, 1)
BEFORE, AFTER = "2025-06-30", "2025-07-01"


def table(nomenclature="HTS", name="cor_1", day=DAY, **following):
    """`x87032301="87032302 87032303"`: what follows 8703.23.01."""
    known = {old[1:]: tuple(news.split()) for old, news in following.items()}
    return Correlation(name, nomenclature, day, known)


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
        Heir(code=None, of="87032301", since=DAY, ends=True, by="cor_1"),
    )
    assert is_told(accepted, "87032301", BEFORE)
    assert not is_told(accepted, "87032301")


def test_one_change_follows_another():
    first = succeed(rule_of("8703.23.01"), table(x87032301="87032302"), Word.ACCEPTED)
    again = succeed(first, table(name="cor_2", x87032302="87032304"), Word.ACCEPTED)
    assert again.lanes[0].product.followed(DAY) == ("87032304",)
    assert again.lanes[0].product.stands_for(DAY) == {"87032304": ("87032301",)}
    assert is_told(again, "87032304")


SHIFT = table(x44101100="44101200", x44101200="44101900")
SWAP = table(x44101100="44101200", x44101200="44101100")
BOTH = ("4410.11.00", "4410.12.00")


@pytest.mark.parametrize(
    ("codes", "correlation", "expected"),
    [
        (BOTH, SHIFT, {"44101200": ("44101100",), "44101900": ("44101200",)}),
        (BOTH, SWAP, {"44101200": ("44101100",), "44101100": ("44101200",)}),
        (BOTH[:1], SHIFT, {"44101200": ("44101100",)}),
        (BOTH[:1], SWAP, {"44101200": ("44101100",)}),
        (BOTH, table(x44101100="", x44101200="44101100"), {"44101100": ("44101200",)}),
        (
            ("4410.11.00", "4410.12.00.10"),
            table(x44101100="44101200", x44101200="44101900"),
            {"44101200": ("44101100",), "44101900": ("4410120010",)},
        ),
    ],
)
def test_codes_that_shift_or_swap_in_one_table_are_followed_still(codes, correlation, expected):
    rule = succeed(rule_of(*codes), correlation, Word.ACCEPTED)
    assert rule.lanes[0].product.stands_for(DAY) == expected
    assert all(is_told(rule, code) for code in expected)
    undecided = succeed(rule_of(*codes), correlation, Word.OPEN)
    assert all(is_told(undecided, code) for code in expected)


@pytest.mark.parametrize("correlation", [SHIFT, SWAP])
def test_what_takes_the_place_of_a_code_is_said_though_the_lane_names_it_if_it_ends(correlation):
    """ "You follow already" what ends itself would be no comfort."""
    following = [one.following for one in find_turns(rule_of(*BOTH), correlation)]
    assert following == [correlation.following["44101100"], correlation.following["44101200"]]


def test_a_code_that_a_later_table_revives_is_followed_again():
    later = date(2025, 9, 1)
    gone = succeed(rule_of("4410.11.00"), table(x44101100="44101200"), Word.ACCEPTED)
    back = table(name="cor_2", day=later, x44101200="44101100")
    assert turns(gone, back) == [("44101200", "44101200", ("44101100",), True)]
    product = succeed(gone, back, Word.ACCEPTED).lanes[0].product
    assert product.stands_for(DAY) == {"44101200": ("44101100",)}
    assert product.stands_for(later) == {"44101100": ("44101100",)}


def test_the_goods_of_a_catalogue_are_named_through_all_that_followed_them():
    shelf = {"parts": Shelf(("44101100", "44101200"), "HTS")}
    rule = fill(Rule(lanes=[{"product": {"catalogue": "parts"}}]), shelf)
    again = table(name="cor_2", x44101900="44109000")
    for one in (SHIFT, again):
        rule = succeed(rule, one, Word.ACCEPTED)
    stock = {}
    for code in ("44101200", "44109000"):
        goods = {"scope": "codes", "nomenclature": "HTS", "include": [code]}
        facts = facts_of(change_of(measure(product=goods, effective_at=AFTER)))
        stock[code] = match(facts, rule).stock
    assert stock == {"44101200": ("44101100",), "44109000": ("44101200",)}


def test_tables_are_taken_up_in_the_order_of_their_days():
    """Whichever was loaded first; what begins later is not what an earlier table speaks of."""
    first = table(x87032301="87032302")
    then = table(name="cor_2", day=date(2025, 8, 1), x87032302="87032303")
    heirs = succeed(rule_of("8703.23.01"), then, Word.ACCEPTED)
    assert heirs == rule_of("8703.23.01")
    late = succeed(
        rule_of("8703.23.01"), table(day=date(2025, 9, 1), x87032301="87032302"), Word.OPEN
    )
    assert find_turns(late, then) == ()
    rule, links = chain(rule_of("8703.23.01"), [(first, Word.ACCEPTED), (then, Word.ACCEPTED)])
    assert rule.lanes[0].product.followed(date(2025, 8, 1)) == ("87032303",)
    assert [[turn.code for turn in link.turns] for link in links] == [["87032301"], ["87032302"]]
    middle = table(name="cor_3", day=date(2025, 7, 15), x87032301="87032304")
    days = [heir.since for heir in succeed(rule, middle, Word.OPEN).lanes[0].product.heirs]
    assert days == sorted(days)


def test_only_turns_of_codes_that_nobody_wrote_are_by_heirs():
    rule = succeed(rule_of("8703.23.01", "8703.24.01"), SPLIT, Word.OPEN)
    later = table(name="cor_2", x87032302="87032305", x87032401="87032402")
    assert [turn.code for turn in find_by_heirs(rule, later)] == ["87032302"]
    rule = Rule(lanes=[{"country": "CN"}, *rule.lanes])
    assert [turn.lane for turn in find_by_heirs(rule, later)] == [2]


@pytest.mark.parametrize(
    ("codes", "words", "expected"),
    [
        (("8703.23.01",), ("accepted", "accepted"), ()),
        (("8703.23.01",), ("declined", "accepted"), ()),
        (("8703.23.01", "9401"), ("declined", "open"), ()),
        (("8703.23.02",), ("accepted", "accepted"), ("cor_1",)),
        (("9401",), ("accepted", "open"), ("cor_1", "cor_2")),
        (("9401",), ("declined", "accepted"), ("cor_2",)),
        (("8703.23.01",), ("mended", "accepted"), ("cor_2",)),
    ],
)
def test_a_decision_on_one_table_does_not_end_that_on_the_next(codes, words, expected):
    """Only other codes do: of what was declined the owner may still say otherwise."""
    then = table(name="cor_2", day=date(2025, 8, 1), x87032302="87032304", x87032303="")
    decided = [(one, Word(word)) for one, word in zip((SPLIT, then), words, strict=True)]
    rule, _ = chain(rule_of(*codes), decided)
    assert find_over(rule, decided) == expected


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
def test_what_was_accepted_ends_what_the_table_ends_and_begins_what_follows(codes, following):
    correlation = Correlation(
        "cor_1", "HTS", DAY, {old: tuple(dict.fromkeys(news)) for old, news in following.items()}
    )
    rule = succeed(rule_of(*codes), correlation, Word.ACCEPTED)
    ended = {code for code in codes if code in following and code not in following[code]}
    begun = {new for code in codes for new in following.get(code, ())}
    assert set(rule.lanes[0].product.followed(DAY)) == (set(codes) - ended) | begun
