"""What became of each threat: met, withdrawn, lapsed or carried out; when, and by which event."""

from dataclasses import replace

import pytest

from service.core.change import Kind
from service.core.change.derive import weigh
from service.core.event import Unreadable
from service.core.sentence.sentence import say
from service.core.standing import History
from tests.core.builders import (
    OTHER_SOURCE,
    SOURCE,
    SUBJECT,
    claim,
    entry,
    history,
    measure,
    on,
    read,
    ref,
    replay,
    stands,
    threat,
)

ULTIMATUM = entry(
    threat(
        "said",
        rate="50",
        announced_at="2025-04-07",
        condition={
            "text": "unless China takes its 34 % back",
            "actor": "CN",
            "deadline": "2025-04-08",
        },
    ),
    "2025-04-07T15:00",
)
MET = entry(
    measure(
        "met",
        "threat_withdrawn",
        certainty="announced",
        announced_at="2025-04-08T10:00Z",
        withdraws=ref("said"),
        met=True,
    ),
    "2025-04-08T12:00",
)
BACK = entry(
    measure("back", "threat_withdrawn", certainty="announced", withdraws=ref("said")),
    "2025-04-08T13:00",
)
DONE = entry(
    measure("done", rate="50", announced_at="2025-04-09T14:00Z", realises=ref("said")),
    "2025-04-09T15:00",
)


def end(*entries, at="2025-06-01", known=None):
    """State, when and by what of the first claim."""
    one = stands(history(ULTIMATUM, *entries), at, known or "2025-06-01").claims[0]
    return (one.state, one.ended_at and one.ended_at.at, one.ended_by and one.ended_by[1])


MIDNIGHT = on("2025-04-08T04:00")
"""A bare day begins at midnight in Washington."""


@pytest.mark.parametrize(
    ("entries", "became"),
    [
        ((), ("lapsed", MIDNIGHT, None)),
        ((MET,), ("met", on("2025-04-08T10:00"), "met")),
        ((BACK,), ("withdrawn", on("2025-04-08T13:00"), "back")),
        ((DONE,), ("realised", on("2025-04-09T14:00"), "done")),
        ((BACK, DONE), ("realised", on("2025-04-09T14:00"), "done")),
    ],
)
def test_what_became_of_a_threat_is_said_with_when_and_by_which_event(entries, became):
    assert end(*entries) == became


def test_it_is_open_until_then_whatever_was_heard_later():
    assert end(MET, at="2025-04-08T09:59") == ("open", None, None)
    assert end(MET, at="2025-04-08T10:00")[0] == "met"
    assert end(DONE, at="2025-04-09T04:00")[0] == "lapsed"


def test_as_known_before_the_event_it_was_open_or_had_lapsed():
    assert end(MET, at="2025-04-08T11:00", known="2025-04-08T11:00")[0] == "open"
    assert end(MET, at="2025-04-10", known="2025-04-08T11:00")[0] == "lapsed"
    assert end(MET, at="2025-04-10", known="2025-04-08T12:00")[0] == "met"


def test_a_withdrawal_that_is_denied_leaves_the_threat_as_it_was():
    no = entry(claim("no", "back", "denied"), "2025-04-08T14:00")
    assert end(BACK, no, at="2025-04-08T15:00") == ("open", None, None)
    assert stands(history(ULTIMATUM, BACK, no), "2025-04-08T15:00").status == "threatened"
    again = entry(claim("so", "no"), "2025-04-08T16:00")
    assert end(BACK, no, again)[0] == "withdrawn"


def test_what_is_dated_later_than_it_was_known_ends_it_when_it_was_known():
    event = measure("b", "threat_withdrawn", announced_at="2025-05-01", withdraws=ref("said"))
    assert end(entry(event, "2025-04-08T12:00")) == ("withdrawn", on("2025-04-08T12:00"), "b")


def test_one_that_both_carries_out_and_takes_back_the_same_takes_it_back():
    event = measure("b", realises=ref("said"), withdraws=ref("said"))
    assert end(entry(event, "2025-04-08T12:00"))[0] == "withdrawn"


def test_a_threat_that_was_met_threatens_nobody():
    assert stands(history(ULTIMATUM, MET), "2025-04-08T20:00").status == "withdrawn"


def test_that_it_was_met_is_said_of_a_threat_that_is_named():
    with pytest.raises(Unreadable, match="name the threat under `withdraws`"):
        read(measure("met", "threat_withdrawn", met=True))
    assert read(measure("met", "threat_withdrawn", met=False)).data.met is False


# By an event of another subject


def heard(*echoes, at="2025-06-01", known=None):
    """As `end`, of a history that holds the threat alone and has heard of others' events."""
    held = replace(history(ULTIMATUM), echoes=echoes)
    view = stands(held, at, known or "2025-06-01")
    return (view.status, view.claims[0].state, view.claims[0].ended_by)


@pytest.mark.parametrize(
    ("echoes", "became"),
    [
        ((), ("never_implemented", "lapsed", None)),
        ((MET,), ("withdrawn", "met", (SOURCE, "met"))),
        ((BACK,), ("withdrawn", "withdrawn", (SOURCE, "back"))),
        ((DONE,), ("carried_out", "realised", (SOURCE, "done"))),
        ((BACK, DONE), ("carried_out", "realised", (SOURCE, "done"))),
        ((DONE, entry(claim("no", "done"), "2025-04-10")), ("never_implemented", "lapsed", None)),
        (
            (DONE, entry(claim("no", "done", "denied"), "2025-04-10")),
            ("never_implemented", "lapsed", None),
        ),
    ],
)
def test_what_another_subject_says_of_a_threat_ends_it_and_states_no_law_here(echoes, became):
    assert heard(*echoes) == became


