"""Subscriptions in the books: the rule, its filter rows, and whom it tells."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from service.core.match.subscription import Lane, Rule, explode
from service.store.following import subscriptions
from service.store.following.accounts import DEFAULT
from service.store.following.subscriptions import SubscriptionValue, Wanted
from service.store.following.tables import Destination, Filter, SubscriptionDestination
from service.store.spans import Span

NOW = datetime(2025, 4, 9, 20, tzinfo=UTC)
ALL = Span("", 100)
CARS = Rule(lanes=(Lane(country="CN", product=["8703", "8704.21"]),), min_delta_pp="2.5")


def value(name: str, **given) -> SubscriptionValue:
    made = SubscriptionValue(
        id=f"sub_{name}",
        account_id=DEFAULT,
        name=name,
        external_id=None,
        rule=CARS,
        labels={"team": "a"},
        metadata={"tags": [1, None, "ü"]},
        destinations=("dst_1",),
        state="active",
        after_change=7,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(made, **given)


@pytest.fixture(autouse=True)
async def _two_destinations(db):
    async with db.write() as session:
        await session.execute(insert(Destination), [_destination("1"), _destination("2")])


def _destination(name: str):
    made = {"kind": "webhook", "account_id": DEFAULT, "created_at": NOW, "updated_at": NOW}
    return made | {"id": f"dst_{name}", "address": f"https://example.com/{name}"}


async def codes(session, subscription="sub_a"):
    wanted = select(Filter.code).where(Filter.subscription_id == subscription)
    return sorted((await session.execute(wanted)).scalars())


async def test_a_value_is_read_back_as_it_was_written(db):
    async with db.write() as session:
        await subscriptions.add_subscription(session, value("a"))
    async with db.read() as session:
        assert await subscriptions.find_subscription(session, DEFAULT, "sub_a") == value("a")
        assert await codes(session) == sorted(row.code for row in explode(CARS))


async def test_a_change_replaces_rows_and_links_and_keeps_what_never_changes(db):
    wide = Rule(lanes=(Lane(),))
    changed = value("a", rule=wide, destinations=("dst_2",), after_change=99, labels={})
    async with db.write() as session:
        await subscriptions.add_subscription(session, value("a"))
        await subscriptions.change_subscription(session, changed)
        held = await subscriptions.find_subscription(session, DEFAULT, "sub_a")
        assert held == replace(changed, after_change=7)
        assert await codes(session) == sorted(row.code for row in explode(wide))


async def test_a_pause_keeps_the_rows_by_which_it_is_found(db):
    async with db.write() as session:
        await subscriptions.add_subscription(session, value("a"))
        before = await codes(session)
        later = NOW + timedelta(hours=1)
        await subscriptions.change_state(session, "sub_a", "paused", later)
        held = await subscriptions.find_subscription(session, DEFAULT, "sub_a")
        assert held == value("a", state="paused", updated_at=later)
        assert await codes(session) == before


async def test_removed_it_leaves_nothing_behind(db):
    async with db.write() as session:
        await subscriptions.add_subscription(session, value("a"))
        await subscriptions.remove_subscription(session, "sub_a", NOW)
        assert await subscriptions.find_subscription(session, DEFAULT, "sub_a") is None
        assert await codes(session) == []
        assert (await session.execute(select(SubscriptionDestination.destination_id))).all() == []


async def test_an_external_id_is_given_once_an_account(db):
    async with db.write() as session:
        await subscriptions.add_subscription(session, value("a", external_id="crm-7"))
        found = await subscriptions.find_external(session, DEFAULT, "crm-7")
        assert found == value("a", external_id="crm-7")
    with pytest.raises(IntegrityError):
        async with db.write() as session:
            await subscriptions.add_subscription(session, value("b", external_id="crm-7"))
    async with db.write() as session:
        await subscriptions.add_subscription(session, value("b"))
        await subscriptions.add_subscription(session, value("c"))


@pytest.mark.parametrize(
    ("only", "found"),
    [
        (Wanted(), ["a", "b", "c"]),
        (Wanted(state="paused"), ["b"]),
        (Wanted(external_id="crm-7"), ["c"]),
        (Wanted(destination="dst_2"), ["b", "c"]),
        (Wanted(label=("team", "a")), ["a"]),
        (Wanted(label=("team", 'b"_%')), ["b", "c"]),
        (Wanted(label=("tea", "a")), []),
        (Wanted(label=("team", "b"), state="active"), []),
        (Wanted(label=("team", 'b"_%'), state="active"), ["c"]),
    ],
)
async def test_a_list_is_narrowed(db, only, found):
    odd = {"team": 'b"_%', "x": "y"}
    async with db.write() as session:
        both = ("dst_1", "dst_2")
        await subscriptions.add_subscription(session, value("a"))
        second = value("b", state="paused", labels=odd, destinations=both)
        await subscriptions.add_subscription(session, second)
        third = value("c", external_id="crm-7", labels=odd, destinations=both)
        await subscriptions.add_subscription(session, third)
        listed = await subscriptions.list_subscriptions(session, DEFAULT, ALL, only)
    assert [one.name for one in listed] == found


async def test_a_list_goes_on_after_an_id(db):
    async with db.write() as session:
        for name in ("a", "b", "c"):
            await subscriptions.add_subscription(session, value(name))
        span = Span("sub_a", 1)
        (second,) = await subscriptions.list_subscriptions(session, DEFAULT, span, Wanted())
    assert second == value("b")
