"""What stands, at any instant and as known at any instant."""

from datetime import timedelta

import pytest

from service.core.standing import standing
from service.core.standing.history import History
from tests.core.builders import (
    OTHER_SOURCE,
    SOURCE,
    SUBJECT,
    TRACK,
    claim,
    entry,
    history,
    measure,
    on,
    ref,
    stands,
    step,
    threat,
)

LAW = entry(measure("law", effective_at="2025-02-01T00:00Z", rate="10"), "2025-01-01")
THREAT = entry(threat("threat", rate="50"), "2025-03-01")


def status(*entries, at="2025-06-01", known=None):
    return stands(history(*entries), at, known).status


def states(*entries, at="2025-06-01"):
    return [one.state for one in stands(history(*entries), at).claims]


def test_nothing_stands_before_the_first_event():
    assert standing(History(SUBJECT), on("2025-01-01"), on("2025-01-01")) is None
    assert standing(history(LAW), on("2025-01-01"), on("2024-12-31")) is None
    assert standing(History(TRACK), on("2025-01-01"), on("2025-01-01")) is None


def test_the_present_the_past_and_the_past_as_then_known():
    raised = entry(
        measure("2", "increased", effective_at="2025-03-01T00:00Z", rate="20"), "2025-05-01"
    )
    held = history(LAW, raised)
    assert stands(held, "2025-06-01").duty.percent == 20
    assert stands(held, "2025-04-01", "2025-06-01").duty.percent == 20
    assert stands(held, "2025-04-01", "2025-04-01").duty.percent == 10
    assert stands(held, "2025-02-01", "2025-06-01").duty.percent == 10


def test_time_alone_changes_a_status():
    instant = on("2025-02-01")
    assert standing(history(LAW), instant - timedelta(seconds=1), instant).status == "scheduled"
    assert standing(history(LAW), instant, instant).status == "in_force"


def test_terms_that_begin_later_are_upcoming_in_their_order():
    held = history(
        LAW,
        entry(measure("3", "increased", effective_at="2025-09-01", rate="30"), "2025-03-01"),
        entry(measure("2", "increased", effective_at="2025-07-01", rate="20"), "2025-03-02"),
    )
    assert [one.duty.percent for one in stands(held, "2025-04-01").upcoming] == [20, 30]
    assert [one.duty.percent for one in stands(held, "2025-08-01").upcoming] == [30]


def test_a_measure_says_whom_it_concerns_and_what_it_cites():
    eo = {"kind": "executive_order", "number": "14195"}
    found = stands(history(entry(measure("1", instrument=eo), "2025-01-01")), "2025-02-01")
    assert (found.subject, found.importer, found.programme) == (SUBJECT, "US", "S301-test")
    assert found.origin.members == ("CN",)
    assert found.citations[0].number == "14195"


def test_a_threat_is_threatened_never_in_force():
    assert status(THREAT) == "threatened"
    found = stands(history(THREAT), "2025-06-01")
    assert (found.duty, found.applied, found.law) == (None, None, ())
    assert found.claims[0].duty.percent == 50
    assert found.claims[0].state == "open"


def test_a_threat_stands_beside_the_law_and_leaves_it():
    assert status(LAW, THREAT) == "in_force"
    found = stands(history(LAW, THREAT), "2025-06-01")
    assert found.law == stands(history(LAW), "2025-06-01").law
    assert found.law
    assert found.certainty == "instrument"
    assert len(found.claims) == 1


def test_a_threat_withdrawn_by_name_is_withdrawn():
    taken_back = entry(
        measure("2", "threat_withdrawn", certainty="announced", withdraws=ref("threat")),
        "2025-04-01",
    )
    assert status(THREAT, taken_back) == "withdrawn"
    assert states(THREAT, taken_back) == ["withdrawn", "open"]
    assert status(THREAT, taken_back, at="2025-03-15") == "threatened"


def test_a_withdrawal_is_never_inferred_from_resemblance():
    taken_back = entry(measure("2", "threat_withdrawn", certainty="announced"), "2025-04-01")
    assert status(THREAT, taken_back) == "threatened"
    assert status(taken_back) == "withdrawn"


