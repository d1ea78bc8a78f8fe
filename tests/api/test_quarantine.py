"""What was set aside: read, sent again, dismissed."""

import base64
import json
from contextlib import aclosing

import pytest

from service.log import Record
from tests.api.samples import consume, logged, measure

BYTES = b'{"no": "event\xff"}'
HEADERS = (("content-type", b"application/json"), ("trace", b"\0\xfe"))


@pytest.fixture
async def entry(api, desk):
    await desk.log.append(
        "tariffs", [Record("k", BYTES, HEADERS), Record("k", json.dumps(measure()).encode())]
    )
    await consume(desk)
    (one,) = (await api.get("/v1/quarantine")).json()["items"]
    return one


async def test_it_is_listed_with_its_place_and_reason(api, entry):
    assert (entry["topic"], entry["state"], entry["key"]) == ("tariffs", "open", "k")
    assert entry["reason"]
    assert "no" in entry["preview"]
    assert "value" not in entry
    read = (await api.get(f"/v1/quarantine/{entry['id']}")).json()
    assert base64.b64decode(read["value"]) == BYTES


async def test_the_original_bytes_and_headers_are_sent_again(api, desk, entry):
    replayed = await api.post(f"/v1/quarantine/{entry['id']}/replay")
    assert (replayed.status_code, replayed.json()["state"]) == (202, "replayed")
    assert [value for value in await logged(desk, "tariffs") if value == BYTES] == [BYTES, BYTES]
    assert await headers_of(desk, BYTES) == [HEADERS, HEADERS]
    again = await api.post(f"/v1/quarantine/{entry['id']}/replay")
    assert again.status_code == 409
    assert (await api.get("/v1/quarantine", params={"state": "open"})).json()["items"] == []


async def headers_of(desk, value):
    async with aclosing(desk.log.follow(["tariffs"], nowhere)) as batches:
        batch = await anext(batches)
        more = await anext(batches) if len(batch.records) < 3 else batch
    records = {record.offset: record for record in (*batch.records, *more.records)}
    return [record.headers for record in records.values() if record.value == value]


async def nowhere(_topic, _partition):
    return None


async def test_dismissed_it_stays_to_be_read(api, entry):
    dismissed = await api.delete(f"/v1/quarantine/{entry['id']}")
    assert dismissed.json()["state"] == "dismissed"
    assert (await api.delete(f"/v1/quarantine/{entry['id']}")).status_code == 409
    params = {"state": "dismissed", "topic": "tariffs"}
    assert len((await api.get("/v1/quarantine", params=params)).json()["items"]) == 1
    assert (await api.get("/v1/quarantine", params={"topic": "negotiations"})).json()["items"] == []


async def test_what_is_not_there_is_said_so(api):
    assert (await api.get("/v1/quarantine/nothing")).status_code == 404
    assert (await api.post("/v1/quarantine/nothing/replay")).status_code == 404
