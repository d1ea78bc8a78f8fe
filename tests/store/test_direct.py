"""Whole transactions on a thread of their own."""

import asyncio
import shutil
import threading

import pytest
from sqlalchemy import insert, select

from service.store.database import open_database
from service.store.engines.direct import Strayed
from service.store.tables import Setting
from tests.books import rows


def put(name):
    async def work(session):
        await session.execute(insert(Setting).values(name=name, value=name))
        return threading.current_thread().name

    return work


@pytest.fixture
async def db(tmp_path, migrated):
    """An engine in this process: only there is a transaction one hop."""
    path = shutil.copy(migrated, tmp_path / "books.db")
    async with open_database(f"sqlite:///{path}") as database:
        yield database


async def names(session):
    return list((await session.execute(select(Setting.name).order_by(Setting.name))).scalars())


async def test_a_transaction_runs_away_from_the_loop_and_commits(db):
    assert await db.run_write(put("one")) != threading.current_thread().name
    assert "one" in await db.run_read(names)


async def test_what_raises_is_rolled_back_and_raised(db):
    async def fail(session):
        await put("one")(session)
        message = "no"
        raise KeyError(message)

    with pytest.raises(KeyError, match="no"):
        await db.run_write(fail)
    assert "one" not in await db.run_read(names)
    await db.run_write(put("two"))
    assert "two" in await db.run_read(names)


async def test_a_transaction_that_awaits_something_else_is_refused_and_leaves_nothing(db):
    async def stray(session):
        await put("one")(session)
        await asyncio.sleep(0)

    with pytest.raises(Strayed, match="may await its session"):
        await db.run_write(stray)
    assert "one" not in await db.run_read(names)


async def test_who_is_cancelled_waits_for_the_end_of_the_transaction(db):
    begun, go_on = threading.Event(), threading.Event()

    async def slow(session):
        await put("one")(session)
        begun.set()
        go_on.wait(10)

    task = asyncio.create_task(db.run_write(slow))
    await asyncio.to_thread(begun.wait, 10)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert "one" in await db.run_read(names)


async def test_both_kinds_of_write_take_turns(db):
    async def by_session(name):
        async with db.write() as session:
            await put(name)(session)

    await asyncio.gather(
        *(by_session(f"a{n}") for n in range(20)), *(db.run_write(put(f"b{n}")) for n in range(20))
    )
    assert len([name for (name,) in await rows(db, Setting, "name") if name[0] in "ab"]) == 40


async def test_a_reader_sees_one_snapshot(db):
    async def twice(session):
        before = await names(session)
        writing.set()
        written.wait(10)
        return before, await names(session)

    writing, written = threading.Event(), threading.Event()
    reading = asyncio.create_task(db.run_read(twice))
    await asyncio.to_thread(writing.wait, 10)
    await db.run_write(put("late"))
    written.set()
    before, after = await reading
    assert before == after
    assert "late" in await db.run_read(names)
