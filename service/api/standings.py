"""Measures and tracks: what stands, at any instant, as known then, and as our books held it."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from service.api.desk import AtDesk, Desk
from service.api.events import as_json as outcome_json
from service.api.folding import A_TURN, LOOKED_AT, facts_now
from service.api.problems import NotFound
from service.api.questions import AtPage, Page, read_instant, refuse_parameter, send
from service.core.codes import UnknownCountry, find_country, levier_of
from service.core.event import Fault, Measure, NegotiationStep, Stage, Tick
from service.core.shapes import as_json, identity_json
from service.core.standing import MeasureStanding, Standing, standing
from service.core.standing.history import History
from service.core.standing.track import TrackStanding
from service.store.spans import Span
from service.store.standings.outcomes import EventOutcome, list_outcomes_of
from service.store.standings.subjects import (
    MEASURES,
    TRACKS,
    Held,
    find_subject,
    histories_of,
    list_aliases,
    list_subjects,
)

SHOWN_EVENTS = 500

router = APIRouter(prefix="/v1", tags=["standings"])

Instant = Annotated[
    str | None,
    Query(description="An instant with offset, or a day (its last moment); now if left out."),
]
Status = Literal[
    "threatened",
    "proposed",
    "announced",
    "scheduled",
    "in_force",
    "suspended",
    "terminated",
    "expired",
    "withdrawn",
    "carried_out",
    "struck_down",
    "never_implemented",
    "authorised_not_applied",
    "under_investigation",
    "provisional",
]


@dataclass(frozen=True, slots=True)
class Asked:
    """The three clocks of a question: legal time, public knowledge, and our own books.

    `recorded_at` None asks what the books hold; `now` is then what is answered for it.
    """

    at: datetime
    known_at: datetime
    recorded_at: datetime | None
    now: datetime

    def as_json(self) -> dict[str, str]:
        """As answered."""
        return {
            "at": self.at.isoformat(),
            "known_at": self.known_at.isoformat(),
            "recorded_at": (self.recorded_at or self.now).isoformat(),
        }

    def held(self, history: History | None) -> History | None:
        """Of a history what the books held."""
        if history is None or self.recorded_at is None:
            return history
        return history.as_recorded(self.recorded_at)


@dataclass(frozen=True, slots=True)
class Clocks:
    """The three clocks as they were written."""

    at: Instant = None
    known_at: Instant = None
    recorded_at: Instant = None

    def read(self, desk: Desk, importer: str | None = None) -> Asked:
        """A day is one of the importer's, or of UTC."""
        now = desk.clock()
        at = read_instant("at", self.at, now, importer)
        known_at = read_instant("known_at", self.known_at, now, importer)
        recorded_at = read_instant("recorded_at", self.recorded_at, now, importer)
        return Asked(at, known_at, recorded_at if self.recorded_at else None, now)


AtClocks = Annotated[Clocks, Depends()]


@dataclass(frozen=True, slots=True)
class Search:
    """Which subjects are folded, at which instants, and which standings fit."""

    layer: str
    where: Mapping[str, str | tuple[str, ...]]
    asked: Asked
    fits: Callable[[Standing], bool]


@dataclass(frozen=True, slots=True)
class MeasureFilters:
    """What a list of measures is narrowed to."""

    importer: Annotated[
        str | None,
        Query(
            description="Who levies: a code or a name. For a member of the EU the EU levies, too."
        ),
    ] = None
    origin: Annotated[str | None, Query(description="Whose goods: a code or a name.")] = None
    programme: str | None = None
    status: Status | None = None

    def search(self, asked: Asked) -> Search:
        """Columns where there are any; the rest is asked of the standing."""
        importer = _read_country("importer", self.importer)
        named = {
            "importer": _leviers(importer, asked.at) if importer else None,
            "programme": self.programme,
        }
        where = {name: text for name, text in named.items() if text is not None}
        origin = _read_country("origin", self.origin)

        def fits(view: Standing) -> bool:
            if not isinstance(view, MeasureStanding) or self.status not in {None, view.status}:
                return False
            return origin is None or _is_on(view, origin, asked.at)

        return Search(MEASURES, where, asked, fits)


@dataclass(frozen=True, slots=True)
class TrackFilters:
    """What a list of negotiations is narrowed to."""

    party: Annotated[str | None, Query(description="A named party: a code or a name.")] = None
    status: Annotated[Stage | None, Query(description="Its stage, or the state beside it.")] = None

    def search(self, asked: Asked) -> Search:
        """All is asked of the standing."""
        party = _read_country("party", self.party)

        def fits(view: Standing) -> bool:
            if not isinstance(view, TrackStanding) or self.status not in {None, view.status}:
                return False
            return party is None or party in view.parties

        return Search(TRACKS, {}, asked, fits)


@router.get("/measures", summary="List measures")
async def list_measures(
    desk: AtDesk, page: AtPage, clocks: AtClocks, only: Annotated[MeasureFilters, Depends()]
) -> Response:
    """What stood at `at`, by what was known at `known_at` and our books held at `recorded_at`.

    A page may be short and still go on.
    """
    return await _answer_list(desk, page, only.search(clocks.read(desk)))


