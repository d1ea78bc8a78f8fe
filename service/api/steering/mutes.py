"""Mutes: a subject kept quiet until an instant, at one destination or at all."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from sqlalchemy.ext.asyncio import AsyncSession

from service.api.bodies import describe, form_of, refuse
from service.api.changes import missing
from service.api.desk import AtDesk
from service.api.questions import AtPage, send
from service.api.steering.forms import MuteForm, doer_of
from service.core.event import Fault
from service.store.following.accounts import DEFAULT
from service.store.following.destinations import find_destination
from service.store.ids import new_id
from service.store.standings.subjects import MEASURES, TRACKS, find_subject
from service.store.steering.deeds import Doer, record_deed
from service.store.steering.muting import MuteValue, add_mute, end_mute, find_mute, list_mutes

router = APIRouter(prefix="/v1/mutes", tags=["mutes"])

_EXAMPLE = {"subject": "measure:us-reciprocal-cn", "until": "2125-05-01T00:00:00Z"}


@router.post(
    "",
    status_code=201,
    summary="Keep a subject quiet",
    openapi_extra=describe(MuteForm, month=_EXAMPLE),
)
async def add(desk: AtDesk, form: Annotated[MuteForm, Depends(form_of(MuteForm))]) -> Response:
    """Alerts that are planned from now until then end as `muted`, with this as their reason.

    They are not lost: each can be read, and sent with `resend`. Critical ones pass, unless you
    say otherwise; so do corrections of alerts that were sent. `is_known`: the books have it now.
    """
    doer = doer_of(desk, form.note)
    value = _read(form, doer)

    async def work(session: AsyncSession) -> bool:
        place = value.destination_id
        if place and await find_destination(session, DEFAULT, place) is None:
            refuse([Fault("destination", f"there is no destination {place[:80]!r}")])
        await add_mute(session, value)
        is_known = await find_subject(session, value.subject) is not None
        await record_deed(session, doer, "mute", f"mute:{value.id}", **_essence(value))
        return is_known

    found = _as_json(value) | {"is_known": await desk.db.run_write(work)}
    return send(found, 201, {"Location": f"/v1/mutes/{value.id}"})


def _read(form: MuteForm, doer: Doer) -> MuteValue:
    if form.until.tzinfo is None:
        refuse([Fault("until", "say the offset, as in 2025-05-01T00:00:00Z")])
    if form.until <= doer.at:
        refuse([Fault("until", "this instant has passed")])
    if not form.subject.startswith((MEASURES, TRACKS)):
        said = "a subject is a measure or a negotiation: measure:us-reciprocal-cn, track:CN-US"
        refuse([Fault("subject", said)])
    return MuteValue(
        id=new_id("mut", doer.at),
        account_id=DEFAULT,
        destination_id=form.destination,
        subject=form.subject,
        until=form.until,
        except_critical=form.except_critical,
        note=doer.reason,
        who=doer.who,
        created_at=doer.at,
    )


@router.get("", summary="List what is kept quiet")
async def list_all(desk: AtDesk, page: AtPage) -> Response:
    """Those that still run, in the order of their making."""
    async with desk.db.read() as session:
        found = await list_mutes(session, DEFAULT, page.by_id, desk.clock())
    return page.answer(found, _as_json, "id")


@router.delete("/{mute_id}", status_code=204, summary="Let it speak again")
async def remove(desk: AtDesk, mute_id: str) -> Response:
    """What it kept back stays as it ended."""

    async def work(session: AsyncSession) -> None:
        held = await find_mute(session, DEFAULT, mute_id)
        if held is None:
            raise missing(mute_id, "mute")
        await end_mute(session, mute_id)
        await record_deed(session, doer_of(desk), "unmute", f"mute:{mute_id}", **_essence(held))

    await desk.db.run_write(work)
    return Response(status_code=204)


def _essence(value: MuteValue) -> dict[str, str | datetime]:
    return {
        "subject": value.subject,
        "destination": value.destination_id,
        "until": value.until,
    }


def _as_json(value: MuteValue) -> dict[str, Any]:
    return asdict(value) | {"destination_id": value.destination_id or None}
