"""What an installation knows of itself, and which log and name it is served with."""

import asyncio
from dataclasses import replace

import pytest

from service.log import Batch, Mark, Record, open_log
from service.store.arrivals.progress import move_bookmark
from service.store.arrivals.tables import Quarantine
from service.store.delivery.sending import find_hold, release_sending
from service.store.following.accounts import DEFAULT, ensure_default
from service.store.following.tables import Account
from service.store.ids import new_id
from service.store.installation.adoption import adopt_log
from service.store.installation.identity import (
    WrongLog,
    check_fit,
    check_name,
    know_self,
    read_books,
)
from service.store.installation.moved import (
    Arrival,
    Departure,
    HalfMoved,
    MovedAway,
    State,
    find_arrival,
    note_arrival,
    note_departure,
)
from service.store.numbers import take_numbers
from service.store.tables import Progress, Setting
from tests.books import NOW, Watch, count, rows

PLACE = ("tariffs", 0)


@pytest.fixture
async def known(db):
    """Books that know who they are."""
    async with db.write() as session:
        await know_self(session, "ours")
    return db


async def read(db, log, up_to):
    """As a consumer that has taken all up to there, and says so."""
    async with db.write() as session:
        await move_bookmark(session, Batch(*PLACE, 0, up_to, ()), log.id)
    await log.mark("ours", {PLACE: up_to})


async def held(db):
    async with db.read() as session:
        return await find_hold(session)


async def release(db):
    async with db.write() as session:
        await release_sending(session, NOW)


async def said(db):
    async with db.read() as session:
        return await read_books(session)


async def test_the_first_id_given_stays(db):
    ids = []
    for fresh in ("first", "second"):
        async with db.write() as session:
            ids.append(await know_self(session, fresh))
    assert ids == ["first", "first"]


async def test_ten_that_start_at_once_agree_on_one_id(db):
    async def start(number):
        return await db.run_write(lambda session: know_self(session, f"id-{number}"))

    assert len(set(await asyncio.gather(*map(start, range(10))))) == 1


async def test_a_log_that_belongs_to_the_books_is_remembered(known, log):
    await log.append("tariffs", [Record(None, b"{}")] * 5)
    await read(known, log, 5)
    assert not (await check_fit(known, log, "", NOW)).hold
    assert (await said(known)).log_id == log.id
    assert await held(known) is None


async def test_another_log_is_refused_with_the_remedy(known, log, tmp_path, clock):
    await check_fit(known, log, "", NOW)
    async with open_log(f"sqlite:///{tmp_path}/other.db", clock) as other:
        with pytest.raises(WrongLog) as caught:
            await check_fit(known, other, "", NOW)
    assert f"on log {log.id}, and this is log {other.id}" in str(caught.value)
    assert "tariffwire adopt" in str(caught.value)


async def test_a_log_that_is_shorter_than_the_books_is_refused(known, log):
    await log.append("tariffs", [Record(None, b"{}")] * 5)
    await read(known, log, 9)
    with pytest.raises(WrongLog, match=r"tariffs/0 ends at 6.* up to 9, 3 further"):
        await check_fit(known, log, "", NOW)


async def test_a_log_that_another_database_follows_is_refused(known, log):
    await log.mark("theirs", {PLACE: 3})
    with pytest.raises(WrongLog, match="deployment theirs has read tariffs/0 up to 3"):
        await check_fit(known, log, "", NOW)


@pytest.fixture
async def restored(known, log):
    """Books that say 2, and a log that knows that they said 5 once."""
    await log.append("tariffs", [Record(None, b"{}")] * 5)
    await read(known, log, 2)
    await log.mark("ours", {PLACE: 5})
    return known


async def test_restored_books_are_served_with_sending_held(restored, log):
    verdict = await check_fit(restored, log, "", NOW)
    assert "stands at 2" in verdict.hold
    assert "tariffwire send release" in await held(restored)
    assert await log.marks() == {PLACE: Mark("ours", 2)}


async def test_what_was_released_is_not_held_again_at_the_next_start(restored, log):
    await check_fit(restored, log, "", NOW)
    await release(restored)
    await check_fit(restored, log, "", NOW)
    assert await held(restored) is None


async def test_nor_where_the_log_did_not_take_the_lower_mark(restored, log):
    await check_fit(restored, log, "", NOW)
    await release(restored)
    await log.mark("ours", {PLACE: 5})
    await check_fit(restored, log, "", NOW)
    assert await held(restored) is None


async def test_a_second_restore_of_the_same_backup_is_held_again(restored, log):
    await check_fit(restored, log, "", NOW)
    await release(restored)
    await log.mark("ours", {PLACE: 4})
    assert (await check_fit(restored, log, "", NOW)).hold


async def test_ten_that_start_at_once_hold_once(restored, log):
    found = await asyncio.gather(*(check_fit(restored, log, "test", NOW) for _ in range(10)))
    assert sum(bool(one.hold) for one in found) == 1
    assert (await held(restored)).count("as after a restore") == 1