def test_an_event_of_another_subject_counts_once():
    once = history(ULTIMATUM).with_echo(DONE)
    assert once.with_echo(DONE) is once
    assert (once.size, once.every) == (2, (ULTIMATUM, DONE))


def test_another_subject_is_heard_of_when_that_is_known():
    assert heard(DONE, at="2025-04-10", known="2025-04-09T14:59")[1] == "lapsed"
    assert heard(DONE, at="2025-04-10", known="2025-04-09T15:00")[1] == "realised"


def test_an_open_threat_beside_one_that_was_carried_out_still_threatens():
    held = replace(history(ULTIMATUM, entry(threat("2", rate="9"), "2025-04-08")), echoes=(DONE,))
    assert stands(held, "2025-04-10").status == "threatened"


# In words


def said(*entries):
    return say(replay([ULTIMATUM, *entries])[1][-1].change)


def test_what_is_taken_back_is_said_whichever_measure_it_was_said_of():
    """And of a change that an earlier release wrote, by the claims that it holds."""
    other = history(ULTIMATUM, subject="measure:other").by_identity
    elsewhere = weigh(MET, history(), other).change
    here = replay([ULTIMATUM, MET])[1][-1].change
    older = replace(here, takes_back=None)
    assert {say(one).partition(": ")[2] for one in (elsewhere, here, older)} == {
        say(here).partition(": ")[2]
    }
    assert "50 % no longer threatened (deadline was 8 Apr 2025)" in say(elsewhere)
    assert elsewhere.takes_back.deadline == here.takes_back.deadline


@pytest.mark.parametrize(
    ("echoes", "seen", "settled"),
    [
        ([DONE], "2025-04-10", "It has been carried out already."),
        ([BACK], "2025-04-10", "It has been taken back already."),
        ([MET], "2025-04-10", "It has been taken back already."),
        ([], "2025-04-10", "Its deadline has passed already."),
        ([], "2025-04-07T16:00", ""),
    ],
)
def test_a_threat_that_comes_late_says_what_became_of_it(echoes, seen, settled):
    heard = History(SUBJECT, echoes=tuple(echoes))
    late = weigh(replace(ULTIMATUM, seen_at=on(seen)), heard).change
    assert late.kinds == (Kind.THREAT_ISSUED,)
    assert settled in say(late)
    assert ("already" in say(late)) is bool(settled)


def test_an_alert_says_that_the_condition_was_met():
    assert replay([ULTIMATUM, MET])[1][-1].change.kinds == (Kind.THREAT_WITHDRAWN,)
    assert "no longer threatened (deadline was 8 Apr 2025). Its condition was met." in said(MET)
    assert "condition was met" not in said(BACK)


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ({"action": "threatened"}, {}, "Threatened on 1 Apr 2025, now law."),
        (
            {"action": "threatened", "certainty": "unnamed"},
            {},
            "Threat reported on 1 Apr 2025, now law.",
        ),
        (
            {"action": "threatened", "certainty": "rumour"},
            {},
            "Threat rumoured on 1 Apr 2025, now law.",
        ),
        ({"certainty": "announced"}, {}, "Announced on 1 Apr 2025, now law."),
        ({"certainty": "official_statement"}, {}, "Said on record on 1 Apr 2025, now law."),
        ({"certainty": "reported"}, {}, "Reported on 1 Apr 2025, now law."),
        ({"certainty": "unnamed"}, {}, "Reported on 1 Apr 2025, now law."),
        ({"certainty": "rumour"}, {}, "Rumoured on 1 Apr 2025, now law."),
        ({"certainty": "instrument"}, {}, "Enacted on 1 Apr 2025, now law."),
        (
            {"certainty": "rumour"},
            {"certainty": "announced"},
            "Rumoured on 1 Apr 2025, now announced by the authority.",
        ),
    ],
)
def test_what_carries_out_something_says_what_and_since_when(first, second, words):
    fields = {"action": "imposed", "certainty": "official_statement"} | first
    earlier = entry(measure("1", **fields, announced_at="2025-04-01", rate="9"), "2025-04-02")
    later = entry(measure("2", "increased", **second, rate="12", realises=ref("1")), "2025-04-03")
    change = replay([earlier, later])[1][-1].change
    assert words in say(change)
    assert change.carries_out.event == (SOURCE, "1")
    assert change.carries_out.change == change.previous


def test_without_a_date_of_its_own_it_counts_from_when_it_was_known():
    earlier = entry(threat("1", rate="9"), "2025-04-02")
    later = entry(measure("2", rate="9", realises=ref("1")), "2025-04-03")
    assert "Threatened on 1 Apr 2025, now law." in say(replay([earlier, later])[1][-1].change)


@pytest.mark.parametrize(
    "given",
    [
        measure("2", rate="9"),
        measure("2", rate="9", realises=ref("1", OTHER_SOURCE)),
    ],
)
def test_what_carries_out_nothing_we_know_says_nothing_of_it(given):
    earlier = entry(threat("1", rate="9"), "2025-04-02")
    change = replay([earlier, entry(given, "2025-04-03")])[1][-1].change
    assert change.carries_out is None
    assert "now law" not in say(change)


def test_a_verdict_is_not_what_can_be_carried_out():
    entries = [
        entry(threat("1", rate="9"), "2025-04-02"),
        entry(claim("2", "1", "confirmed"), "2025-04-03"),
        entry(measure("3", rate="9", realises=ref("2")), "2025-04-04"),
    ]
    assert replay(entries)[1][-1].change.carries_out is None
