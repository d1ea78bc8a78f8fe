"""What an installation knows of itself, so that books and log of different ones never mix."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from service.log import TOPICS, Log, Position
from service.store.arrivals.progress import list_places
from service.store.database import Database, lock_names
from service.store.delivery.sending import find_hold, hold_sending
from service.store.installation.fit import RELEASE, OfDatabase, OfLog, Place, Verdict, WrongLog, fit
from service.store.installation.home import CONFIRMED
from service.store.installation.moved import refuse_moved
from service.store.installation.remembered import recall, recall_all, remember, remember_first
from service.store.numbers import last_number

__all__ = [
    "WrongLog",
    "check_fit",
    "check_name",
    "know_address",
    "know_deployment",
    "know_self",
    "read_books",
    "read_ends",
    "read_said",
    "refuse_misfit",
]

SETTLING = (0.1, 0.3, 0.6, 1.0, 1.0)
"""Pauses, in seconds, after which a log that seems too short is measured again."""

DEPLOYMENT = "deployment"
ADDRESS = "api.address"
NAME = "deployment.name"
ASKED = "deployment.asked"
LOG = "log"
JUDGED = "log.judged"


async def know_self(session: AsyncSession, fresh: str) -> str:
    """The deployment's id; `fresh` becomes it the first time, whoever else starts meanwhile.

    `MovedAway` or `HalfMoved` where a move says that this database is not to be served.
    """
    await refuse_moved(session)
    await remember_first(session, DEPLOYMENT, fresh)
    return await know_deployment(session) or fresh


async def know_deployment(session: AsyncSession) -> str:
    """The deployment's id; "" where none was ever served."""
    return await recall(session, DEPLOYMENT) or ""


async def know_address(session: AsyncSession, own: str, *, serves: bool) -> str:
    """Where the API is: the address of the process that serves it, for those that do not.

    So an alert says the same whichever process writes it.
    """
    if serves:
        await remember(session, {ADDRESS: own})
        return own
    return await recall(session, ADDRESS) or own


async def check_fit(db: Database, log: Log, name: str, now: datetime) -> Verdict:
    """Refuse (`WrongLog`) a log and a database that do not belong together; says the remedy.

    Where receivers may have been told before, or a copy is served under another deployment
    `name`, sending is held. Any number of processes may ask at once: one of them writes.
    """
    marks = await log.marks()
    books: OfDatabase = await db.run_read(read_books)
    said = OfLog(id=log.id, ends=await read_ends(log), marks=marks)
    verdict = fit(books, said, name)
    for pause in SETTLING:
        if not verdict.is_short:
            break
        await asyncio.sleep(pause)
        said = replace(said, ends=await read_ends(log))
        verdict = fit(books, said, name)
    if verdict.refusal:
        raise WrongLog(verdict.refusal)
    if verdict != _nothing_new(books) or books.log_id is None:
        verdict = await db.run_write(partial(_settle, books, said, name, now))
    if verdict.hold:
        await log.mark(books.deployment, {place: _next(books, place) for place in verdict.judged})
    return verdict


async def refuse_misfit(db: Database, log: Log) -> None:
    """`WrongLog` where they do not belong together; nothing is written."""
    said = await read_said(log)
    verdict = fit(await db.run_read(read_books), said, "")
    if verdict.refusal and not verdict.is_short:
        raise WrongLog(verdict.refusal)


async def check_name(session: AsyncSession, name: str, now: datetime) -> None:
    """Hold sending under another deployment name, even while the log cannot be reached."""
    await lock_names(session, exclusive=[DEPLOYMENT])
    books = replace(await read_books(session), bookmarks={}, log_id=None)
    verdict = fit(books, OfLog(id=""), name)
    await remember(session, {NAME: verdict.name, ASKED: verdict.asked})
    if verdict.hold:
        await _hold(session, books, verdict, now)


async def read_books(session: AsyncSession) -> OfDatabase:
    """What the database says of itself."""
    places = await list_places(session)
    known = await recall_all(session)
    return OfDatabase(
        deployment=known.get(DEPLOYMENT, ""),
        log_id=known.get(LOG),
        bookmarks={
            place: Position(one.log_id, one.next)
            for place, one in places.items()
            if one.topic in TOPICS
        },
        judged=_read_judged(known.get(JUDGED)),
        name=known.get(NAME),
        asked=known.get(ASKED),
        has_alerted=await last_number(session, "alerts") > 0,
        hold=await find_hold(session),
        is_confirmed=CONFIRMED in known,
    )


async def read_ends(log: Log) -> dict[Place, int]:
    """Of every partition that consumers read."""
    return {
        (topic, partition): end
        for topic in TOPICS
        for partition, end in (await log.ends(topic)).items()
    }


async def read_said(log: Log) -> OfLog:
    """What a log says of itself while nobody reads it."""
    return OfLog(id=log.id, ends=await read_ends(log), marks=await log.marks())


def write_judged(marks: Mapping[Place, int]) -> str | None:
    """As JSON, or None for none."""
    rows = [[topic, partition, mark] for (topic, partition), mark in sorted(marks.items())]
    return orjson.dumps(rows).decode() if rows else None


def _read_judged(text: str | None) -> dict[Place, int]:
    rows = orjson.loads(text) if text else []
    return {(topic, partition): mark for topic, partition, mark in rows}


async def _settle(
    seen: OfDatabase, said: OfLog, name: str, now: datetime, session: AsyncSession
) -> Verdict:
    """Judge again under a lock, by what others have written meanwhile, and write it down."""
    await lock_names(session, exclusive=[DEPLOYMENT])
    books = replace(await read_books(session), bookmarks=seen.bookmarks)
    verdict = fit(books, said, name)
    values = {
        LOG: said.id,
        JUDGED: write_judged(verdict.judged),
        NAME: verdict.name,
        ASKED: verdict.asked,
        CONFIRMED: None,
    }
    await remember(session, values)
    if verdict.hold:
        await _hold(session, books, verdict, now)
    return verdict


async def _hold(session: AsyncSession, books: OfDatabase, verdict: Verdict, now: datetime) -> None:
    reasons = [one for one in (books.hold, f"{verdict.hold} (to send: {RELEASE})") if one]
    await hold_sending(session, "; ".join(reasons), now)


def _nothing_new(books: OfDatabase) -> Verdict:
    return Verdict(judged=books.judged, name=books.name, asked=books.asked)


def _next(books: OfDatabase, place: Place) -> int:
    held = books.bookmarks.get(place)
    return held.next if held else 0
