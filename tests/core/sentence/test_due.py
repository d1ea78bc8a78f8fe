"""What time brings, in the sentence that a trader would write."""

from datetime import timedelta
from uuid import UUID

import pytest

from service.core.change.derive import weigh
from service.core.clock import turnings_of
from service.core.event import Turn
from service.core.message import Addressed, Told, webhook_body
from service.core.message.contents import contents_of
from service.core.sentence.headline import LONGEST_HEADLINE, headline
from service.core.sentence.phrase import width_of
from service.core.sentence.sentence import say
from tests.core.builders import SUBJECT, entry, measure, on, replay, threat
from tests.core.clock_streams import tick_of

KNOWN = "2025-03-02"
START = "2025-04-10T00:01:00-04:00"
LATER = "2025-04-20T00:01:00-04:00"
ORDER = {"instrument": {"kind": "executive_order", "number": "14266"}, "announced_at": "2025-03-01"}
LAW = " Law: EO 14266. Programme: S301-test."
CN = "US duty on goods of China"
ON, OFF = "10 Apr 2025 00:01 New York", "20 Apr 2025 00:01 New York"
SPAN = f"10 Apr 2025 00:01, until {OFF}"


def law(name="law", action="imposed", **more):
    return measure(name, action, **ORDER | more)


BASE = law("base", rate="84", effective_at="2025-04-01")
OPEN = law("base", effective_at="2025-04-01")
TRANSIT = {"loaded_before": "2025-04-05T00:01:00-04:00", "entered_before": START}


def replayed(events):
    return replay([entry(one, KNOWN) for one in events])[0].fold


def struck(events, place=0, lead=None):
    held, _ = replay([entry(one, KNOWN) for one in events])
    one = turnings_of(held.fold, on("2025-04-06"))[place]
    seen = one.at + timedelta(seconds=5) - timedelta(days=lead or 0)
    return weigh(tick_of(SUBJECT, one, seen, lead), held).change


def paused(**more):
    return law("pause", "suspended", effective_at=START, **more)


def windowed(**stated):
    return law("base", rate="84", effective_at="2025-04-01", apply={"in_transit": stated})


@pytest.mark.parametrize(
    ("events", "place", "expected"),
    [
        (
            [law(rate="25", effective_at=START)],
            0,
            f"In force now: {CN}: none → 25 % on top of other duties since {ON}.",
        ),
        (
            [law(rate="25", effective_at=START, until=LATER)],
            0,
            (f"In force now: {CN}: none → 25 % on top of other duties since {SPAN}."),
        ),
        (
            [BASE, law("up", "increased", rate="125", effective_at=START)],
            0,
            f"In force now: {CN}: 84 % → 125 % since {ON}.",
        ),
        (
            [law(effective_at=START)],
            0,
            f"In force now: {CN}: in force (rate not stated) since {ON}.",
        ),
        (
            [OPEN, law("up", "increased", rate="125", effective_at=START)],
            0,
            (f"In force now: {CN}: rate not stated → 125 % on top of other duties since {ON}."),
        ),
        (
            [BASE, paused(until=LATER), law("new", "increased", rate="15", effective_at=LATER)],
            1,
            (f"In force now: {CN}: suspended → 15 % on top of other duties since {OFF}."),
        ),
        (
            [BASE, paused(until=LATER, rate="10")],
            0,
            (f"Suspended now: {CN}: 84 % suspended since {SPAN}; 10 % applies meanwhile."),
        ),
        (
            [OPEN, paused()],
            0,
            f"Suspended now: {CN}: suspended since {ON}, no end stated.",
        ),
        (
            [BASE, paused(until=LATER, rate="10")],
            1,
            (f"In force again: {CN}: 10 % while suspended → 84 % again since {OFF}."),
        ),
        (
            [OPEN, paused(until=LATER)],
            1,
            (f"In force again: {CN}: suspended → in force again (rate not stated) since {OFF}."),
        ),
        (
            [BASE, law("end", "terminated", effective_at=START)],
            0,
            f"Ended: {CN}: 84 % → none (terminated) since {ON}.",
        ),
        (
            [law(rate="5", effective_at=LATER), law("off", "terminated", effective_at=START)],
            0,
            f"Ended: {CN}: 5 % → none (cancelled before it began) since {ON}.",
        ),
        (
            [
                law("one", rate="5", effective_at="2025-04-01", until=START),
                law("two", "increased", rate="6", effective_at=LATER),
            ],
            0,
            f"Ended: {CN}: 5 % → none (its term has run out) since {ON}.",
        ),
        (
            [BASE, law("off", "exempted", effective_at=START)],
            0,
            f"Exempt now: {CN}: 84 % → exempt since {ON}.",
        ),
        (
            [BASE, law("off", "exempted", rate="4", effective_at=START)],
            0,
            f"Exempt now: {CN}: 84 % → 4 % since {ON}.",
        ),
        (
            [BASE, law("off", "exempted", effective_at="2025-04-02", until=START)],
            0,
            f"Exemption ended: {CN}: exempt → 84 % since {ON}.",
        ),
        (
            [windowed(**TRANSIT)],
            0,
            (
                f"In-transit window closed: {CN}: 84 % also on goods loaded before"
                f" 5 Apr 2025 00:01 New York that enter from {ON}."
            ),
        ),
        (
            [windowed(entered_before=START)],
            0,
            (
                f"In-transit window closed: {CN}: 84 % also on goods in transit that enter from"
                f" {ON}."
            ),
        ),
        (
            [windowed(loaded_before=START)],
            0,
            (f"In-transit window closed: {CN}: 84 % also on goods loaded from {ON}."),
        ),
    ],
)
def test_what_has_come_is_one_sentence(events, place, expected):
    change = struck(events, place)
    assert say(change) == expected + LAW
    assert width_of(headline(change)) <= LONGEST_HEADLINE


