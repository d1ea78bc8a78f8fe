"""A notice into the queue: a delivery like any other, whose cause is no change."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.sending.delivery import PULL, delivery_id
from service.core.sending.notice import NOTICES, Kind, Notice, notice_cause, subject_of
from service.store.again.queueing import LISTED, Waiting, end_unsent, queue
from service.store.delivery.claiming import find_alerts
from service.store.delivery.tables import Alert, Receipt
from service.store.following.destinations import DestinationValue
from service.store.lists import one_of
from service.store.notices import tables
from service.store.numbers import take_numbers
from service.store.rows import Clash, insert_rows


@dataclass(frozen=True, slots=True)
class Telling:
    """That it was told, for whoever counts; `to` is empty where there was nobody to tell."""

    kind: Kind
    about: str
    to: str


async def tell(
    session: AsyncSession, identity: UUID, notice: Notice, to: DestinationValue, now: datetime
) -> None:
    """Once, however often it is asked for; the destination told is locked."""
    cause = notice_cause(notice.kind, identity)
    alert = delivery_id(to.id, cause)
    if await find_alerts(session, [alert]):
        return
    kept = {"id": identity, "kind": notice.kind, "body": NOTICES.dump_json(notice).decode()}
    await insert_rows(session, tables.Notice, [kept | {"at": now}], Clash.SKIP)
    row = {
        "id": alert,
        "number": (await take_numbers(session, alerts=1))["alerts"],
        "account_id": to.account_id,
        "destination_id": to.id,
        "change_id": identity,
        "subject": subject_of(notice),
        "told_pp": None,
        "matched": b"[]",
        "created_at": now,
        "cause": cause,
    }
    await insert_rows(session, Alert, [row])
    if to.kind == PULL:
        await insert_rows(session, Receipt, [end_unsent(alert, LISTED, now)])
    else:
        await queue(session, f"again:{alert}", [Waiting(alert, to.id)], now)


async def read_notices(
    session: AsyncSession, identities: Collection[UUID]
) -> Mapping[UUID, Notice]:
    """Those that there are."""
    rows = await session.execute(_READ, {"those": list(identities)})
    return {row.id: NOTICES.validate_json(row.body) for row in rows}


_READ = select(col(tables.Notice.id), col(tables.Notice.body)).where(
    one_of(col(tables.Notice.id), "those")
)
