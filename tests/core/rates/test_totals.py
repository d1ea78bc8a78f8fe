"""What it comes to: unknown plus anything is unknown."""

from decimal import Decimal

import pytest

from tests.core.builders import percent
from tests.core.rates.world import amounts, codes, dossier, only, owe, rules_of


def names(answer):
    return {one.name for one in answer.unknown}


def mfn(amount, key="mfn", **fields):
    return dossier(key, rate=amount, programme="MFN", origin={"kind": "all"}, **fields)


def test_column_1_comes_from_the_books_or_from_what_is_told():
    from_books = only(owe(mfn("2.5"), dossier("a", rate="10")))
    assert (from_books.column1_pct, from_books.total_pct) == (Decimal("2.5"), Decimal("12.5"))
    assert amounts(from_books) == {"mfn": "2.5", "a": "10"}
    told = only(owe(mfn("2.5"), dossier("a", rate="10"), column1_pct="4"))
    assert (amounts(told), told.total_pct) == ({"a": "10"}, 14)


def test_without_column_1_the_rest_is_known_and_the_total_is_not():
    answer = only(owe(dossier("a", rate="10")))
    assert (answer.additional_pct, answer.total_pct) == (10, None)
    assert names(answer) == {"column1_pct"}


def test_several_ordinary_duties_are_none():
    answer = only(owe(mfn("1", key="x"), mfn("2", key="y")))
    assert answer.total_pct is None
    assert "several" in answer.unknown[0].why


PREFERRED = {"kind": "replaces", "measure": "programme:preference", "other": ["programme:MFN"]}


def preference(key, rate, **fields):
    given = {"rate": rate} if rate else {}
    return dossier(key, programme="preference", **given, **fields)


def test_of_several_preferences_the_lowest_is_claimed():
    rules = rules_of(PREFERRED)
    found = (mfn("6"), preference("s", "2"), preference("k", "0"))
    assert only(owe(*found, rules=rules)).column1_pct == 0
    vague = preference("v", None, duty={"text": "see the quota"})
    assert only(owe(*found, vague, rules=rules)).column1_pct is None


def test_a_preference_on_a_part_of_the_code_leaves_column_1_open():
    part = preference("s", "0", product=codes("8703.23.01"))
    answer = only(owe(mfn("2.5"), part, code="870323", rules=rules_of(PREFERRED)))
    assert answer.column1_pct is None


def test_a_preference_is_claimed_by_who_qualifies():
    condition = {"scope": "all", "condition": "usmca_qualifying"}
    found = (mfn("2.5"), preference("s", "0", product=condition))
    rates = owe(*found, rules=rules_of(PREFERRED))
    assert {one.given[0].value: one.total_pct for one in rates.answers} == {
        "true": 0,
        "false": Decimal("2.5"),
    }


def test_a_short_code_has_a_column_1_where_all_its_lines_agree():
    lines = [mfn("2.5", key=f"m{n}", product=codes(f"8703.23.0{n}")) for n in (1, 2)]
    assert only(owe(*lines, code="870323")).column1_pct == Decimal("2.5")
    lines.append(mfn("3", key="m3", product=codes("8703.23.03")))
    torn = only(owe(*lines, code="870323"))
    assert torn.column1_pct is None
    assert "differs within this code" in torn.unknown[0].why


def test_column_1_in_money_is_owed_beside_the_percentages():
    part = {"kind": "specific", "amount": "0.40", "currency": "USD", "per": "kg"}
    rate = {"components": [{"kind": "ad_valorem", "amount": "2"}, part]}
    ordinary = dossier("mfn", duty=rate, programme="MFN")
    answer = only(owe(ordinary, dossier("a", rate="10")))
    assert (answer.total_pct, answer.specific) == (12, ("USD 0.40 per kg",))
    floor = dossier("f", duty=percent("15", "total_floor"))
    assert only(owe(ordinary, floor)).total_pct is None


@pytest.mark.parametrize(
    ("basis", "column_1", "adds", "total"),
    [
        ("total_floor", "8.5", "6.5", 15),
        ("total_floor", "15", "0", 15),
        ("total_floor", "16.5", "0", Decimal("16.5")),
        ("total", "2.5", "12.5", 15),
        ("total", "20", "-5", 15),
    ],
)
def test_a_figure_with_column_1_in_it_adds_what_is_missing(basis, column_1, adds, total):
    answer = only(owe(dossier("a", duty=percent("15", basis)), column1_pct=column_1))
    assert (amounts(answer), answer.total_pct) == ({"a": adds}, total)


