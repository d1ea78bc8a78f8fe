"""The third clock: what our books held, which nothing that comes later can write."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from service.store.standings.tables import Event
from tests.api.samples import NDJSON, consume, lines, measure, rate, verdict
from tests.books import rows

KEY = "us-ieepa-reciprocal-cn"
LATE = {"effective_at": "2025-04-09T00:01:00-04:00"}


@pytest.fixture
def send(api, desk, clock):
    """Send events, an hour after the last; the instant at which they were recorded."""

    async def work(*events, later=1):
        clock.advance(hours=later)
        answer = await api.post("/v1/events", content=lines(*events), headers=NDJSON)
        assert answer.status_code == 202, answer.text
        await consume(desk)
        return clock()

    return work


@pytest.fixture
def ask(api):
    async def work(**clocks):
        query = {name: one.isoformat() for name, one in clocks.items()}
        found = (await api.get(f"/v1/measures/{KEY}", params=query)).json()
        view = found["standing"]
        return (view and view["applied"] and view["applied"]["said"]), found

    return work


async def test_a_late_event_changes_what_was_known_and_not_what_the_books_held(send, ask, clock):
    early = {"knownfrom": "2025-04-09T17:00:00+00:00"}
    first = await send(measure("e1", duty=rate("84"), **LATE) | early)
    late = {"knownfrom": "2025-04-09T18:00:00+00:00"}
    second = await send(measure("e2", action="corrected", duty=rate("100"), **LATE) | late)
    assert (await ask(known_at=first))[0] == "100 %"
    assert (await ask(known_at=first, recorded_at=first))[0] == "84 %"
    assert (await ask(known_at=second, recorded_at=first))[0] == "84 %"
    assert (await ask(recorded_at=second))[0] == "100 %"
    assert (await ask())[0] == "100 %"


async def test_a_retraction_takes_an_event_out_of_the_past_and_not_out_of_the_books(send, ask):
    await send(measure("e1", duty=rate("84"), **LATE))
    first = await send(measure("e2", duty=rate("125"), **LATE))
    second = await send(verdict("e2", said="retracted"))
    assert (await ask(known_at=second))[0] == "84 %"
    assert (await ask(known_at=second, recorded_at=first))[0] == "125 %"


async def test_before_the_books_held_anything_they_held_nothing(send, ask, clock):
    before = clock()
    await send(measure("e1", duty=rate("84"), **LATE))
    said, found = await ask(recorded_at=before)
    assert (said, found["standing"], found["history"], found["evidence"]) == (None, None, [], [])
    assert found["recorded_at"] == before.isoformat()


async def test_a_list_is_asked_by_the_third_clock_too(api, send, clock):
    before = clock()
    after = await send(measure("e1", duty=rate("84"), **LATE))
    found = [
        (await api.get("/v1/measures", params={"recorded_at": at.isoformat()})).json()["items"]
        for at in (before, after)
    ]
    assert [len(items) for items in found] == [0, 1]


async def test_a_clock_that_is_set_back_writes_nothing_into_what_the_books_held(
    desk, send, ask, clock
):
    first = await send(measure("e1", duty=rate("84"), **LATE))
    await send(measure("e2", duty=rate("125"), **LATE), later=-1)
    found = await rows(desk.db, Event, "id", "recorded_at", order="number")
    assert found == [("e1", first), ("e2", first)]
    assert (await ask(recorded_at=first - timedelta(minutes=30)))[1]["standing"] is None


async def test_what_a_release_before_recorded_counts_from_its_acceptance(desk, send, ask):
    first = await send(measure("e1", duty=rate("84"), **LATE))
    async with desk.db.write() as session:
        await session.execute(update(Event).values(recorded_at=None))
    assert (await ask(recorded_at=first))[0] == "84 %"
    assert (await ask(recorded_at=first - timedelta(seconds=1)))[0] is None
    assert (await ask())[1]["history"][0]["recorded_at"] == first.isoformat()


async def test_a_clock_that_is_no_instant_is_answered_by_how_to_write_one(api, send):
    await send(measure("e1"))
    answer = await api.get(f"/v1/measures/{KEY}", params={"recorded_at": "yesterday"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["where"] == "query.recorded_at"
