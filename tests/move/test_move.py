"""An embedded installation goes to Kafka and PostgreSQL: nothing is lost, nothing told twice."""

import asyncio
from collections import Counter, defaultdict

import pytest

from service.log import open_log
from service.move import CannotMove, Place, move, undo
from service.runtime import open_runtime, utc_now
from service.settings import Settings
from service.store.arrivals.tables import Quarantine
from service.store.database import open_database
from service.store.delivery.tables import Alert, Receipt
from service.store.installation.identity import WrongLog
from service.store.installation.moved import HalfMoved, MovedAway
from service.store.installation.whole import count_rows
from service.store.migrations import differences
from service.store.standings.tables import Event, Subject
from service.store.tables import Setting
from tests.books import rows
from tests.journey.places import Folder
from tests.journey.running import body_of, cause_of
from tests.move.scenes import (
    GARBAGE,
    RETRIED,
    STRANGE,
    UNREAD,
    YEAR,
    page_through,
    place_of,
    play_first_half,
    read_all,
    serving,
    silent,
    until,
)


async def take(scene, there):
    return await move(scene.place, place_of(there.settings), utc_now, silent)


@pytest.fixture(scope="session")
def plain_outcomes(tmp_path_factory):
    """The year in one go, in one place: event → outcome."""

    async def play():
        async with serving(Folder(tmp_path_factory.mktemp("plain")).settings) as service:
            await service.send(*YEAR)
            await service.settle()
            return {one["id"]: one["outcome"] for one in await page_through(service, "/v1/events")}

    return asyncio.run(play())


async def test_half_a_year_goes_on_elsewhere_as_if_nothing_had_happened(
    tmp_path, there, receiver, plain_outcomes
):
    scene = await play_first_half(tmp_path / "here", receiver)
    before = list(receiver.requests)
    moved = await take(scene, there)
    assert moved.records == len(UNREAD) + 1
    async with serving(there.settings) as service:
        service.watch.advance(days=2)
        await service.settle()
        resumed = await service.api.patch(
            f"/v1/destinations/{scene.paused}", json={"state": "active"}
        )
        assert resumed.status_code == 200
        await service.settle()
        events = await page_through(service, "/v1/events")
        alerts = {str(name) for (name,) in await rows(service.runtime.db, Alert, "id")}
        receipts = await rows(service.runtime.db, Receipt, "delivery_id", "outcome")
        set_aside = await page_through(service, "/v1/quarantine")
        assert await differences(service.runtime.db) == []
        assert service.runtime.deployment == moved.deployment
    assert {one["id"]: one["outcome"] for one in events} == plain_outcomes
    assert len(events) == len(YEAR)
    assert {outcome for _, outcome in receipts} == {"delivered"}
    assert {str(name) for name, _ in receipts} == alerts
    assert_told_once(receiver.requests, before)
    assert alerts == {one.headers["webhook-id"] for one in receiver.requests}
    changed = {name for name, outcome in plain_outcomes.items() if outcome == "changed"}
    for path in ("/everything", "/paused"):
        told = [cause_of(one) for one in receiver.requests if one.path == path]
        assert set(told) == changed
        assert_in_sequence([body_of(one)["data"] for one in receiver.requests if one.path == path])
    sources = {body_of(one)["source"] for one in receiver.requests}
    assert sources == {f"urn:tariffwire:{moved.deployment}"}
    assert sorted(bytes(one["preview"], "utf-8", "replace") for one in set_aside) == sorted(
        [GARBAGE.value.decode("utf-8", "replace").encode(), STRANGE.value]
    )


def assert_told_once(requests, before):
    """An alert has one id; only those that were answered 503 before came again, as they were."""
    ids, bodies = defaultdict(set), defaultdict(set)
    for one in requests:
        ids[one.path, cause_of(one)].add(one.headers["webhook-id"])
        bodies[one.headers["webhook-id"]].add(one.body)
    assert {len(found) for found in ids.values()} == {1}
    assert {len(found) for found in bodies.values()} == {1}
    refused = {event["id"] for event in RETRIED}
    once = Counter(one.headers["webhook-id"] for one in requests if cause_of(one) not in refused)
    assert set(once.values()) == {1}
    again = {one.headers["webhook-id"] for one in before if cause_of(one) in refused}
    after = {one.headers["webhook-id"] for one in requests[len(before) :]}
    assert again
    assert again <= after


def assert_in_sequence(alerts):
    chains = defaultdict(set)
    for alert in alerts:
        chains[alert["subject"]].add(alert["sequence"])
    for subject, chain in chains.items():
        assert sorted(chain) == list(range(1, len(chain) + 1)), subject


