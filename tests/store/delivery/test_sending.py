"""The hold on all sending."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import insert

from service.store.delivery.holding import hold
from service.store.delivery.sending import (
    SENDING,
    Hold,
    count_kept_back,
    find_hold,
    hold_sending,
    read_hold,
    release_sending,
)
from service.store.delivery.tables import Alert, Delivery, Held
from service.store.following.accounts import DEFAULT
from service.store.following.tables import Destination
from tests.books import NOW, add_receiver, count, rows

LATER = NOW + timedelta(hours=1)


async def stop(db, reason="restored from a backup", now=NOW):
    await db.run_write(lambda session: hold_sending(session, reason, now))


async def release(db):
    return await db.run_write(lambda session: release_sending(session, LATER))


async def queue(db, *numbers, name="desk"):
    """Deliveries that are due; their ids are these numbers."""
    alert = {"account_id": DEFAULT, "destination_id": name, "subject": "s", "matched": b"[]"}
    due = {"destination_id": name, "visible_at": NOW, "attempt": 2, "lease": None}
    ids = [(number, UUID(int=number)) for number in numbers]
    made = {"change_id": UUID(int=0), "created_at": NOW, "told_pp": None}
    async with db.write() as session:
        connection = await session.connection()
        await connection.execute(
            insert(Alert), [alert | made | {"id": one, "number": number} for number, one in ids]
        )
        await connection.execute(insert(Delivery), [due | {"id": one} for _, one in ids])


async def kept_back(db, *, is_held=False):
    return await db.run_read(lambda session: count_kept_back(session, is_held=is_held))


async def set_aside(db, *numbers):
    which = Delivery.id.in_([UUID(int=number) for number in numbers])
    return await db.run_write(lambda session: hold(session, SENDING, NOW, which))


async def test_nothing_is_held_at_first(db):
    assert await db.run_read(find_hold) is None
    assert await db.run_read(read_hold) is None
    assert await kept_back(db, is_held=True) == 0
    assert await release(db) == 0


async def test_a_hold_says_why_and_since_when(db):
    await stop(db)
    assert await db.run_read(find_hold) == "restored from a backup"
    assert await db.run_read(read_hold) == Hold("restored from a backup", NOW)


async def test_another_reason_keeps_the_beginning(db):
    await stop(db)
    await stop(db, "an audit", LATER)
    assert await db.run_read(read_hold) == Hold("an audit", NOW)


async def test_releasing_frees_the_queue_and_what_was_set_aside(db):
    await add_receiver(db, "desk")
    await queue(db, 1, 2, 3)
    assert await set_aside(db, 1, 2) == 2
    assert await kept_back(db) == 2
    await stop(db)
    assert await kept_back(db, is_held=True) == 3
    assert await release(db) == 3
    assert await db.run_read(find_hold) is None
    assert await count(db, Held) == 0
    assert await rows(db, Delivery, "attempt", "lease") == [(2, None)] * 3
    assert await kept_back(db) == 0


async def test_what_its_owner_paused_meanwhile_waits_for_the_owner(db):
    await add_receiver(db, "desk")
    await add_receiver(db, "paused")
    await queue(db, 1)
    await queue(db, 2, name="paused")
    await set_aside(db, 1, 2)
    async with db.write() as session:
        (await session.get(Destination, "paused")).state = "paused"
    await release(db)
    assert await rows(db, Delivery, "destination_id") == [("desk",)]
    assert await rows(db, Held, "owner_id") == [("paused",)]
