"""Which measures charge these goods, and which let them off."""

from decimal import Decimal

import pytest

from service.core.event import Product
from service.core.rates import Dossier, Question
from service.core.rates.bearing.goods import Hit, Shelf
from service.core.standing import Entry, History
from tests.core.builders import measure, on, percent, read
from tests.core.rates.world import (
    AT,
    KNOWN,
    amounts,
    codes,
    dossier,
    gone,
    instant,
    only,
    owe,
    rules_of,
)

ALL = {"kind": "all"}


def test_every_measure_on_the_goods_is_a_line_and_they_add_up():
    rates = owe(dossier("a", rate="10"), dossier("b", rate="2.5"), column1_pct="3")
    answer = only(rates)
    assert amounts(answer) == {"a": "10", "b": "2.5"}
    assert (answer.additional_pct, answer.total_pct) == (Decimal("12.5"), Decimal("15.5"))


@pytest.mark.parametrize(
    ("origin", "asked", "is_on"),
    [
        (ALL, "CN", True),
        (ALL | {"except": ["CN"]}, "CN", False),
        (ALL | {"except": ["EU"]}, "DE", False),
        (ALL, "US", False),
        ({"kind": "group", "members": ["EU"]}, "DE", True),
        ({"kind": "group", "members": ["EU"]}, "CH", False),
        ({"kind": "country", "members": ["VN"]}, "CN", False),
    ],
)
def test_whose_goods_they_are(origin, asked, is_on):
    answer = only(owe(dossier("a", rate="10", origin=origin), origin=asked))
    assert bool(answer.lines) == is_on


def test_a_pseudo_origin_is_charged_only_if_that_is_told():
    found = dossier("a", rate="40", origin={"kind": "pseudo", "members": ["TRANSSHIPPED"]})
    assert not only(owe(found)).lines
    assert owe(found).presumed == ("transshipped",)
    told = owe(found, transshipped="true")
    assert amounts(only(told)) == {"a": "40"}
    assert told.presumed == ()
    assert only(told).lines[0].sentence.startswith("40 % under a on transshipped goods, since")


@pytest.mark.parametrize(
    ("product", "code", "hit"),
    [
        (codes("8703"), "87032301", Hit.YES),
        (codes("8703.23.01"), "8703230160", Hit.YES),
        (codes("8703.23.01"), "870323", Hit.PART),
        (codes("8703.40.00"), "870340", Hit.YES),
        (codes("8703.40"), "8703400000", Hit.YES),
        (codes("8704.21.01"), "870421", Hit.YES),
        (codes("8703.23.01", nomenclature="CN"), "87032301", Hit.PART),
        (codes("8703.23", nomenclature="CN"), "87032301", Hit.YES),
        (codes("8703.23.01", nomenclature="CN"), "87032400", Hit.NO),
        (codes("8703", **{"except": ["8703.23"]}), "87032301", Hit.NO),
        (codes("8703", **{"except": ["8703.23.01"]}), "870323", Hit.PART),
        (codes("8703", **{"except": ["8704"]}), "870323", Hit.YES),
        ({"scope": "all", "except": ["8703"]}, "870323", Hit.NO),
        ({"scope": "described", "text": "cars"}, "870323", Hit.VAGUE),
        ({"scope": "unknown"}, "870323", Hit.VAGUE),
    ],
)
def test_how_a_code_stands_to_the_goods_of_a_measure(product, code, hit):
    rules = rules_of(undivided={"HTS": ["8704.21.01"]})
    question = Question("US", "CN", code, "HTS", AT, AT)
    assert Shelf(Product.model_validate(product)).hit(question, rules) is hit


def test_a_code_that_settles_nothing_leaves_the_sum_unknown_until_it_is_told():
    found = (dossier("a", rate="10", product=codes("8703.23.01")), dossier("b", rate="1"))
    answer = only(owe(*found, code="870323"))
    assert (amounts(answer), answer.additional_pct) == ({"b": "1"}, None)
    assert [(one.measure, one.fact) for one in answer.possible] == [("a", "in_scope:a")]
    assert "only described or in part" in answer.possible[0].sentence
    told = only(owe(*found, code="870323", **{"in_scope:a": "true"}))
    assert told.additional_pct == 11


