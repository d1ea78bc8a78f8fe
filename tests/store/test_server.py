"""Books on a server: what may go wrong with it, and that they go on when it is back."""

import asyncio
import shutil
import signal
import sys
from asyncio.subprocess import PIPE
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from sqlalchemy import insert, select, text, update

from service.store.database import (
    Database,
    DatabaseRefused,
    DatabaseUnavailable,
    lock_names,
    open_database,
    read_url,
)
from service.store.engines import postgresql
from service.store.engines.postgresql import PostgreSQL
from service.store.migrations import migrate
from service.store.tables import Counter, Setting
from tests.books import rows
from tests.databases import name_database, tell
from tests.engines.postgres import Postgres


def put(name):
    async def work(session):
        await session.execute(insert(Setting).values(name=name, value=""))

    return work


async def ask(session):
    return await session.scalar(text("SELECT 1"))


async def fail(db, *statements):
    async with db.write() as session:
        for statement in statements:
            await session.execute(text(statement))


@pytest.fixture
def own(tmp_path):
    """A server that may be killed."""
    with Postgres() as server:
        yield server


@pytest.mark.parametrize("end", [Postgres.crash, Postgres.stop, Postgres.kill])
async def test_a_server_that_went_away_is_used_again_when_it_is_back(own, end):
    async with open_database(own.url) as db:
        await migrate(db)
        await asyncio.gather(*(db.run_write(put(f"a{n}")) for n in range(5)))
        await asyncio.to_thread(end, own)
        for work in (db.run_read(ask), db.run_write(put("lost"))):
            with pytest.raises(DatabaseUnavailable, match=r"cannot be reached|was lost"):
                await work
        await asyncio.to_thread(own.start)
        assert await asyncio.gather(*(db.run_read(ask) for _ in range(5))) == [1] * 5
        await db.run_write(put("b"))
        assert [name for (name,) in await rows(db, Setting, "name")] == [
            *(f"a{n}" for n in range(5)),
            "b",
        ]


async def test_a_restart_that_nobody_saw_costs_no_error(own):
    async with open_database(own.url) as db:
        await asyncio.gather(*(db.run_read(ask) for _ in range(5)))
        await asyncio.to_thread(own.crash)
        await asyncio.to_thread(own.start)
        assert await asyncio.gather(*(db.run_read(ask) for _ in range(5))) == [1] * 5


async def test_a_server_that_does_not_answer_is_given_up_and_asked_again(server_url, monkeypatch):
    async def wait(session):
        await session.execute(text("SELECT pg_sleep(20)"))

    monkeypatch.setattr(postgresql, "SERVING", replace(postgresql.SERVING, answer_seconds=0.5))
    async with open_database(server_url) as db:
        for run in (db.run_read, db.run_write):
            with pytest.raises(DatabaseUnavailable, match=r"no answer for 0\.5 s"):
                await run(wait)
        assert await db.run_read(ask) == 1


@asynccontextmanager
async def _listening(url, ring):
    """Another process, which wants to know when it is to plan."""
    async with open_database(url) as other, other.listen({"plan": ring}):
        yield


async def test_bells_ring_again_after_the_server_was_away(own):
    rung = asyncio.Event()
    async with (
        open_database(own.url) as db,
        db.listen({"plan": lambda: None}),
        _listening(own.url, rung.set),
    ):
        await asyncio.to_thread(own.crash)
        db.ring("plan")  # into the void
        await asyncio.to_thread(own.start)
        rung.clear()
        await rung.wait()  # what was missed is made up for
        rung.clear()
        db.ring("plan")
        await rung.wait()


async def test_a_wrong_password_is_not_waited_for(own):
    rules = own.folder / "data/pg_hba.conf"
    rules.write_text("host all stranger 127.0.0.1/32 scram-sha-256\n" + rules.read_text())
    shutil.chown(rules, own.owner)
    await asyncio.to_thread(tell, own.url, "CREATE ROLE stranger LOGIN PASSWORD 'right'")
    await asyncio.to_thread(tell, own.url, "SELECT pg_reload_conf()")
    url = own.url.replace("tariffwire@", "stranger:wrong@")
    async with open_database(url) as db:
        with pytest.raises(
            DatabaseRefused, match="refuses user 'stranger' or the password"
        ) as said:
            await db.run_read(ask)
    assert "wrong" not in str(said.value)
    async with open_database(url.replace("wrong", "right")) as db:
        assert await db.run_read(ask) == 1


async def test_an_unknown_database_is_not_waited_for(postgres_url):
    async with open_database(name_database(postgres_url, "nowhere")) as db:
        with pytest.raises(DatabaseRefused, match="has no database 'nowhere': create it"):
            await db.run_read(ask)


async def test_where_nobody_listens_is_said():
    async with open_database("postgresql://tariffwire@127.0.0.1:9/books") as db:
        with pytest.raises(DatabaseUnavailable, match=r"127\.0\.0\.1:9 cannot be reached"):
            await db.run_read(ask)


async def test_settings_of_the_url_go_before_ours(server_url):
    async with open_database(f"{server_url}?statement_timeout=7s&sslmode=disable") as db:
        async with db.read() as session:
            assert await session.scalar(text("SHOW statement_timeout")) == "7s"
            assert await session.scalar(text("SHOW lock_timeout")) == "10s"
            assert await session.scalar(text("SHOW application_name")) == "tariffwire"
            assert await session.scalar(text("SHOW transaction_isolation")) == "repeatable read"
        async with db.write() as session:
            assert await session.scalar(text("SHOW transaction_isolation")) == "read committed"


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (["SET LOCAL statement_timeout = 20", "SELECT pg_sleep(9)"], "longer than a statement may"),
        (["SELECT pg_terminate_backend(pg_backend_pid())"], "was lost: it is made again"),
        (["SET LOCAL transaction_read_only = on", "DELETE FROM setting"], "only reads"),
        (
            ["SET LOCAL idle_in_transaction_session_timeout = 20", "SELECT 1"],
            "idle for too long|was lost",
        ),
    ],
)
async def test_what_the_server_will_not_do_is_explained(server, statements, said):
    with pytest.raises(DatabaseUnavailable, match=said):
        await _idle(server, statements)
    assert await server.run_read(ask) == 1


