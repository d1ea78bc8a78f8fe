"""The driver under the books: one hop a statement, and no statement outside its transaction."""

import asyncio
import threading
from contextlib import suppress

import pytest

from service.store.engines.hop import connect


@pytest.fixture
async def connection(tmp_path):
    opened = await connect(tmp_path / "plain.db")
    await opened.cursor().execute("CREATE TABLE t (n INTEGER)")
    yield opened
    await opened.close()


async def numbers(connection):
    rows = await (await connection.cursor().execute("SELECT n FROM t ORDER BY n")).fetchall()
    return [number for (number,) in rows]


async def test_a_transaction_begins_with_its_first_statement_and_can_be_taken_back(connection):
    connection.begin_with("BEGIN IMMEDIATE")
    await connection.cursor().execute("INSERT INTO t VALUES (1)")
    await connection.rollback()
    assert await numbers(connection) == []
    connection.begin_with("BEGIN IMMEDIATE")
    await connection.cursor().executemany("INSERT INTO t VALUES (?)", [(1,), (2,)])
    await connection.commit()
    await connection.rollback()
    assert await numbers(connection) == [1, 2]


async def test_a_transaction_without_statements_costs_and_leaves_nothing(connection):
    connection.begin_with("BEGIN IMMEDIATE")
    await connection.commit()
    connection.begin_with("BEGIN IMMEDIATE")
    await connection.rollback()
    assert await numbers(connection) == []


async def test_a_statement_cancelled_before_it_ran_is_rolled_back_with_the_rest(connection):
    """Else a consumer asked to stop might move its bookmark without the effects."""
    gate = threading.Event()
    busy = asyncio.create_task(connection.run(lambda _: gate.wait()))
    await asyncio.sleep(0)
    connection.begin_with("BEGIN IMMEDIATE")
    first = asyncio.create_task(connection.cursor().execute("INSERT INTO t VALUES (1)"))
    await asyncio.sleep(0)
    first.cancel()
    with suppress(asyncio.CancelledError):
        await first
    undone = asyncio.create_task(connection.rollback())
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(busy, undone)
    assert await numbers(connection) == []
