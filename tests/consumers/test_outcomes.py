"""Every event ends in one outcome, and has its effect once."""

import pytest

from service.core.change import read_change
from service.log import Batch, Record
from service.store.arrivals.tables import Quarantine
from service.store.plans.tables import Fanout
from service.store.standings.histories import read_histories
from service.store.standings.tables import Change, Event, Subject
from tests.books import NOW, count, rows, write
from tests.core.builders import SOURCE, SUBJECT, TRACK, claim, measure, step, threat

START = "2025-04-10T00:01:00-04:00"
LAW = measure("law", rate="25", effective_at=START)
MORE = measure("more", "increased", rate="50", effective_at=START)


async def outcomes(db):
    return {
        name: (outcome, subject)
        for name, outcome, subject in await rows(db, Event, "id", "outcome", "subject")
    }


async def sequences(db):
    return await rows(db, Change, "number", "subject", "sequence", "kind", order="number")


async def reasons(db):
    return await rows(db, Quarantine, "topic", "partition", "position", "reason")


async def test_an_event_makes_a_change_a_fanout_and_a_standing(db, give):
    await give(LAW)
    assert await outcomes(db) == {"law": ("changed", SUBJECT)}
    assert await sequences(db) == [(1, SUBJECT, 1, "measure_announced")]
    ((change_id, is_open, cursor),) = await rows(db, Fanout, "change_id", "is_open", "cursor")
    assert (is_open, cursor) == (True, "")
    ((found, body),) = await rows(db, Change, "id", "body")
    assert found == change_id == read_change(body).id
    assert await rows(db, Subject, "key", "events", "sequence", "last_change") == [
        (SUBJECT, 1, 1, change_id)
    ]


async def test_an_event_twice_in_one_batch_has_one_effect(db, give):
    await give(LAW, LAW, MORE, LAW)
    assert await count(db, Event) == await count(db, Change) == 2
    assert await count(db, Quarantine) == 0


async def test_an_event_twice_in_two_batches_has_one_effect(db, give):
    await give(LAW)
    await give(LAW, MORE)
    assert await count(db, Event) == await count(db, Change) == 2


async def test_an_event_again_after_a_restart_has_no_effect(db, give, restarted):
    await give(LAW)
    await give(LAW, by=restarted())
    assert await count(db, Event) == await count(db, Change) == 1
    assert await rows(db, Subject, "events", "sequence") == [(1, 1)]


async def test_white_space_and_the_order_of_keys_are_no_other_content(db, give):
    await give(LAW)
    await give(dict(reversed(LAW.items())))
    assert await count(db, Quarantine) == 0


@pytest.mark.parametrize("together", [True, False])
async def test_one_identity_with_other_content_is_quarantined(db, give, together):
    other = measure("law", rate="30", effective_at=START)
    for batch in [[LAW, other]] if together else [[LAW], [other]]:
        await give(*batch)
    assert await reasons(db) == [
        (
            "tariffs",
            0,
            1,
            f"{SOURCE} law was recorded with other content; give the new event its own id",
        )
    ]
    assert await count(db, Event) == await count(db, Change) == 1


async def test_what_is_quarantined_names_no_measure(db, give):
    other = measure("law", measure="another", aliases=["9903.01.24"])
    await give(LAW)
    await give(other)
    await give(measure("late", measure="third", aliases=["9903.01.24"]))
    assert [key for (key,) in await rows(db, Subject, "key")] == ["measure:third", SUBJECT]


async def test_an_unreadable_record_is_set_aside_and_its_neighbours_commit(db, give):
    await give(LAW, b'{"no": "event"', MORE)
    ((topic, partition, position, reason),) = await reasons(db)
    assert (topic, partition, position) == ("tariffs", 0, 1)
    assert "not JSON" in reason
    assert await rows(db, Quarantine, "id", "value", "state") == [
        ("tariffs-0-1", b'{"no": "event"', "open")
    ]
    assert set(await outcomes(db)) == {"law", "more"}


