"""Where an event is that somebody asks about, and what it became."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    TextClause,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col

from service.core.change.derive import Outcome
from service.core.change.repeats import ground_of
from service.core.event import Handling, Identity
from service.core.event.binding import Headers
from service.core.event.naming import names_of
from service.core.standing import Entry, History
from service.core.why.trail import Ended, Input, Place
from service.store.arrivals.tables import Outbox, Quarantine
from service.store.database import is_server
from service.store.standings.histories import read_histories
from service.store.standings.tables import Event

LOOKED_INTO = 1_000
"""Of what waits or was set aside so many are read at most, the likeliest and then the latest."""
READ_BYTES = 16 * 1024 * 1024
"""And no more than this of them, or one."""
Reading = tuple[str | None, str]
"""A source, None where any will do, and an id."""

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
    is_resting = row.outcome in _RESTING and row.handling != Handling.TEST
    given = Input(source=source, id=name, place=Place.BOOKS, at=row.accepted_at)
    ended = Ended(
        handling=row.handling,
        outcome=row.outcome,
        reason=row.reason,
        subject=row.subject,
        rests_on=await _find_ground(session, row.subject, identity) if is_resting else None,
    )
    return given, ended


async def _find_ground(session: AsyncSession, subject: str, identity: Identity) -> Identity | None:
    """The event before it that says what it says, or is surer of the same."""
    history = (await read_histories(session, [subject]))[subject]
    names = [entry.identity for entry in history.entries]
    entry = history.by_identity[identity]
    before = history.entries[: names.index(identity)]
    heard = tuple(one for one in history.echoes if _is_before(one, entry))
    return ground_of(entry, History(subject, before, echoes=heard))


def _is_before(one: Entry, other: Entry) -> bool:
    return bool(one.recorded_at and other.recorded_at and one.recorded_at <= other.recorded_at)


async def find_outside(session: AsyncSession, given: str, unread: int) -> Input:
    """One that is not in the books: it waits for the log, was set aside, or is nowhere."""
    aside = await _look_for(session, Quarantine, given)
    if aside.row is not None and aside.is_read:
        return _show_aside(aside)
    waiting = await _look_for(session, Outbox, given)
    if waiting.row is not None:
        return Input(source=waiting.source, id=waiting.id, place=Place.OUTBOX, at=waiting.row.at)
    if aside.row is not None:
        return _show_aside(aside)
    cut = aside.is_cut or waiting.is_cut
    return Input(source=aside.source, id=aside.id, place=Place.NOWHERE, unread=unread, is_cut=cut)


@dataclass(frozen=True, slots=True)
class _Found:
    """The row that is meant, if there is one, and what it calls itself.

    `is_read`: its source and id were compared; else its bytes, which cannot be read, hold them.
    `is_cut`: there are more that may be meant than are looked into.
    """

    source: str | None
    id: str
    row: Any = None
    is_read: bool = True
    is_cut: bool = False


def _show_aside(found: _Found) -> Input:
    row = found.row
    return Input(
        source=found.source,
        id=found.id,
        place=Place.QUARANTINE,
        at=row.at,
        entry=row.id,
        reason=row.reason,
        settled="" if row.state == "open" else row.state,
        is_guessed=not found.is_read,
    )


def _readings(given: str) -> list[Reading]:
    """As `source id`; and the whole as an id, which may have spaces too."""
    source, space, name = given.partition(" ")
    whole: Reading = (None, given)
    return [(source, name.strip()), whole] if space else [whole]


async def _look_for(session: AsyncSession, table: type[SQLModel], given: str) -> _Found:
    """The latest row that calls itself so; else the latest that cannot be read and holds it."""
    readings = _readings(given)
    source, name = readings[0]
    candidates = (await session.execute(_list_candidates(session, table, readings))).all()
    guessed, room = None, READ_BYTES
    for place, (key, size, is_plain) in enumerate(candidates):
        room -= size
        if place == LOOKED_INTO or (place and room < 0):
            return guessed or _Found(source, name, is_cut=True)
        row: Any = await session.get_one(table, key)
        names = names_of(row.value, _headers_of(row))
        for one in names or ():
            if any(_is_meant(one, reading) for reading in readings):
                return _Found(one[0] or None, one[1], row)
        if names is None and is_plain and guessed is None:
            guessed = _Found(source, name, row, is_read=False)
    return guessed or _Found(source, name)


def _is_meant(one: Identity, reading: Reading) -> bool:
    source, name = reading
    return one[1] == name and source in {None, one[0]}


def _headers_of(row: Any) -> Headers:
    """As `store/arrivals` writes them: a byte of a value as a code point."""
    return tuple((name, held.encode("latin-1")) for name, held in json.loads(row.headers))


def _list_candidates(
    session: AsyncSession, table: type[SQLModel], readings: Sequence[Reading]
) -> Select[Any]:
    """Whose bytes have the words as JSON writes them plainly, and then who may have escaped them.

    An escape writes any character in several ways, so whatever has one is looked into.
    """
    parts: Any = table
    (key,) = parts.__table__.primary_key
    words = [[word for word in reading if word] for reading in readings]
    plain = or_(*(and_(*(_has(session, parts, word) for word in some)) for some in words))
    escaped = _find_bytes(session, parts, b"\\")
    return (
        select(key, func.length(parts.value), plain)
        .where(or_(plain, escaped))
        .order_by(case((plain, 0), else_=1), parts.at.desc())
        .limit(LOOKED_INTO + 1)
    )


def _has(session: AsyncSession, table: Any, word: str) -> ColumnElement[bool]:
    """In its value, or in its headers as they are kept."""
    header = json.dumps(word.encode().decode("latin-1"))
    quoted = json.dumps(word, ensure_ascii=False).encode()
    in_value = _find_bytes(session, table, quoted)
    return or_(in_value, table.headers.contains(header, autoescape=True))


def _find_bytes(session: AsyncSession, table: Any, wanted: bytes) -> TextClause:
    find = "position(:wanted in {}.value)" if is_server(session) else "instr({}.value, :wanted)"
    whole = text(f"{find.format(table.__tablename__)} > 0")
    return whole.bindparams(bindparam("wanted", wanted, unique=True))
