"""Every question of the table, put to the code that answers it."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from service.core.codes import find_product
from service.core.moment import read_moment
from service.core.rates import Facts, Question, rates_owed, read_fact
from tests.rates.ground import LATER, dossiers_as_known, rules

TABLE = json.loads((Path(__file__).parent / "questions_2025.json").read_text("utf-8"))
NOMENCLATURES = {"US": "HTS", "EU": "CN", "CN": "CN-TARIFF"}


def named(ask):
    found = [one for one in TABLE["questions"] if one["ask"] == ask]
    return pytest.mark.parametrize("question", found, ids=[one["id"] for one in found])


def instant_of(text, importer):
    """A day asks for its last moment, there."""
    moment = read_moment(text, importer)
    return moment.at if moment.day is None else moment.at + timedelta(days=1, microseconds=-1)


def facts_of(question, at: datetime) -> Facts:
    """As told; goods of which nothing was said were in nobody's hold when a window closed."""
    told = {"loaded_at": at, "transshipped": False}
    for name, value in question["facts"].items():
        if name == "in_scope":
            told |= {f"in_scope:{key}": meant for key, meant in value.items()}
        else:
            said = str(value).lower() if isinstance(value, bool) else value
            told[name] = read_fact(name, said, question["importer"])
    return Facts(told)


def ask(question):
    importer = question["importer"]
    at = instant_of(question["on"], importer)
    known_at = instant_of(question["known"], importer) if question["known"] else LATER
    code = find_product(question["product"], NOMENCLATURES[importer])
    asked = Question(importer, question["origin"], code.digits, code.nomenclature, at, known_at)
    return rates_owed(asked, dossiers_as_known(known_at), facts_of(question, at), rules())


def same(one, other) -> bool:
    """Equal as numbers; None is unknown, or not the same in every branch."""
    return one == (None if other is None else Decimal(other))


def agreed(values):
    """What all branches say; None where they differ or do not know."""
    return values[0] if len(set(values)) == 1 else None


def amount_of(answer, measure):
    return next((one.pct for one in answer.lines if one.measure == measure), Decimal(0))


def has_line(answer, measure):
    return any(one.measure == measure for one in answer.lines)


def doubts_of(rates):
    for answer in rates.answers:
        yield from (one.name for one in answer.unknown)
        yield from (one.measure for one in answer.possible)
    yield from rates.missing


def judge_lines(expect, answers):
    for measure, amount in expect.get("lines", {}).items():
        assert all(has_line(one, measure) for one in answers), measure
        assert same(agreed([amount_of(one, measure) for one in answers]), amount), measure
    for measure in expect.get("absent", ()):
        assert [amount_of(one, measure) for one in answers] == [0] * len(answers), measure
    for measure, relation in expect.get("excluded", {}).items():
        for answer in answers:
            found = [one.relation for one in answer.excluded if one.measure == measure]
            assert found == [relation], measure


def judge_sums(expect, answers):
    for name in ("additional_pct", "total_pct"):
        found = agreed([getattr(one, name) for one in answers])
        if name in expect:
            assert same(found, expect[name]), (name, found)
        assert not any(same(found, wrong) for wrong in expect.get(f"{name}_not", ()))


def judge_branches(expect, answers):
    wanted = {
        (frozenset((fact, str(value).lower()) for fact, value in one["when"].items())): one
        for one in expect["branches"]
    }
    assert {
        frozenset((one.fact, one.value) for one in answer.given): answer.additional_pct
        for answer in answers
    } == {when: Decimal(one["additional_pct"]) for when, one in wanted.items()}


@named("rate")
def test_a_rate_is_what_the_texts_say(question):
    expect, rates = question["expect"], ask(question)
    assert rates.coverage.is_covered == expect.get("covered", True)
    if rates.coverage.is_covered:
        assert rates.answers
        judge_lines(expect, rates.answers)
        judge_sums(expect, rates.answers)
        assert set(expect.get("unknown", ())) <= set(doubts_of(rates))
        if "branches" in expect:
            judge_branches(expect, rates.answers)
    else:
        assert not rates.answers


def percent_of(duty):
    return duty.percent if duty else None


@named("standing")
def test_a_standing_is_what_the_texts_say(question):
    expect, importer = question["expect"], question["importer"]
    at = instant_of(question["on"], importer)
    known_at = instant_of(question["known"], importer) if question["known"] else LATER
    subject = f"measure:{question['measure']}"
    dossier = next(one for one in dossiers_as_known(known_at) if one.history.subject == subject)
    held = dossier.stand(at, known_at)
    assert held.status == expect["status"]
    for name, found in (
        ("duty_pct", percent_of(held.duty)),
        ("applied_pct", percent_of(held.applied)),
    ):
        if name in expect:
            assert same(found, expect[name]), name
    for name in ("effective_at", "until"):
        if name in expect:
            assert getattr(held, name).at == datetime.fromisoformat(expect[name])