async def test_every_row_and_every_unread_record_arrives_as_it_was(scene, there):
    await take(scene, there)
    async with (
        open_database(scene.place.database) as old,
        open_database(there.settings["database_url"]) as new,
        open_log(there.settings["log_url"], utc_now) as log,
    ):
        for table in (Event, Subject, Alert, Receipt):
            assert await rows(old, table) == await rows(new, table)
        assert await old.run_read(count_rows) == await new.run_read(count_rows)
        [(name, position)] = await rows(new, Quarantine, "id", "position")
        assert name.endswith("~1")
        assert position == -1
        known = dict(await rows(new, Setting))
        await log.prepare()  # it is reached, and says who it is
        assert known["log"] == log.id
        found = await read_all(log)
    assert Counter(found) == Counter(scene.read_unread())


async def test_what_has_moved_is_served_there_and_no_longer_here(scene, there):
    await take(scene, there)
    with pytest.raises(MovedAway, match=r"postgresql://tariffwire@127\.0\.0\.1"):
        async with open_runtime(Settings(**scene.settings, port=0)):
            pass
    async with open_runtime(Settings(**there.settings, port=0)):
        pass


async def test_moving_again_says_that_it_has_moved(scene, there):
    first = await take(scene, there)
    again = await take(scene, there)
    assert (again.deployment, again.rows) == (first.deployment, None)
    elsewhere = Place("postgresql://tariffwire@127.0.0.1/other", there.settings["log_url"])
    with pytest.raises(MovedAway, match="name that place"):
        await move(scene.place, elsewhere, utc_now, silent)


async def test_a_move_can_be_taken_back_until_the_new_place_is_served(scene, there):
    await take(scene, there)
    await undo(scene.place, place_of(there.settings), utc_now)
    with pytest.raises(HalfMoved):
        async with open_runtime(Settings(**there.settings, port=0)):
            pass
    async with open_runtime(Settings(**scene.settings, port=0)):
        pass
    await take(scene, there)
    async with open_runtime(Settings(**there.settings, port=0)):
        pass
    with pytest.raises(CannotMove, match="served at the new place"):
        await undo(scene.place, place_of(there.settings), utc_now)


async def test_only_the_place_it_moved_to_is_closed_when_it_is_taken_back(scene, there):
    await take(scene, there)
    elsewhere = Place("postgresql://tariffwire@127.0.0.1/other", there.settings["log_url"])
    with pytest.raises(CannotMove, match="name that one"):
        await undo(scene.place, elsewhere, utc_now)
    async with open_runtime(Settings(**there.settings, port=0)):
        pass


async def test_what_was_served_between_two_attempts_is_moved_as_it_stands_then(scene, there):
    await take(scene, there)
    await undo(scene.place, place_of(there.settings), utc_now)
    async with serving(scene.settings, roles=("api", "consume", "clock")) as service:

        async def is_read():
            return not (await service.ask("/v1/status"))["stages"]["event"]["waiting"]

        await until(is_read)
    moved = await take(scene, there)
    assert moved.records == 0
    async with serving(there.settings, roles=("api", "consume", "clock")) as service:
        await until(is_read)
        assert len(await page_through(service, "/v1/events")) == len(YEAR)


async def test_a_place_that_is_not_empty_is_refused(scene, there):
    async with open_runtime(Settings(**there.settings, port=0)):
        pass
    with pytest.raises(CannotMove, match=r"already \(account, .*setting\)"):
        await take(scene, there)
    async with open_runtime(Settings(**scene.settings, port=0)):
        pass


async def test_a_log_that_is_not_empty_is_refused(scene, there):
    async with open_log(there.settings["log_url"], utc_now) as log:
        await log.prepare()
        await log.append("tariffs", [GARBAGE])
    with pytest.raises(CannotMove, match=r"already \(tariffs\)"):
        await take(scene, there)


async def test_a_folder_in_which_nothing_was_served_has_nothing_to_move(tmp_path, there):
    with pytest.raises(CannotMove, match="There is none"):
        await move(place_of(Folder(tmp_path).settings), place_of(there.settings), utc_now, silent)


async def test_a_place_cannot_be_moved_onto_itself(scene):
    with pytest.raises(CannotMove, match="there already"):
        await move(scene.place, scene.place, utc_now, silent)


async def test_what_other_processes_may_serve_is_not_moved(there, tmp_path):
    target = place_of(Folder(tmp_path).settings)
    with pytest.raises(CannotMove, match="Other processes may serve it"):
        await move(place_of(there.settings), target, utc_now, silent)


async def test_an_installation_whose_log_does_not_fit_is_not_moved(scene, there, tmp_path):
    wrong = Place(scene.place.database, f"sqlite:///{tmp_path}/other.db")
    with pytest.raises(WrongLog, match="set on log"):
        await move(wrong, place_of(there.settings), utc_now, silent)
