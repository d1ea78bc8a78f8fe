"""Whether the reader of a mail address wants our mail: asked, vouched for, or not asked at all."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, NoReturn, Self

from pydantic import Field, model_validator
from sqlalchemy.ext.asyncio import AsyncSession

from service.api.bodies import refuse
from service.api.desk import Desk
from service.api.problems import Conflict
from service.core.destination.optin import (
    ACTIVE,
    ASKED,
    NOT_VOUCHED_AWAY,
    UNCONFIRMED,
    UNSUBSCRIBED,
    UNSUBSCRIBED_BY_READER,
    why_owner_may_not,
)
from service.core.duty import Frozen
from service.core.event import Fault
from service.store.delivery.holding import DISABLED
from service.store.following import destinations
from service.store.following.destinations import DestinationValue
from service.store.mail.consents import ConsentRow, has_refused, note_consent
from service.store.mail.invitations import invite
from service.store.mail.suppressed import HARD, find_suppression

VOUCHED = "vouched"
ASKED_BY_US = "asked"
ASKED_TOO_OFTEN = "its reader was asked too often today; POST …/confirmation asks again tomorrow"


class ConsentForm(Frozen):
    """What an owner says who has the reader's consent on record."""

    confirmed: Annotated[
        bool, Field(description="The reader has said yes to you: ask nothing. Needs `consent`.")
    ] = False
    consent: Annotated[
        str | None,
        Field(max_length=500, pattern=r"\S", description="When and how; kept for whoever asks."),
    ] = None

    @model_validator(mode="after")
    def _check_consent(self) -> Self:
        if self.confirmed != (self.consent is not None):
            message = "`confirmed` and `consent` go together: say when and how the reader agreed"
            raise ValueError(message)
        return self


async def enter_destination(
    session: AsyncSession, desk: Desk, value: DestinationValue, form: ConsentForm
) -> DestinationValue:
    """Add it, in the state that its reader's word allows."""
    if value.kind != "email":
        _refuse_consent(form)
    else:
        value = await _meet_reader(session, desk, value, form)
    await destinations.add_destination(session, value)
    return value


async def revise_destination(
    session: AsyncSession,
    desk: Desk,
    held: DestinationValue,
    value: DestinationValue,
    form: ConsentForm,
) -> DestinationValue:
    """What a change by its owner leads to: another address is another reader."""
    if held.kind != "email":
        _refuse_consent(form)
        return value
    if value.address != held.address:
        return await _meet_reader(session, desk, value, form)
    if form.confirmed and held.state == UNSUBSCRIBED:
        _refuse_vouching()
    if form.confirmed and held.state == UNCONFIRMED:
        return await _vouch(session, desk, value, form)
    await _refuse_state(session, held, value.state)
    return value


async def ask_reader(
    session: AsyncSession, destination_id: str, address: str, now: datetime
) -> str:
    """Have them asked; what the destination's reason is then, also if that was done too often."""
    if not await invite(session, destination_id, address, now):
        return ASKED_TOO_OFTEN
    await note_consent(session, destination_id, ConsentRow(ASKED_BY_US, address, "", now))
    return ASKED


async def _meet_reader(
    session: AsyncSession, desk: Desk, value: DestinationValue, form: ConsentForm
) -> DestinationValue:
    suppressed = await find_suppression(session, value.address)
    if suppressed:
        if await has_refused(session, value.address):  # else to lift it would be a yes
            return replace(value, state=UNSUBSCRIBED, reason=UNSUBSCRIBED_BY_READER)
        return replace(value, state=DISABLED, reason=HARD + suppressed.reason)
    if form.confirmed:
        return await _vouch(session, desk, value, form)
    if desk.settings.opt_in == "off" and not await has_refused(session, value.address):
        return replace(value, state=ACTIVE, reason="") if _had_no_say(value) else value
    reason = await ask_reader(session, value.id, value.address, desk.clock())
    return replace(value, state=UNCONFIRMED, reason=reason)


def _had_no_say(value: DestinationValue) -> bool:
    """Its state was of the reader at the address before."""
    return value.state in {UNCONFIRMED, UNSUBSCRIBED, DISABLED}


async def _vouch(
    session: AsyncSession, desk: Desk, value: DestinationValue, form: ConsentForm
) -> DestinationValue:
    if await has_refused(session, value.address):
        _refuse_vouching()
    said = ConsentRow(VOUCHED, value.address, form.consent or "", desk.clock())
    await note_consent(session, value.id, said)
    return replace(value, state=ACTIVE, reason="")


def _refuse_vouching() -> NoReturn:
    raise Conflict(NOT_VOUCHED_AWAY, [Fault("confirmed", NOT_VOUCHED_AWAY)])


async def _refuse_state(session: AsyncSession, held: DestinationValue, wanted: str) -> None:
    """Neither a reader's no nor a dead address can be overruled by setting a state."""
    why = why_owner_may_not(held.state, held.reason, wanted)
    suppressed = wanted == ACTIVE != held.state and await find_suppression(session, held.address)
    if suppressed:
        why = f"{HARD}{suppressed.reason}; DELETE /v1/suppressions/{held.address} lifts that"
    if why:
        raise Conflict(why, [Fault("state", why)])


def _refuse_consent(form: ConsentForm) -> None:
    if form.confirmed:
        refuse([Fault("confirmed", "only mail addresses are confirmed: leave it out")])
