"""Several consumers at once, and producers that spread a subject over partitions."""

import asyncio
import json
import random

import pytest

from consumers.ledger import OF_A_TEST
from service.store.arrivals.tables import Quarantine
from service.store.database import open_database
from service.store.standings.tables import Echo, Event
from tests.books import count, rows
from tests.consumers.rivals import assert_sound, holding_the_end, made_up, open_rivals
from tests.core.builders import claim, measure, ref, step, threat

ROUNDS = 25
LAW = {"rate": "25", "effective_at": "2025-04-10"}


MEETINGS = {
    "a claim and the event it is about": (threat("said"), claim("so", "said")),
    "a claim and the claim it is about": (claim("so", "said"), claim("no", "so", "denied")),
    "the same event twice": (measure("e", **LAW), measure("e", **LAW)),
    "the same new key": (
        measure("one", **LAW),
        measure("two", "increased", rate="30", effective_at="2025-04-11"),
    ),
    "the same new key under other names": (
        measure("one", programme="S301", **LAW),
        measure("two", "increased", rate="30", programme="S232"),
    ),
    "the same alias for two measures": (
        measure("one", measure="a", aliases=["9903.01"], **LAW),
        measure("two", measure="b", aliases=["9903.01"], **LAW),
    ),
    "a key that the other enters as an alias": (
        measure("one", measure="9903.01", **LAW),
        measure("two", measure="b", aliases=["9903.01"], **LAW),
    ),
    "a name and the key that the other gives it": (
        measure("one", measure=None, **LAW),
        measure("two", measure="b", **LAW),
    ),
    "the same name, no key": (measure("one", measure=None, **LAW), threat("two", measure=None)),
    "an alias that only one of two has a key for": (
        measure("one", measure=None, aliases=["9903.01"], **LAW),
        measure("two", measure="b", aliases=["9903.01"], **LAW),
    ),
    "a law and the threat on another measure that it carries out": (
        threat("said"),
        measure("law", measure="other", realises=ref("said"), **LAW),
    ),
    "a new track": (step("one", "outreach"), step("two", "under_way")),
    "a test beside the first event of its subject": (
        threat("one", handling="test"),
        threat("two", rate="30"),
    ),
    "tests of one source": (
        measure("one", **LAW, handling="test"),
        measure("two", **LAW, handling="test"),
    ),
}


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("meeting", MEETINGS.values(), ids=MEETINGS)
async def test_who_meets_at_the_last_moment_ends_as_one_consumer_would(
    server_url, log, migrated, meeting, turned
):
    events = [dict(one) | {"at": place} for place, one in enumerate(meeting)]
    events = events[::-1] if turned else events
    async with open_database(server_url) as db, open_rivals(server_url, log) as rivals:
        async with holding_the_end(db, waiting=2):
            taking = [
                asyncio.create_task(rival.take(event, partition=place))
                for place, (rival, event) in enumerate(zip(rivals, events, strict=True))
            ]
        await asyncio.gather(*taking)
        await assert_sound(db, migrated)
        assert await count(db, Event) == len({event["id"] for event in events})
        assert await count(db, Quarantine) == 0


async def test_one_identity_with_two_contents_is_one_event_and_one_quarantined_record(
    server_url, log, migrated
):
    async with open_database(server_url) as db, open_rivals(server_url, log) as rivals:
        async with holding_the_end(db, waiting=2):
            taking = [
                asyncio.create_task(
                    rival.take(measure("e", rate=rate), measure(f"own-{rate}"), partition=place)
                )
                for place, (rival, rate) in enumerate(zip(rivals, ["10", "20"], strict=True))
            ]
        await asyncio.gather(*taking)
        await assert_sound(db, migrated)
        assert await count(db, Event) == 3
        ((reason,),) = await rows(db, Quarantine, "reason")
        assert "recorded with other content" in reason


async def test_a_claim_joins_a_chain_of_claims_that_is_just_being_folded(server_url, log, migrated):
    chain = [claim("one", "said"), claim("two", "one"), claim("three", "two")]
    async with open_database(server_url) as db, open_rivals(server_url, log) as rivals:
        await rivals[0].take(*chain[:2])
        async with holding_the_end(db, waiting=2):
            taking = [
                asyncio.create_task(rivals[0].take(threat("said"))),
                asyncio.create_task(rivals[1].take(chain[2], partition=1)),
            ]
        await asyncio.gather(*taking)
        await assert_sound(db, migrated)
        assert "waiting" not in {outcome for (outcome,) in await rows(db, Event, "outcome")}


async def test_a_threat_hears_of_the_verdict_on_a_law_that_is_just_being_given(
    server_url, log, migrated
):
    async with open_database(server_url) as db, open_rivals(server_url, log) as rivals:
        await rivals[0].take(measure("law", measure="other", realises=ref("said"), **LAW))
        async with holding_the_end(db, waiting=2):
            taking = [
                asyncio.create_task(rivals[0].take(threat("said"))),
                asyncio.create_task(rivals[1].take(claim("no", "law"), partition=1)),
            ]
        await asyncio.gather(*taking)
        await assert_sound(db, migrated)
        assert len(await rows(db, Echo)) == 2


async def test_claims_and_events_never_miss_each_other_in_many_rounds(db, database_url, log):
    chance = random.Random(4)
    async with open_rivals(database_url, log, 3) as rivals:
        for turn in range(ROUNDS):
            events = [
                threat(f"said-{turn}"),
                claim(f"so-{turn}", f"said-{turn}"),
                claim(f"no-{turn}", f"so-{turn}", "denied"),
            ]
            chance.shuffle(events)
            await asyncio.gather(
                *(
                    rival.take(event, partition=place)
                    for place, (rival, event) in enumerate(zip(rivals, events, strict=True))
                )
            )
    assert await count(db, Event) == 3 * ROUNDS
    assert "waiting" not in {outcome for (outcome,) in await rows(db, Event, "outcome")}


@pytest.mark.parametrize("seed", range(6))
async def test_events_shuffled_over_partitions_and_consumers_give_the_books_of_one(
    db, database_url, log, migrated, seed
):
    chance = random.Random(seed)
    events = made_up(seed, 60)
    events += [dict(one) for one in chance.sample(events, 6)]
    chance.shuffle(events)
    dealt = [events[place::3] for place in range(3)]
    async with open_rivals(database_url, log, 3) as rivals:
        await asyncio.gather(
            *(
                _take_all(rival, place, own, random.Random(seed * 3 + place))
                for place, (rival, own) in enumerate(zip(rivals, dealt, strict=True))
            )
        )
    refused = await rows(db, Quarantine, "value", "reason")
    assert {reason for _, reason in refused} <= {OF_A_TEST}
    taken = {name for (name,) in await rows(db, Event, "id")}
    assert taken == {event["id"] for event in events} - {json.loads(it)["id"] for it, _ in refused}
    await assert_sound(db, migrated)


async def _take_all(rival, partition, events, chance):
    while events:
        size = chance.randint(1, 5)
        await rival.take(*events[:size], partition=partition)
        events = events[size:]
