"""One answer a branch, where the branches differ; and never too many of them."""

from service.core.event import Origin
from service.core.rates.branches import MOST_ANSWERS
from service.core.rates.sentences import say_answer, say_origin
from tests.core.rates.world import amounts, codes, dossier, only, owe, rules_of


def conditional(key, rate="1"):
    return dossier(key, rate=rate, product={"scope": "all", "condition": key})


def test_a_fact_that_changes_nothing_is_not_asked_for():
    rules = rules_of({"kind": "excludes", "measure": "b", "other": ["a"]})
    rates = owe(conditional("a"), dossier("b", rate="10"), rules=rules)
    assert (amounts(only(rates)), rates.missing) == ({"b": "10"}, ())


def test_each_combination_that_matters_is_an_answer():
    rates = owe(conditional("a", "1"), conditional("b", "10"))
    assert {one.additional_pct for one in rates.answers} == {0, 1, 10, 11}
    assert rates.missing == ("a", "b")
    assert say_answer(rates.answers[0]) == (
        "If a does not hold and b does not hold:"
        " 0 % on top of column 1; the total is not known (column1_pct)."
    )


def test_past_so_many_the_rest_is_cut_and_said():
    some = owe(*(conditional(f"c{n}") for n in range(5)))
    assert (len(some.answers), some.is_cut) == (MOST_ANSWERS, True)
    many = owe(*(conditional(f"c{n}") for n in range(12)))
    assert (many.answers, many.is_cut) == ((), True)
    assert len(many.missing) == 12


def test_a_doubt_under_a_branch_stays_with_it():
    doubtful = dossier("d", rate="100", product={"scope": "described", "text": "toys"})
    rules = rules_of({"kind": "excludes", "measure": "a", "other": ["d"]})
    rates = owe(conditional("a"), doubtful, rules=rules, column1_pct="0")
    by_value = {one.given[0].value: one for one in rates.answers}
    assert (by_value["true"].additional_pct, by_value["true"].possible) == (1, ())
    assert by_value["false"].additional_pct is None
    assert [one.measure for one in by_value["false"].possible] == ["d"]
    assert rates.missing == ("a", "in_scope:d")


def test_facts_that_nothing_asks_for_are_named():
    rates = owe(conditional("usmca"), usmca="true", usmcaa="true", **{"in_scope:x": "true"})
    assert rates.unused == ("usmcaa: did you mean usmca?",)
    assert owe(dossier("a", rate="1"), zebra="true").unused == ("zebra",)


def test_goods_are_said_by_their_origin():
    many = Origin(kind="country", members=("CN", "VN", "JP", "KR", "TH"))
    assert say_origin(many) == "goods of China, Vietnam, Japan, South Korea and 1 more"
    assert say_origin(Origin(kind="all")) == "goods of all origins"


def test_what_is_scheduled_is_said_with_its_day():
    later = dossier("a", rate="10", effective_at={"day": "2025-07-01", "zone": "America/New_York"})
    (beside,) = owe(later).beside
    assert beside.sentence == (
        "a is scheduled from 1 Jul 2025; its own rate is 10 %: nothing of it is owed."
    )


def test_a_line_says_until_when_and_on_which_law():
    law = {"kind": "executive_order", "number": "EO 1"}
    ends = {"until": "2025-12-01T00:00:00-05:00", "instrument": law}
    found = dossier("a", rate="10", product=codes("9503"), **ends)
    (line,) = only(owe(found)).lines
    assert line.sentence == (
        "10 % under a on goods of China, since 31 Dec 2024 19:00 until 1 Dec 2025 00:00: EO 1."
    )


def test_a_sum_says_what_is_owed_beside_it():
    part = {"kind": "specific", "amount": "0.40", "currency": "USD", "per": "kg"}
    found = dossier("a", duty={"components": [{"kind": "ad_valorem", "amount": "2"}, part]})
    assert say_answer(only(owe(found, column1_pct="1"))) == "3 % + USD 0.40 per kg in all."
    doubtful = dossier("b", duty={"text": "see the list"})
    said = say_answer(only(owe(found, doubtful, column1_pct="1")))
    assert said == "what is owed in all is not known (b)."


def test_goods_in_words_are_in_doubt_only_where_they_matter():
    """Where another duty takes the vague one out, nobody needs to know whether it was meant."""
    vague = dossier("a", rate="10", product={"scope": "described", "text": "toys"})
    sure = dossier("c", rate="25", product={"scope": "all", "condition": "usmca_qualifying"})
    rules = rules_of({"kind": "excludes", "measure": "c", "other": ["a"]})
    without, with_ = owe(vague, sure, rules=rules, column1_pct="0").answers
    assert [one.value for one in (*without.given, *with_.given)] == ["false", "true"]
    assert without.doubts == ("in_scope:a",)
    assert with_.doubts == ()
    assert with_.additional_pct == 25
