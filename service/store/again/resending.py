"""Again: what has ended is sent once more, under the same id; how it had ended is kept.

A delivery has live work or a receipt, never both: the receipt of a former end moves aside.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, delete, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.destination.optin import NOT_SENT_AGAIN, UNSUBSCRIBED
from service.core.sending.delivery import PULL, State
from service.core.sending.steering import STOPPED, NotPossible, Word, refuse_sending
from service.store.again.queueing import Waiting, queue
from service.store.delivery.superseding import find_successor
from service.store.delivery.tables import Alert, Attempt, Receipt
from service.store.following.tables import Destination
from service.store.gathering.carried import find_told, is_whole
from service.store.lists import one_of
from service.store.mail.tables import Returned
from service.store.plans.reopening import reopen_followups
from service.store.plans.tables import Fanout
from service.store.rows import insert_rows
from service.store.steering.deeds import Doer, record_deed
from service.store.steering.errands import PAGE, Step, Task, last_of, lock_destinations, lock_words
from service.store.steering.tables import FormerReceipt

RECENT = 50


@dataclass(frozen=True, slots=True)
class Former:
    """How a delivery had ended before it was sent again."""

    number: int
    outcome: str
    reason: str
    attempts: int
    finished_at: datetime
    sha256: str


@dataclass(frozen=True, slots=True)
class Losses:
    """What failed, or came back, since an instant; `seconds` one attempt takes, if known."""

    failed: int
    changes: int
    some: Sequence[UUID]
    seconds: float | None


async def resend(session: AsyncSession, alert_id: UUID, doer: Doer) -> Former | None:
    """Send it again, and say how it had ended. None: there is no such alert.

    `NotPossible`: it has not ended, its destination is gone, its reader has unsubscribed, or its
    change was stopped; or it gave way to a newer one, which would be followed by what it had
    overtaken.
    """
    alert = (await session.execute(_ALERT, {"of": alert_id})).first()
    if alert is None:
        return None
    tells = await find_told(session, [alert_id])
    words = await lock_words(session, [alert.change_id, *_changes_in(tells)])
    kind = (await lock_destinations(session, [alert.destination_id])).get(alert.destination_id)
    _refuse(kind)
    await refuse_unsubscribed(session, alert.destination_id)
    if not alert.cause:  # a correction goes out because its change was stopped
        refuse_sending(words.get(alert.change_id, Word.FREE))
    elif _tells_of_stopped(alert_id, tells, words):
        raise NotPossible("a change that it tells of was stopped: send the others by themselves")
    if heir := await find_successor(session, alert_id):
        raise NotPossible(
            f"it gave way to a newer alert, {heir}: send that one, it tells what holds"
        )
    ended = await _reopen(session, [alert_id], f"again:{alert_id}", doer.at)
    if not ended:
        raise NotPossible("this delivery has not ended: it is on its way, or held")
    if not alert.cause:
        await reopen_followups(session, [alert.change_id])
    former = ended[0]
    await record_deed(session, doer, "resend", name_delivery(alert_id), former=former.outcome)
    return former


_ALERT = select(col(Alert.destination_id), col(Alert.cause), col(Alert.change_id)).where(
    col(Alert.id) == bindparam("of")
)


def _changes_in(tells: Mapping[UUID, set[UUID]]) -> list[UUID]:
    return sorted(set().union(*tells.values()))


def _tells_of_stopped(
    alert_id: UUID, tells: Mapping[UUID, set[UUID]], words: Mapping[UUID, Word]
) -> bool:
    """Whether a change that a bundle carries was stopped since."""
    return any(words.get(one) in STOPPED for one in tells.get(alert_id, ()))


def _refuse(kind: str | None) -> None:
    if kind is None:
        raise NotPossible("its destination was removed: there is nobody to send it to")
    if kind == PULL:
        raise NotPossible("its receiver asks for its alerts: nothing is sent there")


async def refuse_unsubscribed(session: AsyncSession, destination_id: str) -> None:
    """A reader's no is stronger than the wish of whoever sends again."""
    if await session.scalar(_IS_UNSUBSCRIBED, {"of": destination_id}):
        raise NotPossible(NOT_SENT_AGAIN)


_UNSUBSCRIBED = exists().where(
    col(Destination.id) == bindparam("of"), col(Destination.state) == UNSUBSCRIBED
)
_IS_UNSUBSCRIBED = select(_UNSUBSCRIBED)


def name_delivery(alert_id: UUID) -> str:
    """As the object of a deed."""
    return f"delivery:{alert_id}"


async def list_former(session: AsyncSession, alert_id: UUID) -> list[Former]:
    """The earlier ends of a delivery, oldest first."""
    columns = [col(getattr(FormerReceipt, name)) for name in Former.__slots__]
    wanted = select(*columns).where(col(FormerReceipt.delivery_id) == alert_id)
    rows = await session.execute(wanted.order_by(col(FormerReceipt.number)))
    return [Former(*row) for row in rows]


