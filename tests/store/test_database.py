"""The engine behind a URL."""

import asyncio

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from service.store.database import UnknownDatabase, count_changed, insert_new, open_database
from service.store.following.tables import Account, Subscription
from service.store.migrations import migrate
from service.store.tables import Counter, Setting
from tests.books import NOW, rows


async def test_a_write_is_committed_when_the_block_ends(db):
    async with db.write() as session:
        await session.execute(insert(Setting).values(name="a", value="1"))
    assert await rows(db, Setting) == [("a", "1")]


async def test_a_write_that_raises_leaves_nothing(db):
    with pytest.raises(LookupError):
        await _write_and_fail(db)
    assert await rows(db, Setting) == []


async def _write_and_fail(db):
    async with db.write() as session:
        await session.execute(insert(Setting).values(name="a", value="1"))
        raise LookupError


async def test_a_reader_sees_one_snapshot_while_others_write(db):
    async with db.read() as session:
        before = (await session.execute(select(Setting))).all()
        async with db.write() as other:
            await other.execute(insert(Setting).values(name="a", value="1"))
        assert (await session.execute(select(Setting))).all() == before == []
    assert len(await rows(db, Setting)) == 1


async def test_writers_wait_for_each_other_and_lose_no_increment(db):
    async def add():
        async with db.write() as session:
            wanted = select(Counter.last).where(Counter.name == "n").with_for_update()
            last = await session.scalar(wanted)
            await asyncio.sleep(0)
            await session.execute(text(f"UPDATE counter SET last = {last + 1} WHERE name = 'n'"))

    async with db.write() as session:
        await session.execute(insert(Counter).values(name="n", last=0))
    await asyncio.gather(*[add() for _ in range(50)])
    assert ("n", 50) in await rows(db, Counter)


async def test_what_is_there_already_is_left_alone(db):
    for value in ("first", "second"):
        async with db.write() as session:
            statement = insert_new(session, Setting).values(name="a", value=value)
            assert await count_changed(session, statement) == (value == "first")
    assert await rows(db, Setting) == [("a", "first")]


async def test_references_are_checked(db):
    row = {"id": "s", "account_id": "nobody", "rule": "{}", "after_change": 0}
    row |= {"created_at": NOW, "updated_at": NOW, "name": "", "labels": "{}", "details": "{}"}
    with pytest.raises(IntegrityError):
        await _insert(db, Subscription, row | {"state": "active"})


async def _insert(db, table, row):
    async with db.write() as session:
        await session.execute(insert(table), [row])


async def test_instants_come_back_aware_and_in_utc(db):
    assert await rows(db, Account, "created_at") == [(NOW,)]


async def test_a_new_file_is_made_with_its_folder(tmp_path):
    url = f"sqlite:///{tmp_path}/deep/er/books.db"
    async with open_database(url) as database:
        await migrate(database)
    async with open_database(url) as database:
        assert await rows(database, Setting) == []


@pytest.mark.parametrize("url", ["mysql://host/books", "oracle://host/books"])
async def test_an_unknown_scheme_is_refused_with_the_remedy(url):
    with pytest.raises(UnknownDatabase, match="TARIFFWIRE_DATABASE_URL begins with sqlite"):
        async with open_database(url):
            pass


async def test_a_scheme_that_others_understand_is_put_right():
    with pytest.raises(UnknownDatabase, match="Write postgresql:// for"):
        async with open_database("postgres://host/books"):
            pass


async def test_a_refused_url_keeps_its_password_to_itself():
    with pytest.raises(UnknownDatabase) as caught:
        async with open_database("mysql://me:hush@host/books"):
            pass
    assert "hush" not in str(caught.value)
