"""Where an event is that somebody asks about, and what it became."""

import json
from typing import Any

from sqlalchemy import ColumnElement, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col

from service.core.change.derive import Outcome
from service.core.event import Handling, Identity
from service.core.why.trail import Ended, Input, Place
from service.store.arrivals.tables import Outbox, Quarantine
from service.store.database import is_server
from service.store.standings.tables import Event

_RESTING = frozenset({Outcome.EVIDENCE_ONLY, Outcome.WEAKER_CLAIM})
_COLUMNS = (
    col(Event.number),
    col(Event.handling),
    col(Event.subject),
    col(Event.accepted_at),
    col(Event.outcome),
    col(Event.reason),
)


async def read_event(session: AsyncSession, identity: Identity) -> tuple[Input, Ended] | None:
    """One that is in the books."""
    source, name = identity
    wanted = select(*_COLUMNS).where(col(Event.source) == source, col(Event.id) == name)
    row = (await session.execute(wanted)).first()
    if row is None:
        return None
    given = Input(source=source, id=name, place=Place.BOOKS, at=row.accepted_at)
    ended = Ended(
        handling=row.handling,
        outcome=row.outcome,
        reason=row.reason,
        subject=row.subject,
        rests_on=await _find_ground(session, row) if row.outcome in _RESTING else None,
    )
    return given, ended


async def _find_ground(session: AsyncSession, row: Any) -> Identity | None:
    """The latest event before it that made its subject stand as it did."""
    wanted = (
        select(col(Event.source), col(Event.id))
        .where(
            col(Event.subject) == row.subject,
            col(Event.number) < row.number,
            col(Event.outcome).in_([Outcome.CHANGED, Outcome.HISTORY]),
            col(Event.handling) != Handling.TEST,
        )
        .order_by(col(Event.number).desc())
        .limit(1)
    )
    found = (await session.execute(wanted)).first()
    return (found.source, found.id) if found else None


async def find_outside(session: AsyncSession, given: str, unread: int) -> Input:
    """One that is not in the books: it waits for the log, was set aside, or is nowhere.

    It is looked for by what its bytes hold, for nothing more is known of them.
    """
    source, space, name = given.partition(" ")
    named = {"source": source, "id": name.strip()} if space else {"source": None, "id": given}
    words = [one for one in named.values() if one]
    aside = await _find_holding(session, Quarantine, words)
    waiting = None if aside else await _find_holding(session, Outbox, words)
    if aside:
        return Input(
            **named,
            place=Place.QUARANTINE,
            at=aside.at,
            entry=aside.id,
            reason=aside.reason,
            settled="" if aside.state == "open" else aside.state,
        )
    if waiting:
        return Input(**named, place=Place.OUTBOX, at=waiting.at)
    return Input(**named, place=Place.NOWHERE, unread=unread)


async def _find_holding(
    session: AsyncSession, table: type[SQLModel], words: list[str]
) -> Any | None:
    """The latest row whose value, or headers, hold all of the words as JSON writes them."""
    parts: Any = table
    conditions = [_holds(session, parts, place, word) for place, word in enumerate(words)]
    latest = select(table).where(*conditions).order_by(parts.at.desc()).limit(1)
    return (await session.execute(latest)).scalar_one_or_none()


def _holds(session: AsyncSession, table: Any, place: int, word: str) -> ColumnElement[bool]:
    quoted, name = json.dumps(word, ensure_ascii=False), f"word_{place}"
    find = "position(:{} in {}.value)" if is_server(session) else "instr({1}.value, :{0})"
    in_value = text(f"{find.format(name, table.__tablename__)} > 0")
    return or_(
        in_value.bindparams(**{name: quoted.encode()}),
        table.headers.contains(quoted, autoescape=True),
    )
