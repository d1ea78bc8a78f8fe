"""The word over telling a change: approve or reject, halt and resume, recall; and replay it."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from sqlalchemy.ext.asyncio import AsyncSession

from service.api.bodies import describe, form_of, optional_form_of
from service.api.changes import describe_progress, missing, read_id
from service.api.desk import AtDesk, Desk
from service.api.problems import NotFound
from service.api.questions import send
from service.api.steering.forms import NoteForm, ReasonForm, ReplayForm, doer_of
from service.core.event import Fault
from service.core.sending.steering import Act
from service.store.again.replaying import replay
from service.store.following.accounts import DEFAULT
from service.store.following.destinations import find_destination
from service.store.standings.changes import Recorded, find_change
from service.store.steering.deeds import Doer
from service.store.steering.stops import say_word

router = APIRouter(prefix="/v1/changes/{change_id}", tags=["changes"])

Note = Annotated[NoteForm, Depends(optional_form_of(NoteForm))]
Reason = Annotated[ReasonForm, Depends(form_of(ReasonForm))]
_WHY = describe(ReasonForm, mistaken={"reason": "the source has withdrawn it"})


@router.post("/approve", summary="Tell a change that waits for approval")
async def approve(desk: AtDesk, change_id: str, form: Note) -> Response:
    """Its fan-out goes on at once."""
    return await _say(desk, change_id, Act.APPROVE, doer_of(desk, form.reason))


@router.post("/reject", summary="Tell nobody of a change", openapi_extra=_WHY)
async def reject(desk: AtDesk, change_id: str, form: Reason) -> Response:
    """Only while it waits for approval; the change itself stays in the books."""
    return await _say(desk, change_id, Act.REJECT, doer_of(desk, form.reason))


@router.post("/halt", summary="Stop telling a change", openapi_extra=_WHY)
async def halt(desk: AtDesk, change_id: str, form: Reason) -> Response:
    """Planning stops, and what was not sent is held; `errand.in_the_air` may still arrive.

    Up to a thousand deliveries are taken out before the answer, the rest by the role plan.
    """
    return await _say(desk, change_id, Act.HALT, doer_of(desk, form.reason))


@router.post("/resume", summary="Go on after a halt")
async def resume(desk: AtDesk, change_id: str, form: Note) -> Response:
    """What was held becomes due, and planning goes on where it stood."""
    return await _say(desk, change_id, Act.RESUME, doer_of(desk, form.reason))


@router.post("/recall", summary="Take a change's alerts back", openapi_extra=_WHY)
async def recall(desk: AtDesk, change_id: str, form: Reason) -> Response:
    """What was not sent is cancelled; exactly those who were told get a correction.

    Also those whose alert was in the air, as soon as it is known to have arrived. It is final.
    """
    return await _say(desk, change_id, Act.RECALL, doer_of(desk, form.reason))


@router.post(
    "/replay",
    summary="Tell a change once more to one destination",
    openapi_extra=describe(ReplayForm, again={"destination": "dst_019a8f2c4b1d5e6f7a8b9c0d"}),
)
async def tell_again(
    desk: AtDesk, change_id: str, form: Annotated[ReplayForm, Depends(form_of(ReplayForm))]
) -> Response:
    """Under the same `webhook-id`, if it was told before; else it is a new alert that says why."""
    doer = doer_of(desk, form.reason)

    async def work(session: AsyncSession) -> dict[str, Any]:
        found = await _demand(session, change_id)
        if await find_destination(session, DEFAULT, form.destination) is None:
            said = f"there is no destination {form.destination[:80]!r}"
            raise NotFound(said, [Fault("destination", said)])
        told = await replay(session, found.change, DEFAULT, form.destination, doer)
        return {"delivery": told.id, "is_new": told.former is None, "former": told.former}

    answer = await desk.db.run_write(work)
    desk.wake_dispatch()
    return send(answer | {"href": f"/v1/deliveries/{answer['delivery']}"}, 202)


async def _say(desk: Desk, change_id: str, act: Act, doer: Doer) -> Response:
    async def work(session: AsyncSession) -> dict[str, Any]:
        found = await _demand(session, change_id)
        await say_word(session, found.change.id, act, doer)
        return {"change": found.change.id} | await describe_progress(session, found.change.id)

    answer = await desk.db.run_write(work)
    desk.wake_dispatch()
    return send(answer)


async def _demand(session: AsyncSession, change_id: str) -> Recorded:
    found = await find_change(session, read_id(change_id, "change"))
    if found is None:
        raise missing(change_id, "change")
    return found
