"""Again: one delivery, or all that failed at a destination; and that somebody has seen an alert."""

import math
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from service.api.bodies import describe, form_of, optional_form_of
from service.api.changes import describe_errand, missing, read_id
from service.api.desk import AtDesk
from service.api.problems import Conflict
from service.api.questions import read_instant, send
from service.api.steering.forms import AcknowledgeForm, NoteForm, RecoverForm, doer_of
from service.core.event import Fault
from service.core.sending.pace import estimate
from service.store.again.resending import find_losses, name_delivery, refuse_unsubscribed, resend
from service.store.delivery.alerts import find_alert
from service.store.following.accounts import DEFAULT
from service.store.following.destinations import DestinationValue, find_destination
from service.store.steering.deeds import Doer, record_deed
from service.store.steering.errands import Kind, Task, begin, find_errand, name_destination
from service.store.steering.pages import do_page

SHOWN_CHANGES = 20

router = APIRouter(tags=["again"])


@router.post("/v1/deliveries/{delivery_id}/resend", status_code=202, summary="Send it again")
async def send_again(
    desk: AtDesk,
    delivery_id: str,
    form: Annotated[NoteForm, Depends(optional_form_of(NoteForm))],
) -> Response:
    """Whatever has ended, under the same `webhook-id`; `former` says how it had ended.

    Its attempts go on counting, its schedule begins anew. What is on its way, held, of a change
    that was stopped, or for a reader who has unsubscribed is refused.
    """
    identity = read_id(delivery_id, "delivery")
    doer = doer_of(desk, form.reason)

    async def work(session: AsyncSession) -> dict[str, Any]:
        former = await resend(session, identity, doer)
        alert = await find_alert(session, DEFAULT, identity)
        if former is None or alert is None:
            raise missing(delivery_id, "delivery")
        return {"delivery": identity, "state": alert.state, "former": former}

    answer = await desk.db.run_write(work)
    desk.wake_dispatch()
    return send(answer, 202)


@router.post(
    "/v1/deliveries/{delivery_id}/acknowledge",
    summary="Say that somebody has seen it",
    openapi_extra=describe(AcknowledgeForm, seen={"who": "Kim", "note": "prices updated"}),
)
async def acknowledge(
    desk: AtDesk,
    delivery_id: str,
    form: Annotated[AcknowledgeForm, Depends(form_of(AcknowledgeForm))],
) -> Response:
    """It stands among the delivery's `deeds`; nothing else follows from it."""
    identity = read_id(delivery_id, "delivery")
    doer = Doer(form.who, desk.clock(), form.note)

    async def work(session: AsyncSession) -> None:
        if await find_alert(session, DEFAULT, identity) is None:
            raise missing(delivery_id, "delivery")
        await record_deed(session, doer, "acknowledge", name_delivery(identity))

    await desk.db.run_write(work)
    return send({"delivery": identity, "by": doer.who, "note": doer.reason, "at": doer.at})


@router.get("/v1/destinations/{destination_id}/recover", summary="What would be sent again?")
async def preview(
    desk: AtDesk,
    destination_id: str,
    since: Annotated[
        str, Query(max_length=60, description="Failed, or came back, at or after this instant.")
    ],
) -> Response:
    """How many failed or bounced, of which changes, and how long it would take.

    `seconds` is an estimate: what an attempt took there lately, with all slots of one process, and
    no faster than its `rate` and `at_once` allow; null while that is not known.
    """
    instant = read_instant("since", since, desk.clock())
    async with desk.db.read() as session:
        place = await _demand(session, destination_id)
        found = await find_losses(session, destination_id, instant, SHOWN_CHANGES)
        errand = await find_errand(session, name_destination(destination_id))
    takes = estimate(place.limits, found.failed, found.seconds, desk.settings.send_slots)
    return send(
        {
            "destination": destination_id,
            "since": instant,
            "failed": found.failed,
            "changes": {"count": found.changes, "first": found.some},
            "seconds": None if takes is None else math.ceil(takes),
            "errand": describe_errand(errand),
        }
    )


@router.post(
    "/v1/destinations/{destination_id}/recover",
    status_code=202,
    summary="Send again all that failed",
    openapi_extra=describe(RecoverForm, outage={"since": "2025-04-09T12:00:00Z"}),
)
async def recover(
    desk: AtDesk,
    destination_id: str,
    form: Annotated[RecoverForm, Depends(form_of(RecoverForm))],
) -> Response:
    """In the order of their making, a thousand a transaction; a crash goes on where it stood.

    The first thousand are in the queue when this is answered, the rest follow. Refused while one
    is under way, and where the reader has unsubscribed.
    """
    doer = doer_of(desk, form.reason)
    task = Task(
        object=name_destination(destination_id),
        kind=Kind.RECOVER,
        who=doer.who,
        reason=doer.reason,
        since=read_instant("since", form.since, desk.clock()),
        begun_at=doer.at,
        due_at=doer.at,
    )

    async def work(session: AsyncSession) -> Task:
        await _demand(session, destination_id)
        await refuse_unsubscribed(session, destination_id)
        await _refuse_second(session, task)
        await begin(session, task)
        done = await do_page(session, task, doer.at)
        await record_deed(session, doer, "recover", task.object, since=task.since)
        return done

    done = await desk.db.run_write(work)
    desk.wake_dispatch()
    return send({"destination": destination_id, "errand": describe_errand(done)}, 202)


async def _refuse_second(session: AsyncSession, task: Task) -> None:
    held = await find_errand(session, task.object)
    if held is not None and held.due_at is not None:
        said = f"a recovery is under way here, {held.done} are done; ask again when it has ended"
        raise Conflict(said, [Fault("path", said)])


async def _demand(session: AsyncSession, destination_id: str) -> DestinationValue:
    found = await find_destination(session, DEFAULT, destination_id)
    if found is None:
        raise missing(destination_id, "destination")
    return found