def test_a_floor_without_column_1_is_unknown_and_a_whole_is_not():
    floor = only(owe(dossier("a", duty=percent("15", "total_floor")), dossier("b", rate="10")))
    assert (floor.additional_pct, floor.total_pct) == (None, None)
    whole = only(owe(dossier("a", duty=percent("15", "total")), dossier("b", rate="10")))
    assert (whole.additional_pct, whole.total_pct) == (None, 25)
    vague = dossier("c", duty={"text": "as listed"})
    lost = only(owe(dossier("a", duty=percent("15", "total")), vague))
    assert lost.total_pct is None


def test_two_figures_that_each_state_all_of_it_contradict_each_other():
    both = [dossier(key, duty=percent("15", "total")) for key in ("a", "b")]
    answer = only(owe(*both, column1_pct="5"))
    assert (amounts(answer), answer.total_pct) == ({"a": "10", "b": None}, None)
    assert "b" in names(answer)


@pytest.mark.parametrize(
    ("duty", "pct"),
    [
        ({"components": [{"kind": "ad_valorem", "amount": n} for n in "25"]}, "7"),
        (
            {"components": [{"kind": "ad_valorem", "amount": n} for n in "25"], "combine": "max"},
            "5",
        ),
        (
            {"components": [{"kind": "ad_valorem", "amount": n} for n in "25"], "combine": "min"},
            "2",
        ),
        ({"text": "see the list"}, None),
        (
            {
                "components": [
                    {"kind": "ad_valorem", "amount": "2"},
                    {"kind": "specific", "amount": "1", "currency": "USD", "per": "kg"},
                ],
                "combine": "max",
            },
            None,
        ),
        (
            {"components": [{"kind": "ad_valorem", "amount": "2", "value_basis": "cif"}]},
            None,
        ),
        (
            {"components": [{"kind": "ad_valorem", "amount": "2", "value_basis": "tin_content"}]},
            None,
        ),
        (None, None),
    ],
)
def test_what_components_come_to(duty, pct):
    given = {"duty": duty} if duty else {}
    answer = only(owe(dossier("a", **given)))
    assert amounts(answer) == {"a": pct}
    assert (answer.additional_pct is None) == (pct is None)


def gap(**said):
    return rules_of(gaps=[said])


def test_a_duty_that_no_event_carries_leaves_no_sum():
    found = dossier("a", rate="10")
    answer = only(owe(found, rules=gap(), column1_pct="1"))
    assert (amounts(answer), answer.additional_pct, answer.total_pct) == ({"a": "10"}, None, None)
    assert "g0" in names(answer)
    for elsewhere in (
        {"importer": "CA"},
        {"origins": ["VN"]},
        {"codes": ["8703"]},
        {"when": "postal"},
        {"from": "2025-07-01"},
        {"until": "2025-06-01"},
        {"measure": ["b"]},
    ):
        assert only(owe(found, rules=gap(**elsewhere))).additional_pct == 10
    assert owe(found, rules=gap(when="postal")).presumed == ("postal",)
    assert only(owe(found, rules=gap(when="postal"), postal="yes")).additional_pct is None
    assert only(owe(found, rules=gap(codes=["95"]))).additional_pct is None


def test_a_gap_blurs_the_lines_it_is_about():
    answer = only(owe(dossier("a", rate="10"), dossier("b", rate="1"), rules=gap(measure=["a"])))
    assert amounts(answer) == {"a": None, "b": "1"}


def test_what_takes_a_gap_away_is_asked_for():
    rates = owe(dossier("a", rate="10"), rules=gap(unless="usmca_qualifying"))
    assert rates.missing == ("usmca_qualifying",)
    told = owe(dossier("a", rate="10"), rules=gap(unless="usmca_qualifying"), usmca_qualifying="1")
    assert only(told).additional_pct == 10
    assert not told.unused


def test_a_whole_beside_a_gap_is_no_total():
    whole = dossier("a", duty=percent("15", "total"))
    assert only(owe(whole, rules=gap())).total_pct is None


def test_a_line_that_ends_on_a_day_names_the_last_that_it_holds():
    by_day = only(owe(dossier("a", rate="10", until="2026-01-01"), column1_pct="0"))
    assert "until 31 Dec 2025 inclusive" in by_day.lines[0].sentence
    by_hour = only(owe(dossier("a", rate="10", until="2026-01-01T00:01-05:00"), column1_pct="0"))
    assert "until 1 Jan 2026 00:01" in by_hour.lines[0].sentence
