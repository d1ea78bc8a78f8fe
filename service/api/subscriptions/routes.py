"""The routes of subscriptions. Making one answers what stands in its lanes now."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from service.api.bodies import describe, form_of, read_form, read_json, refuse
from service.api.desk import AtDesk, Desk
from service.api.problems import Conflict, NotFound, Outdated
from service.api.questions import AtPage, refuse_parameter, send
from service.api.subscriptions import deeds
from service.api.subscriptions.entry import Told, enter, replace_with, show_made
from service.api.subscriptions.form import SubscriptionForm, as_json, merge_form, tag_of
from service.api.subscriptions.in_force import AtPresent, InForce
from service.core.event import Fault
from service.store.delivery import holding
from service.store.following import subscriptions
from service.store.following.accounts import DEFAULT
from service.store.following.subscriptions import SubscriptionValue, Wanted

router = APIRouter(prefix="/v1/subscriptions", tags=["subscriptions"])

_EXAMPLES: dict[str, Any] = {
    "by_product": {"product": "8703", "url": "https://example.com/hooks/tariffs"},
    "by_country": {"country": "Vietnam", "email": "desk@example.com", "min_certainty": "announced"},
    "by_lanes": {
        "name": "furniture desk",
        "lanes": [{"importer": "US", "origin": "VN", "product": {"codes": ["9401.61"]}}],
        "destinations": ["dst_01961c2356000e5348d75befdaaf"],
        "labels": {"team": "furniture"},
    },
}
_BODY = describe(SubscriptionForm, **_EXAMPLES)
_PATCH = describe(SubscriptionForm, quieter={"min_delta_pp": "5"})
AtForm = Annotated[SubscriptionForm, Depends(form_of(SubscriptionForm))]
IfMatch = Annotated[
    str | None, Header(description="The ETag that you read; a change since is a 412.")
]


@router.post("", status_code=201, summary="Subscribe", openapi_extra=_BODY)
async def add(desk: AtDesk, form: AtForm, present: AtPresent) -> Response:
    """Follow a country, a product, or lanes. Only changes recorded from now on are told.

    `in_force_now` shows what stands already. The secret of a destination made here is shown once.
    """
    with _one_external_id():
        async with desk.db.write() as session:
            value, told = await enter(session, desk, form)
            await deeds.record_entered(session, desk, value, told)
    return await _answer_made(desk, present, value, told)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of subscriptions is narrowed to."""

    state: Literal["active", "paused"] | None = None
    label: Annotated[str | None, Query(description="`name:text`")] = None
    external_id: str | None = None
    destination: Annotated[str | None, Query(description="The id of one that they tell.")] = None


@router.get("", summary="List subscriptions")
async def list_all(desk: AtDesk, page: AtPage, only: Annotated[Filters, Depends()]) -> Response:
    """In the order of their making."""
    label = None if only.label is None else _read_label(only.label)
    wanted = Wanted(only.state, label, only.external_id, only.destination)
    async with desk.db.read() as session:
        found = await subscriptions.list_subscriptions(session, DEFAULT, page.by_id, wanted)
    return page.answer(found, as_json, "id")


@router.get("/by/{external_id:path}", summary="Read a subscription by your own id")
async def read_external(desk: AtDesk, external_id: str) -> Response:
    """The one that carries this `external_id`."""
    async with desk.db.read() as session:
        value = await subscriptions.find_external(session, DEFAULT, external_id)
    return _answer(value or _missing(f"with the external_id {external_id[:80]!r}"))


@router.put(
    "/by/{external_id:path}", summary="Create or replace by your own id", openapi_extra=_BODY
)
async def put_external(
    request: Request, desk: AtDesk, external_id: str, present: AtPresent
) -> Response:
    """Idempotent: sent twice it is one subscription. 201 when it was made, else 200."""
    form = _read_named(await read_json(request), external_id)
    with _one_external_id():
        async with desk.db.write() as session:
            held = await subscriptions.find_external(session, DEFAULT, external_id)
            if held is None:
                value, told = await enter(session, desk, form)
                await deeds.record_entered(session, desk, value, told)
            else:
                value, told = await replace_with(session, desk, held, form)
                await deeds.record_replaced(session, desk, held, value, told)
    if held is None:
        return await _answer_made(desk, present, value, told)
    return send(as_json(value) | show_made(desk, told), headers={"ETag": tag_of(value)})


