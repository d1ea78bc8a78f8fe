"""Which changes speak of earlier ones, and the reason that is given for hearing of them."""

from datetime import UTC, datetime

import pytest

from service.core.change.derive import weigh
from service.core.clock import turnings_of
from service.core.event import Verdict
from service.core.match.following import follow, followed_by
from tests.core.builders import (
    SOURCE,
    SUBJECT,
    TRACK,
    claim,
    entry,
    measure,
    on,
    ref,
    replay,
    step,
    threat,
)
from tests.core.clock_streams import tick_of

TOLD = datetime(2025, 4, 7, 23, 59, tzinfo=UTC)


def changes(*events, subject=None):
    """The change of each event."""
    entries = [entry(event, f"2025-04-0{day}") for day, event in enumerate(events, 1)]
    derived = replay(entries, **({"subject": subject} if subject else {}))[1]
    return [one.change for one in derived]


def reason(*events, subject=None):
    first, *_, last = changes(*events, subject=subject)
    return follow(last, first, TOLD).reason.removeprefix("you were told on 7 Apr 2025 of the ")


def test_a_change_speaks_of_what_it_assesses_carries_out_or_takes_back():
    both = measure("2", realises=ref("1"), withdraws=ref("0"), rate="9")
    verdict, law = changes(threat("1"), claim("v", "1", "denied"), both)[1:]
    assert followed_by(verdict) == ((SOURCE, "1"),)
    assert followed_by(law) == ((SOURCE, "1"), (SOURCE, "0"))
    once = measure("2", realises=ref("1"), withdraws=ref("1"), rate="9")
    assert followed_by(changes(threat("1"), once)[1]) == ((SOURCE, "1"),)


def test_what_speaks_of_nothing_follows_nothing():
    assert followed_by(changes(measure("1", rate="9"))[0]) == ()
    assert followed_by(changes(step("1", "outreach"), subject=TRACK)[0]) == ()


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_verdict_is_the_verb(verdict):
    verb = {"confirmed": "confirms", "denied": "denies"} | {
        "disputed": "disputes",
        "retracted": "retracts",
    }
    assert reason(threat("1"), claim("2", "1", verdict)) == f"threat that this {verb[verdict]}"


def test_both_of_what_one_event_names_are_said_apart():
    both = measure("2", realises=ref("1"), withdraws=ref("0"), rate="9")
    old, new, law = changes(threat("0"), threat("1", rate="9"), both)
    assert follow(law, new, TOLD).reason.endswith("threat that this carries out")
    assert follow(law, old, TOLD).reason.endswith("threat that this takes back")


@pytest.mark.parametrize(
    ("first", "noun"),
    [
        (threat("1"), "threat"),
        (threat("1", certainty="reported"), "threat"),
        (threat("1", certainty="rumour"), "rumour"),
        (measure("1", certainty="rumour"), "rumour"),
        (measure("1", certainty="unnamed"), "report"),
        (measure("1", certainty="reported"), "report"),
        (measure("1", certainty="official_statement"), "statement"),
        (measure("1", certainty="announced", rate="9"), "announcement"),
        (measure("1", rate="9"), "law"),
    ],
)
def test_what_one_was_told_of_is_named_by_how_sure_it_was(first, noun):
    assert reason(first, claim("2", "1", "denied")) == f"{noun} that this denies"


def test_talks_are_named_alike():
    words = reason(step("1", "outreach"), claim("2", "1", "denied"), subject=TRACK)
    assert words == "statement that this denies"


@pytest.mark.parametrize(
    ("verdict", "noun"),
    [("confirmed", "confirmation"), ("denied", "denial"), ("disputed", "dispute")],
)
def test_a_verdict_on_a_verdict_names_the_first(verdict, noun):
    found = changes(threat("1"), claim("2", "1", verdict), claim("3", "2", "retracted"))
    assert follow(found[2], found[1], TOLD).reason.endswith(f"of the {noun} that this retracts")


def strikes(*events):
    """The first change of these, and what the next turning brings by itself."""
    held, made = replay([entry(one, "2025-04-01") for one in events])
    turning, *_ = turnings_of(held.fold, on("2025-04-02"))
    return made[0].change, weigh(tick_of(SUBJECT, turning, turning.at), held).change


def test_that_a_threat_lapses_is_told_to_who_was_told_of_the_threat():
    deadline = {"text": "unless talks begin", "deadline": "2025-04-09T00:00:00+00:00"}
    first, lapse = strikes(threat("1", condition=deadline))
    assert followed_by(lapse) == ((SOURCE, "1"),)
    assert follow(lapse, first, TOLD).reason == (
        "you were told on 7 Apr 2025 of the threat that has lapsed"
    )


def test_what_comes_into_force_speaks_of_nothing_new():
    law = measure("2", realises=ref("1"), rate="9", effective_at="2025-04-10T00:00:00+00:00")
    _, begun = strikes(threat("1"), law)
    assert begun.headline == "entered_into_force"
    assert followed_by(begun) == ()
