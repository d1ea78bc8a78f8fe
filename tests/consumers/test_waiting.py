"""A claim may come before the event it is about, or be about a test."""

import pytest

from service.core.change import read_change
from service.store.arrivals.tables import Quarantine
from service.store.standings.histories import read_histories
from service.store.standings.tables import Change, Event, Subject
from tests.books import count, rows
from tests.core.builders import SOURCE, SUBJECT, claim, measure, ref, threat

SAID = threat("said", rate="60")
CONFIRMED = claim("so", "said", "confirmed", certainty="announced")
DOUBT = claim("doubt", "so", "denied")


async def ends(db):
    return dict(await rows(db, Event, "id", "outcome"))


async def test_a_claim_about_an_unseen_event_waits_and_says_for_what(db, give):
    await give(CONFIRMED)
    assert await rows(db, Event, "outcome", "subject", "reason") == [
        ("waiting", None, f"waits for {SOURCE} said, which has not been seen yet")
    ]
    assert await count(db, Change) == 0


@pytest.mark.parametrize("split", ["one batch", "two batches", "restart"])
async def test_it_is_folded_when_the_event_arrives(db, give, restarted, split):
    if split == "one batch":
        await give(CONFIRMED, SAID)
    else:
        await give(CONFIRMED)
        await give(SAID, by=restarted() if split == "restart" else None)
    assert await ends(db) == {"so": "changed", "said": "changed"}
    assert await rows(db, Change, "sequence", "kind", order="number") == [
        (1, "threat_issued"),
        (2, "claim_confirmed"),
    ]
    assert await rows(db, Event, "id", "subject") == [("said", SUBJECT), ("so", SUBJECT)]
    assert await rows(db, Subject, "events", "sequence") == [(2, 2)]


@pytest.mark.parametrize("batches", [[3], [1, 2], [2, 1], [1, 1, 1]])
@pytest.mark.parametrize("order", [(DOUBT, CONFIRMED, SAID), (CONFIRMED, DOUBT, SAID)])
async def test_a_verdict_on_a_waiting_verdict_ends_with_it(db, give, restarted, order, batches):
    events = list(order)
    for size in batches:
        batch, events = events[:size], events[size:]
        await give(*batch, by=restarted())
    assert "waiting" not in (await ends(db)).values()
    assert {subject for (subject,) in await rows(db, Event, "subject")} == {SUBJECT}


@pytest.mark.parametrize("together", [True, False])
async def test_a_claim_sent_again_after_it_was_folded_is_the_same_claim(db, give, together):
    for batch in [[CONFIRMED, SAID, CONFIRMED]] if together else [[CONFIRMED, SAID], [CONFIRMED]]:
        await give(*batch)
    assert await count(db, Quarantine) == 0
    assert await count(db, Change) == 2


async def test_a_retraction_that_came_first_takes_the_event_out(db, give, restarted):
    await give(claim("back", "law"))
    await give(measure("law", rate="25", effective_at="2025-04-01"))
    await give(measure("next", rate="10", effective_at="2025-04-01"), by=restarted())
    bodies = await rows(db, Change, "body", order="number")
    last = read_change(bodies[-1][0])
    assert last.event == (SOURCE, "next")
    assert last.before is None or last.before.duty is None


async def test_claims_that_wait_for_each_other_wait_on(db, give):
    await give(claim("a", "b"), claim("b", "a"))
    await give(claim("a", "b"))
    assert await ends(db) == {"a": "waiting", "b": "waiting"}


async def test_a_live_claim_about_a_test_event_is_refused_with_the_remedy(db, give):
    await give(threat("said", handling="test"))
    await give(CONFIRMED)
    ((reason,),) = await rows(db, Quarantine, "reason")
    assert reason == "it assesses a test event: send it with handling `test`"


@pytest.mark.parametrize("together", [True, False])
async def test_a_live_claim_that_waited_for_a_test_event_is_refused_too(db, give, together):
    trial = threat("said", handling="test")
    for batch in [[CONFIRMED, trial]] if together else [[CONFIRMED], [trial]]:
        await give(*batch)
    assert await ends(db) == {"so": "quarantined", "said": "changed"}
    assert await rows(db, Subject, "key") == []  # a test leaves no subject behind
    await give(threat("other", rate="10"))
    async with db.read() as session:
        assert len((await read_histories(session, [SUBJECT]))[SUBJECT].entries) == 1


@pytest.mark.parametrize("batches", [[3], [1, 1, 1], [2, 1]])
@pytest.mark.parametrize("first", [True, False])
async def test_test_claims_about_test_events_alert_as_tests(db, give, restarted, batches, first):
    events = [threat("said", handling="test"), *(one | {"handling": "test"} for one in _CLAIMS)]
    events = events if first else events[::-1]
    for size in batches:
        batch, events = events[:size], events[size:]
        await give(*batch, by=restarted())
    assert set((await ends(db)).values()) <= {"changed", "evidence_only"}
    bodies = await rows(db, Change, "body")
    assert {read_change(body).mode for (body,) in bodies} == {"test"}
    assert await rows(db, Subject, "key") == []  # a test leaves no subject behind


_CLAIMS = [CONFIRMED, DOUBT]


async def test_a_test_claim_about_a_live_event_leaves_it_as_it_was(db, give):
    await give(SAID, claim("so", "said", "retracted") | {"handling": "test"})
    await give(threat("again", withdraws=ref("said")) | {"id": "again"})
    assert (await ends(db))["so"] == "changed"
    async with db.read() as session:
        held = (await read_histories(session, [SUBJECT]))[SUBJECT]
    assert [entry.event.id for entry in held.entries] == ["said", "again"]
