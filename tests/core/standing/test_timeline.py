"""A negotiation told from its beginning."""

from datetime import timedelta

import pytest
from hypothesis import given

from service.core.event import Stage, Verdict
from service.core.standing import standing
from service.core.standing.timeline import Move, cited_measures, tell_track
from tests.core.builders import TRACK, claim, entry, history, on, read, replay, step
from tests.core.standing.test_fold_properties import steps, streams


def told(*stages, verdicts=(), at="2025-12-31"):
    """The moves of these stages, one a month, and of what was said of them."""
    made = [
        entry(step(f"{month}", stage), f"2025-{month:02}-01")
        for month, stage in enumerate(stages, 1)
    ]
    return tell_track(history(*made, *verdicts, subject=TRACK), on(at))


def moves(*stages, verdicts=(), at="2025-12-31"):
    return [str(one.move) for one in told(*stages, verdicts=verdicts, at=at)]


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        (["outreach", "under_way", "framework"], ["opened", "advanced", "advanced"]),
        (["under_way", "talks_expected"], ["opened", "regressed"]),
        (["agreement_signed", "framework"], ["opened", "regressed"]),
        (["under_way", "stalled", "under_way"], ["opened", "beside", "resumed"]),
        (["under_way", "under_way"], ["opened", "repeated"]),
        (["denied", "outreach"], ["beside", "opened"]),
        (["under_way", "suspended", "terminated"], ["opened", "beside", "beside"]),
        (["framework", "suspended", "talks_expected"], ["opened", "beside", "resumed"]),
    ],
)
def test_a_step_says_what_it_moved(stages, expected):
    assert moves(*stages) == expected


def test_hearsay_moves_nothing_beside_what_is_on_record_and_is_nothing_to_fall_back_from():
    sure, unsure = step("1", "under_way"), {"certainty": "unnamed"}
    first, again = step("0", "framework", **unsure), step("2", "agreement_signed", **unsure)
    said = [entry(first, "2025-01-01"), entry(sure, "2025-02-01"), entry(again, "2025-03-01")]
    found = tell_track(history(*said, subject=TRACK), on("2025-12-31"))
    assert [str(one.move) for one in found] == ["opened", "opened", "claimed"]
    assert [one.after for one in found] == ["framework", "under_way", "under_way"]


def test_each_step_has_the_status_before_and_after_it():
    found = told("under_way", "stalled", "framework")
    assert [(one.before, one.after) for one in found] == [
        (None, Stage.UNDER_WAY),
        (Stage.UNDER_WAY, Stage.STALLED),
        (Stage.STALLED, Stage.FRAMEWORK),
    ]


DENIED = entry(claim("no", "2", "denied"), "2025-04-01")
OUT = entry(claim("out", "2"), "2025-05-01")
UNSAID = entry(claim("unsaid", "no"), "2025-06-01")


def test_a_step_that_was_denied_moved_nothing_as_known_since_then():
    stages = ["outreach", "under_way", "talks_scheduled"]
    assert moves(*stages, verdicts=[DENIED]) == ["opened", "denied", "advanced"]
    assert moves(*stages, verdicts=[DENIED], at="2025-03-31") == ["opened", "advanced", "regressed"]
    assert moves(*stages, verdicts=[OUT]) == ["opened", "retracted", "advanced"]
    assert moves(*stages, verdicts=[DENIED, UNSAID]) == ["opened", "advanced", "regressed"]
    assert moves(*stages, at="2025-01-15") == ["opened"]


def test_a_step_lists_every_verdict_on_it_with_its_day():
    so = entry(claim("so", "2", "confirmed", certainty="reported"), "2025-04-02")
    (_, second) = told("outreach", "under_way", verdicts=[DENIED, so])
    assert [(one.verdict, one.event[1], one.known_at) for one in second.verdicts] == [
        (Verdict.DENIED, "no", on("2025-04-01")),
        (Verdict.CONFIRMED, "so", on("2025-04-02")),
    ]
    assert second.move is Move.ADVANCED


def test_a_step_knows_the_change_that_told_of_it():
    held, derived = replay([entry(step("1", "outreach"), "2025-01-01")], TRACK)
    assert [one.change for one in tell_track(held, on("2025-02-01"))] == [derived[0].change.id]


@given(streams(steps, largest=10))
def test_the_last_word_of_a_timeline_is_the_standing_of_its_track(entries):
    for known in (entries[0].known_at, entries[-1].known_at + timedelta(days=1)):
        held = history(*entries, subject=TRACK)
        view, found = standing(held, known, known), tell_track(held, known)
        counted = [one for one in found if one.move not in {Move.DENIED, Move.RETRACTED}]
        assert (counted[-1].after if counted else Stage.DENIED) == (
            view.status if view else "denied"
        )
        assert [one.before for one in found[1:]] == [one.after for one in found[:-1]]


def test_a_step_cites_measures_by_key_and_by_the_title_of_a_legal_text():
    texts = [
        {"kind": "instrument", "title": "EO 14257"},
        {"kind": "press_report", "title": "Talks"},
        {"kind": "instrument"},
    ]
    terms = {"measures": ["us-reciprocal-jp", 7, "us-reciprocal-jp"]}
    given_step = read(step("1", "framework", terms=terms, evidence=texts)).data
    assert cited_measures(given_step) == ("us-reciprocal-jp", "EO 14257")
    assert cited_measures(read(step("1", "framework", terms={"measures": "all"})).data) == ()
    assert cited_measures(read(step("1", "framework")).data) == ()
