"""Quarantine: what came and could not be taken, with its bytes; sent again or dismissed."""

import base64
from typing import Any, Literal

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncSession

from service.api.desk import AtDesk
from service.api.problems import Conflict, NotFound
from service.api.questions import AtPage, send
from service.api.steering.forms import doer_of
from service.core.event import Fault
from service.store.arrivals.quarantined import (
    DISMISSED,
    OPEN,
    REPLAYED,
    SetAside,
    find_quarantined,
    list_quarantined,
    settle_quarantined,
)
from service.store.installation.home import COPIED, Copied
from service.store.steering.deeds import record_deed

PREVIEW = 500

router = APIRouter(prefix="/v1/quarantine", tags=["quarantine"])


@router.get("", summary="List what is set aside")
async def list_all(
    desk: AtDesk,
    page: AtPage,
    state: Literal["open", "replayed", "dismissed"] | None = None,
    topic: Literal["tariffs", "negotiations"] | None = None,
) -> Response:
    """By their place in the log, without their bytes."""
    async with desk.db.read() as session:
        found = await list_quarantined(session, page.by_id, state, topic)
    return page.answer(found, as_json, "id")


@router.get("/{entry_id}", summary="Read what is set aside")
async def read(desk: AtDesk, entry_id: str) -> Response:
    """Its bytes in base64, and as text as far as they are any."""
    async with desk.db.read() as session:
        one = await _demand(session, entry_id)
    return send(as_json(one) | {"value": base64.b64encode(one.value).decode()})


@router.post("/{entry_id}/replay", status_code=202, summary="Send it again")
async def replay(desk: AtDesk, entry_id: str) -> Response:
    """The same bytes and headers go to their topic again: for after a fault of ours was mended."""
    async with desk.db.read() as session:
        one = await _demand(session, entry_id)
    _refuse_settled(one)
    if not await desk.owns_log():
        raise Copied(COPIED)
    # Appended first: a crash between the two leaves it open, and a second replay is a duplicate.
    await desk.log.append(one.topic, [one.as_record()])
    return await _settle(desk, one, REPLAYED, 202)


@router.delete("/{entry_id}", summary="Dismiss it")
async def dismiss(desk: AtDesk, entry_id: str) -> Response:
    """Nothing is deleted: it stays to be read, and no longer counts as open."""
    async with desk.db.read() as session:
        one = await _demand(session, entry_id)
    _refuse_settled(one)
    return await _settle(desk, one, DISMISSED, 200)


async def _settle(desk: AtDesk, one: SetAside, state: str, status: int) -> Response:
    async with desk.db.write() as session:
        await settle_quarantined(session, one.id, state)
        action = {REPLAYED: "replay_quarantined", DISMISSED: "dismiss_quarantined"}[state]
        await record_deed(session, doer_of(desk), action, f"quarantine:{one.id}")
    return send(as_json(one) | {"state": state}, status)


async def _demand(session: AsyncSession, entry_id: str) -> SetAside:
    one = await find_quarantined(session, entry_id)
    if one is None:
        said = f"nothing is set aside as {entry_id[:80]!r}; GET /v1/quarantine lists what is"
        raise NotFound(said, [Fault("path", said)])
    return one


def _refuse_settled(one: SetAside) -> None:
    if one.state != OPEN:
        said = f"{one.id} was {one.state} already"
        raise Conflict(said, [Fault("path", said)])


def as_json(one: SetAside) -> dict[str, Any]:
    """As the API shows it, without the bytes."""
    return {
        "id": one.id,
        "topic": one.topic,
        "partition": one.partition,
        "position": one.position,
        "reason": one.reason,
        "key": one.key,
        "state": one.state,
        "at": one.at,
        "bytes": len(one.value),
        "preview": one.value[:PREVIEW].decode("utf-8", "replace"),
    }
