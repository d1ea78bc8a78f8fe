"""Match, reason and narrowing, held against an oracle written a second way."""

import re
from decimal import Decimal

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from service.core.match import Match, Miss, facts_of, match, narrow
from service.core.match.subscription import Rule, explode
from tests.core.match.match_oracle import (
    TOLD_RATES,
    Silent,
    change_of,
    is_found,
    is_on_something,
    judge,
    measure,
    percent,
    talks,
)

PLACES = st.sampled_from(["US", "CN", "DE", "GB", "EU"])
COMMON = ["87", "8703", "870323", "8704", "94", "9401", "940161"]
NATIONAL = {
    "HTS": ["87032301", "8703230110", "9903", "99030125"],
    "CN": ["87032310", "870323", "99", "9903"],
    None: ["870323"],
}
PROGRAMMES = ["S122", "S232", "S301"]


def codes_of(nomenclature):
    return st.sampled_from(2 * NATIONAL[nomenclature] + COMMON)


@st.composite
def goods(draw):
    scope = draw(st.sampled_from(["all", "codes", "codes", "codes", "described"]))
    of = draw(st.sampled_from(list(NATIONAL)))
    codes = codes_of(of)
    include = draw(st.lists(codes, min_size=1, max_size=3)) if scope == "codes" else []
    excluded = draw(st.lists(codes, max_size=2))
    return {"scope": scope, "nomenclature": of, "include": include, "except": excluded}


@st.composite
def origins(draw):
    kind = draw(st.sampled_from(["all", "country", "group", "pseudo"]))
    members = {
        "all": [],
        "country": draw(st.lists(PLACES, min_size=1, max_size=1)),
        "group": draw(st.lists(PLACES, min_size=1, max_size=3)),
        "pseudo": ["TRANSSHIPPED"],
    }
    return {"kind": kind, "members": members[kind], "except": draw(st.lists(PLACES, max_size=2))}


MEASURES = st.fixed_dictionaries(
    {
        "importer": PLACES,
        "origin": origins(),
        "product": goods(),
        "programme": st.sampled_from([*PROGRAMMES, None]),
        "certainty": st.sampled_from(["instrument", "announced", "reported"]),
        "action": st.sampled_from(["imposed", "imposed", "threatened"]),
        "duty": st.sampled_from([None, percent(5), percent(10)]),
        "effective_at": st.sampled_from(["2019-06-01", "2025-06-01", None]),
    }
).map(lambda data: change_of(measure(**data)))
TALKS = st.lists(
    st.sampled_from(["US", "CN", "DE", "GB", "EU", None]), min_size=2, max_size=4, unique=True
).map(lambda codes: change_of(talks(*codes)))
CHANGES = (
    st.sampled_from([MEASURES] * 5 + [TALKS]).flatmap(lambda kind: kind).filter(is_on_something)
)


@st.composite
def products(draw):
    of = draw(st.sampled_from(list(NATIONAL)))
    codes = codes_of(of)
    excluded = draw(st.sampled_from([[], [], ["8703"], ["870323"], ["8704"]]))
    asked = [
        code
        for code in draw(st.lists(codes, min_size=1, max_size=3))
        if not any(code.startswith(wide) for wide in excluded)
    ]
    assume(asked)
    return {"nomenclature": of, "codes": asked, "except": excluded}


@st.composite
def lanes(draw):
    """One to three fields of a lane; more would hardly ever match."""
    fields = {
        "product": products(),
        "country": PLACES,
        "importer": PLACES,
        "origin": PLACES,
        "programmes": st.lists(st.sampled_from(PROGRAMMES), min_size=2, max_size=2),
        "measures": st.sampled_from([["probe"], ["other"]]),
        "party": PLACES,
    }
    names = draw(st.sampled_from(SHAPES))
    return {name: draw(fields[name]) for name in names.split()}


SHAPES = (
    "product",
    "product importer",
    "product origin",
    "product country",
    "product importer origin",
    "product programmes",
    "product measures",
    "country",
    "importer origin",
    "importer country",
    "origin country",
    "importer origin country",
    "importer programmes",
    "origin measures",
    "party",
    "party country",
    "",
)
RULES = st.fixed_dictionaries(
    {
        "lanes": st.lists(lanes(), min_size=1, max_size=3),
        "kinds": st.sampled_from([[], [], [], ["measure_announced"], ["threat_issued"]]),
        "min_certainty": st.sampled_from([None, None, None, "reported", "announced"]),
        "min_delta_pp": st.sampled_from([None, None, Decimal(3), Decimal(7)]),
        "blanket": st.sampled_from([True, True, True, False]),
        "possible": st.booleans(),
    }
).map(Rule.model_validate)


def settings_named(reason):
    return tuple(re.findall(r"(?:^|; )(?:lane \d+: )?(\w+): ", reason))


def agree(change, rule, told=None):
    found, expected = match(facts_of(change), rule, told), judge(change, rule, told)
    if isinstance(expected, Silent):
        assert isinstance(found, Miss), found
        assert settings_named(found.reason) == expected.settings
        return
    assert isinstance(found, Match), found
    assert (found.lane, found.possible) == (expected.lane, expected.possible)
    assert (found.six_digits, frozenset(found.yours)) == (expected.six_digits, expected.yours)
    assert found.six_digits == ("six digits" in found.reason)
    assert all(word in found.reason for word in expected.words)


@settings(max_examples=500, deadline=None)
@given(CHANGES, RULES, st.sampled_from(TOLD_RATES))
def test_match_and_reason_agree_with_an_oracle_written_a_second_way(change, rule, told):
    agree(change, rule, told)


@settings(max_examples=400, deadline=None)
@given(goods(), products(), st.booleans())
def test_codes_meet_where_they_share_an_article(listed, lane, possible):
    change, rule = (
        change_of(measure(product=listed)),
        Rule(lanes=[{"product": lane}], possible=possible),
    )
    assume(is_on_something(change))
    agree(change, rule)
    if isinstance(match(facts_of(change), rule), Match):
        assert is_found(explode(rule), narrow(facts_of(change)))


@settings(max_examples=400, deadline=None)
@given(CHANGES, RULES)
def test_narrowing_loses_nothing(change, rule):
    facts = facts_of(change)
    if isinstance(match(facts, rule), Match):
        assert is_found(explode(rule), narrow(facts))


@settings(deadline=None)
@given(CHANGES, RULES)
def test_a_rule_read_back_from_the_books_decides_the_same(change, rule):
    read = Rule.model_validate_json(rule.model_dump_json())
    assert read == rule
    assert match(facts_of(change), read) == match(facts_of(change), rule)
