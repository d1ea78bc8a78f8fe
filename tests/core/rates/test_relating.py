"""Who gives way to whom, and on what law."""

from decimal import Decimal

from tests.core.builders import on, percent
from tests.core.rates.world import amounts, codes, dossier, gone, only, owe, rules_of

A, B, C = (dossier(key, rate=rate) for key, rate in (("a", "1"), ("b", "10"), ("c", "100")))


def excludes(one, other, **more):
    return {"kind": "excludes", "measure": one, "other": other} | more


def test_what_is_excluded_is_named_with_its_law():
    answer = only(owe(A, B, rules=rules_of(excludes("a", ["b"]))))
    assert amounts(answer) == {"a": "1"}
    assert gone(answer) == {"b": ("excludes", "a")}
    assert answer.excluded[0].citation == "law 0"
    assert answer.excluded[0].sentence == "b, 10 %, is not owed: a excludes it (law 0)."


def test_what_is_out_takes_out_nobody():
    rules = rules_of(excludes("a", ["b"]), excludes("b", ["c"]))
    assert amounts(only(owe(A, B, C, rules=rules))) == {"a": "1", "c": "100"}


def test_patterns_name_measures_and_programmes():
    rules = rules_of(excludes("programme:[ac]", ["*"], but=["c"]))
    assert amounts(only(owe(A, B, rules=rules))) == {"a": "1"}


def test_those_that_exclude_each_other_are_a_contradiction_and_no_sum_is_known():
    answer = only(owe(A, B, C, rules=rules_of(excludes("a", ["b"]), excludes("b", ["a"]))))
    assert amounts(answer) == {"a": None, "b": None, "c": "100"}
    assert answer.additional_pct is None
    assert {"a", "b"} <= {one.name for one in answer.unknown}


def test_what_stacks_is_owed_whatever_else_is_said():
    stacks = {"kind": "stacks_with", "measure": "b", "other": ["a"]}
    answer = only(owe(A, B, rules=rules_of(excludes("a", ["b"]), stacks)))
    assert amounts(answer) == {"a": "1", "b": "10"}
    assert [one.stacks for one in answer.lines] == [("law 1",), ("law 1",)]


def test_a_relation_holds_from_when_it_was_public():
    rules = rules_of(excludes("a", ["b"], known_from="2025-05-01"))
    assert only(owe(A, B, rules=rules, known=on("2025-04-30"))).additional_pct == 11
    assert only(owe(A, B, rules=rules, known=on("2025-05-02"))).additional_pct == 1


def test_a_rate_in_lieu_replaces_its_programmes_rate_for_all():
    everyone = dossier("all", rate="10", programme="p", origin={"kind": "all"})
    own = dossier("own", programme="p", duty=percent("34", "additional_in_lieu"))
    answer = only(owe(everyone, own))
    assert amounts(answer) == {"own": "34"}
    assert gone(answer) == {"all": ("replaces", "own")}


def replaces(one, other):
    return {"kind": "replaces", "measure": one, "other": other}


def test_goods_let_off_a_measure_are_let_off_what_it_replaces():
    free = dossier("a", ("exempted", {"product": codes("9503")}), rate="1")
    answer = only(owe(free, B, rules=rules_of(replaces("a", ["b"]))))
    assert amounts(answer) == {}
    assert gone(answer) == {"a": ("relief_of", "exempt:a"), "b": ("replaces", "a")}


def test_goods_that_were_on_their_way_owe_what_would_have_been_replaced():
    window = {"in_transit": {"loaded_before": "2025-06-10T00:00:00+00:00"}}
    moving = dossier("a", rate="1", apply=window)
    early = {"loaded_at": "2025-06-01T00:00:00+00:00"}
    answer = only(owe(moving, B, rules=rules_of(replaces("a", ["b"])), **early))
    assert amounts(answer) == {"b": "10"}


def test_what_is_let_off_excludes_nothing():
    free = dossier("a", ("exempted", {"product": codes("9503")}), rate="1")
    assert amounts(only(owe(free, B, rules=rules_of(excludes("a", ["b"]))))) == {"b": "10"}


SHARED = excludes("a", ["b"], share="metal_value_pct")


def content(amount):
    part = {"kind": "ad_valorem", "amount": amount, "value_basis": "copper_content"}
    return {"components": [part]}


def test_on_a_share_of_the_value_both_are_owed():
    copper = dossier("a", duty=content("50"))
    answer = only(owe(copper, B, rules=rules_of(SHARED), metal_value_pct="80"))
    assert amounts(answer) == {"a": "40", "b": "2"}
    assert answer.additional_pct == 42
    assert [one.share_pct for one in answer.lines] == [100, 20]
    assert "which here adds 2 %" in answer.lines[1].sentence


def test_all_of_the_value_leaves_nothing_to_the_other():
    copper = dossier("a", duty=content("50"))
    answer = only(owe(copper, B, rules=rules_of(SHARED), metal_value_pct="100"))
    assert (amounts(answer), gone(answer)) == ({"a": "50"}, {"b": ("excludes", "a")})


def test_without_the_share_neither_is_known():
    copper = dossier("a", duty=content("50"))
    answer = only(owe(copper, B, rules=rules_of(SHARED)))
    assert amounts(answer) == {"a": None, "b": None}
    assert "metal_value_pct" in {one.name for one in answer.unknown}


def test_a_measure_that_does_not_say_its_own_base_is_unknown_on_a_share():
    answer = only(owe(A, B, rules=rules_of(SHARED), metal_value_pct="60"))
    assert amounts(answer) == {"a": None, "b": "4"}
    assert "no text in the books" in {one.name: one.why for one in answer.unknown}["a"]


def test_two_shares_leave_the_smaller_rest():
    shares = (SHARED, excludes("c", ["b"], share="steel_pct"))
    told = {"metal_value_pct": "60", "steel_pct": "30"}
    answer = only(owe(A, B, C, rules=rules_of(*shares), **told))
    assert amounts(answer)["b"] == "4"
    unknown = only(owe(A, B, C, rules=rules_of(*shares), metal_value_pct="60"))
    assert amounts(unknown)["b"] is None
    other = only(owe(A, B, C, rules=rules_of(*shares), steel_pct="30"))
    assert amounts(other)["b"] is None


def test_a_share_of_what_is_not_owed_changes_nothing():
    rules = rules_of(SHARED, excludes("c", ["a"]))
    assert amounts(only(owe(A, B, C, rules=rules))) == {"b": "10", "c": "100"}


def test_of_several_reasons_the_first_measure_is_named():
    answer = only(owe(A, B, C, rules=rules_of(excludes("b", ["c"]), excludes("a", ["c"]))))
    assert gone(answer) == {"c": ("excludes", "a")}
    assert answer.additional_pct == Decimal(11)
