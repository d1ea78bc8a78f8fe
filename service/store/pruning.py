"""Letting go of what is old enough, a page at a time: short transactions that nobody waits for.

Events stay, for they are the standing. Nothing goes that still has something to do: an open
fan-out, a delivery on its way or held. Each function returns how many rows a page had: fewer than
its limit, and there is no more for now.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, delete, exists, or_, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col

from service.store.arrivals.tables import Quarantine
from service.store.database import count_changed
from service.store.delivery.tables import Alert, Attempt, Delivery, Held, Receipt, Superseded
from service.store.facets.keeping import forget_outlines
from service.store.gathering.tables import Carried, Gathered
from service.store.lists import one_of
from service.store.mail.tables import Invitation, Returned
from service.store.notices.tables import Notice
from service.store.plans.tables import Fanout
from service.store.standings.tables import Change
from service.store.steering.tables import Audit, Errand, FormerReceipt, Mute

PAGE = 1_000


async def prune_alerts(session: AsyncSession, before: datetime, limit: int = PAGE) -> int:
    """Alerts made before then, with their attempts and receipts, if they ended before then too."""
    ids = await _find(session, _OLD_ALERTS, before, limit)
    for statement in _OF_ALERTS:
        await session.execute(statement, {"those": ids})
    return len(ids)


async def prune_changes(session: AsyncSession, before: datetime, limit: int = PAGE) -> int:
    """Changes recorded before then, once their alerts have gone."""
    ids = await _find(session, _OLD_CHANGES, before, limit)
    await forget_outlines(session, ids)
    for statement in _OF_CHANGES:
        await session.execute(statement, {"those": ids})
    return len(ids)


async def empty_attempts(session: AsyncSession, before: datetime, limit: int = PAGE) -> int:
    """What was sent and answered before then, and how long each phase took; the outcome stays."""
    key = (col(Attempt.delivery_id), col(Attempt.number))
    page = (
        select(*key)
        .where(_IS_FULL, col(Attempt.at) < before)
        .order_by(col(Attempt.at))
        .limit(limit)
    )
    emptied = update(Attempt).where(tuple_(*key).in_(page)).values(_EMPTY)
    return await count_changed(session, emptied.execution_options(synchronize_session=False))


async def prune_quarantined(session: AsyncSession, before: datetime, limit: int = PAGE) -> int:
    """Inputs that could not be taken, and that a person has decided on."""
    page = (
        select(col(Quarantine.id))
        .where(_IS_SETTLED, col(Quarantine.at) < before)
        .order_by(col(Quarantine.at))
        .limit(limit)
    )
    gone = delete(Quarantine).where(col(Quarantine.id).in_(page))
    return await count_changed(session, gone.execution_options(synchronize_session=False))


async def prune_invitations(session: AsyncSession, before: datetime, limit: int = PAGE) -> int:
    """Mails that asked for confirmation before then; what was answered is kept."""
    page = (
        select(col(Invitation.id))
        .where(col(Invitation.visible_at).is_(None), col(Invitation.asked_at) < before)
        .limit(limit)
    )
    gone = delete(Invitation).where(col(Invitation.id).in_(page))
    return await count_changed(session, gone.execution_options(synchronize_session=False))


async def prune_deeds(session: AsyncSession, before: datetime, limit: int = PAGE) -> int:
    """Who did what before then, with mutes and errands that had ended by then."""
    over = (
        delete(Mute).where(col(Mute.until) < before),
        delete(Errand).where(col(Errand.due_at).is_(None), col(Errand.begun_at) < before),
    )
    for statement in over:
        await session.execute(statement)
    page = select(col(Audit.number)).where(col(Audit.at) < before)
    oldest = page.order_by(col(Audit.at)).limit(limit)
    gone = delete(Audit).where(col(Audit.number).in_(oldest))
    return await count_changed(session, gone.execution_options(synchronize_session=False))


async def prune_notices(session: AsyncSession, before: datetime, limit: int = PAGE) -> int:
    """What owners were told before then, once the alerts that told it have gone."""
    page = (
        select(col(Notice.id))
        .where(col(Notice.at) < before, ~exists().where(col(Alert.change_id) == col(Notice.id)))
        .order_by(col(Notice.at))
        .limit(limit)
    )
    gone = delete(Notice).where(col(Notice.id).in_(page))
    return await count_changed(session, gone.execution_options(synchronize_session=False))


async def _find(
    session: AsyncSession, wanted: Select[UUID], before: datetime, limit: int
) -> list[UUID]:
    return list((await session.execute(wanted, {"before": before, "most": limit})).scalars())


_EMPTY = {"timings": "{}", "response": b"", "request": "", "answered": ""}
_IS_FULL = text("(timings <> '{}' OR length(response) > 0)")
_IS_SETTLED = text("state <> 'open'")
"""Both in the words of their partial indexes."""
_IS_PLANNED = ~exists().where(col(Fanout.change_id) == col(Alert.change_id), text("fanout.is_open"))
_OLD_ALERTS = (
    select(col(Alert.id))
    .where(
        col(Alert.created_at) < bindparam("before"),
        ~exists().where(col(Delivery.id) == col(Alert.id)),
        ~exists().where(col(Held.delivery_id) == col(Alert.id)),
        ~exists().where(
            col(Receipt.delivery_id) == col(Alert.id),
            col(Receipt.finished_at) >= bindparam("before"),
        ),
        _IS_PLANNED,
    )
    .order_by(col(Alert.created_at))
    .limit(bindparam("most"))
)
_OLD_CHANGES = (
    select(col(Change.id))
    .where(
        col(Change.recorded_at) < bindparam("before"),
        ~exists().where(col(Alert.change_id) == col(Change.id)),
        ~exists().where(
            col(Fanout.change_id) == col(Change.id),
            or_(text("fanout.is_open"), text("fanout.is_unfinished")),
        ),
    )
    .order_by(col(Change.recorded_at))
    .limit(bindparam("most"))
)


def _delete(table: type[SQLModel], key: Any) -> Any:
    gone = delete(table).where(one_of(key, "those"))
    return gone.execution_options(synchronize_session=False)


_OF_ALERTS = (
    _delete(Attempt, col(Attempt.delivery_id)),
    _delete(Receipt, col(Receipt.delivery_id)),
    _delete(Returned, col(Returned.delivery_id)),
    _delete(FormerReceipt, col(FormerReceipt.delivery_id)),
    _delete(Gathered, col(Gathered.delivery_id)),
    _delete(Carried, col(Carried.alert_id)),
    _delete(Carried, col(Carried.member_id)),
    _delete(Superseded, col(Superseded.delivery_id)),
    _delete(Alert, col(Alert.id)),
)
_OF_CHANGES = (_delete(Fanout, col(Fanout.change_id)), _delete(Change, col(Change.id)))