async def test_the_first_name_is_taken_and_another_holds_until_it_is_released(known, log):
    await check_fit(known, log, "main", NOW)
    assert (await said(known)).name == "main"
    await check_fit(known, log, "test", NOW)
    assert "'main', and this is 'test'" in await held(known)
    assert (await said(known)).name == "main"
    await check_fit(known, log, "test", NOW)
    assert (await held(known)).count("customers") == 1
    await release(known)
    await check_fit(known, log, "test", NOW)
    assert await held(known) is None
    assert (await said(known)).name == "test"


async def test_a_name_is_checked_while_the_log_is_away(known):
    for name in ("main", "", "test"):
        assert await held(known) is None
        async with known.write() as session:
            await check_name(session, name, NOW)
    assert "this is 'test'" in await held(known)


async def test_nameless_books_that_have_alerted_may_be_a_copy(known, log):
    async with known.write() as session:
        await take_numbers(session, alerts=1)
    await check_fit(known, log, "test", NOW)
    assert "without a name" in await held(known)


async def test_an_adopted_log_is_read_from_its_start_with_sending_held(known, log, tmp_path, clock):
    await log.append("tariffs", [Record(None, b"{}")] * 5)
    await read(known, log, 5)
    await check_fit(known, log, "main", NOW)
    async with open_log(f"sqlite:///{tmp_path}/other.db", clock) as other:
        async with known.write() as session:
            await adopt_log(session, other.id, {}, "test", NOW)
        assert not (await check_fit(known, other, "test", NOW)).hold
        books = await said(known)
        assert (books.log_id, books.name, books.bookmarks) == (other.id, "test", {})
    assert "adopt" in await held(known)
    assert await count(known, Progress) == 0


def aside(position, **said):
    return Quarantine(
        id=f"tariffs-0-{position}",
        topic="tariffs",
        partition=0,
        position=position,
        reason="why",
        value=b"?",
        at=NOW,
        **said,
    )


async def test_inputs_set_aside_make_way_for_those_of_a_log_that_counts_anew(known, log):
    async with known.write() as session:
        session.add_all([aside(3), aside(7), aside(8)])
    for ends in ({PLACE: 8}, {PLACE: 8}, {PLACE: 2}):
        async with known.write() as session:
            await adopt_log(session, log.id, ends, "", NOW)
        async with known.write() as session:
            session.add(aside(8))
    places = dict(await rows(known, Quarantine, "id", "position"))
    assert places == {
        "tariffs-0-3~3": -3,
        "tariffs-0-7~4": -4,
        "tariffs-0-8~1": -1,
        "tariffs-0-8~2": -2,
        "tariffs-0-8~5": -5,
        "tariffs-0-8": 8,
    }


async def test_books_that_were_moved_are_refused_and_name_the_new_place(known):
    async with known.write() as session:
        await note_departure(session, Departure("postgresql://host/books", "kafka://k:9092", "…"))
    with pytest.raises(MovedAway, match=r"postgresql://host/books and kafka://k:9092"):
        await known.run_write(lambda session: know_self(session, "other"))


ARRIVAL = Arrival("ours", "log-1", State.COPYING)


@pytest.mark.parametrize("state", [State.COPYING, State.COPIED, State.UNDONE])
async def test_books_into_which_a_move_is_not_finished_are_refused(known, state):
    async with known.write() as session:
        await note_arrival(session, replace(ARRIVAL, state=state))
    with pytest.raises(HalfMoved, match="tariffwire move again"):
        await known.run_write(lambda session: know_self(session, "other"))


async def test_the_first_to_serve_moved_books_leaves_a_note(known):
    async with known.write() as session:
        await note_arrival(session, replace(ARRIVAL, state=State.READY))
    await known.run_write(lambda session: know_self(session, "other"))
    async with known.read() as session:
        assert (await find_arrival(session)).state is State.SERVED


async def test_the_default_account_is_entered_once(db):
    async with db.write() as session:
        await ensure_default(session, NOW.replace(year=2030))
    assert await rows(db, Account) == [(DEFAULT, "default", NOW)]


async def test_what_is_forgotten_is_not_kept_as_nothing(known, log):
    await check_fit(known, log, "main", NOW)
    assert {name for (name,) in await rows(known, Setting, "name")} == {
        "deployment",
        "deployment.name",
        "log",
    }


def test_ids_sort_by_the_time_they_were_made_and_differ_within_an_instant():
    clock = Watch()
    made = []
    for _ in range(50):
        made += [new_id("sub", clock()), new_id("sub", clock())]
        clock.advance(seconds=0.001)
    assert len(set(made)) == 100
    stems = [one[: len("sub_") + 12] for one in made]
    assert stems == sorted(stems)
    assert len(set(stems)) == 50
