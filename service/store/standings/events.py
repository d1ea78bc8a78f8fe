"""Recording what came: events with their outcome, the changes they made, and their histories."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row as Found
from sqlalchemy import Select, bindparam, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col

from service.core.event import Identity
from service.core.standing.naming import Directory, Name
from service.store.arrivals.tables import Quarantine
from service.store.database import insert_new
from service.store.lists import bind_rows, one_of, one_of_rows
from service.store.plans.tables import Fanout
from service.store.rows import Clash, insert_rows, update_rows
from service.store.standings.tables import RECORDED_AT, Alias, Change, Echo, Event, Mention, Subject

Row = dict[str, Any]


PROBES = 10_000
"""Pairs that a statement may ask an index for."""


class Outpaced(Exception):
    """A rival wrote the same at the same moment: take it again, with what is there now."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the books say of an identity."""

    digest: str
    subject: str | None
    handling: str
    topic: str
    type: str


async def find_recorded(
    session: AsyncSession, identities: Collection[Identity]
) -> Mapping[Identity, Recorded]:
    """Those of `identities` that the books have."""
    rows = await find_by_pair(session, _RECORDED, identities)
    return {
        (row.source, row.id): Recorded(row.digest, row.subject, row.handling, row.topic, row.type)
        for row in rows
    }


def by_pair(*columns: Any) -> Select[Any]:
    """A question for `find_by_pair`; made once, for making it costs more than asking.

    For `(source, id) IN (VALUES …)` SQLite reads the whole table. Two plain lists use the index,
    and find a few rows beside the pairs.
    """
    return select(*columns).where(one_of_rows(columns[:2], "pairs"))


_RECORDED = by_pair(
    col(Event.source),
    col(Event.id),
    col(Event.digest),
    col(Event.subject),
    col(Event.handling),
    col(Event.topic),
    col(Event.type),
)


async def find_by_pair(
    session: AsyncSession, wanted: Select[Any], identities: Iterable[Identity]
) -> list[Found[Any]]:
    """The rows whose first two columns are one of `identities`."""
    found: list[Found[Any]] = []
    connection = await session.connection()
    for some in _runs(sorted(set(identities))):
        rows = await connection.execute(wanted, bind_rows("pairs", some))
        found += [row for row in rows if (row[0], row[1]) in some]
    return found


def _runs(ordered: Iterable[Identity]) -> Iterator[set[Identity]]:
    """One run, unless many sources make too many pairs of the two lists."""
    run: set[Identity] = set()
    sources: set[str] = set()
    for source, name in ordered:
        run.add((source, name))
        sources.add(source)
        if len(run) * len(sources) >= PROBES:
            yield run
            run, sources = set(), set()
    if run:
        yield run


def stake_of(identity: Identity) -> str:
    """The name under which an identity is locked."""
    return "event\n" + "\n".join(identity)


async def find_directory(
    session: AsyncSession, keys: Collection[str], aliases: Collection[str], names: Collection[Name]
) -> Directory:
    """What is known of these keys (`measure:…`), aliases and names."""
    directory = Directory()
    connection = await session.connection()
    asked: list[tuple[Any, dict[str, Any]]] = [(_BY_KEY, {"keys": list(keys)})]
    by_name = bind_rows("names", [(name.importer, name.programme, name.origin) for name in names])
    asked += [(_BY_NAME, by_name)] * bool(names)
    for wanted, given in asked:
        for row in await connection.execute(wanted, given):
            directory.keys.add(row.key)
            name = Name(row.importer, row.programme, row.origin)
            directory.names.setdefault(name, set()).add(row.key)
    if aliases:
        for alias, subject in await connection.execute(_BY_ALIAS, {"aliases": list(aliases)}):
            directory.aliases[alias] = subject
            directory.keys.add(subject)
    return directory


_NAMED = select(
    col(Subject.key), col(Subject.importer), col(Subject.programme), col(Subject.origin)
)


_BY_KEY = _NAMED.where(one_of(col(Subject.key), "keys"))


_BY_NAME = _NAMED.where(  # and a few more, which do no harm
    text("subject.importer <> ''"),  # in the words of its partial index
    one_of_rows((col(Subject.importer), col(Subject.programme), col(Subject.origin)), "names"),
)


_BY_ALIAS = select(col(Alias.alias), col(Alias.subject)).where(one_of(col(Alias.alias), "aliases"))


