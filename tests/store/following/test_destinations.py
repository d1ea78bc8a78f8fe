"""Destinations in the books."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select

from service.store.delivery.tables import Delivery, Held, Receipt
from service.store.following import destinations
from service.store.following.accounts import DEFAULT
from service.store.following.destinations import DestinationValue
from service.store.following.tables import Account
from service.store.spans import Span

NOW = datetime(2025, 4, 9, 20, tzinfo=UTC)
ALL = Span("", 100)


def value(name: str, **given) -> DestinationValue:
    made = DestinationValue(
        id=f"dst_{name}",
        account_id=DEFAULT,
        kind="webhook",
        address=f"https://example.com/{name}",
        name=name,
        secrets=("whsec_new", "whsec_old"),
        sealed="unsealed:{}",
        state="active",
        reason="",
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(made, **given)


@pytest.fixture(autouse=True)
async def _other_account(db):
    async with db.write() as session:
        await session.execute(
            insert(Account), [{"id": "acc_other", "name": "other", "created_at": NOW}]
        )


async def test_a_value_is_read_back_as_it_was_written(db):
    async with db.write() as session:
        await destinations.add_destination(session, value("a"))
    async with db.read() as session:
        assert await destinations.find_destination(session, DEFAULT, "dst_a") == value("a")


async def test_all_that_can_change_is_written(db):
    changed = {"name": "b", "secrets": (), "sealed": "unsealed:{ }", "state": "paused"}
    other = replace(value("a"), reason="why", **changed)
    async with db.write() as session:
        await destinations.add_destination(session, value("a"))
        await destinations.change_destination(session, other)
        held = await destinations.find_destination(session, DEFAULT, "dst_a")
    assert held == other


async def test_nobody_locks_what_is_of_another_account(db):
    async with db.write() as session:
        await destinations.add_destination(session, value("b", account_id="acc_other"))
        assert await destinations.lock_destination(session, DEFAULT, "dst_b") is None


async def test_nothing_secret_is_printed():
    assert "whsec_" not in repr(value("a"))
    assert "unsealed" not in repr(value("a"))


async def test_an_account_sees_its_own_only(db):
    async with db.write() as session:
        await destinations.add_destination(session, value("a"))
        await destinations.add_destination(session, value("b", account_id="acc_other"))
        listed = await destinations.list_destinations(session, DEFAULT, ALL)
        found = await destinations.find_destinations(session, DEFAULT, ["dst_a", "dst_b"])
        address = value("b").address
        taken = await destinations.find_address(session, DEFAULT, "webhook", address)
    assert [one.id for one in listed] == ["dst_a"]
    assert list(found) == ["dst_a"]
    assert taken is None


async def test_a_list_is_narrowed_and_goes_on_after_an_id(db):
    async with db.write() as session:
        for name, given in (("a", {}), ("b", {"kind": "email"}), ("c", {"state": "paused"})):
            await destinations.add_destination(session, value(name, **given))

        async def ids(span, **only):
            found = await destinations.list_destinations(session, DEFAULT, span, **only)
            return [one.name for one in found]

        assert await ids(Span("", 2)) == ["a", "b"]
        assert await ids(Span("dst_b", 2)) == ["c"]
        assert await ids(ALL, kind="webhook") == ["a", "c"]
        assert await ids(ALL, kind="webhook", state="active") == ["a"]


async def test_removing_one_leaves_a_receipt_for_all_that_waited(db):
    live = {"id": _id(1), "destination_id": "dst_a", "visible_at": NOW, "attempt": 1}
    other = {"id": _id(2), "destination_id": "dst_b", "visible_at": NOW, "attempt": 1}
    held = {"delivery_id": _id(3), "destination_id": "dst_a", "attempt": 4, "held_at": NOW}
    async with db.write() as session:
        await destinations.add_destination(session, value("a"))
        await session.execute(insert(Delivery), [live, other])
        owners = [held | {"owner_id": owner} for owner in ("sub_1", "sub_2")]
        await session.execute(insert(Held), owners)
        await destinations.remove_destination(session, "dst_a", NOW + timedelta(hours=1))
    async with db.read() as session:
        receipts = (await session.execute(select(Receipt.delivery_id, Receipt.attempts))).all()
        assert {tuple(row) for row in receipts} == {(_id(1), 0), (_id(3), 3)}
        assert await session.scalar(select(func.count()).select_from(Delivery)) == 1
        assert await session.scalar(select(func.count()).select_from(Held)) == 0
        assert await destinations.find_destination(session, DEFAULT, "dst_a") is None


def _id(number: int) -> UUID:
    return UUID(int=number)
