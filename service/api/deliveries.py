"""Deliveries: one alert to one destination, why it was sent, and every attempt at it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query, Response

from service.api.changes import brief, missing, read_id
from service.api.desk import AtDesk
from service.api.questions import AtPage, Order, refuse_parameter, send
from service.api.steering.audit import describe_deed
from service.core.sending.delivery import State
from service.core.sending.gathering import is_bundle
from service.core.sending.notice import is_notice
from service.core.sending.sent import show_sent
from service.store.again.resending import Former, list_former, name_delivery
from service.store.delivery.alerts import (
    AttemptRow,
    ListedAlert,
    find_alert,
    list_alerts,
    list_attempts,
)
from service.store.following.accounts import DEFAULT
from service.store.gathering.carried import list_carried
from service.store.notices.telling import read_notices
from service.store.spans import Span
from service.store.standings.changes import find_change
from service.store.steering.deeds import list_deeds

router = APIRouter(prefix="/v1/deliveries", tags=["deliveries"])


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of deliveries is narrowed to."""

    destination: Annotated[str | None, Query(description="Its id.")] = None
    state: State | None = None
    change: Annotated[str | None, Query(description="The id of the change that caused it.")] = None

    @property
    def where(self) -> dict[str, Any]:
        """Columns and what they must be."""
        change = None if self.change is None else _read_change(self.change)
        named = {"destination_id": self.destination, "change_id": change}
        return {name: value for name, value in named.items() if value is not None}


@router.get("", summary="List deliveries")
async def list_all(
    desk: AtDesk, page: AtPage, only: Annotated[Filters, Depends()], order: Order = "oldest"
) -> Response:
    """In the order in which they were planned."""
    async with desk.db.read() as session:
        found = await list_alerts(session, DEFAULT, page.by_number(order), only.where, only.state)
    return page.answer(found, as_json, "number")


@router.get("/{delivery_id}", summary="Read a delivery")
async def read(desk: AtDesk, delivery_id: str) -> Response:
    """Its cause, the subscriptions it answers with their reasons, and each attempt.

    An attempt has the request as it was sent, secrets hidden; whom it dialled (`peer`), when each
    phase was over (`timings`, in seconds), and what was answered, until that is pruned.
    `former` are its ends before it was sent again, `deeds` what people did to it. A digest
    `carries` others, the worst first. A `notice` has no change: it says what became of a
    destination, or that all is quiet.
    """
    async with desk.db.read() as session:
        found = await find_alert(session, DEFAULT, read_id(delivery_id, "delivery"))
        if found is None:
            raise missing(delivery_id, "delivery")
        attempts = await list_attempts(session, found.id)
        former = await list_former(session, found.id)
        deeds = await list_deeds(session, EVERY, {"object": name_delivery(found.id)})
        cause = await find_change(session, found.change_id)
        carried = await list_carried(session, found.id) if is_bundle(found.cause) else []
        notice = (await read_notices(session, [found.change_id])).get(found.change_id)
    return send(
        as_json(found)
        | {
            "cause": brief(cause) if cause else None,
            "notice": notice.model_dump(mode="json") if notice else None,
            "carries": [f"/v1/deliveries/{one}" for one in carried],
            "attempted": [attempt_json(one, found.id) for one in attempts],
            "sha256": found.sha256 or None,
            "former": [asdict(one) for one in former],
            "same_bytes": _compare(found, former),
            "deeds": [describe_deed(one) for one in deeds],
        }
    )


EVERY = Span(None, 200)


def _compare(one: ListedAlert, former: Sequence[Former]) -> bool | None:
    """Whether what was sent again are the bytes of before; None: not sent again, or not yet."""
    before = [end.sha256 for end in former if end.sha256]
    return one.sha256 == before[-1] if before and one.sha256 else None


def _read_change(given: str) -> UUID:
    try:
        return UUID(given)
    except ValueError:
        refuse_parameter("change", f"{given[:80]!r} is no id; GET /v1/changes lists them")


def as_json(one: ListedAlert) -> dict[str, Any]:
    """As the API shows it."""
    return {
        "id": one.id,
        "number": one.number,
        "state": one.state,
        "reason": one.reason,
        "destination": {"id": one.destination_id, "kind": one.kind, "address": one.address},
        "change": None if is_notice(one.cause) else one.change_id,
        "caused_by": one.cause or f"change:{one.change_id}",
        "subject": one.subject,
        "matched": orjson.Fragment(one.matched),
        "attempts": one.attempts,
        "created_at": one.created_at,
        "due_at": one.due_at,
        "finished_at": one.finished_at,
        "href": f"/v1/deliveries/{one.id}",
    }


def attempt_json(one: AttemptRow, delivery: UUID) -> dict[str, Any]:
    """As the API shows it, and evidence keeps it."""
    return {
        "number": one.number,
        "at": one.at,
        "outcome": one.outcome,
        "status": one.status,
        "reason": one.reason,
        "peer": one.peer,
        "seconds": one.seconds,
        "timings": orjson.Fragment(one.timings),
        "request": show_sent(one.request, delivery),
        "response_headers": orjson.Fragment(one.answered or "[]"),
        "response": one.response.decode("utf-8", "replace"),
    }
