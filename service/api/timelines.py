"""A negotiation's timeline: a track as a thing to be read from its beginning."""

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from service.api.changes import missing
from service.api.desk import AtDesk
from service.api.questions import AtPage, read_instant
from service.core.language import ENGLISH
from service.core.sentence.talks import say_step
from service.core.shapes import as_json, identity_json
from service.core.standing.timeline import Passage, cited_measures, tell_track
from service.store.standings.subjects import (
    MEASURES,
    TRACKS,
    Held,
    find_subject,
    histories_of,
)

MOST_MEASURES = 20
"""Measures that are looked up for one step; the others are left out."""

router = APIRouter(prefix="/v1/tracks", tags=["standings"])


@router.get("/{key:path}/timeline", summary="A negotiation from its beginning")
async def read_timeline(
    desk: AtDesk,
    page: AtPage,
    key: str,
    known_at: Annotated[
        str | None,
        Query(description="As known then: an instant with offset, or a day; now if left out."),
    ] = None,
) -> Response:
    """Each step: when, by whom and how surely it was said, what was said of it, what it moved.

    `measures` are those that the step cites, by key, alias or the title of a legal text, and that
    are known here.
    """
    known = read_instant("known_at", known_at, desk.clock())
    name = TRACKS + key.removeprefix(TRACKS)
    async with desk.db.read() as session:
        held = await find_subject(session, name)
        if held is None:
            raise missing(key, "track")
        history = (await histories_of(session, [held.key])).get(held.key)
        told = tell_track(history, known) if history else []
        start = page.by_number("oldest").after or 0
        shown = told[start : start + page.limit]
        measures = await _find_measures(session, shown)
    items = [_as_json(one, number, measures) for number, one in enumerate(shown, start + 1)]
    end = start + len(shown)
    return page.answer_items(items, end if end < len(told) else None)


async def _find_measures(session: AsyncSession, told: Iterable[Passage]) -> dict[str, Held]:
    """By the name under which it is cited."""
    cited = {name for one in told for name in cited_measures(one.step)[:MOST_MEASURES]}
    named = {name: MEASURES + name.removeprefix(MEASURES) for name in cited}
    found = {name: await find_subject(session, key) for name, key in sorted(named.items())}
    return {name: held for name, held in found.items() if held}


def _as_json(one: Passage, number: int, measures: dict[str, Held]) -> dict[str, Any]:
    step = one.step
    cited = [name for name in cited_measures(step) if name in measures]
    return {
        "number": number,
        "event": identity_json(one.event),
        "said": say_step(ENGLISH, step),
        "stage": step.stage.value,
        "moved": one.move.value,
        "before": as_json(one.before),
        "after": as_json(one.after),
        "occurs_at": as_json(step.occurs_at),
        "known_at": as_json(one.known_at),
        "certainty": step.certainty.value,
        "attribution": as_json(step.attribution),
        "channel": step.channel,
        "parties": as_json(step.parties),
        "objective": list(step.objective),
        "terms": step.terms,
        "verdicts": as_json(one.verdicts),
        "measures": [_measure_json(name, measures[name]) for name in cited],
        "evidence": as_json(step.evidence),
        "change": as_json(one.change),
    }


def _measure_json(name: str, held: Held) -> dict[str, str]:
    key = held.key.removeprefix(MEASURES)
    return {"cited_as": name, "key": key, "href": f"/v1/measures/{key}"}
