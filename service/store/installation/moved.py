"""Notes that a move leaves: in the database that was left, and in the one that took its place.

Only one of two databases may ever be served. The note in the old one decides; that in the new one
says until then that it is not finished.
"""

from dataclasses import asdict, dataclass, replace
from enum import StrEnum

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from service.store.database import lock_names
from service.store.installation.fit import WrongLog
from service.store.installation.remembered import forget, recall, remember, remember_first

MOVED_TO = "move.to"
MOVED_FROM = "move.from"
NOTES = (MOVED_TO, MOVED_FROM)
LOCK = "move"
"""Whoever serves a database for the first time, or takes a move back, holds this name."""


class MovedAway(WrongLog):
    """This installation has moved: it is served elsewhere."""


class HalfMoved(WrongLog):
    """An installation is being moved into this database, and the move is not finished."""


class State(StrEnum):
    """How far a move into a database has come. Only `ready` and `served` may be served."""

    COPYING = "copying"
    COPIED = "copied"
    READY = "ready"
    SERVED = "served"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Departure:
    """Where an installation went: both URLs without what is secret in them."""

    database: str
    log: str
    at: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """Which deployment moved in, from which log, and how far that has come."""

    deployment: str
    log_id: str
    state: State


async def find_departure(session: AsyncSession) -> Departure | None:
    """Where this installation went; None while it is here."""
    text = await recall(session, MOVED_TO)
    return Departure(**orjson.loads(text)) if text else None


async def note_departure(session: AsyncSession, departure: Departure) -> None:
    """From now on this database is not served."""
    value = orjson.dumps(asdict(departure)).decode()
    await remember(session, {MOVED_TO: value})


async def forget_departure(session: AsyncSession) -> None:
    """It may be served again."""
    await forget(session, MOVED_TO)


async def find_arrival(session: AsyncSession) -> Arrival | None:
    """Which installation was moved in here, if one was."""
    text = await recall(session, MOVED_FROM)
    if text is None:
        return None
    kept = orjson.loads(text)
    return Arrival(kept["deployment"], kept["log_id"], State(kept["state"]))


async def claim_for(session: AsyncSession, arrival: Arrival) -> Arrival:
    """Note who moves in, unless a note stands; the note that stands then."""
    value = orjson.dumps(asdict(arrival)).decode()
    await remember_first(session, MOVED_FROM, value)
    return await find_arrival(session) or arrival


async def note_arrival(session: AsyncSession, arrival: Arrival) -> None:
    """How far it has come."""
    value = orjson.dumps(asdict(arrival)).decode()
    await remember(session, {MOVED_FROM: value})


async def refuse_moved(session: AsyncSession) -> None:
    """Refuse what was left, and what is not finished; note that the new one is served."""
    await lock_names(session, exclusive=[LOCK])
    departure = await find_departure(session)
    if departure:
        message = (
            f"{MovedAway.__doc__} It moved to {departure.database} and {departure.log} at"
            f" {departure.at}: set TARIFFWIRE_DATABASE_URL and TARIFFWIRE_LOG_URL to these, or"
            " take it back with tariffwire move --undo while nobody has served it there."
        )
        raise MovedAway(message)
    arrival = await find_arrival(session)
    if arrival is None:
        return
    if arrival.state not in {State.READY, State.SERVED}:
        message = (
            f"{HalfMoved.__doc__} Run tariffwire move again where deployment"
            f" {arrival.deployment} was served before: it begins anew, and nothing is lost."
        )
        raise HalfMoved(message)
    if arrival.state is State.READY:
        await note_arrival(session, replace(arrival, state=State.SERVED))
