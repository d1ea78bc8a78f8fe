"""What one measure's event says of another's: it counts there, whichever came first."""

from datetime import timedelta
from itertools import permutations

import pytest
from alembic import command
from sqlalchemy import delete, update

from service.core.change import read_change
from service.core.standing import standing
from service.store.reminders.tables import Reminder
from service.store.standings.histories import read_histories
from service.store.standings.recorded import read_heard
from service.store.standings.tables import Change, Echo, Event, Mention, Subject
from service.verify import Books, walk
from tests.books import NOW, rows
from tests.core.builders import SOURCE, SUBJECT, claim, measure, on, ref, step, threat
from tests.databases import migrate_to

LATER = on("2025-06-01")
SAID = threat("said", rate="50", condition={"text": "unless", "deadline": "2025-05-01"})
LAW = measure("law", measure="us-law-cn", rate="50", realises=ref("said"))
BACK = measure("back", "threat_withdrawn", measure="us-back-cn", withdraws=ref("said"))
NO = claim("no", "law")
YES = claim("yes", "no")
ELSEWHERE = "measure:us-law-cn"


async def claim_of(db, name="said"):
    """State and ender of a threat, at last."""
    async with db.read() as session:
        held = (await read_histories(session, [SUBJECT]))[SUBJECT]
    claims = standing(held, LATER, LATER).claims
    ((state, by),) = [
        (one.state, one.ended_by and one.ended_by[1])
        for one in claims
        if one.cause == (SOURCE, name)
    ]
    return state, by


async def change_of(db, name):
    found = [read_change(body) for (body,) in await rows(db, Change, "body")]
    return next(one for one in found if one.event == (SOURCE, name))


async def faults(db):
    async with db.read() as session:
        return [str(one) async for one in walk(Books(session, NOW, NOW - timedelta(days=9)))]


async def hand_over(give, restarted, events, size):
    while events:
        await give(*events[:size], by=restarted())
        events = events[size:]


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("order", [*permutations([SAID, LAW])], ids=["threat first", "law first"])
async def test_a_law_on_another_measure_carries_the_threat_out(db, give, restarted, order, size):
    await hand_over(give, restarted, list(order), size)
    assert await claim_of(db) == ("realised", "law")
    assert await rows(db, Reminder, "subject", "turn") == []
    assert await faults(db) == []
    told = (await change_of(db, "said")).after.claims[0].state
    assert told == ("open" if order[0] is SAID else "realised")
    carried = (await change_of(db, "law")).carries_out
    assert (carried and carried.event) == ((SOURCE, "said") if order[0] is SAID else None)
    assert await rows(db, Subject, "key", "events", "sequence") == [
        (ELSEWHERE, 1, 1),
        (SUBJECT, 2, 1),
    ]


async def test_who_comes_second_finds_what_is_remembered_too(db, give):
    """The history that the consumer holds is the one in the books."""
    await give(SAID)
    await give(LAW)
    await give(threat("again", rate="50"))
    change = await change_of(db, "again")
    assert [one.state for one in change.before.claims] == ["realised"]
    assert change.before.status == "carried_out"


@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize("order", [*permutations(range(4))])
async def test_a_law_that_is_retracted_carries_nothing_out_unless_that_is_retracted(
    db, give, restarted, order, size
):
    events = [SAID, LAW, NO, YES]
    await hand_over(give, restarted, [events[place] for place in order], size)
    assert await claim_of(db) == ("realised", "law")
    assert await faults(db) == []
    assert await rows(db, Subject, "key", "events") == [(ELSEWHERE, 3), (SUBJECT, 4)]


@pytest.mark.parametrize("order", [*permutations(range(3))])
async def test_a_law_that_is_retracted_leaves_the_threat_to_lapse(db, give, restarted, order):
    events = [SAID, LAW, NO]
    await hand_over(give, restarted, [events[place] for place in order], 1)
    assert await claim_of(db) == ("lapsed", None)
    assert [turn for (turn,) in await rows(db, Reminder, "turn")] == ["threat_lapsed"]


async def test_a_threat_is_taken_back_under_another_measure(db, give):
    await give(SAID, BACK)
    assert (await change_of(db, "back")).takes_back.event == (SOURCE, "said")
    assert await claim_of(db) == ("withdrawn", "back")
    assert await rows(db, Reminder) == []


async def test_what_is_known_later_was_not_known_then(db, give):
    await give(SAID)
    await give(LAW)
    async with db.read() as session:
        held = (await read_histories(session, [SUBJECT]))[SUBJECT]
    assert standing(held, LATER, NOW).claims[0].state == "lapsed"


async def test_what_is_recorded_later_was_not_held_then(db, give, clock):
    """A law that came first counts since the threat came, which it is heard with."""
    await give(LAW)
    clock.now += timedelta(days=1)
    await give(SAID)
    async with db.read() as session:
        held = (await read_histories(session, [SUBJECT]))[SUBJECT]
    assert [one.recorded_at for one in held.echoes] == [clock.now]
    assert held.as_recorded(clock.now - timedelta(hours=1)).size == 0