@router.get("/tracks", summary="List negotiations")
async def list_tracks(
    desk: AtDesk, page: AtPage, clocks: AtClocks, only: Annotated[TrackFilters, Depends()]
) -> Response:
    """How far named parties had come with each other."""
    return await _answer_list(desk, page, only.search(clocks.read(desk)))


@router.get("/measures/{key:path}", summary="Read a measure")
async def read_measure(desk: AtDesk, key: str, clocks: AtClocks) -> Response:
    """Its standing, history and evidence. An alias, such as a heading, is understood."""
    return await _answer_one(desk, MEASURES + key.removeprefix(MEASURES), clocks)


@router.get("/tracks/{key:path}", summary="Read a negotiation")
async def read_track(desk: AtDesk, key: str, clocks: AtClocks) -> Response:
    """Its standing, history and evidence. `CN-US`: codes sorted, `*` for an unnamed group."""
    return await _answer_one(desk, TRACKS + key.removeprefix(TRACKS), clocks)


def _read_country(name: str, given: str | None) -> str | None:
    if given is None:
        return None
    try:
        return find_country(given)
    except UnknownCountry as error:
        refuse_parameter(name, str(error))


def _leviers(importer: str, at: datetime) -> str | tuple[str, ...]:
    """A member of a customs union, and the union that levies for it."""
    union = levier_of(importer, at.date())
    return importer if union == importer else (importer, union)


def _is_on(view: MeasureStanding, code: str, at: datetime) -> bool:
    facts = facts_now(view, at)
    if code in facts.not_origins:
        return False
    return facts.origins is None or code in facts.origins


async def _answer_list(desk: Desk, page: Page, search: Search) -> Response:
    """Fold subject after subject until the page is full, or `LOOKED_AT` of them were looked at."""
    items: list[dict[str, Any]] = []
    end, looked = page.by_id.after, 0
    async with desk.db.read() as session:
        while True:
            span = Span(end, A_TURN)
            subjects = await list_subjects(session, search.layer, span, search.where)
            histories = await histories_of(session, [one.key for one in subjects])
            for held in subjects:
                end, looked = held.key, looked + 1
                view = _stand(histories.get(held.key), search.asked)
                if view is not None and search.fits(view):
                    items.append(_held_json(held) | as_json(view))
                if len(items) == page.limit or looked == LOOKED_AT:
                    return page.answer_items(items, end)
            if len(subjects) < A_TURN:
                return page.answer_items(items, None)
            await asyncio.sleep(0)


def _stand(history: History | None, asked: Asked) -> Standing | None:
    held = asked.held(history)
    return standing(held, asked.at, asked.known_at) if held else None


def _held_json(held: Held) -> dict[str, Any]:
    return {
        "subject": held.key,
        "key": held.key.partition(":")[2],
        "flagged": held.flagged,
        "sequence": held.sequence,
    }


async def _answer_one(desk: Desk, key: str, clocks: Clocks) -> Response:
    async with desk.db.read() as session:
        held = await _demand(session, key)
        history = (await histories_of(session, [held.key])).get(held.key)
        aliases = await list_aliases(session, held.key)
        outcomes = await list_outcomes_of(session, held.key, SHOWN_EVENTS)
    asked = clocks.read(desk, _importer_of(history))
    history = asked.held(history)
    events = [
        _event_json(one, history)
        for one in outcomes
        if asked.recorded_at is None or one.recorded_at <= asked.recorded_at
    ]
    return send(
        _held_json(held)
        | asked.as_json()
        | {
            "aliases": aliases,
            "standing": as_json(standing(history, asked.at, asked.known_at) if history else None),
            "history": events,
            "evidence": list(_evidence(history)),
        }
    )


async def _demand(session: AsyncSession, key: str) -> Held:
    held = await find_subject(session, key)
    if held is None:
        layer, _, name = key.partition(":")
        said = f"there is no {layer} {name[:200]!r}; GET /v1/{layer}s lists them"
        raise NotFound(said, [Fault("path", said)])
    return held


def _importer_of(history: History | None) -> str | None:
    """Whose days are meant: those of the importer, or UTC for a negotiation."""
    found = (entry.event.data for entry in history.entries) if history else ()
    return next((data.importer for data in found if isinstance(data, Measure)), None)


def _event_json(one: EventOutcome, history: History | None) -> dict[str, Any]:
    """What came, what it said, and what became of it."""
    entry = history.by_identity.get((one.source, one.id)) if history else None
    data = entry.event.data if entry else None
    said: dict[str, Any] = {}
    if isinstance(data, Measure):
        said = {
            "action": data.action.value,
            "certainty": data.certainty.value,
            "duty": as_json(data.duty),
            "announced_at": as_json(data.announced_at),
            "effective_at": as_json(data.effective_at),
        }
    elif isinstance(data, NegotiationStep):
        said = {"stage": data.stage.value, "certainty": data.certainty.value}
    elif isinstance(data, Tick):
        said = {"turn": data.turn.value, "at": data.at.isoformat(), "lead": data.lead}
    elif data is not None:
        said = {"verdict": data.verdict.value, "certainty": data.certainty.value}
    return outcome_json(one) | said


def _evidence(history: History | None) -> Iterator[dict[str, Any]]:
    """Everything that was cited for it, with the event that cites it."""
    for entry in history.entries if history else ():
        data = entry.event.data
        for one in () if isinstance(data, Tick) else data.evidence:
            yield as_json(one) | {"event": identity_json(entry.identity)}