def test_a_threat_that_lapsed_says_what_did_not_come():
    events = [threat("t", rate="50", condition={"deadline": "2025-04-09"})]
    change = struck(events)
    assert say(change).startswith(
        f"Threat lapsed, not law: {CN}: 50 %; the deadline of 9 Apr 2025 has passed."
    )
    assert headline(change).startswith(f"Threat lapsed, not law: {CN}: 50 %, deadline 9 Apr 2025")


@pytest.mark.parametrize(
    ("lead", "events", "place", "expected"),
    [
        (7, [BASE, law("up", "increased", rate="125", effective_at=START)], 0, "In 7 days: "),
        (1, [BASE, law("up", "increased", rate="125", effective_at=START)], 0, "In 1 day: "),
    ],
)
def test_what_is_to_come_says_in_how_many_days(lead, events, place, expected):
    change = struck(events, place, lead)
    assert say(change) == f"{expected}{CN}: 84 % → 125 % from {ON}.{LAW}"
    assert headline(change) == f"{expected}{CN}: 84 % → 125 % from 10 Apr 2025 (S301-test)"


def test_on_the_day_itself_it_is_today():
    """Told late: seven days were asked for, and there was an outage."""
    events = [BASE, law("up", "increased", rate="125", effective_at="2025-04-10T23:00:00-04:00")]
    held, _ = replay([entry(one, KNOWN) for one in events])
    [one] = turnings_of(held.fold, on("2025-04-06"))
    change = weigh(tick_of(SUBJECT, one, one.at - timedelta(hours=2), 7), held).change
    assert say(change).startswith(f"Today: {CN}: 84 % → 125 % from 10 Apr 2025 23:00")


def test_a_threats_deadline_that_is_to_come_is_no_law():
    events = [threat("t", rate="50", condition={"deadline": "2025-04-09"})]
    said = say(struck(events, 0, 7))
    assert said.startswith(f"Threat, not law, deadline in 6 days: {CN}: 50 %; deadline 9 Apr 2025.")


