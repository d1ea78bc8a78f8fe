"""What other producers write to a real Kafka: `kcat` here, which hashes keys its own way."""

import asyncio
import json
import subprocess
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from consumers.consumer import Consumer
from service.log import TOPICS, open_log
from service.store.arrivals.progress import list_places
from service.store.arrivals.tables import Quarantine
from service.store.standings.tables import Event
from service.telemetry import Metrics
from tests.books import rows, silent
from tests.core.builders import SOURCE, claim, measure, threat

DUTY = {"rate": "25", "effective_at": "2025-04-10"}
BOUND = ("ce_specversion=1.0", "ce_id=bound", f"ce_source={SOURCE}", "ce_type=tariff.measure")


@pytest.fixture
async def place(kafka_bootstrap):
    """A broker, and a prefix of this test's own."""
    prefix = f"test-consume-{uuid4().hex[:8]}"
    yield kafka_bootstrap, prefix
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await admin.start()
    made = [topic for topic in await admin.list_topics() if topic.startswith(prefix)]
    await admin.delete_topics(made)
    await admin.close()


@pytest.fixture
async def log(place, clock):
    bootstrap, prefix = place
    async with open_log(f"kafka://{bootstrap}/{prefix}?partitions=3", clock) as opened:
        await opened.prepare()
        yield opened


@pytest.fixture
def send(place, tmp_path):
    """Have kcat write one record."""
    bootstrap, prefix = place

    def produce(value: bytes | None, *options: str | bytes, headers: tuple = ()) -> None:
        path = Path(tmp_path, "value")
        path.write_bytes(value or b"")
        marked = [word for header in headers for word in ("-H", header)]
        # Of a file it sends the whole; a line with a key alone is one without a value.
        given = [*options, *marked, *(["-Z", "-K", ":"] if value is None else [path])]
        place = ["-b", bootstrap, "-t", f"{prefix}.tariffs", "-X", "message.max.bytes=8000000"]
        subprocess.run(
            ["kcat", "-P", *place, *given], input=b"tombstone:\n", check=True, capture_output=True
        )

    return produce


def as_bytes(event) -> bytes:
    return json.dumps(event).encode()


async def consume(db, log, consumers) -> None:
    """Until the books stand at the ends of the log."""
    following = [asyncio.create_task(one.follow()) for one in consumers]
    ends = {
        (topic, partition): end
        for topic in TOPICS
        for partition, end in (await log.ends(topic)).items()
        if end
    }
    places = {}
    while any(places.get(key, 0) < end for key, end in ends.items()):
        await asyncio.sleep(0.02)
        assert not any(task.done() for task in following)
        async with db.read() as session:
            found = await list_places(session)
        places = {key: one.next for key, one in found.items()}
    for task in following:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_bad_input_is_set_aside_where_it_stood_and_delays_nothing(db, log, clock, send):
    first = as_bytes(threat("twice"))
    large = b'{"x": "' + b"y" * 5_000_000 + b'"}'
    other = as_bytes(threat("twice", rate="9"))
    unknown = as_bytes(threat("new") | {"type": "tariff.rumour"})
    send(first, "-p", "0", "-k", "measure:us-test-cn")
    send(b"tariffs are up", "-p", "0", "-k", b"\xff\xfe\x01")
    send(unknown, "-p", "0")
    send(large, "-p", "0")
    send(b"{}", "-p", "0", headers=(b"\xff\xfe=\xff", b"ce_id=\xff", "ce_id=2", "lonely"))
    send(None, "-p", "0")
    send(other, "-p", "0")
    send(as_bytes(measure("behind", **DUTY)), "-p", "0")
    await consume(db, log, [Consumer(db, log, clock, Metrics(), silent)])
    assert [one for (one,) in await rows(db, Event, "id", order="number")] == ["twice", "behind"]
    held = await rows(db, Quarantine, "position", "value", "reason", order="position")
    assert [(position, value) for position, value, _ in held] == [
        (1, b"tariffs are up"), (2, unknown), (3, large), (4, b"{}"), (5, b""), (6, other),
    ]  # fmt: skip
    reasons = ["not JSON", "type: `type` is", "an event may have", "ce_id: not UTF-8"]
    reasons += ["the record has no value", f"{SOURCE} twice was recorded with other content"]
    for (_, _, reason), expected in zip(held, reasons, strict=True):
        assert reason.startswith(expected), reason


async def test_a_subject_spread_over_partitions_by_both_modes_has_one_history(db, log, clock, send):
    send(as_bytes(claim("gone", "bound")), "-p", "2", "-k", "anything")
    kind = "content-type=application/json"
    bound = as_bytes(measure("bound", **DUTY)["data"])
    send(bound, "-p", "1", headers=(*BOUND, kind))
    structured = "content-type=application/cloudevents+json"
    law = as_bytes(measure("law", "increased", rate="30", effective_at="2025-05-01"))
    send(law, "-p", "0", headers=(structured,))
    send(as_bytes(threat("said", rate="50")), "-k", "us-test-cn")
    consumers = [Consumer(db, log, clock, Metrics(), silent, deployment="here") for _ in range(2)]
    await consume(db, log, consumers)
    found = dict(await rows(db, Event, "id", "outcome"))
    assert set(found) == {"gone", "bound", "law", "said"}
    assert "waiting" not in found.values()
    assert await rows(db, Quarantine, "reason") == []
