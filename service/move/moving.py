"""`tariffwire move`: a stopped installation into an empty database and an empty log."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import urlsplit, urlunsplit

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from service.crash import passing
from service.log import CHANGES, TOPICS, Clock, Log, open_log
from service.move.refusing import CannotMove
from service.move.rows import Tell, copy_rows
from service.move.tail import append_tail, count_present, find_unread
from service.store.arrivals.progress import list_places
from service.store.database import Database, open_database
from service.store.following.sealed import check_seals
from service.store.following.vault import OPEN_VAULT, Vault
from service.store.installation.adoption import make_way
from service.store.installation.fit import WrongLog, fit
from service.store.installation.identity import JUDGED, LOG, read_books, read_ends, read_said
from service.store.installation.moved import (
    NOTES,
    Arrival,
    Departure,
    MovedAway,
    State,
    claim_for,
    find_arrival,
    find_departure,
    note_arrival,
    note_departure,
)
from service.store.installation.remembered import recall_all, remember
from service.store.installation.whole import Row, find_rows
from service.store.migrations import migrate
from service.store.tables import Progress

SHARED = (
    "Other processes may serve it meanwhile, and nothing would show that: only what one process"
    " serves from its own files is moved. Copy a database and a log by their servers' own means,"
    " then: tariffwire adopt."
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an installation is served: the URLs of its database and its log."""

    database: str
    log: str


