"""All or nothing: every event of a request is understood and known to fit, or none is taken."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from service.api.desk import Desk
from service.api.intake.pieces import Piece
from service.api.intake.reading import Arrival, understand
from service.api.intake.recall import Accepted, Books, Recall
from service.api.intake.way import Way
from service.api.problems import Conflict, Invalid
from service.core.codes import MOST_HINTED
from service.core.event import Fault, Identity, Unreadable
from service.log import LogUnavailable, Record
from service.store.standings.events import Recorded

BREATH = 200
"""Events between two turns of the loop, so that a large request keeps nobody waiting."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of each event, in the order of the request: fresh, or a duplicate."""

    arrivals: Sequence[Arrival]
    fresh: frozenset[int]


class Intake:
    """The one door for events of one process."""

    def __init__(self, desk: Desk) -> None:
        """Nothing is remembered yet."""
        self._desk = desk
        self._recall = Recall()
        self._books = Books(desk.db)
        self._way = Way(desk)

    async def take(self, pieces: Sequence[Piece]) -> Taken:
        """Durable when it returns; `Invalid` or `Conflict` when nothing was taken."""
        arrivals = await _understand(pieces, self._desk.clock())
        books = await self._look_up(arrivals)
        # No await from here to the last `remember`: two requests with one identity cannot cross.
        fresh, waited = self._sort(arrivals, books)
        topics = self._topics([arrivals[place] for place in fresh], books)
        durable = asyncio.get_running_loop().create_future()
        for one, topic in topics:
            self._recall.remember(one.identity, Accepted(one.digest, topic, durable))
        await self._append(topics, durable)
        for durable_elsewhere in waited:
            await asyncio.shield(durable_elsewhere)  # theirs: our being cancelled must not end it
        return Taken(arrivals, frozenset(fresh))

    async def _look_up(self, arrivals: Sequence[Arrival]) -> Mapping[Identity, Recorded]:
        """The identities themselves, and what claims are about."""
        asked: set[Identity] = set()
        for one in arrivals:
            asked.update(
                identity
                for identity in (one.identity, one.about)
                if identity and self._recall.find(identity) is None
            )
        return await self._books.find(asked)

    def _sort(
        self, arrivals: Sequence[Arrival], books: Mapping[Identity, Recorded]
    ) -> tuple[list[int], set[asyncio.Future[None]]]:
        """The places of what is new, and what must be durable before duplicates are answered."""
        fresh: dict[Identity, int] = {}
        waited: set[asyncio.Future[None]] = set()
        conflicts: list[Fault] = []
        for place, one in enumerate(arrivals):
            lately = self._recall.find(one.identity)
            known = lately or books.get(one.identity) or arrivals_at(arrivals, fresh, one.identity)
            if known is None:
                fresh[one.identity] = place
            elif known.digest != one.digest:
                conflicts.append(_contradicts(one))
            elif lately:
                waited.add(lately.durable)
        if conflicts:
            raise Conflict(str(conflicts[0]), conflicts)
        return list(fresh.values()), waited

    def _topics(
        self, fresh: Sequence[Arrival], books: Mapping[Identity, Recorded]
    ) -> list[tuple[Arrival, str]]:
        """Each with its topic: a claim follows what it is about, in this request or before it."""
        beside = {one.identity: one.topic for one in fresh}
        return [(one, self._topic(one, beside, books)) for one in fresh]

    def _topic(
        self, one: Arrival, beside: Mapping[Identity, str], books: Mapping[Identity, Recorded]
    ) -> str:
        if one.about is None:
            return one.topic
        known = self._recall.find(one.about) or books.get(one.about)
        return known.topic if known else beside.get(one.about, one.topic)

    async def _append(
        self, sorted_in: Sequence[tuple[Arrival, str]], durable: asyncio.Future[None]
    ) -> None:
        try:
            for topic in sorted({topic for _, topic in sorted_in}):
                records = [Record(one.key, one.piece.raw) for one, of in sorted_in if of == topic]
                await self._way.append(topic, records)
        except BaseException:
            self._recall.forget(one.identity for one, _ in sorted_in)
            # Whoever waits for this as a duplicate learns that it was never accepted.
            durable.set_exception(LogUnavailable())
            durable.exception()  # looked at, for usually nobody waits
            raise
        durable.set_result(None)
        self._desk.metrics.accepted.inc(len(sorted_in))


def arrivals_at(
    arrivals: Sequence[Arrival], fresh: Mapping[Identity, int], identity: Identity
) -> Arrival | None:
    """The earlier event of this request with the same identity."""
    place = fresh.get(identity)
    return None if place is None else arrivals[place]


async def _understand(pieces: Iterable[Piece], now: datetime) -> list[Arrival]:
    arrivals: list[Arrival] = []
    faults: list[Fault] = []
    for number, piece in enumerate(pieces, start=1):
        try:
            hints = max(0, MOST_HINTED - len(faults))  # of the whole request
            arrivals.append(understand(piece, now, hints))
        except Unreadable as error:
            faults += [Fault(piece.at(one.where), one.what) for one in error.faults]
        if number % BREATH == 0:
            await asyncio.sleep(0)
    if faults:
        more = f" (and {len(faults) - 1} more faults)" if len(faults) > 1 else ""
        raise Invalid(f"{faults[0]}{more}; nothing was accepted", faults)
    return arrivals


def _contradicts(one: Arrival) -> Fault:
    source, name = one.identity
    said = (
        f"{source} {name} is recorded with other content; an event never changes: "
        "send a correction under a new id"
    )
    return Fault(one.piece.at("id"), said)
