"""Entering a subscription: its destinations are found or made, its rule written, in one go."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from service.api.bodies import refuse
from service.api.desk import Desk
from service.api.destinations.form import DestinationForm, check_address, make_destination
from service.api.destinations.opting import enter_destination
from service.api.destinations.shown import as_json, shown_secrets
from service.api.subscriptions.form import SubscriptionForm
from service.core.catalogue.filling import Misfit
from service.core.event import Fault
from service.core.match.subscription import Rule
from service.store.following import destinations, subscriptions
from service.store.following.accounts import DEFAULT
from service.store.following.destinations import DestinationValue
from service.store.following.subscriptions import SubscriptionValue
from service.store.ids import new_id
from service.store.numbers import last_number
from service.store.products.stocking import NoCatalogue, TooManyRows, mark_mended, stock


@dataclass(frozen=True, slots=True)
class Told:
    """Ids of the destinations of a form, and those that it made."""

    ids: tuple[str, ...]
    made: tuple[DestinationValue, ...]


async def enter(
    session: AsyncSession, desk: Desk, form: SubscriptionForm
) -> tuple[SubscriptionValue, Told]:
    """Make one; it is told of changes that are recorded after this transaction."""
    now = desk.clock()
    told = await _attach(session, desk, form)
    rule = await stock_rule(session, form.rule)
    name, after = new_id("sub", now), await last_number(session, "changes")
    value = _value(form, told, now, name, after, rule)
    await subscriptions.add_subscription(session, value)
    return value, told


async def replace_with(
    session: AsyncSession, desk: Desk, held: SubscriptionValue, form: SubscriptionForm
) -> tuple[SubscriptionValue, Told]:
    """What would be the same is not written again."""
    told = await _attach(session, desk, form)
    rule = await stock_rule(session, form.rule, held.id)
    fresh = _value(form, told, held.created_at, held.id, held.after_change, rule)
    same = replace(fresh, state=held.state, updated_at=held.updated_at)
    if same == held:
        return held, told
    value = replace(same, updated_at=desk.clock())
    await subscriptions.change_subscription(session, value)
    await mark_mended(session, value.id, held.rule, value.rule, value.updated_at)
    return value, told


async def stock_rule(session: AsyncSession, rule: Rule, subscription_id: str | None = None) -> Rule:
    """As it is matched: with what its catalogues hold, and what follows its codes."""
    try:
        return await stock(session, DEFAULT, rule, subscription_id)
    except (NoCatalogue, Misfit, TooManyRows) as error:
        refuse([Fault("lanes", str(error))], error)


def _value(  # noqa: PLR0913, PLR0917 - what a form does not say
    form: SubscriptionForm,
    told: Told,
    made_at: datetime,
    name: str,
    after_change: int,
    rule: Rule,
) -> SubscriptionValue:
    return SubscriptionValue(
        id=name,
        account_id=DEFAULT,
        name=form.name,
        external_id=form.external_id,
        rule=rule,
        labels=form.labels,
        metadata=form.metadata,
        destinations=told.ids,
        state="active",
        after_change=after_change,
        created_at=made_at,
        updated_at=made_at,
        steps=form.steps,
    )


async def _attach(session: AsyncSession, desk: Desk, form: SubscriptionForm) -> Told:
    """The destinations of a form: those named must be there, an address is made where it is not."""
    known = await destinations.share_destinations(session, DEFAULT, form.destinations)
    missing = [
        Fault(f"destinations[{place}]", f"there is no destination {one!r}; make it first")
        for place, one in enumerate(form.destinations)
        if one not in known
    ]
    if missing:
        refuse(missing)
    ids, made = set(known), []
    for asked in _inline(form):
        address = check_address(desk, asked.url, asked.email)
        kind = "webhook" if asked.url is not None else "email"
        value = await destinations.find_address(session, DEFAULT, kind, address)
        if value is None:
            value = make_destination(desk, asked)
            value = await enter_destination(session, desk, value, asked)
            made.append(value)
        ids.add(value.id)
    return Told(tuple(sorted(ids)), tuple(made))


def _inline(form: SubscriptionForm) -> Iterator[DestinationForm]:
    if form.url is not None:
        yield DestinationForm(url=form.url)
    if form.email is not None:
        yield DestinationForm(email=form.email)


def show_made(desk: Desk, told: Told) -> dict[str, Any]:
    """New destinations with their secrets, this once."""
    made = [as_json(desk, one) | shown_secrets(desk, one) for one in told.made]
    return {"created_destinations": made} if made else {}
