"""Subscriptions as they were: noted with each change, found by who comes later, let go when old."""

from dataclasses import replace
from datetime import timedelta

import pytest
from alembic import command
from sqlalchemy import column, insert, table
from sqlmodel.sql.sqltypes import UTCDateTime

from service.core.match.subscription import Rule
from service.store.evidence.tables import SubscriptionVersion
from service.store.evidence.versions import Version, list_versions, prune_versions, standing_in
from service.store.following.accounts import DEFAULT
from service.store.following.subscriptions import (
    change_state,
    change_subscription,
    find_subscription,
    remove_subscription,
)
from service.store.following.tables import SubscriptionDestination
from tests.books import NOW, add_receiver, rows, subscribe
from tests.databases import migrate_to

HOUR = timedelta(hours=1)


@pytest.fixture
async def story(db):
    """Made, quietened, paused, removed: an hour between each."""
    await subscribe(db, "a", [await add_receiver(db, "desk"), await add_receiver(db, "other")])
    async with db.write() as session:
        held = await find_subscription(session, DEFAULT, "a")
        quiet = Rule.model_validate({"lanes": [{"country": "CN"}], "min_certainty": "announced"})
        value = replace(held, rule=quiet, destinations=("desk",), updated_at=NOW + HOUR)
        await change_subscription(session, value)
        await change_state(session, "a", "paused", NOW + 2 * HOUR)
        await remove_subscription(session, "a", NOW + 3 * HOUR)


async def versions(db, name="a"):
    async with db.read() as session:
        return await list_versions(session, name)


async def test_every_change_to_a_subscription_is_noted_with_it(db, story):
    found = await versions(db)
    assert [(one.act, one.at) for one in found] == [
        ("made", NOW),
        ("changed", NOW + HOUR),
        ("paused", NOW + 2 * HOUR),
        ("removed", NOW + 3 * HOUR),
    ]
    assert [one.destinations for one in found] == ["desk other", "desk", "desk", "desk"]
    assert [one.state for one in found] == ["active", "active", "paused", "paused"]
    assert found[0].rule == '{"lanes":[{}]}'
    assert '"min_certainty":"announced"' in found[1].rule == found[2].rule


async def test_what_is_rolled_back_was_never_noted(db):
    await subscribe(db, "a", [await add_receiver(db, "desk")])

    async def work(session):
        await change_state(session, "a", "paused", NOW)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await db.run_write(work)
    assert [one.act for one in await versions(db)] == ["made"]


async def test_what_never_was_has_no_versions(db, story):
    assert await versions(db, "b") == []


def at(hour, act="changed"):
    return Version(hour, DEFAULT, NOW + hour * HOUR, act, "", None, "{}", "{}", "{}", "", "", "")


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (0, 1, [0]),
        (0, 2, [0, 1]),
        (1, 2, [1]),
        (2, 9, [1, 5]),
        (7, 9, [5]),
        (-5, 0, []),
        (-5, 9, [0, 1, 5]),
    ],
)
def test_those_that_stood_in_a_span_are_those_in_it_and_the_one_before(since, until, expected):
    found = standing_in([at(0), at(1), at(5)], NOW + since * HOUR, NOW + until * HOUR)
    assert [one.id for one in found] == expected
    assert standing_in([], NOW, NOW + HOUR) == []


async def prune(db, hours, limit=10):
    async with db.write() as session:
        return await prune_versions(session, NOW + hours * HOUR, limit)


async def test_old_versions_go_once_they_have_ceased_to_stand(db, story):
    await subscribe(db, "b", ["desk"])
    assert await prune(db, 1.5) == 1
    assert await prune(db, 1.5) == 0
    assert [one.act for one in await versions(db)] == ["changed", "paused", "removed"]
    assert await prune(db, 9, limit=2) == 2
    assert await prune(db, 9) == 1
    assert [name for (name,) in await rows(db, SubscriptionVersion, "subscription_id")] == ["b"]


REVISION = "2f8d61c40e97"
BARE = table(
    "subscription",
    *(column(name) for name in ("id", "account_id", "name", "rule", "labels", "details", "state")),
    column("after_change"),
    column("created_at", UTCDateTime()),
    column("updated_at", UTCDateTime()),
)
"""As the release before had it, whatever later ones add."""


async def test_what_stood_before_versions_were_noted_is_found_by_the_migration(db):
    for name in ("desk", "other"):
        await add_receiver(db, name)
    texts = {"name": "n", "labels": "{}", "details": "{}", "rule": "{}", "state": "paused"}
    made = texts | {"account_id": DEFAULT, "after_change": 0, "created_at": NOW}
    both = [made | {"id": name, "updated_at": NOW + HOUR} for name in ("s1", "s2")]
    async with db.engine.begin() as connection:
        await connection.run_sync(migrate_to, command.downgrade, f"{REVISION}-1")
        await connection.execute(insert(BARE), both)
        linked = [{"subscription_id": "s1", "destination_id": to} for to in ("other", "desk")]
        await connection.execute(insert(SubscriptionDestination), linked)
        await connection.run_sync(migrate_to, command.upgrade, REVISION)
    ((one,), (two,)) = await versions(db, "s1"), await versions(db, "s2")
    assert (one.act, one.at, one.state, one.steps) == ("found", NOW + HOUR, "paused", "every")
    assert (sorted(one.destinations.split()), two.destinations) == (["desk", "other"], "")
