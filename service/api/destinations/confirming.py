"""Asking a reader again, and what readers have said so far."""

from typing import Any, NoReturn

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncSession

from service.api.desk import AtDesk
from service.api.destinations import deeds
from service.api.destinations.opting import ask_reader
from service.api.problems import Conflict, NotFound, TooMany
from service.api.questions import send
from service.core.destination.optin import UNCONFIRMED, UNSUBSCRIBED
from service.core.event import Fault
from service.store.mail.consents import ConsentRow, list_consents
from service.store.mail.invitations import MOST_A_DAY, find_next_time
from service.store.mail.readers import ReaderRow, find_reader, set_state
from service.store.mail.suppressed import HARD, find_suppression

router = APIRouter(prefix="/v1/destinations", tags=["destinations"])

ASKABLE = frozenset({UNCONFIRMED, UNSUBSCRIBED})


@router.post("/{destination_id}/confirmation", status_code=202, summary="Ask its reader again")
async def ask(desk: AtDesk, destination_id: str) -> Response:
    """A mail with a new link is sent; an address is asked three times a day at most."""
    now = desk.clock()
    async with desk.db.write() as session:
        reader = await _demand(session, destination_id, locked=True)
        if reader.state not in ASKABLE:
            _refuse(f"{reader.id} is {reader.state}: there is nothing to confirm")
        suppressed = await find_suppression(session, reader.address)
        if suppressed:
            lifted = f"DELETE /v1/suppressions/{reader.address} lifts that"
            _refuse(f"{HARD}{suppressed.reason}; {lifted}")
        again = await find_next_time(session, reader.address, now)
        if again is not None:
            said = (
                f"an address is asked {MOST_A_DAY} times a day at most; again from {again:%c} UTC"
            )
            seconds = str(max(1, int((again - now).total_seconds())))
            raise TooMany(said, [Fault("path", said)], {"Retry-After": seconds})
        reason = await ask_reader(session, reader.id, reader.address, now)
        await set_state(session, reader.id, UNCONFIRMED, reason, now)
        await deeds.record(session, desk, "ask_reader", reader.id)
    return send({"destination": reader.id, "state": UNCONFIRMED, "reason": reason}, 202)


@router.get("/{destination_id}/consents", summary="What its reader has said")
async def list_all(desk: AtDesk, destination_id: str) -> Response:
    """Asked, confirmed, vouched for, paused, unsubscribed: when, and at which address."""
    async with desk.db.read() as session:
        reader = await _demand(session, destination_id)
        found = await list_consents(session, reader.id)
    return send({"items": [_as_json(one) for one in found]})


async def _demand(session: AsyncSession, destination_id: str, *, locked: bool = False) -> ReaderRow:
    found = await find_reader(session, destination_id, locked=locked)
    if found is None:
        said = f"there is no email destination {destination_id[:80]!r}"
        raise NotFound(f"{said}; GET /v1/destinations?kind=email lists them", [Fault("path", said)])
    return found


def _refuse(said: str) -> NoReturn:
    raise Conflict(said, [Fault("path", said)])


def _as_json(one: ConsentRow) -> dict[str, Any]:
    return {"act": one.act, "address": one.address, "note": one.note, "at": one.at}
