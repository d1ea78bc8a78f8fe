"""A change told once more to one destination, also to one that it was not told to before."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.change import Change
from service.core.sending.delivery import PULL, delivery_id
from service.core.sending.steering import REPLAYED, NotPossible, refuse_sending, told_percent
from service.store.again.queueing import LISTED, Waiting, end_unsent, queue
from service.store.again.resending import Former, refuse_unsubscribed, resend
from service.store.delivery.tables import Alert, Receipt
from service.store.numbers import take_numbers
from service.store.plans.reopening import reopen_followups
from service.store.plans.tables import Fanout
from service.store.rows import insert_rows
from service.store.steering.deeds import Doer, record_deed
from service.store.steering.errands import lock_destinations, name_change
from service.store.steering.stops import find_word


@dataclass(frozen=True, slots=True)
class Replayed:
    """The alert, and how it had ended; None if it is a new one."""

    id: UUID
    former: Former | None


async def replay(
    session: AsyncSession, change: Change, account_id: str, destination_id: str, doer: Doer
) -> Replayed:
    """Under the id that the alert had, or would have had: it can never be told twice at once.

    `NotPossible` while the change is still planned, for the planner may come to this destination.
    """
    found = await find_word(session, change.id)
    if found is None:
        raise NotPossible("nobody was told of this change, and its fan-out is gone")
    refuse_sending(found.word)
    identity = delivery_id(destination_id, str(change.id))
    former = await resend(session, identity, doer)
    if former is None:
        await _refuse_open(session, change.id)
        await _tell(session, _alert(change, account_id, destination_id, doer), doer.at)
        await reopen_followups(session, [change.id])
        detail = {"destination": destination_id, "alert": identity}
        await record_deed(session, doer, "replay", name_change(change.id), **detail)
    return Replayed(identity, former)


async def _refuse_open(session: AsyncSession, change_id: UUID) -> None:
    wanted = select(col(Fanout.is_open)).where(col(Fanout.change_id) == change_id)
    if await session.scalar(wanted):
        raise NotPossible("this change is still being planned: ask again in a moment")


async def _tell(session: AsyncSession, alert: dict[str, Any], now: datetime) -> None:
    destination = alert["destination_id"]
    kind = (await lock_destinations(session, [destination])).get(destination)
    if kind is None:
        raise NotPossible("this destination was removed")
    await refuse_unsubscribed(session, destination)
    alert["number"] = (await take_numbers(session, alerts=1))["alerts"]
    await insert_rows(session, Alert, [alert])
    if kind == PULL:
        await insert_rows(session, Receipt, [end_unsent(alert["id"], LISTED, now)])
    else:
        waiting = [Waiting(alert["id"], destination)]
        await queue(session, f"again:{alert['id']}", waiting, now)


def _alert(change: Change, account_id: str, destination_id: str, doer: Doer) -> dict[str, Any]:
    reason = f"replayed by {doer.who}" + (f": {doer.reason}" if doer.reason else "")
    return {
        "id": delivery_id(destination_id, str(change.id)),
        "account_id": account_id,
        "destination_id": destination_id,
        "change_id": change.id,
        "subject": change.subject,
        "told_pp": told_percent(change.new, change.mode),
        "matched": orjson.dumps([_reason(reason)]),
        "created_at": doer.at,
        "cause": "",
    }


def _reason(said: str) -> dict[str, Any]:
    """As a match is written."""
    return {
        "subscription": REPLAYED,
        "name": REPLAYED,
        "external_id": None,
        "labels": {},
        "metadata": {},
        "lane": 1,
        "reason": said,
        "possible": False,
        "six_digits": False,
        "yours": [],
    }
