"""Whatever another producer writes: taken, or set aside with its bytes; nothing behind it waits."""

import asyncio
import json
import random
from contextlib import aclosing

import pytest

from consumers.consumer import Consumer
from service.log import Batch, Mark, Record
from service.store.arrivals.progress import list_places
from service.store.arrivals.quarantined import find_quarantined
from service.store.arrivals.tables import Quarantine
from service.store.database import open_database
from service.store.standings.tables import Event
from service.telemetry import Metrics
from tests.books import NOW, consumer_of, count, rows, silent
from tests.core.builders import SOURCE, claim, measure, ref, threat
from tests.databases import tell

GOOD = measure("behind", rate="25", effective_at="2025-04-10")
TWICE = json.dumps(threat("twice")).encode()
BINARY = (
    ("ce_specversion", b"1.0"),
    ("ce_id", b"bound"),
    ("ce_source", SOURCE.encode()),
    ("ce_type", b"tariff.measure"),
    ("content-type", b"application/json"),
)
BAD = {
    "not JSON": (b"tariffs are up", (), "not JSON: Expecting value at line 1 column 1"),
    "goods that do not exist": (
        json.dumps(measure("x", product={"scope": "codes", "include": ["8703.99"]})).encode(),
        (),
        'data.product.include[0]: "8703.99": HS 2022 has no subheading 8703.99; of another',
    ),
    "not UTF-8": (b"\xff\xfe", (), "not UTF-8: byte 0 is invalid start byte"),
    "an unknown type": (
        json.dumps(threat("new") | {"type": "tariff.rumour"}).encode(),
        (),
        "type: `type` is one of tariff.measure, negotiation.step, claim.assessed",
    ),
    "five megabytes": (b"x" * 5_000_000, (), "an event may have 1048576 bytes, this has 5000000"),
    "no value": (b"", (), "the record has no value: there is no event to read"),
    "garbage headers": (
        b"{}",
        (("ce_id", b"\xff\x00"), ("ce_sour\0ce", b"\xfe"), ("\ud800", b"")),
        "ce_id: not UTF-8",
    ),
    "other content": (
        json.dumps(threat("twice", rate="99")).encode(),
        (),
        f"{SOURCE} twice was recorded with other content; give the new event its own id",
    ),
}


def batch_of(*records, since=0):
    numbered = tuple(
        Record(one.key, one.value, one.headers, place, NOW)
        for place, one in enumerate(records, since)
    )
    return Batch("tariffs", 0, since, since + len(records), numbered)


def good(event=GOOD, key=None):
    return Record(key, json.dumps(event).encode())


@pytest.mark.parametrize(("value", "headers", "reason"), BAD.values(), ids=BAD)
async def test_what_cannot_be_taken_is_set_aside_whole_and_delays_nothing(
    db, consumer, value, headers, reason
):
    bad = Record("a\0key", value, headers)
    assert await consumer.take(batch_of(Record(None, TWICE), bad, good()))
    assert [name for (name,) in await rows(db, Event, "id", order="number")] == ["twice", "behind"]
    async with db.read() as session:
        held = await find_quarantined(session, "tariffs-0-1")
    assert held.value == value
    assert held.reason.startswith(reason)
    assert (held.topic, held.partition, held.position) == ("tariffs", 0, 1)
    assert held.key == "a\ufffdkey"
    ((written,),) = await rows(db, Quarantine, "headers")
    kept = [(name, text.encode("latin-1")) for name, text in json.loads(written)]
    assert [text for _, text in kept] == [text for _, text in headers]


async def test_an_event_in_binary_mode_is_kept_as_structured_json(db, consumer):
    bound = Record(None, json.dumps(GOOD["data"]).encode(), BINARY)
    assert await consumer.take(batch_of(bound, good(GOOD | {"id": "other"})))
    (body,), _ = await rows(db, Event, "body", order="number")
    assert json.loads(body) == GOOD | {"id": "bound", "datacontenttype": "application/json"}


async def test_the_same_event_in_both_modes_is_one_event(db, consumer):
    bound = Record(None, json.dumps(GOOD["data"]).encode(), BINARY)
    structured = GOOD | {"id": "bound", "datacontenttype": "application/json"}
    assert await consumer.take(batch_of(bound, good(structured)))
    assert await count(db, Event) == 1
    assert await count(db, Quarantine) == 0