async def test_nothing_but_threats_and_claims_of_measures_hears_of_it(db, give):
    await give(step("talks", "outreach"), topic="negotiations")
    await give(LAW | {"data": LAW["data"] | {"realises": ref("talks")}})
    assert await rows(db, Echo) == []
    assert len(await rows(db, Mention)) == 1


@pytest.mark.parametrize("order", [*permutations([SAID, LAW])])
@pytest.mark.parametrize("trial", ["said", "law"])
async def test_a_test_counts_nowhere_else(db, give, order, trial):
    events = [one | {"handling": "test"} if one["id"] == trial else one for one in order]
    for event in events:
        await give(event)
    assert await rows(db, Echo) == []
    if trial == "said":
        assert (await change_of(db, "law")).carries_out is None
    else:
        assert await claim_of(db) == ("lapsed", None)


@pytest.mark.parametrize("first", ["live", "test"])
async def test_a_test_says_what_it_carries_out(db, give, first):
    await give(SAID | {"handling": first})
    await give(LAW | {"handling": "test"})
    assert (await change_of(db, "law")).carries_out.event == (SOURCE, "said")
    assert await rows(db, Echo) == []


async def test_the_books_say_who_was_not_heard_of(db, give):
    await give(SAID)
    await give(LAW)
    await give(NO)
    async with db.read() as session:
        heard = (await read_heard(session, [SUBJECT]))[SUBJECT]
    assert [(one.since, one.entry.event.id) for one in heard] == [(2, "law"), (3, "no")]
    assert await faults(db) == []
    async with db.write() as session:
        await session.execute(delete(Mention).where(Mention.number == 3))
        await session.execute(delete(Echo).where(Echo.number == 2))
    found = await faults(db)
    assert any("(" + SOURCE + " no)" in one and "could not find it" in one for one in found)
    assert any(f"speaks of what counts in {SUBJECT}" in one for one in found)


async def test_the_books_say_which_verdict_was_not_heard_of(db, give):
    await give(SAID, LAW, NO)
    async with db.write() as session:
        await session.execute(delete(Echo).where(Echo.number == 3))
        await session.execute(update(Subject).where(Subject.key == SUBJECT).values(events=2))
    (found,) = await faults(db)
    assert f"({SOURCE} no) speaks of what counts in {SUBJECT}" in found


@pytest.mark.parametrize("handling", ["live", "test"])
async def test_what_was_not_known_then_is_not_what_it_carried_out(db, give, handling):
    """One threat of a measure was there, the other came later, or was only tried."""
    two = {"measure": "us-two-cn", "realises": ref("later"), "withdraws": ref("said")}
    late = threat("later", rate="10", handling=handling)
    law = LAW | {"data": LAW["data"] | two}
    for event in [SAID, law, late] if handling == "live" else [SAID, late, law]:
        await give(event)
    change = await change_of(db, "law")
    assert change.carries_out is None
    assert change.takes_back.event == (SOURCE, "said")
    assert await faults(db) == []


async def test_one_that_ends_two_threats_counts_once(db, give):
    both = LAW["data"] | {"withdraws": ref("other")}
    await give(SAID, threat("other", rate="10"), LAW | {"data": both})
    assert await claim_of(db) == ("realised", "law")
    assert await claim_of(db, "other") == ("withdrawn", "law")
    assert [subject for (subject,) in await rows(db, Echo, "subject")] == [SUBJECT]


REVISION = "9a3c5e71d8f4"


async def test_what_was_recorded_before_counts_from_the_migration_on(db, give, restarted):
    about = claim("so", "said", "confirmed")
    await give(SAID, LAW, NO, YES, BACK, about, LAW | {"id": "trial", "handling": "test"})
    mentions = await rows(db, Mention)
    subjects = await rows(db, Subject)
    echoes = await rows(db, Echo, "subject", "number", order="number")
    assert len(echoes) == 4
    async with db.engine.begin() as connection:
        await connection.run_sync(migrate_to, command.downgrade, f"{REVISION}-1")
        await connection.run_sync(migrate_to, command.upgrade, REVISION)
    assert await rows(db, Mention) == mentions
    assert await rows(db, Subject) == subjects
    assert await rows(db, Echo, order="number") == [(*one, 8) for one in echoes]
    await give(claim("yes-again", "yes", "disputed"), by=restarted())
    assert len(await rows(db, Echo)) == 5


async def test_what_was_folded_without_is_rebuilt_without_after_the_migration(db, give, restarted):
    """As an earlier release left it: its last event did not know what it carried out."""
    await give(SAID)
    async with db.write() as session:
        await session.execute(update(Event).values(handling="test"))
    await give(LAW, by=restarted())
    async with db.write() as session:
        await session.execute(update(Event).values(handling="live"))
    async with db.engine.begin() as connection:
        await connection.run_sync(migrate_to, command.downgrade, f"{REVISION}-1")
        await connection.run_sync(migrate_to, command.upgrade, REVISION)
    assert await rows(db, Echo) == [(SUBJECT, 2, 3)]
    assert await faults(db) == []
    await give(threat("again", rate="50"), by=restarted())
    assert await faults(db) == []
    assert await claim_of(db) == ("realised", "law")
