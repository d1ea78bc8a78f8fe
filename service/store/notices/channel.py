"""Which other destination a warning goes to: the one its owner named, else the operator's."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from service.core.destination.optin import ACTIVE
from service.store.database import lock_names
from service.store.following.destinations import (
    DestinationValue,
    add_destination,
    find_address,
    find_destination,
)
from service.store.mail.consents import ConsentRow, has_refused, note_consent
from service.store.mail.suppressed import find_suppression

SETTING = "TARIFFWIRE_WARN_EMAIL"
VOUCHED = "vouched"


@dataclass(frozen=True, slots=True)
class Terms:
    """What the settings say: `patience` with who fails, how long held alerts are kept.

    `operator` is the mail address that warnings go to where no other was named, or empty.
    """

    patience: timedelta
    keep_days: float
    operator: str = ""


@dataclass(frozen=True, slots=True)
class Channel:
    """Where warnings go; None: into the log alone. `lapse` says why not where its owner asked."""

    to: DestinationValue | None
    lapse: str = ""


async def find_channel(session: AsyncSession, about: DestinationValue, operator: str) -> Channel:
    """Never the destination itself, and none that is stopped."""
    named, lapse = about.preferences.warn, ""
    if named:
        found = await find_destination(session, about.account_id, named)
        if found is not None and found.state == ACTIVE:
            return Channel(found)
        lapse = f"{named} was removed" if found is None else f"{named} is {found.state}"
    found = await _find_operator(session, about.account_id, operator) if operator else None
    if found is None or found.id == about.id or found.state != ACTIVE:
        return Channel(None, lapse)
    return Channel(found, lapse)


async def know_operator(
    session: AsyncSession, account_id: str, address: str, now: datetime
) -> None:
    """Make the operator's address a destination, once; whoever runs this has vouched for it."""
    await lock_names(session, exclusive=[SETTING])
    if (
        await _find_operator(session, account_id, address)
        or await find_suppression(session, address)
        or await has_refused(session, address)
    ):
        return
    value = DestinationValue(
        id=f"dst_operator{hashlib.sha256(address.encode()).hexdigest()[:16]}",
        account_id=account_id,
        kind="email",
        address=address,
        name=SETTING,
        state=ACTIVE,
        reason="",
        created_at=now,
        updated_at=now,
    )
    await add_destination(session, value)
    await note_consent(session, value.id, ConsentRow(VOUCHED, address, SETTING, now))


async def _find_operator(
    session: AsyncSession, account_id: str, address: str
) -> DestinationValue | None:
    return await find_address(session, account_id, "email", address)