def test_goods_taken_in_and_let_go_later_count_from_their_day():
    steps = (
        ("scope_extended", {"product": codes("9503"), "effective_at": "2025-06-01"}),
        ("scope_reduced", {"product": codes("9503.00"), "effective_at": "2025-07-01"}),
    )
    found = dossier("a", *steps, rate="10", product=codes("8703"))
    assert not only(owe(found, at=on("2025-05-01"))).lines
    assert amounts(only(owe(found))) == {"a": "10"}
    assert not only(owe(found, at=on("2025-07-02"))).lines
    part = dossier("a", ("scope_reduced", {"product": codes("9503.00.01")}), rate="10")
    assert only(owe(part)).additional_pct is None


def test_a_scope_step_for_other_origins_changes_nothing():
    elsewhere = {"kind": "country", "members": ["VN"]}
    step = ("scope_reduced", {"product": codes("9503"), "origin": elsewhere})
    assert amounts(only(owe(dossier("a", step, rate="10", origin=ALL)))) == {"a": "10"}


def test_whose_goods_it_was_on_is_read_at_the_instant_asked():
    later = ("increased", {"rate": "50", "effective_at": "2025-07-01T00:00:00+00:00"})
    later[1]["origin"] = {"kind": "all", "except": ["GB"]}
    found = dossier("a", later, rate="25", origin=ALL)
    assert amounts(only(owe(found, origin="GB"))) == {"a": "25"}
    assert not only(owe(found, origin="GB", at=on("2025-07-02"))).lines


def test_a_condition_of_the_measure_is_asked_for():
    found = dossier("a", rate="10", product={"scope": "all", "condition": "Civil aircraft"})
    rates = owe(found)
    assert [(one.given[0].value, one.additional_pct) for one in rates.answers] == [
        ("false", 0),
        ("true", 10),
    ]
    assert rates.missing == ("civil_aircraft",)
    assert only(owe(found, civil_aircraft="no")).additional_pct == 0


def test_a_quota_is_asked_for():
    rates = owe(dossier("a", rate="10", quota={"amount": "100"}))
    assert rates.missing == ("in_quota",)
    assert {one.given[0].said for one in rates.answers} == {
        "they are within the quota",
        "they are not within the quota",
    }


def test_an_exporter_owes_its_own_rate():
    own = [
        {"name": "ACME", "rate": "5"},
        {"name": "Bolt", "duty": percent("7")},
        {"name": "Cog", "duty": "see annex"},
        {"rate": "9"},
    ]
    found = dossier("a", rate="20", exporters=own)
    assert amounts(only(owe(found, exporter="acme"))) == {"a": "5"}
    assert amounts(only(owe(found, exporter="Other"))) == {"a": "20"}
    assert only(owe(found, exporter="Cog")).additional_pct is None
    rates = owe(found)
    assert [(one.given[0].value, one.additional_pct) for one in rates.answers] == [
        ("", 20),
        ("ACME", 5),
        ("Bolt", 7),
        ("Cog", None),
    ]


def test_what_is_paused_charges_what_the_pause_says():
    alone = dossier("a", ("suspended", {"effective_at": "2025-05-01"}), rate="34")
    rates = owe(alone)
    assert not only(rates).lines
    assert (
        rates.beside[0].sentence == "a is suspended; its own rate is 34 %: nothing of it is owed."
    )
    meanwhile = ("suspended", {"effective_at": "2025-05-01", "rate": "10"})
    assert amounts(only(owe(dossier("a", meanwhile, rate="34")))) == {"a": "10"}


def test_a_threat_is_beside_the_rate_never_in_it():
    event = read(measure("t", "threatened", rate="100", certainty="official_statement"))
    threatened = Dossier(History("measure:t", (Entry(event, KNOWN, KNOWN),)))
    rates = owe(threatened, dossier("a", rate="10"))
    assert amounts(only(rates)) == {"a": "10"}
    assert [(one.measure, one.status) for one in rates.beside] == [("t", "threatened")]


