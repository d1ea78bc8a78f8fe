"""The routes of destinations. A signing secret is shown once, in the answer that makes it."""

from datetime import datetime
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from service.api.bodies import describe, form_of, refuse
from service.api.desk import AtDesk
from service.api.destinations import deeds
from service.api.destinations.form import (
    DestinationForm,
    DestinationPatch,
    make_destination,
    patch_destination,
)
from service.api.destinations.found import demand, demand_locked, refuse_taken
from service.api.destinations.opting import enter_destination, revise_destination
from service.api.destinations.shown import as_json, shown_secrets
from service.api.destinations.warning import check_warn, show_warnings
from service.api.problems import Conflict
from service.api.questions import AtPage, send
from service.core.destination.preferences import NO_PREFERENCES
from service.core.event import Fault
from service.core.sending.delivery import PULL
from service.store.delivery import holding
from service.store.following import destinations
from service.store.following.accounts import DEFAULT
from service.store.following.destinations import DestinationValue
from service.store.gathering.waiting import ask_anew
from service.store.notices.beats import plan_beat
from service.store.pacing import paces

router = APIRouter(prefix="/v1/destinations", tags=["destinations"])


@router.post(
    "",
    status_code=201,
    summary="Add a destination",
    openapi_extra=describe(
        DestinationForm,
        webhook={"url": "https://example.com/hooks/tariffs", "name": "import desk"},
        with_headers={
            "url": "https://example.com/hooks/duties",
            "headers": {"Authorization": "Bearer 8f1c0a52"},
            "signing": ["v1", "v1a"],
        },
        email={"email": "desk@example.com"},
        pull={"pull": True, "name": "nightly import"},
    ),
)
async def add(
    desk: AtDesk, form: Annotated[DestinationForm, Depends(form_of(DestinationForm))]
) -> Response:
    """The kind follows from what is named. A signing secret is shown here and never again."""
    value = make_destination(desk, form)
    async with desk.db.write() as session:
        await refuse_taken(session, value)
        await check_warn(session, NO_PREFERENCES, value)
        value = await enter_destination(session, desk, value, form)
        await plan_beat(session, NO_PREFERENCES, value, desk.clock())
        await deeds.record_added(session, desk, value)
    return send(
        as_json(desk, value) | shown_secrets(desk, value),
        201,
        {"Location": f"/v1/destinations/{value.id}"},
    )


@router.get("", summary="List destinations")
async def list_all(
    desk: AtDesk,
    page: AtPage,
    kind: Literal["webhook", "email", "pull"] | None = None,
    state: Literal["active", "paused", "disabled", "unconfirmed", "unsubscribed"] | None = None,
) -> Response:
    """In the order of their making."""
    async with desk.db.read() as session:
        found = await destinations.list_destinations(session, DEFAULT, page.by_id, kind, state)
    return page.answer(found, partial(as_json, desk), "id")


@router.get("/{destination_id}", summary="Read a destination")
async def read(desk: AtDesk, destination_id: str) -> Response:
    """Of its secret only the last letters; how it is doing, and who is warned when it fails."""
    async with desk.db.read() as session:
        found = await demand(session, destination_id)
        doing = await paces.how_it_does(session, found.id)
        warnings = await show_warnings(session, found, desk.settings.warn_email)
    return send(as_json(desk, found) | {"doing": doing, "warnings": warnings})


@router.patch(
    "/{destination_id}",
    summary="Change a destination",
    openapi_extra=describe(DestinationPatch, pause={"state": "paused"}),
)
async def change(
    desk: AtDesk,
    destination_id: str,
    form: Annotated[DestinationPatch, Depends(form_of(DestinationPatch))],
) -> Response:
    """Pausing holds its deliveries; activating releases them.

    Other preferences hold for what waits, too: it is asked anew.
    """
    now = desk.clock()
    async with desk.db.write() as session:
        held = await demand_locked(session, destination_id)
        value = patch_destination(desk, held, form)
        if value.address != held.address:
            await refuse_taken(session, value)
        await check_warn(session, held.preferences, value)
        value = await revise_destination(session, desk, held, value, form)
        await destinations.change_destination(session, value)
        await _follow_state(session, held, value, now)
        await plan_beat(session, held.preferences, value, now)
        if value.preferences != held.preferences:
            await ask_anew(session, value.id, now)
        await deeds.record_changed(session, desk, held, value, form)
    return send(as_json(desk, value))


@router.delete("/{destination_id}", status_code=204, summary="Remove a destination")
async def remove(
    desk: AtDesk,
    destination_id: str,
    *,
    force: Annotated[bool, Query(description="Detach it from its subscriptions.")] = False,
) -> Response:
    """Refused while subscriptions point to it, unless forced."""
    async with desk.db.write() as session:
        value = await demand_locked(session, destination_id)
        followers = await destinations.count_followers(session, value.id)
        if followers and not force:
            said = (
                f"{followers} subscriptions point to {value.id}; change them, or send ?force=true"
            )
            raise Conflict(said, [Fault("query.force", said)])
        await destinations.remove_destination(session, value.id, desk.clock())
        gone = {"kind": value.kind, "name": value.name, "detached": followers}
        await deeds.record(session, desk, "remove_destination", value.id, **gone)
    return Response(status_code=204)


@router.post("/{destination_id}/test", summary="Send a test message now")
async def try_out(desk: AtDesk, destination_id: str) -> Response:
    """One message, marked as a test, and what its receiver answered. Nothing is retried."""
    async with desk.db.read() as session:
        value = await demand(session, destination_id)
    if value.kind == PULL:
        refuse([Fault("path", "nothing is sent there: it asks for its alerts")])
    reply = await desk.try_out(value)
    return send(
        {
            "destination": value.id,
            "accepted": reply.accepted,
            "status": reply.status,
            "reason": reply.reason,
            "seconds": reply.timings.get("total"),
            "response": reply.excerpt.decode("utf-8", "replace"),
        }
    )


async def _follow_state(
    session: AsyncSession, held: DestinationValue, value: DestinationValue, now: datetime
) -> None:
    """Hold what waits for a destination that stops, release it when it goes on."""
    if value.state == held.state:
        return
    if value.state == "active":
        await paces.begin_anew(session, value.id, now)
        await holding.release(session, value.id, now)
    else:
        await holding.disable(session, value.id, value.reason, now, value.state)
