"""The net turned round finds what the net finds: no match is lost on the way to a preview."""

from hypothesis import given, settings

from service.core.match import Match, facts_of, match, narrow
from service.core.match.facets import MOST_HEADINGS, MOST_WORDS, facets_of, seek
from service.core.match.facts import expand
from service.core.match.outline import outline_of, read_about, write_about
from service.core.match.subscription import FilterRow, Rule, explode
from tests.core.match.match_oracle import change_of, is_found, measure, talks
from tests.core.match.test_match_oracle import CHANGES, RULES


def is_sought(change, rows):
    """As SQL will ask it."""
    sought, words = seek(rows), set(facets_of(narrow(facts_of(change))))
    named = change.subject in sought.subjects
    return named or any(all(words & one for one in every) for every in sought.any_of)


@settings(max_examples=150, deadline=None)
@given(CHANGES, RULES)
def test_whatever_matches_is_sought_and_so_is_all_that_a_live_net_would_hold(change, rule):
    rows = explode(rule)
    if is_found(rows, narrow(facts_of(change))) or isinstance(match(facts_of(change), rule), Match):
        assert is_sought(change, rows)


@settings(max_examples=100, deadline=None)
@given(CHANGES, RULES)
def test_what_is_kept_of_a_change_is_matched_as_the_change_itself(change, rule):
    whole = outline_of(change)
    kept = expand(
        type(whole)(
            whole.subject,
            whole.kinds,
            whole.certainty,
            whole.delta_pp,
            whole.new_pp,
            whole.on,
            read_about(write_about(whole.about)),
        )
    )
    assert match(kept, rule) == match(facts_of(change), rule)
    assert facets_of(narrow(kept)) == facets_of(narrow(facts_of(change)))


def rule_of(*lanes, **minima):
    return Rule.model_validate({"lanes": lanes, **minima})


def test_a_rule_that_states_something_does_not_look_at_everything():
    cars = change_of(measure(origin={"kind": "country", "members": ["CN"]}))
    assert is_sought(cars, explode(rule_of({"origin": "CN"})))
    assert not is_sought(cars, explode(rule_of({"origin": "VN"})))
    assert not is_sought(cars, explode(rule_of({"importer": "BR", "origin": "CN"})))
    assert seek(explode(rule_of({}))).is_everything
    assert not seek(explode(rule_of({"country": "CN"}))).is_everything


def test_talks_are_sought_by_their_parties():
    change = change_of(talks("US", "CN"))
    assert is_sought(change, explode(rule_of({"importer": "CN", "origin": "US"})))
    assert not is_sought(change, explode(rule_of({"country": "VN"})))


def test_a_measure_that_is_followed_by_name_is_sought_by_it():
    change = change_of(measure())
    assert is_sought(change, explode(rule_of({"measures": ["probe"]})))
    assert not is_sought(change, explode(rule_of({"measures": ["other"]})))


def test_of_goods_headings_are_kept_and_a_chapter_finds_its_headings():
    change = change_of(measure(product={"scope": "codes", "include": ["8703.23", "8703.24", "94"]}))
    assert facets_of(narrow(facts_of(change))) == ["c:8703", "c:94", "i:US", "o:*"]
    assert is_sought(change, explode(rule_of({"product": "87"})))
    assert is_sought(change, explode(rule_of({"product": "9401.61"})))
    assert not is_sought(change, explode(rule_of({"product": "8704"})))


def test_a_very_long_list_counts_as_all_goods():
    codes = [f"{number:04d}" for number in range(1_000, 1_001 + MOST_HEADINGS)]
    change = change_of(measure(product={"scope": "codes", "include": codes}))
    assert "c:*" in facets_of(narrow(facts_of(change)))


def test_a_rule_with_very_many_words_looks_at_the_others_alone():
    rows = [FilterRow("measure", "US", code=f"{number:04d}") for number in range(MOST_WORDS)]
    [[words]] = seek(rows).any_of
    assert words == {"i:US"}


def test_lead_times_are_no_goods_to_look_for():
    lane = {"importer": "US", "product": "8703"}
    plain = seek(explode(Rule.model_validate({"lanes": [lane]})))
    assert seek(explode(Rule.model_validate({"lanes": [lane], "lead_times": [14, 30]}))) == plain
