"""Destinations: where alerts go. A signing secret is shown once, in the answer that makes it."""

import secrets
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field, model_validator
from sqlalchemy.ext.asyncio import AsyncSession

from service.api.bodies import describe, form_of, refuse
from service.api.desk import AtDesk, Desk
from service.api.problems import Conflict, NotFound
from service.api.questions import AtPage, send
from service.core.address import BadAddress, check_email, check_url
from service.core.duty import Frozen
from service.core.event import Fault
from service.core.signature import PREFIX, BadSecret, headers, secret_from
from service.store import deliveries, destinations
from service.store.accounts import DEFAULT
from service.store.destinations import KEPT_SECRETS, DestinationValue
from service.store.ids import new_id

SECRET_BYTES = 32
SHOWN_OF_SECRET = 4

Name = Annotated[str, Field(max_length=200, description="For people.")]
Address = Annotated[str, Field(max_length=4000)]
Secret = Annotated[str, Field(max_length=200, description="`whsec_…`; made for you if left out.")]


class DestinationForm(Frozen):
    """A webhook has a `url`, an email destination an `email`."""

    url: Address | None = None
    email: Address | None = None
    name: Name = ""
    secret: Secret | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.url is None) == (self.email is None):
            message = "name either a `url` or an `email`"
            raise ValueError(message)
        if self.email is not None and self.secret is not None:
            message = "only webhooks are signed: leave out `secret`"
            raise ValueError(message)
        return self


class DestinationPatch(Frozen):
    """What is left out stays as it is."""

    url: Address | None = None
    email: Address | None = None
    name: Name | None = None
    state: Literal["active", "paused"] | None = None


class RotationForm(Frozen):
    """A secret of your own, or none to have one made."""

    secret: Secret | None = None


router = APIRouter(prefix="/v1/destinations", tags=["destinations"])


@router.post(
    "",
    status_code=201,
    summary="Add a destination",
    openapi_extra=describe(
        DestinationForm,
        webhook={"url": "https://example.com/hooks/tariffs", "name": "import desk"},
        email={"email": "desk@example.com"},
    ),
)
async def add(
    desk: AtDesk, form: Annotated[DestinationForm, Depends(form_of(DestinationForm))]
) -> Response:
    """The kind follows from `url` or `email`. A webhook's secret is shown here and never again."""
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
    kind: Literal["webhook", "email"] | None = None,
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
        return send(as_json(await demand_destination(session, destination_id)))


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
        held = await demand_destination(session, destination_id)
        value = replace(_patched(desk, held, form), updated_at=now)
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
        value = await demand_destination(session, destination_id)
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
        value = await demand_destination(session, destination_id)
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
        held = await demand_destination(session, destination_id)
        if held.kind != "webhook":
            refuse([Fault("path", "only webhooks are signed; this is an email destination")])
        kept = (_secret(form.secret, now), *held.secrets)[:KEPT_SECRETS]
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
        await deliveries.release(session, value.id, now)
    else:
        await deliveries.disable(session, value.id, value.reason, now, value.state)


async def demand_destination(session: AsyncSession, destination_id: str) -> DestinationValue:
    """The destination, or a problem."""
    found = await destinations.find_destination(session, DEFAULT, destination_id)
    if found is None:
        said = f"there is no destination {destination_id[:80]!r}; GET /v1/destinations lists them"
        raise NotFound(said, [Fault("path", said)])
    return found


def make_destination(desk: Desk, form: DestinationForm) -> DestinationValue:
    """A value from a form, its address judged and its secret made."""
    now = desk.clock()
    kind = "webhook" if form.url is not None else "email"
    return DestinationValue(
        id=new_id("dst", now),
        account_id=DEFAULT,
        kind=kind,
        address=check_address(desk, form.url, form.email),
        name=form.name,
        secrets=(_secret(form.secret, now),) if kind == "webhook" else (),
        state="active",
        reason="",
        created_at=now,
        updated_at=now,
    )


def check_address(desk: Desk, url: str | None, email: str | None) -> str:
    """One of the two, normalised; a place where we may not send is a problem."""
    settings = desk.settings
    try:
        if url is not None:
            allowed, ports = settings.allow_loopback, settings.webhook_ports
            return check_url(url, loopback_allowed=allowed, ports=ports)
        return check_email(email or "")
    except BadAddress as error:
        refuse([Fault("url" if url is not None else "email", str(error))], error)


def _secret(given: str | None, now: datetime) -> str:
    if given is None:
        return secret_from(secrets.token_bytes(SECRET_BYTES))
    try:
        headers("", now, b"", [given])
    except BadSecret as error:
        refuse([Fault("secret", str(error))], error)
    if not given.startswith(PREFIX):
        refuse([Fault("secret", str(BadSecret.__doc__))])
    return given


async def _refuse_taken(session: AsyncSession, value: DestinationValue) -> None:
    held = await destinations.find_address(session, DEFAULT, value.kind, value.address)
    if held is not None and held.id != value.id:
        said = f"{held.id} has this address already; use it, so that a change is told once"
        raise Conflict(said, [Fault("url" if value.kind == "webhook" else "email", said)])


def _patched(desk: Desk, held: DestinationValue, form: DestinationPatch) -> DestinationValue:
    stray = {"webhook": "email", "email": "url"}[held.kind]
    if getattr(form, stray) is not None:
        refuse([Fault(stray, f"{held.id} is of kind {held.kind}; add another destination instead")])
    moved = form.url is not None or form.email is not None
    address = check_address(desk, form.url, form.email) if moved else held.address
    state = form.state or held.state
    return replace(
        held,
        address=address,
        name=held.name if form.name is None else form.name,
        state=state,
        reason=held.reason if state == held.state else "",
    )


def shown_secret(value: DestinationValue) -> dict[str, str]:
    """The one time that a secret is shown."""
    return {"secret": value.secrets[0]} if value.secrets else {}


def as_json(value: DestinationValue) -> dict[str, Any]:
    """As the API shows it."""
    return {
        "id": value.id,
        "kind": value.kind,
        "url" if value.kind == "webhook" else "email": value.address,
        "name": value.name,
        "state": value.state,
        "reason": value.reason,
        "secrets": [f"…{secret[-SHOWN_OF_SECRET:]}" for secret in value.secrets],
        "created_at": value.created_at,
        "updated_at": value.updated_at,
    }
