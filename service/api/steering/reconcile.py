"""Reconciling: all that a destination was, is or will be sent, for proof and for pulling."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from service.api.changes import missing
from service.api.desk import AtDesk
from service.api.questions import LARGEST, AtPage
from service.core.proof.signature import headers
from service.core.sending.notice import is_notice
from service.store.delivery.reconciling import Listed, list_of_destination
from service.store.following.accounts import DEFAULT
from service.store.following.destinations import find_destination

router = APIRouter(prefix="/v1/destinations/{destination_id}/alerts", tags=["destinations"])


@router.get("", summary="All alerts of a destination, in a complete order")
async def list_all(
    desk: AtDesk,
    page: AtPage,
    destination_id: str,
    after: Annotated[
        int | None, Query(ge=0, le=LARGEST, description="The number of the last one you have.")
    ] = None,
) -> Response:
    """By number, given in the order of commits: come back with `after` and nothing is skipped.

    Each with its bytes (`body`) as they were or will be signed, and signature headers made now:
    verify them as you verify a webhook. Those that were never sent are among them, with their
    reason.
    """
    async with desk.db.read() as session:
        found = await find_destination(session, DEFAULT, destination_id)
        if found is None:
            raise missing(destination_id, "destination")
        listed = await list_of_destination(session, found.id, page.by_number("oldest", after))
        bodies = await desk.render(session, [one.id for one in listed[: page.limit]])
    now = desk.clock()
    secrets = desk.vault.open(found.id, found.sealed, found.secrets).signing(now)

    def write(one: Listed) -> dict[str, Any]:
        return _as_json(one) | _sign(one, bodies.get(one.id), secrets, now)

    return page.answer(listed, write, "number")


def _as_json(one: Listed) -> dict[str, Any]:
    return {
        "number": one.number,
        "webhook-id": one.id,
        "change": None if is_notice(one.cause) else one.change_id,
        "caused_by": one.cause or f"change:{one.change_id}",
        "subject": one.subject,
        "created_at": one.created_at,
        "state": one.state,
        "reason": one.reason or (f"held for {one.holder}" if one.holder else None),
        "recalled": one.recalled,
        "finished_at": one.finished_at,
    }


def _sign(one: Listed, body: bytes | None, secrets: Sequence[str], now: datetime) -> dict[str, Any]:
    """`is_as_sent`: whether these bytes are the ones that ended it; None where none were sent."""
    if body is None:
        return {"body": None, "sha256": None, "is_as_sent": None, "headers": {}}
    digest = hashlib.sha256(body).hexdigest()
    return {
        "body": body.decode("utf-8", "replace"),
        "sha256": digest,
        "is_as_sent": one.sent == digest if one.sent else None,
        "headers": headers(str(one.id), now, body, secrets) if secrets else {},
    }
