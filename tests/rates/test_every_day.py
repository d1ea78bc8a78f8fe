"""Every day from 1 April to 31 October 2025, for 70 partners, against the legal texts.

What is expected is worked out here from the orders' own dates, and from nothing that is folded.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from service.core.rates import Facts, Question, rates_owed
from tests.rates.ground import LATER, dossiers, dossiers_as_known, partners, rules

NEW_YORK = ZoneInfo("America/New_York")
FIRST, LAST = date(2025, 4, 1), date(2025, 10, 31)
BASELINE = "us-reciprocal-all"
CORRECTED_IN_PRINT = datetime(2025, 4, 7, tzinfo=NEW_YORK)
FREE = Decimal(0)
TEN = Decimal(10)
CHINA = {  # its own path: EO 14259, EO 14266, EO 14298; suspended from 14 May on
    date(2025, 4, 9): Decimal(84),
    date(2025, 4, 10): Decimal(125),
}
GENEVA = date(2025, 5, 14)
FLOORS = {"EU", "JP"}  # EO 14326 for the EU; EO 14345, reaching back, for Japan
COLUMN_1 = Decimal(4)
"""Of the made-up goods: it shows in a floor alone."""


def days():
    return [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)]


def own_key(partner):
    return f"us-reciprocal-{partner['code'].lower()}"


def own_rate(partner, day) -> Decimal | None:
    """What the partner's own rate adds that day; None: it has none, or it rests."""
    if partner["code"] == "CN":
        return CHINA.get(min(day, date(2025, 4, 10))) if day < GENEVA else None
    if day == date(2025, 4, 9) and partner["annex_1"]:
        return Decimal(partner["annex_1"])
    if day >= date(2025, 8, 7) and partner["august"]:
        stated = Decimal(partner["august"])
        return max(stated - COLUMN_1, FREE) if partner["code"] in FLOORS else stated
    return None


def status_of(partner, day) -> str | None:
    """Of the partner's own measure: in force, resting, or still to come; None: not yet heard of."""
    if own_rate(partner, day) is not None:
        return "in_force"
    if partner["code"] == "CN" and day >= GENEVA:
        return "suspended"
    if not partner["annex_1"]:
        return "scheduled"
    return "scheduled" if day < date(2025, 4, 9) else "suspended"


def expected(partner, day) -> dict[str, Decimal]:
    own = own_rate(partner, day)
    if own is not None:
        return {own_key(partner): own}
    return {BASELINE: TEN} if day >= date(2025, 4, 5) else {}


def ask(partner, day, known_at=LATER):
    at = datetime(day.year, day.month, day.day, 12, tzinfo=NEW_YORK)
    question = Question("US", partner["code"], "950300", None, at.astimezone(UTC), known_at)
    told = {
        "loaded_at": at,
        "column1_pct": COLUMN_1,
        "in_scope:us-s232-metals": False,
        "in_scope:us-s232-metals-gb": False,
        "exempt:us-reciprocal-all": False,
        "exempt:us-reciprocal-eu": False,
        "usmca_qualifying": False,
    }
    return rates_owed(question, near(partner["code"], known_at), Facts(told), rules())


@cache
def near(code, known_at):
    """Without the measures on goods of the other partners, which would only take time."""
    others = {f"measure:{own_key(one)}" for one in partners() if one["code"] != code}
    return [one for one in dossiers_as_known(known_at) if one.history.subject not in others]


def reciprocal(rates) -> dict[str, Decimal]:
    (answer,) = rates.answers
    return {
        one.measure: one.pct for one in answer.lines if one.measure.startswith("us-reciprocal-")
    }


def own_status(rates, partner) -> str | None:
    """Wherever the measure is mentioned as something that stands."""
    (answer,) = rates.answers
    found = {one.measure: one.status for one in (*answer.lines, *rates.beside)}
    return found.get(own_key(partner))


@pytest.mark.parametrize("partner", partners(), ids=lambda one: one["code"])
def test_the_reciprocal_rate_is_that_of_the_legal_text_on_every_day(partner):
    for day in days():
        rates = ask(partner, day)
        assert reciprocal(rates) == expected(partner, day), day
        assert own_status(rates, partner) == status_of(partner, day), day


def test_there_are_seventy_partners_and_fourteen_thousand_nine_hundred_eighty_questions():
    assert len(partners()) == 70
    assert len(days()) * len(partners()) == 14_980
    assert sum(bool(one["annex_1"]) for one in partners()) == 57


def test_before_7_april_the_first_listing_was_known_and_for_17_partners_it_differed():
    differing = []
    for partner in partners():
        if not partner["annex_1"]:
            continue
        early = reciprocal(ask(partner, date(2025, 4, 9), datetime(2025, 4, 6, tzinfo=UTC)))
        assert early == {own_key(partner): Decimal(partner["first_listed"])}
        printed = reciprocal(ask(partner, date(2025, 4, 9), CORRECTED_IN_PRINT))
        assert printed == {own_key(partner): Decimal(partner["annex_1"])}
        if early != printed:
            differing.append(partner["code"])
    assert len(differing) == 17


@pytest.mark.parametrize("partner", partners(), ids=lambda one: one["code"])
def test_beyond_october_there_is_no_answer(partner):
    for day in (date(2025, 11, 1), date(2025, 12, 24), date(2026, 6, 1)):
        rates = ask(partner, day)
        assert not rates.coverage.is_covered
        assert not rates.answers


def test_from_the_hour_on_which_a_rate_begins_and_no_sooner():
    korea = next(one for one in partners() if one["code"] == "KR")
    for minute, wanted in ((0, BASELINE), (1, own_key(korea))):
        at = datetime(2025, 8, 7, 0, minute, tzinfo=NEW_YORK)
        question = Question("US", "KR", "950300", None, at, LATER)
        told = Facts({"loaded_at": at, "in_scope:us-s232-metals": False})
        (answer,) = rates_owed(question, dossiers(), told, rules()).answers
        assert [one.measure for one in answer.lines] == [wanted]
