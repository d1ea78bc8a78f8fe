"""Which destinations somebody should be told of now."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.destination.optin import ACTIVE
from service.core.sending.notice import STEPS, STOPPED, reach
from service.store.delivery.tables import Pace
from service.store.following.tables import Destination
from service.store.notices.channel import Terms
from service.store.notices.marking import DUE
from service.store.notices.tables import Trouble


async def list_failing_for_long(
    session: AsyncSession, terms: Terms, now: datetime
) -> Sequence[str]:
    """Those that have come to another step."""
    first = now - terms.patience * STEPS[0] / STOPPED
    rows = await session.execute(_FAILING, {"before": first})
    return [row.destination_id for row in rows if _is_due(row, terms, now)]


def _is_due(row: Any, terms: Terms, now: datetime) -> bool:
    step = reach(row.failing_since, now, terms.patience)
    return step > (row.step if row.since == row.failing_since else 0)


_FAILING = (
    select(col(Pace.destination_id), col(Pace.failing_since), col(Trouble.since), col(Trouble.step))
    .join(Destination, col(Destination.id) == col(Pace.destination_id))
    .outerjoin(Trouble, col(Trouble.destination_id) == col(Pace.destination_id))
    .where(col(Pace.failing_since) <= bindparam("before"), col(Destination.state) == ACTIVE)
    .order_by(col(Pace.failing_since))
)


async def list_disabled(session: AsyncSession) -> Sequence[str]:
    """Those whose owners do not know it yet."""
    wanted = select(col(Trouble.destination_id)).where(col(Trouble.word) == DUE)
    return (await session.execute(wanted.order_by(col(Trouble.since)))).scalars().all()


async def list_recovered(session: AsyncSession) -> Sequence[str]:
    """Those in trouble that are well again."""
    return (await session.execute(_RECOVERED)).scalars().all()


_RECOVERED = (
    select(col(Trouble.destination_id))
    .join(Destination, col(Destination.id) == col(Trouble.destination_id))
    .outerjoin(Pace, col(Pace.destination_id) == col(Trouble.destination_id))
    .where(
        col(Trouble.word) != DUE,
        col(Destination.state) == ACTIVE,
        or_(
            col(Trouble.step) == STOPPED,
            col(Pace.failing_since).is_(None),
            col(Pace.failing_since) != col(Trouble.since),
        ),
    )
    .order_by(col(Trouble.since))
)