async def _idle(db, statements):
    async with db.write() as session:
        for statement in statements:
            await session.execute(text(statement))
        await asyncio.sleep(0.1)
        await session.execute(text("SELECT 1"))


async def test_a_lock_that_is_not_given_back_is_not_waited_for_for_ever(server):
    async with server.write() as session:
        await session.execute(select(Counter).with_for_update())
        with pytest.raises(DatabaseUnavailable, match="stayed locked for too long"):
            await fail(server, "SET LOCAL lock_timeout = 20", "UPDATE counter SET last = 1 + last")


async def test_who_froze_while_it_was_being_answered_gives_its_locks_back(server, server_url):
    """A statement that waits for its receiver is ended by no limit of a statement."""
    holder = await asyncio.create_subprocess_exec(*HOLDER, server_url, stdout=PIPE)
    try:
        assert await holder.stdout.readline() == b"held\n"
        holder.send_signal(signal.SIGSTOP)
        async with server.write() as session:
            await session.execute(text(f"SET LOCAL lock_timeout = '{FROZEN_FOR}s'"))
            await session.execute(text("SELECT pg_advisory_xact_lock(7)"))
    finally:
        holder.kill()
        await holder.wait()


HOLDER = (sys.executable, "-m", "tests.store.holder")
FROZEN_FOR = 25
"""Seconds; less than a statement may take."""


async def test_a_fault_of_the_statement_is_no_fault_of_the_server(server):
    with pytest.raises(Exception, match="no_such_table") as said:
        await fail(server, "SELECT * FROM no_such_table")
    assert not isinstance(said.value, DatabaseUnavailable)


async def test_without_a_free_connection_the_pool_is_named(server_url):
    db = Database(PostgreSQL(read_url(server_url), pool=1, patience=0.05))
    async with db.write() as session:
        await session.execute(text("SELECT 1"))
        with pytest.raises(DatabaseUnavailable, match="all 1 database connections"):
            await db.run_read(ask)
    await db.close()


async def test_a_deadlock_is_tried_again(server):
    await _enter(server, "a", "b")
    both = asyncio.Barrier(2)
    tries = []

    def cross(first, second):
        async def work(session):
            tries.append(first)
            await session.execute(_touch(first))
            if len(tries) <= 2:
                await both.wait()
            await session.execute(_touch(second))

        return work

    await asyncio.gather(server.run_write(cross("a", "b")), server.run_write(cross("b", "a")))
    assert len(tries) == 3
    assert await rows(server, Setting) == [("a", "xx"), ("b", "xx")]


def _touch(name):
    return update(Setting).where(Setting.name == name).values(value=Setting.value + "x")


async def _enter(db, *names):
    for name in names:
        await db.run_write(put(name))


async def test_collisions_without_end_are_said_to_be_that(server):
    async def collide(session):
        tries.append(1)
        await session.execute(
            text("DO $$ BEGIN RAISE EXCEPTION 'crossed' USING ERRCODE = '40001'; END $$")
        )

    tries = []
    with pytest.raises(DatabaseUnavailable, match=r"again and again .*crossed"):
        await server.run_write(collide)
    assert len(tries) == 3


async def test_names_are_held_together_or_alone_until_the_transaction_ends(server):
    async def hold(session, shared=(), exclusive=()):
        await session.execute(text("SET LOCAL lock_timeout = 50"))
        await lock_names(session, shared, exclusive)

    async def is_free(**names):
        try:
            await server.run_write(lambda session: hold(session, **names))
        except DatabaseUnavailable:
            return False
        return True

    async with server.write() as session:
        await hold(session, shared=["a", "b", "a"], exclusive=["c"])
        assert await is_free(shared=["a", "b"])
        assert await is_free(exclusive=["d"])
        assert not await is_free(exclusive=["a"])
        assert not await is_free(shared=["c"])
    assert await is_free(exclusive=["a", "b", "c"])


async def test_names_taken_in_any_order_never_wait_in_a_circle(server):
    names = [f"n{number}" for number in range(50)]

    async def work(session):
        await lock_names(session, (), names[::-1] if len(done) % 2 else names)
        done.append(1)

    done = []
    await asyncio.gather(*(server.run_write(work) for _ in range(20)))
    assert len(done) == 20


async def test_a_bell_is_heard_by_every_other_process_that_listens_for_it(server, server_url):
    here, there, elsewhere, other_name = (asyncio.Event() for _ in range(4))
    async with (
        open_database(server_url) as other,
        server.listen({"plan": here.set}),
        other.listen({"plan": there.set, "send": other_name.set}),
        _listening(server_url, elsewhere.set),
    ):
        for one in (here, there, elsewhere, other_name):
            one.clear()  # who begins to listen may have missed something, and is rung at once
        for name in ("plan", "plan", "nobody"):
            server.ring(name)
        await there.wait()
        await elsewhere.wait()
    assert not other_name.is_set()
    assert not here.is_set()


async def test_ringing_without_a_server_raises_nothing():
    async with open_database("postgresql://tariffwire@127.0.0.1:9/books") as db:
        db.ring("plan")
        async with db.listen({"plan": lambda: None}):
            db.ring("plan")