@router.get("/{subscription_id}", summary="Read a subscription")
async def read(desk: AtDesk, subscription_id: str) -> Response:
    """With an ETag, to be sent as If-Match with a change."""
    async with desk.db.read() as session:
        return _answer(await _demand(session, subscription_id))


@router.patch("/{subscription_id}", summary="Change a subscription", openapi_extra=_PATCH)
async def change(
    request: Request, desk: AtDesk, subscription_id: str, if_match: IfMatch = None
) -> Response:
    """What is left out stays as it is; null sets a field back to its default."""
    given = await read_json(request)
    with _one_external_id():
        async with desk.db.write() as session:
            held = await _demand(session, subscription_id, if_match)
            form = read_form(merge_form(held, given), SubscriptionForm)
            value, told = await replace_with(session, desk, held, form)
            await deeds.record_replaced(session, desk, held, value, told)
    return send(as_json(value) | show_made(desk, told), headers={"ETag": tag_of(value)})


@router.delete("/{subscription_id}", status_code=204, summary="Unsubscribe")
async def remove(desk: AtDesk, subscription_id: str, if_match: IfMatch = None) -> Response:
    """What is on its way arrives; what was held for it is cancelled."""
    async with desk.db.write() as session:
        value = await _demand(session, subscription_id, if_match)
        await subscriptions.remove_subscription(session, value.id, desk.clock())
        await deeds.record(session, desk, "remove_subscription", value.id, name=value.name)
    return Response(status_code=204)


@router.post("/{subscription_id}/pause", summary="Hold its alerts")
async def pause(desk: AtDesk, subscription_id: str) -> Response:
    """Alerts that come meanwhile are held, not lost."""
    return await _move(desk, subscription_id, "paused")


@router.post("/{subscription_id}/resume", summary="Go on, and send what was held")
async def resume(desk: AtDesk, subscription_id: str) -> Response:
    """In the order in which they came."""
    return await _move(desk, subscription_id, "active")


_ACTIONS = {"paused": "pause_subscription", "active": "resume_subscription"}


async def _move(desk: Desk, subscription_id: str, state: str) -> Response:
    now = desk.clock()
    released = 0
    async with desk.db.write() as session:
        await subscriptions.lock_subscription(session, subscription_id)
        held = await _demand(session, subscription_id)
        value = held if held.state == state else replace(held, state=state, updated_at=now)
        if value is not held:
            await subscriptions.change_state(session, value.id, state, now)
        if state == "active":
            released = await holding.release(session, value.id, now)
        if value is not held:
            await deeds.record(session, desk, _ACTIONS[state], value.id)
    shown = as_json(value) | ({"released": released} if state == "active" else {})
    return send(shown, headers={"ETag": tag_of(value)})


async def _demand(
    session: AsyncSession, subscription_id: str, if_match: str | None = None
) -> SubscriptionValue:
    value = await subscriptions.find_subscription(session, DEFAULT, subscription_id)
    if value is None:
        return _missing(repr(subscription_id[:80]))
    if if_match not in {None, "*", tag_of(value)}:
        raise Outdated(errors=[Fault("header.If-Match", f"it is {tag_of(value)} now")])
    return value


def _missing(what: str) -> SubscriptionValue:
    said = f"there is no subscription {what}; GET /v1/subscriptions lists them"
    raise NotFound(said, [Fault("path", said)])


def _read_label(given: str) -> tuple[str, str]:
    name, _, text = given.partition(":")
    if not (name and text):
        refuse_parameter("label", "write `name:text`, as in team:furniture")
    return name, text


def _read_named(given: Any, external_id: str) -> SubscriptionForm:
    if isinstance(given, dict):
        if given.get("external_id", external_id) != external_id:
            refuse(
                [
                    Fault(
                        "external_id",
                        f"the path says {external_id[:80]!r}; say the same or nothing",
                    )
                ]
            )
        given = given | {"external_id": external_id}
    return read_form(given, SubscriptionForm)


@contextmanager
def _one_external_id() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        said = "another subscription has this external_id; PUT …/by/{external_id} replaces it"
        raise Conflict(said, [Fault("external_id", said)]) from error


def _answer(value: SubscriptionValue) -> Response:
    return send(as_json(value), headers={"ETag": tag_of(value)})


async def _answer_made(
    desk: Desk, present: InForce, value: SubscriptionValue, told: Told
) -> Response:
    in_force = {"in_force_now": await present.find(value.rule)}
    headers = {"Location": f"/v1/subscriptions/{value.id}", "ETag": tag_of(value)}
    return send(as_json(value) | show_made(desk, told) | in_force, 201, headers)
