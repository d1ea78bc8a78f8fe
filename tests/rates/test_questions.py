"""The table of questions, as far as it can be checked without anybody who answers."""

import json
import re
from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from service.events_of_2025 import read_year

QUESTIONS = json.loads(Path(__file__).with_name("questions_2025.json").read_text("utf-8"))
QUESTIONS = QUESTIONS["questions"]

# The partners of the reciprocal rates, for whom a measure `us-reciprocal-<code>` is asked about.
PARTNERS = """
af dz ao bd bo ba bw br bn kh cm td cn cr ci cd ec gq eu fk fj gh gy is in id iq il jp jo kz la ls
ly li mg mw my mu md mz mm na nr nz ni ng mk no pk pg ph rs za kr lk ch sy tw th tt tn tr ug gb vu
ve vn zm zw
"""

FIELDS = {
    *("id", "topic", "ask", "importer", "origin", "product", "measure", "on", "known"),
    *("facts", "expect", "citation", "because"),
}
EXPECTED_OF_A_RATE = {
    *("lines", "absent", "excluded", "additional_pct", "additional_pct_not", "total_pct"),
    *("unknown", "branches", "covered"),
}
EXPECTED_OF_A_STANDING = {"status", "duty_pct", "applied_pct", "effective_at", "until"}
FACTS = {
    *("in_scope", "usmca_qualifying", "column1_pct", "metal_value_pct", "loaded_at"),
    *("transshipped", "in_quota", "shipment_value_usd", "postal", "mode", "not_for_motor_vehicles"),
}
RELATIONS = {"replaces", "excludes", "relief_of"}
STATUSES = {
    *("threatened", "announced", "scheduled", "in_force", "suspended", "never_implemented"),
    "authorised_not_applied",
}

every_question = pytest.mark.parametrize(
    "question", [pytest.param(one, id=one["id"]) for one in QUESTIONS]
)


def measures_named(question):
    expect = question["expect"]
    yield from expect.get("lines", {})
    yield from expect.get("absent", [])
    yield from expect.get("excluded", {})
    yield from (one for one in expect.get("unknown", []) if one not in FACTS)
    yield from question["facts"].get("in_scope", {})
    if question["measure"]:
        yield question["measure"]


def numbers_in(expect):
    """Every number of an answer that is not null."""
    given = [expect.get(key) for key in expect if key.endswith("_pct")]
    given += [*expect.get("lines", {}).values(), *expect.get("additional_pct_not", [])]
    given += [branch["additional_pct"] for branch in expect.get("branches", [])]
    return [one for one in given if one is not None]


def test_there_are_at_least_sixty_and_each_has_a_name_of_its_own():
    assert len({one["id"] for one in QUESTIONS}) == len(QUESTIONS) >= 60


def test_no_topic_is_most_of_them_and_both_kinds_are_asked():
    topics = Counter(one["topic"] for one in QUESTIONS)
    assert len(topics) >= 15
    assert max(topics.values()) <= len(QUESTIONS) / 5
    assert Counter(one["ask"] for one in QUESTIONS)["standing"] >= 20
    assert sum(one["known"] is not None for one in QUESTIONS) >= 20


def test_no_question_is_put_twice():
    asked = [json.dumps({**one, "id": "", "topic": "", "because": ""}) for one in QUESTIONS]
    assert len(set(asked)) == len(asked)


@every_question
def test_a_question_has_every_field_and_no_other(question):
    assert set(question) == FIELDS
    assert question["citation"]
    assert question["because"].endswith(".")
    assert set(question["facts"]) <= FACTS


@every_question
def test_what_is_expected_belongs_to_what_is_asked(question):
    expect = question["expect"]
    assert expect
    if question["ask"] == "rate":
        assert set(expect) <= EXPECTED_OF_A_RATE
        assert question["product"]
        assert question["measure"] is None
    else:
        assert question["ask"] == "standing"
        assert set(expect) <= EXPECTED_OF_A_STANDING
        assert expect["status"] in STATUSES
        assert question["product"] is None


@every_question
def test_every_measure_named_exists(question):
    known = {event["data"].get("measure") for event in read_year()}
    known |= {f"us-reciprocal-{code}" for code in PARTNERS.split()}
    assert set(measures_named(question)) <= known


@every_question
def test_both_clocks_are_instants_with_an_offset_or_days(question):
    for given in (question["on"], question["known"]):
        if given is None:
            continue
        if "T" in given:
            assert datetime.fromisoformat(given).utcoffset() is not None
        else:
            assert date.fromisoformat(given)


@every_question
def test_numbers_are_decimal_strings(question):
    facts = question["facts"]
    given = numbers_in(question["expect"])
    given += [facts[key] for key in facts if key.endswith(("_pct", "_usd"))]
    assert all(isinstance(one, str) and Decimal(one) >= 0 for one in given)


@every_question
def test_codes_are_written_with_dots_in_whole_pairs(question):
    code = question["product"]
    assert code is None or re.fullmatch(r"\d{4}(\.\d{2}(\.\d{2}(\d{2})?)?)?", code)


@every_question
def test_an_answer_does_not_contradict_itself(question):
    expect = question["expect"]
    charged = {key for key, pct in expect.get("lines", {}).items() if pct != "0"}
    gone = {*expect.get("absent", []), *expect.get("excluded", {})}
    assert not charged & gone
    assert set(expect.get("excluded", {}).values()) <= RELATIONS
    unknown = expect.get("unknown", [])
    if expect.get("additional_pct") is not None:
        assert not set(unknown) - {"column1_pct"}
        assert sum(map(Decimal, numbers_in({"lines": expect.get("lines", {})}))) == Decimal(
            expect["additional_pct"]
        )
    if expect.get("total_pct") is not None:
        column_1 = Decimal(question["facts"]["column1_pct"])
        assert Decimal(expect["total_pct"]) == column_1 + Decimal(expect["additional_pct"])


@every_question
def test_branches_tell_each_value_of_one_missing_fact(question):
    branches = question["expect"].get("branches", [])
    told = [tuple(branch["when"].items()) for branch in branches]
    assert len({fact for ((fact, _),) in told}) <= 1
    for ((fact, _),) in told:
        assert fact in FACTS - set(question["facts"])
    assert {value for ((_, value),) in told} in (set(), {True, False}, {"", "vessel"})