def test_ahead_of_a_deadline_what_is_law_today_is_said():
    """The pause ends before the deadline: it would be wrong to say today that it has."""
    threatened = threat("t", rate="50", condition={"deadline": "2025-04-20"})
    held = [BASE, paused(until=LATER), threatened]
    at = next(
        place
        for place, one in enumerate(turnings_of(replayed(held), on("2025-04-06")))
        if one.turn is Turn.THREAT_LAPSED
    )
    assert f"Law now: 84 %, suspended until {OFF}." in say(struck(held, at, 7))
    assert "Law now: 84 %." in say(struck(held, at))


@pytest.mark.parametrize(
    ("certainty", "noun"),
    [
        ("reported", "Reported threat"),
        ("unnamed", "Threat (unnamed sources)"),
        ("rumour", "Rumoured threat"),
    ],
)
def test_how_sure_a_threat_was_is_said_of_its_deadline_too(certainty, noun):
    events = [threat("t", rate="50", certainty=certainty, condition={"deadline": "2025-04-09"})]
    assert say(struck(events)).startswith(f"{noun} lapsed, not law: {CN}: 50 %")
    ahead = f"{noun}, not law, deadline in 6 days: {CN}: 50 %"
    assert headline(struck(events, 0, 7)).startswith(ahead)


def test_on_its_last_day_the_deadline_is_today():
    events = [threat("t", rate="50", condition={"deadline": "2025-04-09"})]
    held, _ = replay([entry(one, KNOWN) for one in events])
    [one] = turnings_of(held.fold, on("2025-04-06"))
    change = weigh(tick_of(SUBJECT, one, one.at - timedelta(hours=2), 7), held).change
    assert say(change).startswith(f"Threat, not law, deadline today: {CN}: 50 %; deadline 9 Apr")


CHINAS = {"kind": "country", "members": ["CN", "HK", "MO"]}
BUT_TWO = {"kind": "all", "except": ["CA", "MX"]}


@pytest.mark.parametrize(
    ("origin", "lead", "said"),
    [
        (CHINAS, None, "China, Hong Kong and Macau: 84 % in transit since 10 Apr 2025"),
        (BUT_TWO, 7, "but Canada and Mexico: in-transit window closes 10 Apr 2025"),
    ],
)
def test_a_subject_line_without_room_says_when_the_window_closes(origin, lead, said):
    base = windowed(**TRANSIT)
    base["data"] |= {"origin": origin}
    assert headline(struck([base], 0, lead)).endswith(said)


def test_a_subject_line_without_room_says_what_it_comes_to_and_when():
    """The lead says what happens."""
    whose = {"kind": "all", "except": ["CA", "MX", "JP", "VN"]}
    far = {"origin": whose, "effective_at": "2025-04-01"}
    rise = law("up", "increased", rate="125", **far | {"effective_at": START})
    line = headline(struck([law("base", rate="84", **far), rise]))
    assert line.startswith("In force now: US duty on goods of all origins but ")
    assert line.endswith(": 125 % since 10 Apr 2025")


@pytest.mark.parametrize("lead", [None, 7])
def test_a_deadline_is_no_instant_of_effect(lead):
    events = [threat("t", rate="50", condition={"deadline": "2025-04-09"})]
    facts = dict(contents_of(struck(events, 0, lead)).facts)
    assert facts["Deadline"] == "9 Apr 2025"
    assert "Takes effect" not in facts
    assert "Takes effect" in dict(contents_of(struck([law(rate="5", effective_at=START)])).facts)


def test_the_body_says_what_it_is_ahead_of():
    addressed = Addressed(
        delivery_id=UUID(int=1),
        source="urn:x",
        dataschema="https://x.example/alert",
        href_base="https://x.example",
        matched=(Told(subscription="s", name="n", reason="r"),),
    )
    body = webhook_body(struck([law(rate="25", effective_at=START)], 0, 7), delivery=addressed)
    assert body["data"]["lead"] == 7
    assert body["data"]["kinds"] == ["upcoming", "entered_into_force"]
    assert body["data"]["cause"]["type"] == "tariff.clock"
    come = webhook_body(struck([law(rate="25", effective_at=START)]), delivery=addressed)
    assert "lead" not in come["data"]
