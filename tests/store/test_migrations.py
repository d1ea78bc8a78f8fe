"""The schema of this release, and the way to it."""

import asyncio
import sys

import pytest
from sqlalchemy import select, text

from service.store.database import DatabaseUnavailable, open_database
from service.store.following.tables import Account
from service.store.migrations import differences, is_current, migrate
from service.store.tables import Counter
from tests.books import count, rows
from tests.databases import KINDS, make_database

RIVALS = 3
START = (sys.executable, "-m", "tests.store.rival")


@pytest.fixture(params=KINDS)
def empty_url(request, tmp_path):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.db"
    else:
        with make_database(request.getfixturevalue("postgres_url")) as url:
            yield url


@pytest.fixture
async def empty(empty_url):
    async with open_database(empty_url) as database:
        yield database


async def test_head_is_what_the_tables_say(empty):
    assert await differences(empty) != []
    assert not await is_current(empty)
    await migrate(empty)
    assert await differences(empty) == []
    assert await is_current(empty)


async def test_migrating_twice_is_harmless(db):
    await migrate(db)
    assert await differences(db) == []
    assert await count(db, Account) == 1


async def test_a_difference_would_be_noticed(db):
    async with db.write() as session:
        await session.execute(text("DROP INDEX ix_delivery_queue"))
        await session.execute(text("ALTER TABLE receipt DROP COLUMN sha256"))
    said = str(await differences(db))
    assert "ix_delivery_queue" in said
    assert "sha256" in said


async def test_any_number_of_processes_may_migrate_at_once(empty_url):
    rivals = [await asyncio.create_subprocess_exec(*START, empty_url) for _ in range(RIVALS)]
    assert await asyncio.gather(*[one.wait() for one in rivals]) == [0] * RIVALS
    async with open_database(empty_url) as database:
        assert await differences(database) == []
        assert len(await rows(database, Counter)) == 4


async def test_at_head_nobody_is_waited_for(server):
    async with server.write() as busy:
        await busy.execute(select(Account).with_for_update())
        await busy.execute(text("LOCK TABLE alembic_version IN EXCLUSIVE MODE"))
        async with server.migrating():
            await migrate(server)


async def test_a_migration_gives_up_rather_than_make_everyone_queue_behind_it(server):
    async with server.write() as busy:
        await busy.execute(select(Account))
        with pytest.raises(DatabaseUnavailable, match="stayed locked for too long"):
            await _change_account(server)


async def _change_account(server):
    async with server.migrating() as connection:
        assert await connection.scalar(text("SHOW lock_timeout")) == "10s"
        await connection.execute(text("SET LOCAL lock_timeout = '50ms'"))
        await connection.execute(text("ALTER TABLE account ADD COLUMN motto varchar"))


async def test_all_text_is_compared_byte_by_byte(server):
    """Whatever language a server was set up in; a column that a migration adds says so itself."""
    wanted = text(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND data_type IN ('character varying', 'text')"
        " AND collation_name IS DISTINCT FROM 'C' AND table_name <> 'alembic_version'"
    )
    async with server.read() as session:
        assert (await session.execute(wanted)).all() == []
