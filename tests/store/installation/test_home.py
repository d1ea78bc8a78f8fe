"""A database that was copied to another place, and whose the log is then."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import make_url

from service.store.database import open_database
from service.store.delivery.sending import find_hold, hold_sending
from service.store.installation.adoption import adopt_log
from service.store.installation.home import (
    COPIED,
    Copied,
    find_home,
    refuse_copy,
    settle_in,
    take_over,
)
from tests.books import NOW
from tests.databases import make_database


async def settle(db):
    return await db.run_write(lambda session: settle_in(session, NOW))


async def look(db):
    await db.run_read(refuse_copy)
    return await db.run_read(find_hold)


@pytest.fixture
def copied_url(server_url, postgres_url):
    """The same database under another name, made after it was served once."""

    async def serve() -> None:
        async with open_database(server_url) as db:
            assert not await settle(db)
            await db.run_write(lambda session: hold_sending(session, "by hand", NOW))

    asyncio.run(serve())
    with make_database(postgres_url, server_url) as url:
        yield url


@pytest.fixture
async def copy(copied_url):
    async with open_database(copied_url) as db:
        yield db


async def test_books_in_a_file_live_nowhere_else(tmp_path):
    async with open_database(f"sqlite:///{tmp_path}/books.db") as db:
        assert await db.run_read(find_home) == ""


async def test_who_stays_where_it_was_may_go_on(server):
    for _ in range(2):
        assert not await settle(server)
    assert await look(server) is None


async def test_a_user_without_rights_may_ask_where_it_lives(server, server_url):
    connection = await asyncpg.connect(server_url)
    await connection.execute("DROP ROLE IF EXISTS plain")
    await connection.execute("CREATE ROLE plain LOGIN")
    try:
        url = make_url(server_url).set(username="plain").render_as_string(hide_password=False)
        async with open_database(url) as plain:
            assert await plain.run_read(find_home) == await server.run_read(find_home)
    finally:
        await connection.execute("DROP ROLE plain")
        await connection.close()


async def test_a_copy_is_held_and_kept_from_the_log(copy):
    for _ in range(2):  # every process that starts says so, once
        assert await settle(copy)
    with pytest.raises(Copied, match="tariffwire send release"):
        await copy.run_read(refuse_copy)
    assert await copy.run_read(find_hold) == f"by hand; {COPIED}"


async def test_a_copy_that_takes_over_is_none_any_more(copy):
    await settle(copy)
    await copy.run_write(take_over)
    assert not await settle(copy)
    await copy.run_read(refuse_copy)


async def test_a_copy_that_adopts_a_log_of_its_own_lives_here(copy):
    await settle(copy)
    await copy.run_write(lambda session: adopt_log(session, "other", {}, "", NOW))
    assert not await settle(copy)
    await copy.run_read(refuse_copy)
