"""Why there is no answer."""

import pytest

from service.core.rates import Facts, Question, rates_owed
from service.core.rates.uncovered import say_uncovered
from tests.core.builders import on
from tests.core.rates.world import AT, COVER, KNOWN, dossier, owe, rules_of

HALVES = (
    COVER | {"id": "second", "from": "2021-01-01", "until": "2022-01-01"},
    COVER | {"id": "first", "from": "2020-01-01", "until": "2021-06-01"},
    COVER | {"id": "within", "from": "2020-02-01", "until": "2020-03-01"},
    COVER | {"id": "apart", "from": "2024-01-01", "until": "2024-02-01"},
)
OPEN = (
    COVER | {"until": None},
    COVER | {"id": "more", "from": "2021-01-01", "until": "2022-01-01"},
)


def reason(*dossiers, covers=(COVER,), at=AT, origin="CN", is_known_since=False):
    rules = rules_of(covers=covers)
    question = Question("US", origin, "950300", "HTS", at, KNOWN)
    rates = rates_owed(question, dossiers, Facts({}), rules)
    return say_uncovered(question, rates.coverage, rules.covers, is_known_since=is_known_since)


def test_an_answer_needs_no_reason():
    assert reason(dossier("a", rate="1")) is None


@pytest.mark.parametrize(
    ("covers", "said"),
    [
        ([], "complete for what nobody levies, not US"),
        ([COVER | {"importer": "EU"}], "complete for what EU levies, not US"),
        (
            [COVER | {"origins": ["MX", "EU"]}],
            "of what US levies, the books are complete for goods of EU, MX, not of CN",
        ),
        (HALVES, "from 2020-01-01 until 2022-01-01 and from 2024-01-01 until 2024-02-01, not on"),
        ([OPEN[0] | {"from": "2026-01-01"}], "from 2026-01-01, not on 2025-06-15"),
    ],
)
def test_what_is_not_covered_is_named_and_how_to_say_more(covers, said):
    found = reason(dossier("a", rate="1"), covers=covers)
    assert said in found
    assert "TARIFFWIRE_RELATIONS" in found


def test_a_span_without_an_end_takes_in_what_lies_within():
    rates = owe(rules=rules_of(covers=OPEN), at=on("2019-01-01"))
    assert [end for _, end in rates.coverage.spans] == [None]


def test_no_event_is_another_matter_than_no_coverage():
    assert reason().startswith("the books hold no event at all on such goods: load some")
    assert reason(is_known_since=True) == (
        "no event on such goods was public by 2024-11-30; the books have later ones"
    )