def test_a_threat_carried_out_is_realised():
    done = entry(
        measure("2", realises=ref("threat"), effective_at="2025-04-02", rate="50"), "2025-04-01"
    )
    assert status(THREAT, done) == "in_force"
    assert states(THREAT, done) == ["realised"]


@pytest.mark.parametrize(
    "less_sure",
    [
        measure("3", certainty="reported", realises=ref("threat")),
        measure("3", "threat_withdrawn", certainty="rumour", withdraws=ref("threat")),
    ],
)
def test_a_threat_is_settled_by_nobody_who_is_less_sure(less_sure):
    """Only law carries a threat out; a rumour that it is off leaves it open."""
    said = entry(less_sure, "2025-04-01")
    assert status(THREAT, said) == "threatened"
    assert states(THREAT, said)[0] == "open"


def test_a_threat_whose_deadline_passes_has_lapsed():
    ultimatum = entry(
        threat("t", condition={"text": "unless lifted", "deadline": "2025-04-08T16:00Z"}),
        "2025-04-07",
    )
    assert states(ultimatum, at="2025-04-08T15:59") == ["open"]
    assert states(ultimatum, at="2025-04-08T16:00") == ["lapsed"]
    assert status(ultimatum, at="2025-04-08T15:59") == "threatened"
    assert status(ultimatum, at="2025-04-08T16:00") == "never_implemented"
    found = stands(history(ultimatum), "2025-04-08").claims[0]
    assert (found.condition, found.deadline.at) == ("unless lifted", on("2025-04-08T16:00"))


def test_a_report_is_at_most_a_proposal():
    report = entry(measure("r", certainty="reported", rate="25"), "2025-03-01")
    assert status(report) == "proposed"
    assert stands(history(report), "2025-06-01").duty is None


def test_a_report_that_was_taken_back_is_withdrawn():
    report = entry(measure("r", certainty="reported", rate="25"), "2025-03-01")
    back = measure("2", "threat_withdrawn", certainty="reported", withdraws=ref("r"))
    assert status(report, entry(back, "2025-04-01")) == "withdrawn"


def test_a_denied_threat_threatens_nobody():
    denied = entry(claim("2", "threat", "denied"), "2025-04-01")
    assert status(THREAT, denied) == "withdrawn"
    assert stands(history(THREAT, denied), "2025-06-01").claims[0].verdict == "denied"


@pytest.mark.parametrize("verdict", ["confirmed", "disputed"])
def test_a_verdict_short_of_denial_leaves_a_threat(verdict):
    held = (THREAT, entry(claim("2", "threat", verdict), "2025-04-01"))
    assert status(*held) == "threatened"
    assert stands(history(*held), "2025-06-01").claims[0].verdict == verdict


def test_a_denial_of_law_does_not_move_it():
    assert status(LAW, entry(claim("2", "law", "denied"), "2025-04-01")) == "in_force"


def test_claims_are_as_sure_as_the_surest_that_is_open():
    rumour = entry(threat("r", certainty="rumour"), "2025-02-01")
    assert stands(history(rumour, THREAT), "2025-06-01").certainty == "official_statement"
    back = entry(
        measure("w", "threat_withdrawn", certainty="official_statement", withdraws=ref("threat")),
        "2025-04-01",
    )
    assert stands(history(rumour, THREAT, back), "2025-06-01").certainty == "official_statement"
    assert stands(history(rumour, THREAT), "2025-06-01").certainty == "official_statement"
    unsure = entry(
        measure("w", "threat_withdrawn", certainty="rumour", withdraws=ref("r")), "2025-04-01"
    )
    assert stands(history(rumour, unsure), "2025-06-01").certainty == "rumour"
    lapsed = entry(
        threat("x", certainty="reported", condition={"deadline": "2025-03-02"}), "2025-03-01"
    )
    assert stands(history(lapsed), "2025-06-01").certainty == "reported"