async def test_an_event_that_breaks_the_rules_is_set_aside_naming_the_field(db, give):
    await give(measure("odd", importer="Atlantis"))
    ((*_, reason),) = await reasons(db)
    assert "data.importer" in reason


async def test_history_builds_the_standing_and_alerts_nobody(db, give):
    await give(measure("old", rate="20", effective_at="2025-03-01", handling="history"))
    assert await count(db, Change) == await count(db, Fanout) == 0
    assert await outcomes(db) == {"old": ("history", SUBJECT)}
    await give(measure("new", "increased", rate="25", effective_at=START))
    ((body,),) = await rows(db, Change, "body")
    assert read_change(body).delta_pp == 5


@pytest.mark.parametrize("again", [True, False])
async def test_a_test_event_alerts_and_touches_no_standing(db, give, restarted, again):
    await give(LAW)
    await give(measure("trial", "increased", rate="99", effective_at=START, handling="test"))
    assert await sequences(db) == [
        (1, SUBJECT, 1, "measure_announced"),
        (2, SUBJECT, 0, "rate_increased"),
    ]
    await give(MORE, by=restarted() if again else None)
    bodies = await rows(db, Change, "body", order="number")
    assert [read_change(body).mode for (body,) in bodies] == ["live", "test", "live"]
    assert read_change(bodies[-1][0]).delta_pp == 25
    assert (await sequences(db))[-1] == (3, SUBJECT, 2, "rate_increased")
    async with db.read() as session:
        assert len((await read_histories(session, [SUBJECT]))[SUBJECT].entries) == 2


async def test_a_second_source_only_adds_evidence(db, give):
    await give(LAW)
    await give(measure("echo", rate="25", effective_at=START, certainty="announced"))
    assert (await outcomes(db))["echo"] == ("evidence_only", SUBJECT)
    assert await count(db, Change) == 1


async def test_steps_between_the_same_parties_share_a_track_in_any_order(db, give):
    turned = step("two", "under_way")
    turned["data"]["parties"].reverse()
    await give(step("one", "outreach"), turned, topic="negotiations")
    assert await outcomes(db) == {"one": ("changed", TRACK), "two": ("changed", TRACK)}
    assert [number for _, _, number, _ in await sequences(db)] == [1, 2]


async def test_the_sequence_of_each_subject_has_no_gaps(db, give):
    for place in range(4):
        await give(
            *[
                measure(
                    f"{key}{place}",
                    "increased" if place else "imposed",
                    measure=key,
                    rate=str(10 + place),
                    effective_at=START,
                )
                for key in ("a", "b")
            ],
            LAW,
        )
    made = await sequences(db)
    assert [number for number, *_ in made] == list(range(1, len(made) + 1))
    for subject in ("measure:a", "measure:b"):
        assert [place for _, of, place, _ in made if of == subject] == [1, 2, 3, 4]


async def test_events_are_numbered_in_the_order_they_came(db, give):
    await give(measure("z", measure="z"), measure("a", measure="a"))
    await give(measure("m", measure="m"))
    assert await rows(db, Event, "number", "id", order="number") == [(1, "z"), (2, "a"), (3, "m")]


async def test_a_rolled_back_batch_leaves_no_hole_in_the_numbers(db, give, consumer):
    await give(LAW)
    stale = Batch("tariffs", 0, 0, 1, (write(threat("lost"), 0),))
    assert await consumer.take(stale) is False
    await give(MORE)
    assert [number for number, *_ in await sequences(db)] == [1, 2]


async def test_a_record_keeps_its_headers_and_key_in_quarantine(db, consumer):
    record = Record("key", b"\x00", (("trace", b"\xff\x00"),), 0, NOW)
    await consumer.take(Batch("tariffs", 0, 0, 1, (record,)))
    assert await rows(db, Quarantine, "key", "value", "headers") == [
        ("key", b"\x00", '[["trace","\xff\\u0000"]]')
    ]


async def test_a_claim_with_a_verdict_joins_the_subject_it_is_about(db, give):
    await give(threat("said"), claim("so", "said", "confirmed"))
    assert await outcomes(db) == {"said": ("changed", SUBJECT), "so": ("changed", SUBJECT)}
