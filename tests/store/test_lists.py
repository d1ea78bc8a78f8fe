"""Many values and many rows in one statement."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from service.store.delivery.claiming import find_alerts
from service.store.delivery.holding import hold, release
from service.store.delivery.tables import Alert, Delivery, Held
from service.store.lists import RUN, one_of, one_of_rows, runs
from service.store.rows import Clash, insert_rows, update_rows
from service.store.standings.events import find_directory, find_recorded
from service.store.standings.tables import Event, Subject
from service.store.tables import Setting
from tests.books import NOW, add_receiver, rows
from tests.store.plans import explain

MANY = 33_000
"""More than a server can bind."""


def due(number, destination="d"):
    made = {"visible_at": NOW, "attempt": 1, "lease": None}
    return made | {"id": UUID(int=number), "destination_id": destination}


async def test_the_same_question_is_asked_for_other_values(db):
    named = select(Setting.value).where(one_of(Setting.name, "those"))
    async with db.write() as session:
        await insert_rows(session, Setting, [{"name": one, "value": one * 2} for one in "abc"])
        for asked, found in ((["a"], ["aa"]), (["b", "c", "x"], ["bb", "cc"]), ([], [])):
            assert sorted((await session.execute(named, {"those": asked})).scalars()) == found


async def test_values_inside_a_nested_question_are_asked_anew_each_time(db):
    async with db.write() as session:
        await insert_rows(session, Delivery, [due(1, "d"), due(2, "e"), due(3, "e")])
        assert await hold(session, "d", NOW, Delivery.destination_id == "d") == 1
        assert await hold(session, "e", NOW, Delivery.destination_id == "e") == 2
        assert await hold(session, "e", NOW, Delivery.destination_id == "e") == 0


async def test_no_number_of_rows_is_too_large(db):
    await add_receiver(db, "d")
    numbers = range(1, MANY + 1)
    made = {"account_id": "acc_default", "destination_id": "d", "subject": "s", "matched": b"[]"}
    alerts = [
        made | {"id": UUID(int=n), "number": n, "change_id": UUID(int=1), "created_at": NOW}
        for n in numbers
    ]

    async def pause(session):
        await insert_rows(session, Alert, alerts)
        await insert_rows(session, Delivery, [due(n) for n in numbers])
        return await hold(session, "d", NOW, Delivery.destination_id == "d")

    assert await db.run_write(pause) == MANY
    assert await db.run_write(lambda session: release(session, "d", NOW)) == MANY
    async with db.read() as session:
        order = select(Delivery.id).order_by(Delivery.number).limit(3)
        assert list((await session.execute(order)).scalars()) == [UUID(int=n) for n in (1, 2, 3)]
        assert await session.scalar(select(Held.delivery_id)) is None


async def test_a_server_finds_any_number_of_values(server):
    async with server.read() as session:
        assert await find_alerts(session, [UUID(int=n) for n in range(MANY)]) == set()
        found = await find_recorded(session, [("source", str(n)) for n in range(MANY)])
        assert found == {}


def test_runs_have_all_values_in_their_order():
    values = list(range(2 * RUN + 1))
    parts = list(runs(values))
    assert [len(part) for part in parts] == [RUN, RUN, 1]
    assert [one for part in parts for one in part] == values
    assert list(runs([])) == []


async def test_rows_with_a_key_that_is_taken(db):
    def row(value):
        return [{"name": "a", "value": value}]

    async with db.write() as session:
        await insert_rows(session, Setting, row("1"))
        await insert_rows(session, Setting, row("2"), Clash.SKIP)
    assert await rows(db, Setting) == [("a", "1")]
    async with db.write() as session:
        await insert_rows(session, Setting, row("3"), Clash.REPLACE)
        await insert_rows(session, Setting, [], Clash.REPLACE)
    assert await rows(db, Setting) == [("a", "3")]
    with pytest.raises(IntegrityError):
        await _insert(db, row("4"))


async def _insert(db, made):
    async with db.write() as session:
        await insert_rows(session, Setting, made)


async def test_rows_come_back_as_they_were_written(db):
    later = NOW + timedelta(microseconds=1)
    made = [due(1) | {"visible_at": later, "lease": "ü"}, due(2), due(3) | {"attempt": 7}]
    async with db.write() as session:
        await insert_rows(session, Delivery, made)
        await update_rows(
            session,
            Delivery,
            "id",
            [
                {"id": UUID(int=2), "lease": "x", "attempt": 2},
                {"id": UUID(int=3), "lease": None, "attempt": 8},
            ],
        )
        await update_rows(session, Delivery, "id", [])
    assert await rows(db, Delivery, "id", "visible_at", "attempt", "lease") == [
        (UUID(int=1), later, 1, "ü"),
        (UUID(int=2), NOW, 2, "x"),
        (UUID(int=3), NOW, 8, None),
    ]


async def test_pairs_are_told_from_what_is_merely_made_of_their_parts(db):
    row = {"digest": "", "type": "t", "handling": "live", "known_at": NOW, "accepted_at": NOW}
    row |= {"body": b"", "outcome": "changed", "reason": "", "topic": "t", "partition": 0}
    pairs = [("s", "1"), ("s", "2"), ("t", "1"), ("t", "2")]
    async with db.write() as session:
        made = [
            row | {"source": source, "id": name, "number": n, "position": n}
            for n, (source, name) in enumerate(pairs)
        ]
        await session.execute(insert(Event), made)
        assert set(await find_recorded(session, {("s", "1"), ("t", "2")})) == {
            ("s", "1"),
            ("t", "2"),
        }


async def test_nothing_asked_is_nothing_found(db):
    async with db.read() as session:
        assert await find_recorded(session, []) == {}
        directory = await find_directory(session, [], [], [])
        assert not directory.keys | directory.names.keys()


async def test_pairs_and_names_are_found_by_their_indexes(server):
    pairs = select(Event.number).where(one_of_rows((Event.source, Event.id), "pairs"))
    plan = await explain(server, pairs, pairs_0=["s"] * 500, pairs_1=[str(n) for n in range(500)])
    assert "event_pkey" in plan
    keys = select(Subject.events).where(one_of(Subject.key, "keys"))
    assert "subject_pkey" in await explain(server, keys, keys=["k"] * 500)