def test_a_retraction_restores_the_rate_that_stands_without_it():
    raised = entry(measure("2", "increased", effective_at="2025-03-01", rate="20"), "2025-02-20")
    gone = entry(claim("3", "2"), "2025-05-01")
    held = history(LAW, raised, gone)
    assert stands(held, "2025-04-30").duty.percent == 20
    assert stands(held, "2025-06-01").duty.percent == 10
    assert stands(held, "2025-06-01") == stands(history(LAW), "2025-06-01")


def test_a_measure_whose_only_event_is_retracted_is_none():
    held = history(LAW, entry(claim("3", "law"), "2025-05-01"))
    assert standing(held, on("2025-06-01"), on("2025-06-01")) is None


def test_a_chain_of_extensions_is_one_pause():
    held = history(
        LAW,
        entry(
            measure("2", "suspended", effective_at="2025-04-09", until="2025-07-09"), "2025-04-09"
        ),
        entry(
            measure("3", "extended", effective_at="2025-07-09", until="2025-08-01"), "2025-07-07"
        ),
        entry(
            measure("4", "extended", effective_at="2025-08-01", until="2025-08-07"), "2025-07-31"
        ),
    )
    assert stands(held, "2025-05-01", "2025-08-01").until.day.isoformat() == "2025-08-07"
    assert stands(held, "2025-05-01", "2025-07-10").until.day.isoformat() == "2025-08-01"
    assert [len(stands(held, at, "2025-08-01").pauses) for at in ("2025-05-01", "2025-08-02")] == [
        3,
        1,
    ]


def test_an_open_pause_has_no_end():
    paused = entry(measure("2", "suspended", effective_at="2025-04-09"), "2025-04-09")
    inner = entry(
        measure("3", "suspended", effective_at="2025-04-10", until="2025-05-10"), "2025-04-10"
    )
    assert stands(history(LAW, paused), "2025-05-01").until is None
    assert stands(history(LAW, paused, inner), "2025-06-01").until is None


def test_two_sources_on_one_rung_that_disagree_are_both_kept():
    one = entry(measure("1", certainty="reported", rate="25", source=SOURCE), "2025-03-01")
    two = entry(measure("2", certainty="reported", rate="30", source=OTHER_SOURCE), "2025-03-02")
    found = stands(history(one, two), "2025-06-01")
    assert found.conflicts == (((SOURCE, "1"), (OTHER_SOURCE, "2")),)
    assert len(found.claims) == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"rate": "25"},
        {"rate": "30", "source": SOURCE},
        {"rate": "30", "certainty": "rumour"},
        {"rate": "30", "effective_at": "2025-05-01"},
        {"rate": "30", "action": "corrected"},
        {},
    ],
)
def test_agreement_correction_or_another_rung_is_no_conflict(fields):
    one = entry(measure("1", certainty="reported", rate="25"), "2025-03-01")
    stated = {"certainty": "reported", "source": OTHER_SOURCE} | fields
    two = entry(measure("2", **stated), "2025-03-02")
    assert stands(history(one, two), "2025-06-01").conflicts == ()


def test_two_texts_of_one_day_conflict_and_a_later_text_supersedes():
    first = measure("1", announced_at="2025-03-01", effective_at="2025-04-01", rate="25")
    same_day = measure(
        "2", announced_at="2025-03-01", effective_at="2025-04-01", rate="26", source=OTHER_SOURCE
    )
    next_day = measure(
        "3", announced_at="2025-03-02", effective_at="2025-04-01", rate="27", source=OTHER_SOURCE
    )
    known = "2025-03-05"
    both = history(entry(first, known), entry(same_day, known))
    assert len(stands(both, "2025-06-01").conflicts) == 1
    assert (
        stands(history(entry(first, known), entry(next_day, known)), "2025-06-01").conflicts == ()
    )


def test_talks_never_touch_a_measure():
    talks = entry(step("s", "agreement_signed"), "2025-03-01")
    assert stands(history(LAW, talks), "2025-06-01") == stands(history(LAW), "2025-06-01")
