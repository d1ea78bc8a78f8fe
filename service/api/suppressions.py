"""Suppressions: addresses that get no mail, because a server said that they are no good."""

from typing import Any

import structlog
from fastapi import APIRouter, Response

from service.api.desk import AtDesk
from service.api.problems import NotFound
from service.api.questions import AtPage, send
from service.api.steering.forms import doer_of
from service.core.event import Fault
from service.store.mail.suppressed import SuppressionRow, lift, list_suppressions
from service.store.steering.deeds import record_deed

router = APIRouter(prefix="/v1/suppressions", tags=["destinations"])

log = structlog.get_logger()


@router.get("", summary="List addresses that get no mail")
async def list_all(desk: AtDesk, page: AtPage) -> Response:
    """By address, each with the words of the server that refused it."""
    async with desk.db.read() as session:
        found = await list_suppressions(session, page.by_id)
    return page.answer(found, _as_json, "address")


@router.delete("/{address}", summary="Trust an address again")
async def remove(desk: AtDesk, address: str) -> Response:
    """What was held for it since is sent; `released` counts it."""
    async with desk.db.write() as session:
        released = await lift(session, address, desk.clock())
        if released is None:
            said = f"{address[:80]!r} is not suppressed; GET /v1/suppressions lists what is"
            raise NotFound(said, [Fault("path", said)])
        of = f"suppression:{address}"
        await record_deed(session, doer_of(desk), "lift_suppression", of, released=released)
    log.info("a suppression was lifted", address=address, released=released)
    return send({"address": address, "released": released})


def _as_json(one: SuppressionRow) -> dict[str, Any]:
    return {"address": one.address, "reason": one.reason, "at": one.at}
