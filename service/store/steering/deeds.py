"""Who did what: one line a decision, written in the transaction of what it did."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.store.numbers import take_numbers
from service.store.spans import Span
from service.store.steering.tables import Audit

COUNTER = "audit"


@dataclass(frozen=True, slots=True)
class Deed:
    """One decision. `object` is such as `change:<id>`; `detail` is JSON."""

    number: int
    at: datetime
    who: str
    action: str
    object: str
    detail: str


@dataclass(frozen=True, slots=True)
class Doer:
    """Who decides, when, and why."""

    who: str
    at: datetime
    reason: str = ""


async def record_deed(
    session: AsyncSession, doer: Doer, action: str, of: str, **detail: Any
) -> None:
    """Write it down; last in the transaction, for its number is taken under a lock."""
    said = {"reason": doer.reason} if doer.reason else {}
    number = (await take_numbers(session, **{COUNTER: 1}))[COUNTER]
    row = {
        "number": number,
        "at": doer.at,
        "who": doer.who,
        "action": action,
        "object": of,
        "detail": orjson.dumps(said | detail, default=str).decode(),
    }
    await session.execute(insert(Audit), [row])


_COLUMNS = [col(getattr(Audit, name)) for name in Deed.__slots__]


async def list_deeds(session: AsyncSession, span: Span, where: Mapping[str, str]) -> list[Deed]:
    """By number; `where` names columns and the text that each must have."""
    wanted = select(*_COLUMNS)
    for name, text in where.items():
        wanted = wanted.where(col(getattr(Audit, name)) == text)
    rows = await session.execute(span.of(wanted, col(Audit.number)))
    return [Deed(*row) for row in rows]
