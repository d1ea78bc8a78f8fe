"""The routes of signing keys: rotated, revoked, and what of them is public."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from sqlalchemy.ext.asyncio import AsyncSession

from service.api.bodies import describe, form_of, refuse
from service.api.desk import AtDesk
from service.api.destinations import deeds
from service.api.destinations.form import open_credentials, with_credentials
from service.api.destinations.found import demand, demand_locked
from service.api.destinations.keys import RotationForm, rotate, show_once
from service.api.destinations.shown import as_json
from service.api.problems import Conflict, NotFound
from service.api.questions import send
from service.core.destination.credentials import Key, LastKey, revoke_key
from service.core.event import Fault
from service.core.proof.signing import V1A, jwk_x, public_of
from service.store.following.destinations import DestinationValue, change_destination

router = APIRouter(prefix="/v1/destinations/{destination_id}", tags=["destinations"])
open_router = APIRouter(prefix="/.well-known/tariffwire", tags=["destinations"])

FRESH = {"Cache-Control": "public, max-age=300"}


@router.post(
    "/rotate-secret",
    summary="Give it a new secret",
    openapi_extra=describe(
        RotationForm, made_for_you={}, at_once={"grace_seconds": 0}, ed25519={"kind": "v1a"}
    ),
)
async def rotate_secret(
    desk: AtDesk, destination_id: str, form: Annotated[RotationForm, Depends(form_of(RotationForm))]
) -> Response:
    """The former one signs beside it for `grace_seconds`: put the new one in place meanwhile."""
    now = desk.clock()
    async with desk.db.write() as session:
        held = await _demand_webhook(session, destination_id)
        rotated, fresh = rotate(open_credentials(desk, held), form, now)
        value = with_credentials(desk, replace(held, updated_at=now), rotated)
        await change_destination(session, value)
        said = {"kind": fresh.kind, "key": fresh.id, "grace_seconds": form.grace_seconds}
        await deeds.record(session, desk, "rotate_secret", value.id, **said)
    return send(as_json(desk, value) | show_once(fresh))


@router.delete("/secrets/{secret_id}", status_code=204, summary="Revoke a secret at once")
async def revoke(desk: AtDesk, destination_id: str, secret_id: str) -> Response:
    """It signs no more, whatever its grace. The only one that is not to expire cannot go."""
    now = desk.clock()
    async with desk.db.write() as session:
        held = await _demand_webhook(session, destination_id)
        credentials = open_credentials(desk, held)
        if not any(key.id == secret_id for key in credentials.living(now)):
            said = f"{destination_id} has no secret {secret_id[:80]!r}; GET it to see which"
            raise NotFound(said, [Fault("path", said)])
        try:
            left = revoke_key(credentials, secret_id, now)
        except LastKey as error:
            raise Conflict(str(LastKey.__doc__), [Fault("path", str(LastKey.__doc__))]) from error
        value = with_credentials(desk, replace(held, updated_at=now), left)
        await change_destination(session, value)
        await deeds.record(session, desk, "revoke_secret", value.id, key=secret_id)
    return Response(status_code=204)


@open_router.get("/{destination_id}/keys.json", summary="Public keys that prove a webhook is ours")
async def public_keys(desk: AtDesk, destination_id: str) -> Response:
    """Of one destination that is signed with `v1a`: the current one, and those that retire.

    A JSON Web Key Set (RFC 7517, RFC 8037), each key also as `whpk_…`. No API key is asked for.
    """
    now = desk.clock()
    async with desk.db.read() as session:
        held = await demand(session, destination_id)
    living = open_credentials(desk, held).living(now)
    return send({"keys": [_as_jwk(key) for key in living if key.kind == V1A]}, headers=FRESH)


async def _demand_webhook(session: AsyncSession, destination_id: str) -> DestinationValue:
    held = await demand_locked(session, destination_id)
    if held.kind == "email":
        refuse([Fault("path", "only webhooks are signed; this is an email destination")])
    return held


def _as_jwk(key: Key) -> dict[str, Any]:
    public = public_of(key.text)
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "alg": "EdDSA",
        "use": "sig",
        "kid": key.id,
        "x": jwk_x(public),
        "whpk": public,
        "state": "current" if key.expires_at is None else "retiring",
        "expires_at": key.expires_at,
    }
