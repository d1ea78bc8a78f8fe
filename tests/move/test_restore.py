"""Backups taken while events flow, and one of the two put back: what was told stays told once."""

import asyncio
from collections import defaultdict
from datetime import date, timedelta

import pytest

from service.log import open_log
from service.move import adopt
from service.runtime import open_runtime, utc_now
from service.settings import Settings
from service.store.delivery.tables import Alert
from service.store.installation.identity import WrongLog
from service.store.standings.tables import Event
from tests.books import rows
from tests.journey.running import body_of, cause_of, measure, path_at
from tests.move.backups import Files, Servers
from tests.move.scenes import page_through, serving, until

MEASURES = 8
BATCH = 4


def plan(step, number):
    day = date(2025, 1, 1) + timedelta(days=step)
    return measure(
        f"m{number}-{step}",
        f"us-restore-{number}",
        10 + step,
        action="increased" if step else "imposed",
        announced_at=day.isoformat(),
        effective_at=(day + timedelta(days=1)).isoformat(),
        programme=f"Restore-{number}",
    )


EVENTS = [plan(step, number) for step in range(20) for number in range(MEASURES)]
EARLY, BACKED_UP, LATER, AFTER = EVENTS[:40], EVENTS[40:80], EVENTS[80:120], EVENTS[120:]


@pytest.fixture(
    params=[
        "embedded",
        pytest.param("distributed", marks=pytest.mark.needs_program("pg_dump", "psql")),
    ]
)
async def kit(request, tmp_path):
    """What can be copied under load, and put back."""
    if request.param == "embedded":
        made = Files(tmp_path)
    else:
        kafka = request.getfixturevalue("kafka_bootstrap")
        made = Servers(kafka, request.getfixturevalue("postgres_url"), tmp_path)
    await made.prepare()
    yield made
    await made.clear()


async def send(service, events):
    for start in range(0, len(events), BATCH):
        await service.send(*events[start : start + BATCH])
        await asyncio.sleep(0.01)


async def live_and_back_up(kit, receiver, *copies):
    """Everything is told; in the midst of it the copies are taken, one after the other."""
    async with serving(kit.settings, deployment="main") as service:
        await service.subscribe(name="all", lanes=[{}], url=path_at(receiver, "all"))
        await send(service, EARLY)
        flow = asyncio.create_task(send(service, BACKED_UP + LATER))
        for copy in copies:
            await copy()
        await flow
        await service.settle()
        await until(lambda: is_marked(service.runtime))
    return ids_of(receiver.requests)


async def is_marked(runtime):
    """What was read has been noted in the log, which is done now and then."""
    marks = await runtime.log.marks()
    ends = await runtime.log.ends("tariffs")
    return all(
        ("tariffs", one) in marks and marks["tariffs", one].next == end
        for one, end in ends.items()
        if end
    )


def ids_of(requests):
    """By event, the ids under which it was told."""
    found = defaultdict(list)
    for one in requests:
        found[cause_of(one)].append(one.headers["webhook-id"])
    return found


async def is_folded(service):
    stages = (await service.ask("/v1/status"))["stages"]
    return stages["event"]["waiting"] == stages["match"]["waiting"] == 0


async def is_waiting(service):
    """What came meanwhile stands in the outbox: the log is not for a copy."""
    status = await service.ask("/v1/status")
    return sum(status["outbox"]["waiting"].values()) == len(AFTER)


async def release(service):
    assert (await service.api.post("/v1/sending/release")).status_code == 200
    await service.settle()


def assert_nothing_lost_and_nothing_new(before, after, events):
    """Each event was told under one id; who was told before may have been told again by it."""
    assert after.keys() == {event["id"] for event in events}
    for event, ids in after.items():
        assert len(set(ids)) == 1, event
        assert set(before.get(event, ids)) == set(ids)


async def test_a_database_older_than_its_log_reads_on_and_sends_when_it_is_released(kit, receiver):
    before = await live_and_back_up(kit, receiver, kit.copy_books)
    assert before.keys() == {event["id"] for event in EARLY + BACKED_UP + LATER}
    told = len(receiver.requests)
    await kit.restore_books()
    async with serving(kit.settings) as service:
        await service.send(*AFTER)
        if kit.moves:
            await until(lambda: is_waiting(service))
        else:
            await until(lambda: is_folded(service))
        held = await service.ask("/v1/sending")
        assert held["state"] == "held"
        assert kit.reason in held["reason"]
        assert len(receiver.requests) == told
        await release(service)
        assert len(await page_through(service, "/v1/events")) == len(EVENTS)
        assert len(await rows(service.runtime.db, Alert, "id")) == len(EVENTS)
    assert_nothing_lost_and_nothing_new(before, ids_of(receiver.requests), EVENTS)
    again = len(receiver.requests)
    async with serving(kit.settings) as service:
        assert (await service.ask("/v1/sending"))["state"] == "live"
        await service.settle()
    assert len(receiver.requests) == again


async def test_both_restored_database_first_lose_only_what_came_after_the_backup(kit, receiver):
    """Nothing in such a pair tells that it is old: another deployment name says so."""
    before = await live_and_back_up(kit, receiver, kit.copy_books, kit.copy_log)
    await kit.restore_books()
    await kit.restore_log()
    if isinstance(kit, Servers):  # the copy of a prefix has another identity
        await adopt(Settings(**kit.settings), utc_now, is_stopped=True)
    async with serving(kit.settings, deployment="main, restored") as service:
        await until(lambda: is_folded(service))
        kept = {name for (name,) in await rows(service.runtime.db, Event, "id")}
        assert kept >= {event["id"] for event in EARLY}
        await service.send(*EVENTS)  # their senders were told 202, and send again what is missing
        await until(lambda: is_folded(service))
        assert (await service.ask("/v1/sending"))["state"] == "held"
        await release(service)
    assert_nothing_lost_and_nothing_new(before, ids_of(receiver.requests), EVENTS)


async def test_a_log_older_than_its_database_is_refused_until_it_is_adopted(kit, receiver):
    before = await live_and_back_up(kit, receiver, kit.copy_log)
    told = len(receiver.requests)
    await kit.restore_log()
    settings = Settings(**kit.settings, port=0)
    with pytest.raises(WrongLog, match="tariffwire adopt"):
        async with open_runtime(settings):
            pass
    adopted = await adopt(settings, utc_now, is_stopped=True)
    async with open_log(kit.settings["log_url"], utc_now) as log:
        await log.prepare()
        assert adopted.log_id == log.id
    async with serving(kit.settings) as service:
        assert (await service.ask("/v1/sending"))["state"] == "held"
        await service.send(*AFTER)
        await until(lambda: is_folded(service))
        assert len(receiver.requests) == told
        await release(service)
        assert len(await page_through(service, "/v1/events")) == len(EVENTS)
    after = ids_of(receiver.requests)
    assert_nothing_lost_and_nothing_new(before, after, EVENTS)
    assert all(len(ids) == 1 for ids in after.values())
    chains = defaultdict(list)
    for one in receiver.requests:
        data = body_of(one)["data"]
        chains[data["subject"]].append(data["sequence"])
    assert {tuple(sorted(chain)) for chain in chains.values()} == {tuple(range(1, 21))}