async def _reopen(
    session: AsyncSession, ids: Sequence[UUID], owner: str, now: datetime
) -> list[Former]:
    """Those that have a receipt, back into the queue in the order of their making.

    Attempts go on counting; their schedule begins anew. One that had come back had bounced.
    """
    receipts = (await session.execute(_TAKE, {"those": ids})).all()
    if not receipts:
        return []
    asked = {"those": [row.delivery_id for row in receipts]}
    found = await session.execute(_COUNT, asked)
    counts = {row.delivery_id: row.ends for row in found}
    back = {row.delivery_id: row.reason for row in await session.execute(_TAKE_BACK, asked)}
    former = {
        row.delivery_id: _former(row, counts.get(row.delivery_id, 0), back.get(row.delivery_id))
        for row in receipts
    }
    rows = [
        {"delivery_id": one} | {name: getattr(former[one], name) for name in Former.__slots__}
        for one in former
    ]
    await insert_rows(session, FormerReceipt, rows)
    places = await session.execute(_PLACES, asked)
    waiting = [Waiting(row.id, row.destination_id, former[row.id].attempts + 1) for row in places]
    await queue(session, owner, waiting, now)
    return list(former.values())


def _former(row: Any, earlier: int, back: str | None) -> Former:
    outcome, reason = row.outcome, row.reason
    if back is not None and outcome == State.DELIVERED:
        outcome, reason = State.BOUNCED.value, back
    return Former(earlier + 1, outcome, reason, row.attempts, row.finished_at, row.sha256)


_TAKE = (
    delete(Receipt)
    .where(one_of(col(Receipt.delivery_id), "those"))
    .returning(*(col(getattr(Receipt, name)) for name in Receipt.model_fields))
    .execution_options(synchronize_session=False)
)
_TAKE_BACK = (
    delete(Returned)
    .where(one_of(col(Returned.delivery_id), "those"))
    .returning(col(Returned.delivery_id), col(Returned.reason))
    .execution_options(synchronize_session=False)
)
_COUNT = (
    select(col(FormerReceipt.delivery_id), func.count().label("ends"))
    .where(one_of(col(FormerReceipt.delivery_id), "those"))
    .group_by(col(FormerReceipt.delivery_id))
)
_PLACES = select(col(Alert.id), col(Alert.destination_id)).where(one_of(col(Alert.id), "those"))


# All that failed at a destination

_CAME_BACK = exists().where(
    col(Returned.delivery_id) == col(Alert.id), col(Returned.at) >= bindparam("since")
)
_FAILED = (
    col(Alert.destination_id) == bindparam("of"),
    or_(
        and_(
            col(Receipt.outcome) == State.FAILED.value,
            col(Receipt.finished_at) >= bindparam("since"),
        ),
        and_(col(Receipt.outcome) == State.DELIVERED.value, _CAME_BACK),
    ),
    ~_UNSUBSCRIBED,
    col(Fanout.state).not_in([Word.HALTED.value, Word.RECALLED.value]) | (col(Alert.cause) != ""),
)
_LOST = (
    select(col(Alert.id), col(Alert.number), col(Alert.cause), col(Alert.change_id))
    .join(Receipt, col(Receipt.delivery_id) == col(Alert.id))
    .join(Fanout, col(Fanout.change_id) == col(Alert.change_id))
    .where(*_FAILED, is_whole(Alert), col(Alert.number) > bindparam("after"))
    .order_by(col(Alert.number))
    .limit(PAGE)
)


async def recover_page(session: AsyncSession, task: Task, _now: datetime) -> Step:
    """The next that failed, in the order of their making; at the destination's own pace."""
    asked = {"of": task.target, "since": task.since, "after": task.cursor}
    page = (await session.execute(_LOST, asked)).all()
    tells = await find_told(session, [one.id for one in page if one.cause])
    told = [one.change_id for one in page]
    words = await lock_words(session, [*told, *_changes_in(tells)])
    if not await lock_destinations(session, [task.target]):
        return Step(None)  # it was removed meanwhile
    ids = [
        one.id
        for one in page
        if (one.cause or words[one.change_id] not in STOPPED)
        and not _tells_of_stopped(one.id, tells, words)
    ]
    due = task.due_after(len(page))
    reopened = await _reopen(session, ids, f"again:{task.object}", due)
    await reopen_followups(session, [one.change_id for one in page if not one.cause])
    return Step(last_of(page), len(reopened))


async def find_losses(
    session: AsyncSession, destination_id: str, since: datetime, most: int
) -> Losses:
    """What a recovery would send again; `most` changes are named."""
    asked = {"of": destination_id, "since": since}
    failed, changes = (await session.execute(_HOW_MANY, asked)).one()
    some = (await session.execute(_WHICH, asked | {"most": most})).scalars()
    seconds = await session.scalar(_SECONDS, {"of": destination_id})
    return Losses(failed, changes, list(some), seconds)


def _of_lost(*columns: Any) -> Any:
    return (
        select(*columns)
        .select_from(Alert)
        .join(Receipt, col(Receipt.delivery_id) == col(Alert.id))
        .join(Fanout, col(Fanout.change_id) == col(Alert.change_id))
        .where(*_FAILED, is_whole(Alert))
    )


_HOW_MANY = _of_lost(func.count(), func.count(col(Alert.change_id).distinct()))
_WHICH = (
    _of_lost(col(Alert.change_id))
    .group_by(col(Alert.change_id))
    .order_by(func.min(col(Alert.number)))
    .limit(bindparam("most"))
)
_LATEST = (
    select(col(Alert.id))
    .where(col(Alert.destination_id) == bindparam("of"))
    .order_by(col(Alert.number).desc())
    .limit(RECENT)
)
_SECONDS = select(func.avg(col(Attempt.seconds))).where(
    col(Attempt.delivery_id).in_(_LATEST), col(Attempt.status).is_not(None)
)
