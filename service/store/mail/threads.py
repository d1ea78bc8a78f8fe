"""Which alerts a destination was sent about a subject before: what a mail answers to."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from service.store.delivery.tables import Alert, Superseded
from service.store.gathering.tables import Carried
from service.store.lists import one_of

MOST = 10
"""Ids that `References` names: the first, which holds the thread together, and the latest."""


async def find_threads(
    session: AsyncSession, alerts: Sequence[UUID], followed: Mapping[UUID, UUID]
) -> Mapping[UUID, tuple[UUID, ...]]:
    """By alert: those before it to the same destination on the same subject, oldest first.

    And last the one that it follows on or takes back, as `followed` has it: that is what it
    answers. Where one was told in another, that other. What gave way to another before it was sent
    is not among them.
    """
    found: dict[UUID, dict[UUID, None]] = {}
    for row in await session.execute(_THREADS, {"those": list(alerts)}):
        found.setdefault(row.later, {})[row.id] = None
    mails = {later: followed[later] for later in alerts if later in followed}
    for later, earlier in (await _find_followed(session, mails)).items():
        thread = found.setdefault(later, {})
        thread.pop(earlier, None)
        thread[earlier] = None
    return {later: tuple(earlier) for later, earlier in found.items()}


async def _find_followed(
    session: AsyncSession, followed: Mapping[UUID, UUID]
) -> Mapping[UUID, UUID]:
    """By the later, the mail that told of the earlier."""
    if not followed:
        return {}
    those = sorted({*followed.values()})
    told = {row.id: row.told_in for row in await session.execute(_ALERTS, {"those": those})}
    return {later: told[earlier] for later, earlier in followed.items()}


_ALERTS = (
    select(
        col(Alert.id),
        func.coalesce(col(Carried.alert_id), col(Alert.id)).label("told_in"),
    )
    .outerjoin(Carried, col(Carried.member_id) == col(Alert.id))
    .where(one_of(col(Alert.id), "those"))
)
_LATER = aliased(Alert)


def _rank(order: Any) -> Any:
    return func.row_number().over(partition_by=col(_LATER.id), order_by=order)


_GAVE_WAY = exists().where(col(Superseded.delivery_id) == col(Alert.id))
_EARLIER = (
    select(
        col(_LATER.id).label("later"),
        func.coalesce(col(Carried.alert_id), col(Alert.id)).label("id"),
        col(Alert.number),
        _rank(col(Alert.number)).label("from_first"),
        _rank(col(Alert.number).desc()).label("from_last"),
    )
    .join(
        Alert,
        (col(Alert.subject) == col(_LATER.subject))
        & (col(Alert.destination_id) == col(_LATER.destination_id))
        & (col(Alert.number) < col(_LATER.number)),
    )
    .outerjoin(Carried, col(Carried.member_id) == col(Alert.id))
    .where(one_of(col(_LATER.id), "those"), ~_GAVE_WAY)
    .subquery()
)
_THREADS = (
    select(_EARLIER.c.later, _EARLIER.c.id)
    .where(or_(_EARLIER.c.from_first == 1, _EARLIER.c.from_last < MOST))
    .order_by(_EARLIER.c.later, _EARLIER.c.number)
)