async def test_foreign_keys_are_counted_and_not_refused(db, log, clock):
    metrics = Metrics()
    consumer = Consumer(db, log, clock, metrics, silent)
    ours, theirs = good(key="measure:us-test-cn"), good(threat("said"), key="us-test-cn")
    await consumer.take(batch_of(ours, theirs, good(threat("none")), Record("x", b"noise")))
    assert await count(db, Event) == 3
    assert metrics.registry.get_sample_value("tariffwire_foreign_keys_total") == 2


LONG = "".join(chr(random.Random(1).randint(0x1F300, 0x1F5FF) + place) for place in range(250))
TOO_LONG = {
    "an identity": threat("x") | {"source": LONG * 2, "id": LONG[:200]},
    "what a claim is about": {
        **claim("so", "x"),
        "data": claim("so", "x")["data"] | {"about": ref(LONG[:200], LONG * 2)},
    },
    "an origin": threat(
        "said",
        measure=None,
        origin={
            "kind": "pseudo",
            "members": [f"{place}{LONG[place : place + 50]}" for place in range(99)],
        },
    ),
}


@pytest.mark.parametrize("event", TOO_LONG.values(), ids=TOO_LONG)
async def test_a_name_that_no_index_has_room_for_is_set_aside(db, consumer, event):
    assert await consumer.take(batch_of(good(event), good()))
    assert [name for (name,) in await rows(db, Event, "id")] == ["behind"]
    ((reason,),) = await rows(db, Quarantine, "reason")
    assert "a name may have 2500 bytes" in reason


async def test_the_longest_names_that_are_allowed_can_be_recorded(db, consumer):
    identity = {"source": LONG * 2, "id": LONG[:120]}
    members = [chr(0x1F300 + place) + LONG[place : place + 20] for place in range(29)]
    event = threat("x", measure=None, origin={"kind": "pseudo", "members": members}) | identity
    assert await consumer.take(batch_of(good(event), good()))
    assert await count(db, Event) == 2


async def test_marks_are_left_within_a_second_and_none_without_a_deployment(db, log, clock):
    silently = consumer_of(db, log, clock)
    await log.append("tariffs", [good(), good(threat("said"))])

    async def bookmark(_topic, _partition):
        return None

    async with aclosing(log.follow(["tariffs"], bookmark)) as batches:
        batch = await anext(batches)
    first, second = (
        Batch("tariffs", 0, since, end, batch.records[place : place + 1])
        for place, (since, end) in enumerate([(batch.since, batch.since + 1), (1, batch.next)])
    )
    assert await silently.take(first)
    assert await log.marks() == {}
    marking = Consumer(db, log, clock, Metrics(), silent, deployment="here")
    assert await marking.take(second)
    expected, marks = {("tariffs", 0): Mark("here", batch.next)}, {}
    while marks != expected:
        await asyncio.sleep(0.02)
        marks = await log.marks()


async def test_it_says_when_it_last_moved(db, consumer):
    assert consumer.last_moved is None
    await consumer.take(batch_of(good()))
    assert consumer.last_moved <= asyncio.get_running_loop().time()


async def test_while_the_database_is_away_it_waits_and_then_goes_on(
    postgres_url, server_url, log, clock
):
    name, heard = server_url.rpartition("/")[2], []
    async with open_database(server_url) as db:
        consumer = Consumer(db, log, clock, Metrics(), silent, tell=heard.append)
        await consumer.take(batch_of(good()))
        await asyncio.to_thread(
            tell,
            postgres_url,
            f"ALTER DATABASE {name} ALLOW_CONNECTIONS false;"
            f" SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
        )
        taking = asyncio.create_task(consumer.take(batch_of(good(threat("said")), since=1)))
        trouble = ""
        while not trouble:
            await asyncio.sleep(0.01)
            trouble = consumer.trouble
        assert len(heard) == 1
        assert str(heard[0])
        allow = f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"
        await asyncio.to_thread(tell, postgres_url, allow)
        assert await taking is True
        assert (heard[1:], consumer.trouble) == ([None], "")
        async with db.read() as session:
            places = await list_places(session)
        assert places["tariffs", 0].next == 2
        assert await count(db, Event) == 2
