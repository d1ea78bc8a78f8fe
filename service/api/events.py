"""Events in the books: what each became, and why."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Query, Response

from service.api.desk import AtDesk
from service.api.problems import NotFound
from service.api.questions import AtPage, Order, send
from service.core.change.derive import Outcome
from service.core.event import Fault
from service.store.standings.outcomes import EventOutcome, find_outcome, list_outcomes

router = APIRouter(prefix="/v1/events", tags=["events"])


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of events is narrowed to."""

    outcome: Outcome | None = None
    type: Literal["tariff.measure", "negotiation.step", "claim.assessed", "tariff.clock"] | None = (
        None
    )
    subject: Annotated[str | None, Query(description="`measure:…` or `track:…`")] = None
    source: str | None = None


@router.get("", summary="List events")
async def list_all(
    desk: AtDesk, page: AtPage, only: Annotated[Filters, Depends()], order: Order = "oldest"
) -> Response:
    """In the order in which they were recorded."""
    where = {name: str(text) for name, text in asdict(only).items() if text is not None}
    async with desk.db.read() as session:
        found = await list_outcomes(session, page.by_number(order), where)
    return page.answer(found, as_json, "number")


@router.get("/one", summary="Read an event")
async def read(
    desk: AtDesk,
    source: Annotated[str, Query(min_length=1)],
    id: Annotated[str, Query(min_length=1)],  # noqa: A002
) -> Response:
    """As it came, with its outcome."""
    async with desk.db.read() as session:
        found = await find_outcome(session, (source, id))
    if found is None:
        said = "no such event is recorded; one just accepted is recorded within moments"
        raise NotFound(said, [Fault("query.id", said)])
    outcome, body = found
    return send(as_json(outcome) | {"event": orjson.Fragment(body)})


def as_json(one: EventOutcome) -> dict[str, Any]:
    """As the API shows it."""
    shown = asdict(one)
    change = shown.pop("change_id")
    return shown | {"change": str(change) if change else None}
