"""Sending as a whole: whether anything goes out, stopping it, and letting it go."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from service.api.bodies import describe, form_of
from service.api.desk import AtDesk, Desk
from service.api.problems import Conflict
from service.api.questions import send
from service.api.steering.forms import doer_of
from service.core.duty import Frozen
from service.core.event import Fault
from service.store.delivery.sending import (
    SENDING,
    count_kept_back,
    hold_sending,
    read_hold,
    release_sending,
)
from service.store.installation.home import take_over
from service.store.steering.deeds import record_deed

router = APIRouter(prefix="/v1/sending", tags=["sending"])

HELD = "held"


class HoldForm(Frozen):
    """Why nothing may be sent; whoever looks later reads it."""

    reason: Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]


@router.get("", summary="Does anything go out?")
async def read(desk: AtDesk) -> Response:
    """`held` counts deliveries that wait for a release, and those only."""
    return send(await desk.db.run_read(lambda session: _describe(desk, session)))


@router.post(
    "/hold",
    summary="Stop all sending",
    openapi_extra=describe(HoldForm, restored={"reason": "restored from a backup"}),
)
async def hold(desk: AtDesk, form: Annotated[HoldForm, Depends(form_of(HoldForm))]) -> Response:
    """Of every process on this database; what is in the air is finished, and nothing is lost."""

    async def work(session: AsyncSession) -> dict[str, Any]:
        await hold_sending(session, form.reason, desk.clock())
        found = await _describe(desk, session)
        await record_deed(session, doer_of(desk, form.reason), "hold", SENDING)
        return found

    return send(await desk.db.run_write(work))


@router.post("/release", summary="Let everything go")
async def release(desk: AtDesk) -> Response:
    """All that waited becomes due, the oldest first; `released` counts it."""
    if desk.settings.send == HELD:
        said = (
            "TARIFFWIRE_SEND=held keeps everything back: set it to live, start the service again,"
            " and release then"
        )
        raise Conflict(said, [Fault("path", said)])

    async def work(session: AsyncSession) -> int:
        await take_over(session)
        released = await release_sending(session, desk.clock())
        await record_deed(session, doer_of(desk), "release", SENDING, released=released)
        return released

    return send({"released": await desk.db.run_write(work)})


async def _describe(desk: Desk, session: AsyncSession) -> dict[str, Any]:
    mode, hold = desk.settings.send, await read_hold(session)
    reason = f"TARIFFWIRE_SEND={mode}" if mode == HELD else None
    return {
        "state": "held" if hold or mode == HELD else "live",
        "mode": mode,
        "reason": hold.reason if hold else reason,
        "since": hold.since if hold else None,
        "held": await count_kept_back(session, is_held=hold is not None or mode == HELD),
    }