def test_what_is_to_come_for_a_pseudo_origin_is_told_to_those_it_is_for():
    origin = {"kind": "pseudo", "members": ["TRANSSHIPPED"]}
    later = dossier("a", rate="40", origin=origin, effective_at="2025-08-07")
    assert owe(later).beside == ()
    assert [one.measure for one in owe(later, transshipped="true").beside] == ["a"]


def test_a_track_and_a_measure_of_another_importer_are_passed_over():
    track = Dossier(History("track:CN-US", ()))
    assert not only(owe(track, dossier("a", rate="1", importer="CA"))).lines


def test_an_exemption_lets_goods_off_from_its_day():
    step = ("exempted", {"product": codes("9503"), "effective_at": "2025-06-01"})
    found = dossier("a", step, rate="10")
    assert amounts(only(owe(found, at=on("2025-05-01")))) == {"a": "10"}
    assert gone(only(owe(found))) == {"a": ("relief_of", "exempt:a")}
    assert not gone(only(owe(found, code="870323")))


def test_an_exemption_on_a_condition_or_in_words_is_asked_for():
    condition = {"scope": "all", "condition": "usmca_qualifying"}
    asked = owe(dossier("a", ("exempted", {"product": condition}), rate="10"))
    assert asked.missing == ("usmca_qualifying",)
    words = {"scope": "described", "text": "gold"}
    found = dossier("a", ("exempted", {"product": words}), rate="10")
    answer = only(owe(found))
    assert (amounts(answer), answer.additional_pct) == ({"a": "10"}, None)
    assert answer.possible[0].sentence.startswith("a lets off some goods")
    assert gone(only(owe(found, **{"exempt:a": "yes"}))) == {"a": ("relief_of", "exempt:a")}
    assert only(owe(found, **{"exempt:a": "no"})).additional_pct == 10


CUT = "2025-06-10T00:00:00+00:00"


def under_way(**window):
    return dossier("a", rate="10", apply={"in_transit": {"loaded_before": CUT} | window})


def test_goods_on_their_way_are_let_off_while_the_window_is_open():
    found = under_way(entered_before="2025-07-01T00:00:00+00:00")
    early = {"loaded_at": "2025-06-01T00:00:00+00:00"}
    assert gone(only(owe(found, **early))) == {"a": ("in_transit", "loaded_at")}
    assert amounts(only(owe(found, loaded_at=CUT))) == {"a": "10"}
    assert amounts(only(owe(found, at=on("2025-07-02"), **early))) == {"a": "10"}
    late = early | {"entered_at": "2025-07-02T00:00:00+00:00"}
    assert amounts(only(owe(found, **late))) == {"a": "10"}


def test_when_they_were_loaded_is_asked_for_while_it_matters():
    rates = owe(under_way())
    assert rates.missing == ("loaded_at",)
    assert [one.additional_pct for one in rates.answers] == [10, 0]
    assert only(owe(under_way(), at=on("2025-09-01"))).additional_pct == 10
    told = owe(under_way(), at=on("2025-09-01"), loaded_at="2025-06-01T00:00:00+00:00")
    assert only(told).additional_pct == 0


def test_one_answer_about_loading_settles_every_window():
    other = dossier(
        "b",
        rate="1",
        apply={"in_transit": {"loaded_before": "2025-06-12T00:00:00+00:00"}},
    )
    rates = owe(under_way(), other)
    assert sorted(one.additional_pct for one in rates.answers) == [0, 10, 11]


def test_a_window_for_ships_alone_leaves_out_what_flies():
    found = under_way(modes=["vessel"])
    early = {"loaded_at": "2025-06-01T00:00:00+00:00"}
    assert amounts(only(owe(found, mode="air", **early))) == {"a": "10"}
    assert not amounts(only(owe(found, mode="vessel", **early)))


def test_a_window_that_cannot_be_read_is_none():
    broken = dossier("a", rate="10", apply={"in_transit": {"loaded_before": "soon"}})
    assert amounts(only(owe(broken))) == {"a": "10"}
    assert amounts(only(owe(dossier("a", rate="10", apply={"in_transit": "yes"})))) == {"a": "10"}


