"""The walk over six stages, as a table of trails: where each stops, and in which words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from service.core.match.subscription import Rule
from service.core.sending.delivery import State
from service.core.sending.steering import Word
from service.core.why import Verdict, explain
from service.core.why.stage import Name
from service.core.why.stage import State as Passage
from service.core.why.trail import (
    Ended,
    Follower,
    Holder,
    Input,
    Known,
    Matched,
    Pace,
    Place,
    Recipient,
    Sent,
    Trail,
    Tried,
    Withheld,
)
from tests.core.match.match_oracle import change_of, measure

NOW = datetime(2025, 4, 9, 20, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
SOURCE = "https://desk.example"
TO = Recipient(
    id="dst_1", kind="webhook", address="https://hook.example/", state="active", reason=""
)
MAIL = Recipient(id="dst_1", kind="email", address="a@b.example", state="active", reason="")
BOOKS = Input(source=SOURCE, id="e1", place=Place.BOOKS, at=NOW)
CHANGED = Ended(handling="live", outcome="changed", reason="changed", subject="measure:probe")
KNOWN = Known(
    change=change_of(measure()),
    number=7,
    recorded_at=NOW,
    is_open=False,
    word=Word.FREE,
    reason="",
)
FOLLOWER = Follower(
    id="sub_1",
    name="cars",
    rule=Rule.model_validate({"lanes": [{}]}),
    then=None,
    state="active",
    after_change=0,
    created_at=NOW - timedelta(days=1),
    updated_at=NOW - timedelta(days=1),
)
SENT = Sent(
    id=UUID(int=1),
    state=State.DELIVERED,
    reason="taken",
    attempts=1,
    cause="",
    created_at=NOW,
    finished_at=NOW,
    due_at=None,
    matched=[Matched(subscription="sub_1", name="", lane=1, reason="you follow everything")],
)
BASE = Trail(to=TO, input=BOOKS, ended=CHANGED, known=KNOWN, followers=[FOLLOWER], sent=SENT)
UNSENT = replace(BASE, sent=None)


def nowhere(place, **more):
    return Trail(to=TO, input=Input(source=SOURCE, id="e1", place=place, at=NOW, **more))


def unchanged(outcome, **more):
    return Trail(to=TO, input=BOOKS, ended=replace(CHANGED, outcome=outcome, **more))


def known(**changed):
    return replace(UNSENT, known=replace(KNOWN, **changed))


def sent(state, to=TO, **changed):
    return replace(BASE, to=to, sent=replace(SENT, state=state, finished_at=None, **changed))


def held(owner, to=TO, **more):
    holder = Holder(owner=owner, since=NOW, **more)
    return sent(State.HELD, to, holders=[holder])


def follows(**changed):
    return replace(UNSENT, followers=[replace(FOLLOWER, **changed)])


JAPAN = Rule.model_validate({"lanes": [{"importer": "JP"}]})
HOLD = Withheld(reason="restored", is_hold=True, who="kim", since=NOW)
BUSY = Tried(number=2, at=NOW, status=503, reason="busy")
LOST = replace(BUSY, status=None, reason="no route")

STOPS = {
    "never arrived": (nowhere(Place.NOWHERE), "source", "ever arrived"),
    "unread": (nowhere(Place.NOWHERE, unread=3), "source", "Up to 3 accepted records"),
    "not all looked into": (
        nowhere(Place.NOWHERE, is_cut=True),
        "source",
        "not all of them were looked into",
    ),
    "outbox": (nowhere(Place.OUTBOX), "source", "waits in the outbox"),
    "aside": (
        nowhere(Place.QUARANTINE, entry="t-0-1", reason="no JSON"),
        "event",
        "no JSON. Mend what writes it",
    ),
    "aside and found by its bytes": (
        nowhere(Place.QUARANTINE, entry="t-0-1", reason="no JSON", is_guessed=True),
        "event",
        "Its source and id cannot be read",
    ),
    "aside and sent again": (
        nowhere(Place.QUARANTINE, entry="t-0-1", reason="no JSON", settled="replayed"),
        "event",
        "sent again since",
    ),
    "waiting": (unchanged("waiting", reason="waits for x"), "event", "taken up when that"),
    "refused": (unchanged("quarantined", reason="it assesses"), "event", "It was refused"),
    "no change": (unchanged("weaker_claim", reason="weaker"), "change", "(weaker_claim): weaker."),
    "what stood": (
        unchanged("evidence_only", rests_on=("s", "e0")),
        "change",
        "What stood already came with event e0 of s.",
    ),
    "history": (unchanged("history"), "change", "history"),
    "old": (unchanged("changed"), "change", "dropped since"),
    "nobody": (replace(UNSENT, followers=[]), "match", "No subscription tells dst_1"),
    "filter": (follows(rule=JAPAN), "match", "importer the US instead of Japan"),
    "filter changed since": (
        follows(rule=JAPAN, updated_at=LATER),
        "match",
        "is not kept",
    ),
    "another filter then": (
        follows(then=JAPAN, updated_at=LATER),
        "match",
        "did not ask for it: ",
    ),
    "what it would say today": (
        follows(then=JAPAN, updated_at=LATER),
        "match",
        "as it is now it would match.",
    ),
    "asked for it then": (
        follows(rule=JAPAN, then=FOLLOWER.rule, updated_at=LATER),
        "delivery",
        "was changed since",
    ),
    "the same filter then": (
        follows(rule=JAPAN, then=JAPAN, updated_at=LATER),
        "match",
        "does not ask for it: ",
    ),
    "late, whatever it was": (follows(then=JAPAN, after_change=7), "match", "would match, but"),
    "late and another filter": (
        follows(rule=JAPAN, after_change=7),
        "match",
        (
            "“cars” was made on 8 Apr 2025 20:00 UTC, after the change was recorded, and a"
            " subscription is told of what comes after it. Nor does it ask for the like of it: "
        ),
    ),
    "late": (follows(after_change=7), "match", "“cars” would match, but it was made on"),
    "nameless": (follows(after_change=7, name=""), "match", "sub_1 would match"),
    "planning": (known(is_open=True), "delivery", "being planned"),
    "awaiting": (
        known(word=Word.AWAITING, reason="very many"),
        "delivery",
        "waits for a person to approve of telling it (very many).",
    ),
    "rejected": (
        known(word=Word.REJECTED, who="kim", reason="no"),
        "delivery",
        "was rejected: nobody is told of it by kim (no).",
    ),
    "changed since": (UNSENT, "delivery", "was changed since"),
    "unsubscribed": (
        replace(UNSENT, to=replace(MAIL, state="unsubscribed", reason="its reader left")),
        "delivery",
        "its reader left",
    ),
    "paused": (held("sub_1"), "delivery", "“cars” is paused"),
    "paused by one that is gone": (held("sub_9"), "delivery", "sub_9 is paused"),
    "stopped": (
        held("dst_1", replace(TO, state="disabled", reason="410")),
        "delivery",
        "is disabled (410)",
    ),
    "stopped by its owner": (held("dst_1", replace(TO, state="paused")), "delivery", "is paused."),
    "unconfirmed": (
        held("dst_1", replace(MAIL, state="unconfirmed")),
        "delivery",
        "has not confirmed yet",
    ),
    "digest": (
        held("gathering", due_at=LATER, cause="digest:2025-04-10"),
        "delivery",
        "for the digest, until 9 Apr 2025 20:05 UTC",
    ),
    "waits for what nobody knows": (held("gathering"), "delivery", "to be told with others."),
    "halted": (held("halt:7/sub_1"), "delivery", "The change was halted"),
    "recalled": (held("recall:7"), "delivery", "it is being taken back"),
    "kept back": (held("sending"), "delivery", "not among those"),
    "stopped while it waits": (
        held("gathering", replace(TO, state="paused"), due_at=LATER, cause="digest:2025-04-10"),
        "delivery",
        (
            "until 9 Apr 2025 20:05 UTC. Nor would it leave then. It is held, for its destination"
            " is paused."
        ),
    ),
    "sending held while it waits": (
        sent(State.HELD, withheld=HOLD, holders=[Holder(owner="gathering", since=NOW)]),
        "delivery",
        (
            "Nor would it leave then. It is kept back: all sending is held since 9 Apr 2025"
            " 20:00 UTC by kim (restored)."
        ),
    ),
    "waits and is held": (
        sent(
            State.HELD,
            holders=[Holder(owner="gathering", since=NOW), Holder(owner="halt:7", since=NOW)],
        ),
        "delivery",
        "The change was halted",
    ),
    "paused twice": (
        held("sub_1", replace(TO, state="paused")),
        "delivery",
        "Its destination is paused too.",
    ),
    "withheld by the setting": (
        sent(State.PENDING, withheld=Withheld(reason="TARIFFWIRE_SEND=held"), due_at=NOW),
        "delivery",
        "TARIFFWIRE_SEND=held, until the service is started with another. Then release sending",
    ),
    "withheld": (
        sent(State.PENDING, withheld=HOLD, due_at=NOW),
        "delivery",
        (
            "all sending is held since 9 Apr 2025 20:00 UTC by kim (restored). To let it go,"
            " release it: POST /v1/sending/release"
        ),
    ),
    "withheld by the service itself": (
        sent(State.PENDING, withheld=Withheld(reason="restored", is_hold=True), due_at=NOW),
        "delivery",
        "all sending is held (restored).",
    ),
    "queue": (sent(State.PENDING, due_at=NOW), "delivery", "in the queue"),
    "retry": (
        sent(State.PENDING, due_at=LATER, last=BUSY),
        "delivery",
        "tried again on 9 Apr 2025 20:05 UTC. Attempt 2 on 9 Apr 2025 20:00 UTC failed (503): busy",
    ),
    "no answer": (sent(State.PENDING, due_at=LATER, last=LOST), "delivery", "failed: no route"),
    "rest": (
        sent(State.PENDING, pace=Pace(failures=5, rests_until=LATER)),
        "delivery",
        "rests until 9 Apr 2025 20:05 UTC, after 5 failures",
    ),
    "rest that is over": (
        sent(State.PENDING, pace=Pace(failures=5, rests_until=NOW, is_laned=True)),
        "delivery",
        "in the lane of its destination.",
    ),
    "rate": (
        sent(State.PENDING, pace=Pace(rate=2, is_laned=True)),
        "delivery",
        "at 2 a second",
    ),
    "muted": (sent(State.MUTED, reason="muted until May"), "delivery", "muted until May"),
    "superseded": (sent(State.SUPERSEDED, successor=UUID(int=2)), "delivery", str(UUID(int=2))),
    "cancelled": (sent(State.CANCELLED, reason="recalled"), "delivery", "taken back"),
    "expired": (sent(State.FAILED, attempts=0, reason="held too long"), "delivery", "never sent"),
    "failed": (sent(State.FAILED, reason="400"), "receipt", "It was not taken: 400."),
    "bounced": (sent(State.BOUNCED, MAIL, reason="452 full"), "receipt", "gave it up later: 452"),
    "suppressed": (
        sent(State.BOUNCED, MAIL, reason="550 5.1.1", suppressed="550 5.1.1"),
        "receipt",
        "The address gets no mail any more",
    ),
    "suppressed before": (
        replace(
            held("dst_1", MAIL),
            sent=replace(
                SENT,
                state=State.HELD,
                suppressed="550 5.1.1",
                holders=[Holder(owner="dst_1", since=NOW)],
            ),
        ),
        "delivery",
        "a@b.example gets no mail any more: 550 5.1.1",
    ),
}


@pytest.mark.parametrize("name", STOPS)
def test_it_stops_at_one_stage_and_says_why(name):
    trail, stage, said = STOPS[name]
    account = explain(trail, NOW)
    assert [one.name for one in account.stages] == list(Name)
    (stop,) = (one for one in account.stages if one.state is Passage.STOPPED)
    assert stop.name == stage
    assert said in stop.said
    assert account.verdict is (Verdict.NOT_YET if stop.goes_on else Verdict.NOT_TOLD)
    assert stop.said in account.said
    place = account.stages.index(stop)
    assert all(one.state is Passage.PASSED for one in account.stages[:place])
    assert all(one.state is Passage.NOT_REACHED for one in account.stages[place + 1 :])


GOES_ON = {"unread", "outbox", "waiting", "planning", "digest", "waits for what nobody knows"}
GOES_ON |= {"queue", "retry", "no answer", "rest", "rest that is over", "rate"}


def test_what_passes_by_itself_is_not_yet_and_the_rest_is_not_told():
    verdicts = {name: explain(trail, NOW).verdict for name, (trail, _, _) in STOPS.items()}
    assert {name for name, one in verdicts.items() if one is Verdict.NOT_YET} == GOES_ON


def told(trail):
    account = explain(trail, NOW)
    assert account.verdict is Verdict.TOLD
    assert {one.state for one in account.stages} == {Passage.PASSED}
    return account.said


def test_what_arrived_is_explained_too():
    said = told(BASE)
    assert "US duty on goods of all origins" in said
    assert "“sub_1”, lane 1: you follow everything" in said
    assert "took it on 9 Apr 2025 20:00 UTC, at attempt 1" in said
    often = told(replace(BASE, sent=replace(SENT, attempts=3, finished_at=None)))
    assert "https://hook.example/ took it, at attempt 3" in often


def test_who_said_so_is_named():
    paper = {"kind": "press_report", "publisher": "The Wire"}
    link = {"kind": "press_report", "url": "https://x.example/1"}
    blank = {"kind": "social_post"}
    change = change_of(measure(certainty="reported", evidence=[paper, link, blank]))
    said = told(replace(BASE, known=replace(KNOWN, change=change)))
    assert "Evidence: The Wire, https://x.example/1." in said


def test_an_event_that_is_not_needed_any_more_is_not_asked_for():
    nameless = Input(source=None, id="e1", place=Place.BOOKS)
    assert told(replace(BASE, input=nameless, ended=None))


def test_a_receiver_that_asks_has_it_ready():
    assert "lies ready" in told(sent(State.LISTED))


def test_what_was_recalled_after_it_arrived_says_so():
    assert "a correction follows" in told(replace(BASE, known=replace(KNOWN, word=Word.RECALLED)))


def test_a_removed_destination_is_named_by_its_id():
    assert "dst_1 took it" in told(replace(BASE, to=replace(TO, address="", kind="")))


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        ("digest:2025-04-10#7", "It is told in a digest, "),
        ("cap:2025-04-09T20#7", "beyond the hourly cap"),
        ("other", "It is told in another alert"),
    ],
)
def test_what_is_told_with_others_goes_as_they_go(cause, said):
    bundle = replace(SENT, id=UUID(int=9), cause=cause)
    digested = replace(SENT, state=State.DIGESTED, told_in=bundle)
    account = explain(replace(BASE, sent=digested), NOW)
    assert account.verdict is Verdict.TOLD
    assert said in account.stages[4].said
    assert str(UUID(int=9)) in account.said
    waiting = replace(digested, told_in=replace(bundle, state=State.PENDING))
    assert explain(replace(BASE, sent=waiting), NOW).verdict is Verdict.NOT_YET


def test_the_subscription_that_came_nearest_speaks_for_all():
    far = replace(
        FOLLOWER,
        id="sub_0",
        name="far",
        rule=Rule.model_validate({"lanes": [{"importer": "JP", "programmes": ["S301"]}]}),
    )
    near = replace(FOLLOWER, name="near", rule=JAPAN)
    said = explain(replace(UNSENT, followers=[far, near]), NOW).said
    assert "“near” does not ask for it" in said
    assert "Nor does another of its subscriptions." in said
    more = explain(replace(UNSENT, followers=[far, far, near]), NOW).said
    assert "Nor do 2 more of its subscriptions." in more
    late = replace(near, after_change=7)
    assert "far" in explain(replace(UNSENT, followers=[late, far]), NOW).said
    alone = explain(replace(UNSENT, followers=[far]), NOW)
    assert "More than one setting stands in the way." in alone.said
    assert alone.stages[3].setting == "importer"


def test_a_setting_alone_would_not_have_got_it_to_who_asked_too_late():
    account = explain(follows(rule=JAPAN, after_change=7), NOW)
    assert account.stages[3].setting == "after_change"
    assert "It would match with importer the US instead of Japan." in account.said
