"""The routes of destinations. A signing secret is shown once, in the answer that makes it."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from service.api.bodies import describe, form_of, refuse
from service.api.desk import AtDesk
from service.api.destinations.form import (
    DestinationForm,
    DestinationPatch,
    RotationForm,
    as_json,
    choose_secret,
    make_destination,
    patch_destination,
    shown_secret,
)
from service.api.problems import Conflict, NotFound
from service.api.questions import AtPage, send
from service.core.delivery import PULL
from service.core.event import Fault
from service.store import destinations, holding
from service.store.accounts import DEFAULT
from service.store.destinations import KEPT_SECRETS, DestinationValue

router = APIRouter(prefix="/v1/destinations", tags=["destinations"])


@router.post(
    "",
    status_code=201,
    summary="Add a destination",
    openapi_extra=describe(
        DestinationForm,
        webhook={"url": "https://example.com/hooks/tariffs", "name": "import desk"},
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
        await _refuse_taken(session, value)
        await destinations.add_destination(session, value)
    return send(
        as_json(value) | shown_secret(value), 201, {"Location": f"/v1/destinations/{value.id}"}
    )


@router.get("", summary="List destinations")
async def list_all(
    desk: AtDesk,
    page: AtPage,
    kind: Literal["webhook", "email", "pull"] | None = None,
    state: Literal["active", "paused", "disabled"] | None = None,
) -> Response:
    """In the order of their making."""
    async with desk.db.read() as session:
        found = await destinations.list_destinations(session, DEFAULT, page.by_id, kind, state)
    return page.answer(found, as_json, "id")


@router.get("/{destination_id}", summary="Read a destination")
async def read(desk: AtDesk, destination_id: str) -> Response:
    """Of its secret only the last letters."""
    async with desk.db.read() as session:
        return send(as_json(await _demand(session, destination_id)))


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
    """Pausing holds its deliveries; activating releases them."""
    now = desk.clock()
    async with desk.db.write() as session:
        held = await _demand(session, destination_id)
        value = replace(patch_destination(desk, held, form), updated_at=now)
        if value.address != held.address:
            await _refuse_taken(session, value)
        await destinations.change_destination(session, value)
        await _follow_state(session, held, value, now)
    return send(as_json(value))


@router.delete("/{destination_id}", status_code=204, summary="Remove a destination")
async def remove(
    desk: AtDesk,
    destination_id: str,
    *,
    force: Annotated[bool, Query(description="Detach it from its subscriptions.")] = False,
) -> Response:
    """Refused while subscriptions point to it, unless forced."""
    async with desk.db.write() as session:
        value = await _demand(session, destination_id)
        followers = await destinations.count_followers(session, value.id)
        if followers and not force:
            said = (
                f"{followers} subscriptions point to {value.id}; change them, or send ?force=true"
            )
            raise Conflict(said, [Fault("query.force", said)])
        await destinations.remove_destination(session, value.id, desk.clock())
    return Response(status_code=204)


@router.post("/{destination_id}/test", summary="Send a test message now")
async def try_out(desk: AtDesk, destination_id: str) -> Response:
    """One message, marked as a test, and what its receiver answered. Nothing is retried."""
    async with desk.db.read() as session:
        value = await _demand(session, destination_id)
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


@router.post(
    "/{destination_id}/rotate-secret",
    summary="Give it a new secret",
    openapi_extra=describe(RotationForm, made_for_you={}),
)
async def rotate(
    desk: AtDesk, destination_id: str, form: Annotated[RotationForm, Depends(form_of(RotationForm))]
) -> Response:
    """The former secret stays valid beside it: each alert carries a signature of both."""
    now = desk.clock()
    async with desk.db.write() as session:
        held = await _demand(session, destination_id)
        if held.kind == "email":
            refuse([Fault("path", "emails are not signed; this is an email destination")])
        kept = (choose_secret(form.secret, now), *held.secrets)[:KEPT_SECRETS]
        value = replace(held, secrets=kept, updated_at=now)
        await destinations.change_destination(session, value)
    return send(as_json(value) | shown_secret(value))


async def _follow_state(
    session: AsyncSession, held: DestinationValue, value: DestinationValue, now: datetime
) -> None:
    """Hold what waits for a destination that stops, release it when it goes on."""
    if value.state == held.state:
        return
    if value.state == "active":
        await holding.release(session, value.id, now)
    else:
        await holding.disable(session, value.id, value.reason, now, value.state)


async def _demand(session: AsyncSession, destination_id: str) -> DestinationValue:
    """The destination, or a problem."""
    found = await destinations.find_destination(session, DEFAULT, destination_id)
    if found is None:
        said = f"there is no destination {destination_id[:80]!r}; GET /v1/destinations lists them"
        raise NotFound(said, [Fault("path", said)])
    return found


async def _refuse_taken(session: AsyncSession, value: DestinationValue) -> None:
    held = await destinations.find_address(session, DEFAULT, value.kind, value.address)
    if held is not None and held.id != value.id:
        said = f"{held.id} has this address already; use it, so that a change is told once"
        raise Conflict(said, [Fault("url" if value.kind == "webhook" else "email", said)])