def test_a_window_of_a_rate_that_is_no_more_does_not_let_off_the_next():
    next_rate = ("increased", {"rate": "20", "effective_at": "2025-06-12T00:00:00+00:00"})
    window = {"in_transit": {"loaded_before": CUT}}
    found = dossier("a", next_rate, rate="10", apply=window)
    early = {"loaded_at": "2025-06-01T00:00:00+00:00"}
    assert not amounts(only(owe(found, at=on("2025-06-11"), **early)))
    assert amounts(only(owe(found, **early))) == {"a": "20"}


def relief(**said):
    return {"kind": "relief_of", "measure": "a"} | said


@pytest.mark.parametrize(
    ("relation", "told", "is_owed"),
    [
        (relief(origins=["CN"]), {}, False),
        (relief(origins=["VN"]), {}, True),
        (relief(relief={"condition": "poor"}), {"poor": "true"}, False),
        (relief(relief={"condition": "poor"}), {"poor": "false"}, True),
        (relief(relief={"condition": "poor", "codes": ["8703"]}), {}, True),
        (relief(relief={"condition": "poor", "only_if_told": True}), {}, True),
        (relief(relief={"condition": "poor", "only_if_told": True}), {"poor": "true"}, False),
        (relief(relief={"limit": {"fact": "worth_usd", "at_most": "800"}}), {}, True),
        (
            relief(relief={"limit": {"fact": "worth_usd", "at_most": "800"}}),
            {"worth_usd": "800"},
            False,
        ),
        (
            relief(relief={"limit": {"fact": "worth_usd", "at_most": "800"}}),
            {"worth_usd": "801"},
            True,
        ),
        (relief(relief={"in_transit": {"loaded_before": CUT}}), {"loaded_at": CUT}, True),
        (
            relief(relief={"in_transit": {"loaded_before": CUT}}),
            {"loaded_at": "2025-06-09T23:59:59+00:00"},
            False,
        ),
        (relief(relief={"let_off": "b"}), {}, False),
        (relief(relief={"let_off": "c"}), {}, True),
        (relief(relief={"condition": "poor"}, importer="CA"), {}, True),
        (relief(relief={"condition": "poor"}, other_origins=["CN"]), {}, True),
        (relief(relief={"condition": "poor"}, known_from="2025-08-01"), {}, True),
        (relief(relief={"condition": "poor"}, until="2025-06-01"), {}, True),
        (relief(relief={"condition": "poor"}) | {"from": "2025-07-01"}, {}, True),
    ],
)
def test_relief_by_a_relation(relation, told, is_owed):
    exempted = dossier("b", ("exempted", {"product": codes("9503")}), rate="1")
    answer = only(owe(dossier("a", rate="10"), exempted, rules=rules_of(relation), **told))
    assert ("a" in amounts(answer)) == is_owed


def test_an_end_that_was_not_known_yet_is_none():
    relation = relief(origins=["CN"], until="2025-06-01", end_known_from="2025-05-20")
    found, rules = dossier("a", rate="10"), rules_of(relation)
    assert amounts(only(owe(found, rules=rules, known=on("2025-06-01")))) == {"a": "10"}
    assert not amounts(only(owe(found, rules=rules, known=on("2025-05-01"))))


def test_what_is_presumed_is_said():
    relation = relief(relief={"condition": "poor", "only_if_told": True})
    limit = relief(relief={"limit": {"fact": "worth_usd", "at_most": "800"}})
    rules = rules_of(relation, limit)
    assert owe(dossier("a", rate="10"), rules=rules).presumed == ("poor", "worth_usd")
    assert owe(dossier("a", rate="10"), rules=rules, poor="false").presumed == ("worth_usd",)


def test_a_dossier_is_cut_to_what_was_known():
    late = dossier("a", rate="10", known=instant("2025-05-01T00:00:00+00:00"))
    assert not Dossier.as_known(late.history, on("2025-04-01")).history.entries
    assert Dossier.as_known(late.history, on("2025-06-01")).history is late.history
    nothing = Dossier.as_known(late.history, on("2025-04-01"))
    assert not only(owe(nothing)).lines
