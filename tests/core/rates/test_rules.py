"""The file that an operator writes: read, or refused with what to mend."""

import json

import pytest

from service.core.rates import BadRelations, Question, describe, packaged_rules, read_rules
from service.core.rates.facts import fact_of, read_fact
from tests.core.builders import on
from tests.core.rates.world import COVER, dossier, owe, rules_of

RELATION = {
    "id": "mine",
    "kind": "excludes",
    "measure": "a",
    "other": "b",
    "from": "2025-01-01",
    "citation": "law",
}


def refusal(text):
    with pytest.raises(BadRelations) as caught:
        read_rules(text if isinstance(text, str) else json.dumps(text), "mine.json")
    return str(caught.value)


def without(*names, **more):
    return {key: value for key, value in RELATION.items() if key not in names} | more


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("{", "mine.json: line 1, column 2: this is no JSON"),
        ({"relation": []}, "relation: no such field; did you mean `relations`?"),
        ({"relations": [without("citation")]}, "relations[0] (mine).citation: this field is req"),
        ({"relations": [without("id")]}, "relations[0].id: this field is required"),
        ({"relations": [RELATION | {"unitl": 1}]}, "did you mean `until`?"),
        ({"relations": [RELATION | {"kind": "replace"}]}, "'replaces', 'excludes'"),
        ({"relations": [without("other")]}, "`excludes` names `other` measures"),
        ({"relations": [RELATION | {"until": "2024-01-01"}]}, "lies after `from`"),
        ({"relations": [RELATION | {"from": "soon"}]}, "relations[0] (mine).from: 'soon' is no"),
        ({"relations": [RELATION | {"share": "steel"}]}, "relations[0] (mine).share"),
        (
            {"relations": [RELATION | {"kind": "replaces", "share": "steel_pct"}]},
            "`share` goes with `excludes` alone",
        ),
        (
            {"relations": [without("other", kind="relief_of")]},
            "it says which goods, by `relief` or `origins`",
        ),
        (
            {"relations": [without("other", kind="relief_of", relief={"codes": ["87"]})]},
            "name one of `condition`",
        ),
        ({"relations": [RELATION, RELATION]}, "relations[1].id: another entry has the id 'mine'"),
        ({"relations": ["x"]}, "relations[0]: "),
        ({"covers": [COVER | {"until": "2019-01-01"}]}, "covers[0] (all): `until` is"),
        ({"covers": [COVER | {"importer": "UK"}]}, "did you mean 'GB'"),
    ],
)
def test_a_slip_is_named_with_its_entry_and_how_to_mend_it(given, said):
    assert said in refusal(given)


def test_an_entry_with_the_id_of_one_of_ours_takes_its_place():
    text = json.dumps({"relations": [RELATION | {"id": "us-autos-first"}], "covers": [COVER]})
    merged = read_rules(text, "mine.json", packaged_rules())
    assert len(merged.relations) == len(packaged_rules().relations)
    assert {one.id: one for one in merged.relations}["us-autos-first"].other == ("b",)
    assert "all" in {one.id for one in merged.covers}
    assert merged.whole("87032301", "HTS") == "870323"


def test_ours_can_be_left_out():
    merged = read_rules('{"packaged": false}', "mine.json", packaged_rules())
    assert describe(merged) == {"relations": [], "covers": [], "gaps": []}
    assert merged.whole("87032301", "HTS") == "87032301"


def test_every_packaged_entry_says_from_when_it_was_known_and_on_what_law():
    for one in packaged_rules().relations:
        assert one.citation
        assert one.known_from or one.start.at < on("2025-02-05")


@pytest.mark.parametrize(
    ("covers", "at", "origin", "is_covered"),
    [
        ([COVER], "2025-06-01", "CN", True),
        ([COVER], "2019-06-01", "CN", False),
        ([COVER], "2030-06-01", "CN", False),
        ([COVER | {"origins": ["EU"]}], "2025-06-01", "DE", True),
        ([COVER | {"origins": ["EU"]}], "2025-06-01", "CN", False),
        ([COVER | {"importer": "CA"}], "2025-06-01", "CN", False),
        ([], "2025-06-01", "CN", False),
    ],
)
def test_outside_what_is_covered_there_is_no_answer(covers, at, origin, is_covered):
    rates = owe(dossier("a", rate="1"), rules=rules_of(covers=covers), at=on(at), origin=origin)
    assert rates.coverage.is_covered == is_covered
    assert bool(rates.answers) == is_covered


def test_a_programme_that_is_not_covered_is_no_line():
    cover = COVER | {"programmes": "a*", "without": ["S301"]}
    found = (dossier("a1", rate="1"), dossier("b", rate="10"))
    rates = owe(*found, rules=rules_of(covers=[cover]))
    assert [one.measure for one in rates.answers[0].lines] == ["a1"]
    assert (rates.coverage.programmes, rates.coverage.without) == (("a*",), ("S301",))
    assert len(rates.coverage.spans) == 1


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("Bad name", "true", "no name of a fact"),
        ("x" * 400, "true", "no name of a fact"),
        ("in_quota", "perhaps", "true or false"),
        ("column1_pct", "NaN", "a number from 0"),
        ("column1_pct", "ten", "a number from 0"),
        ("metal_value_pct", "100.1", "from 0 to 100"),
        ("loaded_at", "2025-04-09T10:00:00", "no offset"),
    ],
)
def test_a_fact_that_cannot_be_read_is_refused(name, text, said):
    with pytest.raises(ValueError, match=said):
        read_fact(name, text, "US")


def test_facts_are_read_as_what_they_are():
    assert read_fact("loaded_at", "2025-04-09T10:00:00 02:00", "US") == on("2025-04-09T08:00")
    assert read_fact("exporter", "ACME", "US") == "ACME"
    assert read_fact("in_scope:us-x", "No", "US") is False
    assert fact_of("Für Zivilflugzeuge (9 t)") == "f_r_zivilflugzeuge_9_t"
    assert fact_of("民間") == "condition"


def test_goods_near_a_code_lie_within_it_or_around_it():
    question = Question("US", "CN", "870323", "HTS", on("2025-01-01"), on("2025-01-01"))
    assert question.is_near(["87"])
    assert question.is_near(["8703.23.01".replace(".", "")])
    assert not question.is_near(["8704"])


def test_the_rules_are_shown_as_they_were_written():
    shown = describe(rules_of(RELATION, gaps=[{"measure": "a"}]))
    assert shown["relations"][0]["from"]["at"] == "2025-01-01T00:00:00+00:00"
    assert shown["covers"][0]["id"] == "all"
    assert shown["gaps"][0]["measure"] == ["a"]