@dataclass(frozen=True, slots=True)
class Moved:
    """Which deployment moved; rows by table, and records that were unread. None: moved before."""

    deployment: str
    rows: Mapping[str, int] | None
    records: int


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two, opened."""

    db: Database
    log: Log


async def move(
    home: Place, there: Place, clock: Clock, tell: Tell, vault: Vault = OPEN_VAULT
) -> Moved:
    """Copy all, then have the new place served instead of the old one.

    `WrongSecretsKey` when `vault` could not open there what is sealed here.
    May be run again after a kill at any moment: rows are copied anew, records that are there
    already are left out.
    """
    if there.database == home.database or there.log == home.log:
        raise CannotMove(f"{CannotMove.__doc__} It is there already: name another place.")
    async with AsyncExitStack() as stack:
        old = await _open(stack, home, clock)
        if old.db.is_shared:
            raise CannotMove(f"{CannotMove.__doc__} {SHARED}")
        await migrate(old.db)
        departure = await old.db.run_read(find_departure)
        if departure:
            _compare(departure, there)
        new = await _open(stack, there, clock)
        await migrate(new.db)
        if departure:
            return await _finish(new)
        await old.db.run_read(partial(check_seals, vault=vault))
        await new.log.prepare()
        arrival = await _claim(old, new)
        rows = await copy_rows(old.db, new.db, tell)
        records = await _copy_tail(old, new, tell)
        await _settle(old, new, arrival)
        await _leave(old, there, clock)
        await _finish(new)
        return Moved(arrival.deployment, rows, records)


def _compare(departure: Departure, there: Place) -> None:
    if (departure.database, departure.log) != (show(there.database), show(there.log)):
        went = f"{departure.database} and {departure.log}"
        raise MovedAway(f"{MovedAway.__doc__} It went to {went}: name that place.")


async def _open(stack: AsyncExitStack, place: Place, clock: Clock) -> Side:
    """The log first: its lock shows that the service is stopped."""
    log = await stack.enter_async_context(open_log(place.log, clock))
    return Side(await stack.enter_async_context(open_database(place.database)), log)


async def _claim(old: Side, new: Side) -> Arrival:
    """Note in the new database who moves in; refused where anything else is."""
    books = await old.db.run_read(read_books)
    if not books.deployment:
        raise CannotMove(f"{CannotMove.__doc__} There is none: nothing was ever served from here.")
    refusal = fit(books, await read_said(old.log), "").refusal
    if refusal:
        raise WrongLog(refusal)
    arrival = Arrival(books.deployment, old.log.id, State.COPYING)
    full = [topic for topic in (*TOPICS, CHANGES) if any((await new.log.ends(topic)).values())]
    return await new.db.run_write(partial(_note_claim, arrival, full))


async def _note_claim(arrival: Arrival, full: list[str], session: AsyncSession) -> Arrival:
    standing = await find_arrival(session)
    if standing is None:
        full += await find_rows(session)
        if full:
            raise CannotMove(
                f"{CannotMove.__doc__} Something is there already ({', '.join(sorted(full))}):"
                " give it an empty database and a log, or a prefix, of its own."
            )
        standing = await claim_for(session, arrival)
    is_ours = (standing.deployment, standing.log_id) == (arrival.deployment, arrival.log_id)
    if not is_ours or standing.state in {State.READY, State.SERVED}:
        raise CannotMove(
            f"{CannotMove.__doc__} Deployment {standing.deployment} was moved there"
            f" ({standing.state}): give this one an empty database and a log of its own."
        )
    await note_arrival(session, arrival)
    return arrival


async def _copy_tail(old: Side, new: Side, tell: Tell) -> int:
    """What the old log holds unread, except what an interrupted move has appended already."""
    books = await old.db.run_read(read_books)
    held = await find_unread(old.log, books.bookmarks)
    present = await count_present(new.log)
    count = await append_tail(old.log, held, new.log, present)
    tell("unread records", count, count)
    passing("move.tail")
    return count


async def _settle(old: Side, new: Side, arrival: Arrival) -> None:
    """Everything is there: say what the installation knows of itself, and where it reads on."""
    known = await old.db.run_read(recall_all)
    read = dict.fromkeys(TOPICS, 0)
    for (topic, _), place in (await old.db.run_read(list_places)).items():
        read[topic] += place.records
    starts = dict.fromkeys(await read_ends(new.log), 0)
    rows = [
        {
            "topic": topic,
            "partition": partition,
            "log_id": new.log.id,
            "next": start,
            "records": 0 if partition else read[topic],
        }
        for (topic, partition), start in starts.items()
    ]
    kept = {name: text for name, text in known.items() if name not in (*NOTES, JUDGED)}
    await new.db.run_write(partial(_write_settled, {**kept, LOG: new.log.id}, rows, arrival))
    await new.log.mark(arrival.deployment, starts)
    passing("move.copied")


async def _write_settled(
    known: Mapping[str, str], places: list[Row], arrival: Arrival, session: AsyncSession
) -> None:
    await make_way(session, {})  # the places that those inputs name are of the old log
    await remember(session, known)
    connection = await session.connection()
    await connection.execute(insert(Progress), places)
    await note_arrival(session, replace(arrival, state=State.COPIED))


async def _leave(old: Side, there: Place, clock: Clock) -> None:
    """From here on the old place is served no more."""
    at = clock().isoformat(timespec="seconds")
    departure = Departure(show(there.database), show(there.log), at)

    async def work(session: AsyncSession) -> None:
        await note_departure(session, departure)

    await old.db.run_write(work)
    passing("move.left")


async def _finish(new: Side) -> Moved:
    """From here on the new one is."""
    arrival = await new.db.run_write(_open_doors)
    return Moved(arrival.deployment, None, 0)


async def _open_doors(session: AsyncSession) -> Arrival:
    arrival = await find_arrival(session)
    if arrival is None or arrival.state in {State.COPYING, State.UNDONE}:
        raise CannotMove(
            f"{CannotMove.__doc__} It left for that database, which does not hold it whole:"
            " take it back with tariffwire move --undo, then move it again."
        )
    if arrival.state is State.COPIED:
        await note_arrival(session, replace(arrival, state=State.READY))
    return arrival


def show(url: str) -> str:
    """A URL without what may be secret in it: no password, no options."""
    parts = urlsplit(url)
    who, _, host = parts.netloc.rpartition("@")
    user = who.partition(":")[0]
    return urlunsplit((parts.scheme, f"{user}@{host}" if user else host, parts.path, "", ""))
