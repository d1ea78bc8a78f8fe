"""Recording what came: events with their outcome, the changes they made, and their histories."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row as Found
from sqlalchemy import Select, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.event import Event as CoreEvent
from service.core.event import Identity
from service.core.event.envelope import EVENTS
from service.core.standing.naming import Directory, Name
from service.store.database import insert_new
from service.store.tables import Alias, Change, Event, Fanout, Quarantine, Subject

Row = dict[str, Any]


PROBES = 10_000


"""Pairs that a statement may ask an index for."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the books say of an identity."""

    digest: str
    subject: str | None
    handling: str
    topic: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A claim that came before what it is about."""

    event: CoreEvent
    accepted_at: datetime


async def find_recorded(
    session: AsyncSession, identities: Collection[Identity]
) -> Mapping[Identity, Recorded]:
    """Those of `identities` that the books have."""
    rows = await _find(session, _RECORDED, identities)
    return {
        (row.source, row.id): Recorded(row.digest, row.subject, row.handling, row.topic)
        for row in rows
    }


def _by_pair(*columns: Any) -> Select[Any]:
    """A question for `_find`; made once, for making it costs more than asking.

    For `(source, id) IN (VALUES …)` SQLite reads the whole table. Two plain lists use the index,
    and find a few rows beside the pairs.
    """
    source, name = columns[:2]
    return select(*columns).where(
        source.in_(bindparam("sources", expanding=True)),
        name.in_(bindparam("names", expanding=True)),
    )


_RECORDED = _by_pair(
    col(Event.source),
    col(Event.id),
    col(Event.digest),
    col(Event.subject),
    col(Event.handling),
    col(Event.topic),
)


_WAITING = (
    _by_pair(col(Event.about_source), col(Event.about_id), col(Event.body), col(Event.accepted_at))
    .where(col(Event.outcome) == "waiting")
    .order_by(col(Event.number))
)


async def _find(
    session: AsyncSession, wanted: Select[Any], identities: Iterable[Identity]
) -> list[Found[Any]]:
    """The rows whose first two columns are one of `identities`."""
    found: list[Found[Any]] = []
    connection = await session.connection()
    for some in _runs(sorted(set(identities))):
        asked = {"sources": list({one for one, _ in some}), "names": [two for _, two in some]}
        rows = await connection.execute(wanted, asked)
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


"""A test builds on the latest before it; a source that only ever tests costs no more than that."""


async def find_waiting(
    session: AsyncSession, about: Collection[Identity]
) -> Mapping[Identity, list[Waiting]]:
    """Claims that wait for one of `about`, by what they wait for, oldest first.

    And those that wait for such a claim, for they end together with it.
    """
    found: dict[Identity, list[Waiting]] = {}
    asked = set(about)
    while asked:
        claims = await _read_waiting(session, asked)
        found |= claims
        asked = {one.event.identity for waiting in claims.values() for one in waiting}
        asked -= found.keys()
    return found


async def _read_waiting(
    session: AsyncSession, about: Collection[Identity]
) -> dict[Identity, list[Waiting]]:
    found: dict[Identity, list[Waiting]] = {}
    for row in await _find(session, _WAITING, about):
        claim = Waiting(EVENTS.validate_json(row.body), row.accepted_at)
        found.setdefault((row.about_source, row.about_id), []).append(claim)
    return found


async def find_directory(
    session: AsyncSession, keys: Collection[str], aliases: Collection[str], names: Collection[Name]
) -> Directory:
    """What is known of these keys (`measure:…`), aliases and names."""
    directory = Directory()
    connection = await session.connection()
    by_name = {
        "importers": list({name.importer for name in names}),
        "programmes": list({name.programme for name in names}),
        "origins": list({name.origin for name in names}),
    }
    asked = [(_BY_KEY, {"keys": list(keys)})] * bool(keys) + [(_BY_NAME, by_name)] * bool(names)
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


_BY_KEY = _NAMED.where(col(Subject.key).in_(bindparam("keys", expanding=True)))


_BY_NAME = _NAMED.where(  # and a few more, which do no harm
    col(Subject.importer).in_(bindparam("importers", expanding=True)),
    col(Subject.programme).in_(bindparam("programmes", expanding=True)),
    col(Subject.origin).in_(bindparam("origins", expanding=True)),
)


_BY_ALIAS = select(col(Alias.alias), col(Alias.subject)).where(
    col(Alias.alias).in_(bindparam("aliases", expanding=True))
)


async def enter_subjects(
    session: AsyncSession, directory: Directory, tracks: Iterable[str]
) -> None:
    """New subjects and aliases, before their rows are locked."""
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
        await session.execute(insert_new(session, Subject), sorted(rows, key=_key))
    if directory.new_aliases:
        named = [{"alias": alias, "subject": key} for alias, key in directory.new_aliases.items()]
        await session.execute(insert_new(session, Alias), sorted(named, key=_alias))


def _key(row: Mapping[str, Any]) -> str:
    return str(row["key"])


def _alias(row: Mapping[str, Any]) -> str:
    return str(row["alias"])


"""Outcomes of events that stand in a history (unless they were tests)."""


@dataclass(slots=True)
class Effects:
    """All rows that one batch writes; `numbers` are filled in when they are taken."""

    events: list[Row]
    settled: list[Row]  # waiting claims whose event has come
    changes: list[Row]
    quarantined: list[Row]
    subjects: list[Row]


async def record_effects(
    session: AsyncSession, effects: Effects, first_event: int, first_change: int
) -> None:
    """Write them; events in (source, id) order so that rival writers cannot deadlock."""
    ordered = sorted(effects.events, key=_identity)
    numbers = {id(row): number for number, row in enumerate(effects.events, first_event)}
    for row in ordered:
        row["number"] = numbers[id(row)]
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
    connection = await session.connection()  # plain rows: the mapper would only cost time
    for table, rows in ((Event, ordered), (Change, effects.changes), (Fanout, fanouts)):
        if rows:
            await connection.execute(insert(table), rows)
    if effects.quarantined:
        await session.execute(insert_new(session, Quarantine), effects.quarantined)
    await _update(session, effects)


def _identity(row: Row) -> tuple[str, str]:
    return (row["source"], row["id"])


async def _update(session: AsyncSession, effects: Effects) -> None:
    connection = await session.connection()
    if effects.subjects:
        await connection.execute(_COUNT, effects.subjects)
    if effects.settled:
        await connection.execute(
            update(Event)
            .where(col(Event.source) == bindparam("of_source"), col(Event.id) == bindparam("of_id"))
            .values({name: bindparam(f"to_{name}") for name in _CONCLUSION}),
            [_conclusion(row) for row in effects.settled],
        )


_COUNT = (
    update(Subject)
    .where(col(Subject.key) == bindparam("of"))
    .values(
        events=bindparam("held"), sequence=bindparam("counted"), last_change=bindparam("latest")
    )
)


_CONCLUSION = ("outcome", "reason", "subject", "change_id")


def _conclusion(row: Row) -> Row:
    """Bound names differ from the columns': an UPDATE keeps those for itself."""
    place = {"of_source": row["source"], "of_id": row["id"]}
    return place | {f"to_{name}": row[name] for name in _CONCLUSION}
