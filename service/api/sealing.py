"""Secrets at rest: under which keys they are sealed, and sealing them anew under the newest."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from service.api.desk import AtDesk, Desk
from service.api.problems import Conflict
from service.api.questions import send
from service.api.steering.forms import doer_of
from service.core.event import Fault
from service.store.following.sealed import count_seals, count_stale, reseal
from service.store.steering.deeds import record_deed

router = APIRouter(prefix="/v1/secrets", tags=["operations"])

NO_KEY = (
    "TARIFFWIRE_SECRETS_KEY is not set: secrets lie in the database as they are, and who reads it"
    " or a backup of it can sign alerts. Set it, restart, then run `tariffwire secrets rotate`."
)


@router.get("", summary="How secrets are kept")
async def read(desk: AtDesk) -> Response:
    """By id of each key, how many destinations it sealed; `stale` waits to be sealed anew."""
    async with desk.db.read() as session:
        seals, stale = await count_seals(session), await count_stale(session, desk.vault)
    return send(
        {
            "sealed": desk.vault.seals,
            "key": desk.vault.newest if desk.vault.seals else None,
            "keys": dict(seals),
            "stale": stale,
            "warning": warning_of(desk),
        }
    )


@router.post("/rotate", summary="Seal a batch of secrets anew")
async def rotate(
    desk: AtDesk,
    *,
    after: Annotated[
        str, Query(max_length=100, description="The `after` of the last answer.")
    ] = "",
) -> Response:
    """Under the newest key; `after` is null when all are done. Safe to repeat, and to break off."""
    if not desk.vault.seals:
        raise Conflict(NO_KEY, [Fault("TARIFFWIRE_SECRETS_KEY", "it is not set")])
    async with desk.db.write() as session:
        done = await reseal(session, desk.vault, after)
        if done.count:
            said = {"sealed": done.count, "key": desk.vault.newest}
            await record_deed(session, doer_of(desk), "seal_secrets", "secrets", **said)
    return send({"sealed": done.count, "after": done.after, "key": desk.vault.newest})


def warning_of(desk: Desk) -> str | None:
    """What an operator must know of how secrets are kept."""
    return None if desk.vault.seals else NO_KEY
