"""Subscriptions as they were: each rule that ever stood, since when, and what was done to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, exists, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from service.store.database import count_changed
from service.store.evidence.tables import SubscriptionVersion

REMOVED = "removed"
PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Version:
    """What stood from `at` on. `rule`, `labels` and `details` are JSON."""

    id: int
    account_id: str
    at: datetime
    act: str
    name: str
    external_id: str | None
    rule: str
    labels: str
    details: str
    steps: str
    state: str
    destinations: str


async def note_version(session: AsyncSession, row: Mapping[str, Any]) -> None:
    """`row` has all columns but the number, which the database gives."""
    await session.execute(insert(SubscriptionVersion), [dict(row)])


_COLUMNS = tuple(col(getattr(SubscriptionVersion, name)) for name in Version.__slots__)


async def list_versions(session: AsyncSession, subscription_id: str) -> list[Version]:
    """All that is kept of it, the oldest first; nothing of one that never was."""
    rows = await session.execute(_OF_SUBSCRIPTION, {"of": subscription_id})
    return [Version(*row) for row in rows]


_OF_SUBSCRIPTION = (
    select(*_COLUMNS)
    .where(col(SubscriptionVersion.subscription_id) == bindparam("of"))
    .order_by(col(SubscriptionVersion.id))
)


async def find_rules(
    session: AsyncSession, subscriptions: Sequence[str], at: datetime
) -> dict[str, str]:
    """The rule of each, as JSON, as it stood then; of one that is kept only since later, none."""
    rows = await session.execute(_AT, {"those": list(subscriptions), "at": at})
    return {row.subscription_id: row.rule for row in rows}


_LAST = (
    select(func.max(col(SubscriptionVersion.id)))
    .where(
        col(SubscriptionVersion.subscription_id).in_(bindparam("those", expanding=True)),
        col(SubscriptionVersion.at) <= bindparam("at"),
    )
    .group_by(col(SubscriptionVersion.subscription_id))
)
_AT = select(col(SubscriptionVersion.subscription_id), col(SubscriptionVersion.rule)).where(
    col(SubscriptionVersion.id).in_(_LAST)
)


def standing_in(versions: Sequence[Version], since: datetime, until: datetime) -> list[Version]:
    """Those that stood at some instant from `since` to before `until`."""
    ends = [*(one.at for one in versions[1:]), None]  # the last one stands still
    return [
        one
        for one, end in zip(versions, ends, strict=False)
        if one.at < until and (end is None or end > since)
    ]


async def prune_versions(session: AsyncSession, before: datetime, limit: int = PAGE) -> int:
    """What had ceased to stand before then: a newer one took its place, or it was a removal."""
    ids = (await session.execute(_OLD, {"before": before, "most": limit})).scalars().all()
    gone = delete(SubscriptionVersion).where(col(SubscriptionVersion.id).in_(ids))
    return await count_changed(session, gone.execution_options(synchronize_session=False))


_NEWER = aliased(SubscriptionVersion)
_IS_OVER = exists().where(
    col(_NEWER.subscription_id) == col(SubscriptionVersion.subscription_id),
    col(_NEWER.id) > col(SubscriptionVersion.id),
    col(_NEWER.at) < bindparam("before"),
)
_OLD = (
    select(col(SubscriptionVersion.id))
    .where(
        col(SubscriptionVersion.at) < bindparam("before"),
        _IS_OVER | (col(SubscriptionVersion.act) == REMOVED),
    )
    .order_by(col(SubscriptionVersion.at))
    .limit(bindparam("most"))
)