async def enter_subjects(
    session: AsyncSession, directory: Directory, tracks: Iterable[str]
) -> None:
    """New subjects and aliases, before their rows are locked; `Outpaced` if one is not new."""
    rows = [
        {
            "key": key,
            "importer": name.importer,
            "programme": name.programme,
            "origin": name.origin,
            "flagged": key in directory.flagged,
            "events": 0,
            "sequence": 0,
        }
        for key, name in directory.new_names.items()
    ]
    rows += [
        {
            "key": key,
            "importer": "",
            "programme": "",
            "origin": "",
            "flagged": False,
            "events": 0,
            "sequence": 0,
        }
        for key in tracks
    ]
    if rows:
        await _enter(session, Subject, col(Subject.key), sorted(rows, key=_key))
    if directory.new_aliases:
        named = [{"alias": alias, "subject": key} for alias, key in directory.new_aliases.items()]
        await _enter(session, Alias, col(Alias.alias), sorted(named, key=_alias))


async def _enter(session: AsyncSession, table: type[SQLModel], key: Any, rows: list[Row]) -> None:
    made = await session.execute(insert_new(session, table).returning(key), rows)
    if len(made.all()) < len(rows):
        raise Outpaced


def _key(row: Mapping[str, Any]) -> str:
    return str(row["key"])


def _alias(row: Mapping[str, Any]) -> str:
    return str(row["alias"])


@dataclass(frozen=True, slots=True)
class Echoed:
    """An event counts in one more subject, since another came; both by their rows."""

    subject: str
    event: Row
    since: Row


@dataclass(slots=True)
class Effects:
    """All rows that one batch writes; `numbers` are filled in when they are taken."""

    events: list[Row] = field(default_factory=list)
    settled: list[Row] = field(default_factory=list)  # waiting claims whose event has come
    changes: list[Row] = field(default_factory=list)
    quarantined: list[Row] = field(default_factory=list)
    subjects: list[Row] = field(default_factory=list)
    mentions: list[tuple[Row, Identity]] = field(default_factory=list)  # who names what
    echoes: list[Echoed] = field(default_factory=list)


async def recorded_last(session: AsyncSession, number: int) -> datetime | None:
    """When the event with this number was recorded."""
    return await session.scalar(_RECORDED_LAST, {"number": number})


_RECORDED_LAST = select(RECORDED_AT).where(col(Event.number) == bindparam("number"))


async def record_effects(
    session: AsyncSession, effects: Effects, first_event: int, first_change: int, now: datetime
) -> None:
    """Write them; events in (source, id) order so that rival writers cannot deadlock.

    Recorded now, and never before what has a lower number: a clock that is set back would else
    write into what the books once held. The caller has the numbers, and so the lock on them.
    """
    former = await recorded_last(session, first_event - 1) if effects.events else None
    ordered = sorted(effects.events, key=_identity)
    numbers = {id(row): number for number, row in enumerate(effects.events, first_event)}
    for row in ordered:
        row["number"] = numbers[id(row)]
        row["recorded_at"] = max(now, former or now)
    for number, row in enumerate(effects.changes, first_change):
        row["number"] = number
    fanouts = [
        {
            "change_id": row["id"],
            "number": row["number"],
            "cursor": "",
            "is_open": True,
            "looked_at": 0,
            "planned": 0,
        }
        for row in effects.changes
    ]
    for table, rows in (
        (Event, ordered),
        (Change, effects.changes),
        (Fanout, fanouts),
        (Mention, _mentions(effects)),
        (Echo, _echoes(effects)),
    ):
        await insert_rows(session, table, rows)
    await insert_rows(session, Quarantine, effects.quarantined, Clash.SKIP)
    await _update(session, effects)


def _mentions(effects: Effects) -> list[Row]:
    return [
        {"named_source": source, "named_id": name, "number": row["number"]}
        for row, (source, name) in effects.mentions
    ]


def _echoes(effects: Effects) -> list[Row]:
    return [
        {"subject": one.subject, "number": one.event["number"], "since": one.since["number"]}
        for one in effects.echoes
    ]


def _identity(row: Row) -> tuple[str, str]:
    return (row["source"], row["id"])


async def _update(session: AsyncSession, effects: Effects) -> None:
    subjects = [
        {
            "key": row["of"],
            "events": row["held"],
            "sequence": row["counted"],
            "last_change": row["latest"],
        }
        for row in effects.subjects
    ]
    await update_rows(session, Subject, "key", subjects)
    if effects.settled:
        connection = await session.connection()
        await connection.execute(
            update(Event)
            .where(col(Event.source) == bindparam("of_source"), col(Event.id) == bindparam("of_id"))
            .values({name: bindparam(f"to_{name}") for name in _CONCLUSION}),
            [_conclusion(row) for row in effects.settled],
        )


_CONCLUSION = ("outcome", "reason", "subject", "change_id")


def _conclusion(row: Row) -> Row:
    """Bound names differ from the columns': an UPDATE keeps those for itself."""
    place = {"of_source": row["source"], "of_id": row["id"]}
    return place | {f"to_{name}": row[name] for name in _CONCLUSION}
