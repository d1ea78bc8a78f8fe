"""The schema of this release, and the way to it."""

import pytest
from sqlalchemy import text

from service.store.database import open_database
from service.store.migrations import differences, migrate
from service.store.tables import Account
from tests.books import count


@pytest.fixture(params=["sqlite"])
async def empty(request, tmp_path):
    async with open_database(f"sqlite:///{tmp_path}/empty.db") as database:
        yield database


async def test_head_is_what_the_tables_say(empty):
    assert await differences(empty) != []
    await migrate(empty)
    assert await differences(empty) == []


async def test_migrating_twice_is_harmless(db):
    await migrate(db)
    assert await differences(db) == []
    assert await count(db, Account) == 1


async def test_a_difference_would_be_noticed(db):
    async with db.write() as session:
        await session.execute(text("DROP INDEX ix_delivery_due"))
        await session.execute(text("ALTER TABLE receipt DROP COLUMN sha256"))
    said = str(await differences(db))
    assert "ix_delivery_due" in said
    assert "sha256" in said
