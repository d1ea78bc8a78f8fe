"""Time as a source: steps of 2025 sent live, under a clock that is set through the year."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from service.core.moment import read_moment
from service.events_of_2025 import read_year
from service.runtime.clock import remind
from service.store.reminders.tables import Reminder
from tests.books import rows
from tests.journey.places import Folder
from tests.journey.running import Watch, body_of, measure, path_at, run_service

SUBJECTS = ("measure:us-reciprocal-cn", "measure:us-fentanyl-cn", "measure:cn-retaliation-us")
STEPS = [one for one in read_year() if one["subject"] in SUBJECTS]
LAST = datetime.fromisoformat("2025-12-31T00:00:00+00:00")
ENTRIES = {
    ("measure:us-fentanyl-cn", "2025-02-04"),
    ("measure:us-fentanyl-cn", "2025-03-04"),
    ("measure:us-fentanyl-cn", "2025-11-10"),
    ("measure:us-reciprocal-cn", "2025-04-09"),
    ("measure:us-reciprocal-cn", "2025-04-10"),
    ("measure:cn-retaliation-us", "2025-04-10"),
    ("measure:cn-retaliation-us", "2025-04-12"),
}
"""Each date on which a rate of these measures began, as the orders state it."""


@pytest.fixture
def watch():
    watch = Watch()
    watch.set(datetime.fromisoformat("2025-01-01T00:00:00+00:00"))
    return watch


@pytest.fixture
async def service(new_place, watch, smtp):
    async with run_service(new_place(), smtp, watch) as running:
        yield running


@pytest.fixture
async def on_files(tmp_path, watch, smtp):
    """Kafka says itself when it took a record, so no clock of ours can be set for it."""
    async with run_service(Folder(tmp_path), smtp, watch) as running:
        yield running


async def strike(service, watch, instant):
    """All that is due until then, each at its own instant."""
    while True:
        due = [at for (at,) in await rows(service.runtime.db, Reminder, "due_at")]
        if min(due, default=instant) >= instant:
            break
        watch.set(max(watch(), min(due) + timedelta(seconds=1)))
        await remind(service.runtime)
        await service.settle()
    watch.set(instant)


async def live_through(service, watch):
    for event in STEPS:
        known = datetime.fromisoformat(event["knownfrom"])
        await strike(service, watch, known)
        await service.send(event)
        await service.settle()
    await strike(service, watch, LAST)
    return await service.settle()


async def test_every_entry_into_force_of_some_steps_of_2025_is_told_once(on_files, receiver, watch):
    service = on_files
    await service.subscribe(lanes=[{}], url=path_at(receiver, "all"))
    await service.subscribe(
        lanes=[{}], kinds=["upcoming"], lead_times=[1], url=path_at(receiver, "eve")
    )
    status = await live_through(service, watch)
    assert status["stages"]["receipt"]["outcomes"].keys() == {"delivered"}
    told = [body_of(one)["data"] for one in receiver.requests if one.path == "/all"]
    entered = Counter(
        (one["subject"], read_moment(one["effective_at"]).at.date().isoformat())
        for one in told
        if one["kinds"][0] == "entered_into_force"
    )
    assert entered == Counter(dict.fromkeys(ENTRIES, 1))
    assert {one["mode"] for one in told} == {"live"}
    assert not any(one["kinds"][0] == "upcoming" for one in told)
    eves = [body_of(one)["data"] for one in receiver.requests if one.path == "/eve"]
    assert {(one["kinds"][0], one["lead"], one["days"]) for one in eves} == {("upcoming", 1, 1)}
    assert "2025-02-04T00:01:00-05:00" in {one["effective_at"]["at"] for one in eves}
    ids = [one.headers["webhook-id"] for one in receiver.requests]
    assert len(set(ids)) == len(ids)
    outcomes = status["stages"]["event"]["outcomes"]
    assert outcomes.keys() <= {"changed", "evidence_only", "weaker_claim"}


async def test_what_enters_into_force_is_told_when_it_does_by_the_clock_of_the_log(
    new_place, smtp, receiver
):
    async with run_service(new_place(), smtp) as service:
        await service.subscribe(lanes=[{}], url=path_at(receiver, "all"))
        start = datetime.now(UTC) + timedelta(seconds=3)
        await service.send(
            measure("soon", "x", 25, action="imposed", effective_at=start.isoformat())
        )
        await service.settle()
        await asyncio.sleep(max(0, (start - datetime.now(UTC)).total_seconds()))
        for _ in range(2):  # the second time there is nothing left to tell
            await remind(service.runtime)
            await service.settle()
    kinds = [body_of(one)["data"]["kinds"][0] for one in receiver.requests]
    assert kinds == ["measure_announced", "entered_into_force"]


async def test_the_same_year_as_history_alerts_nobody_and_leaves_what_is_ahead(
    service, receiver, watch
):
    watch.set(datetime.fromisoformat("2026-01-05T00:00:00+00:00"))
    await service.subscribe(lanes=[{}], lead_times=[7], url=path_at(receiver, "all"))
    await service.send(*(event | {"handling": "history"} for event in read_year()))
    await service.settle()
    await remind(service.runtime)
    status = await service.settle()
    assert set(status["stages"]["event"]["outcomes"]) == {"history"}
    assert not receiver.requests
    left = sorted(await rows(service.runtime.db, Reminder, "at", "subject"))
    assert [(at.date().isoformat(), subject) for at, subject in left] == [
        ("2026-02-06", "measure:eu-countermeasures-us-93bn"),
        ("2026-11-09", "measure:cn-retaliation-us"),  # its day begins in Shanghai
        ("2026-11-10", "measure:us-reciprocal-cn"),
        ("2027-01-01", "measure:us-s232-timber-cabinets"),
        ("2027-01-01", "measure:us-s232-timber-upholstered"),
    ]
