"""Mail that came back after a server had taken it: the delivery says so, and stays honest."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.destination.optin import UNCONFIRMED
from service.core.sending.bounce import Bounce
from service.store.delivery.tables import Alert
from service.store.following.tables import Destination
from service.store.mail.invitations import find_invited
from service.store.mail.readers import explain
from service.store.mail.suppressed import HARD, stop_address, suppress
from service.store.mail.tables import Returned
from service.store.rows import Clash, insert_rows


@dataclass(frozen=True, slots=True)
class Return:
    """One of our mails, given up by a server: what that means, and its words."""

    mail: UUID
    kind: Bounce
    reason: str


async def record_return(session: AsyncSession, one: Return, now: datetime) -> bool:
    """Write it down, and stop the address if it is no good. Twice is once.

    False: no mail of ours has this id, or no address any more.
    """
    invited = await find_invited(session, one.mail)
    if invited is not None:
        await _stop_invited(session, invited.destination_id, invited.address, one, now)
        return True
    address = await _find_address(session, one.mail)
    if address is None:
        return False
    row = {"delivery_id": one.mail, "kind": one.kind, "reason": one.reason[:1000], "at": now}
    await insert_rows(session, Returned, [row], Clash.SKIP)
    if one.kind is Bounce.HARD:
        await stop_address(session, address, one.reason, now)
    return True


async def _stop_invited(
    session: AsyncSession, destination_id: str, address: str, one: Return, now: datetime
) -> None:
    """Its owner reads why nobody confirms."""
    if one.kind is Bounce.HARD:
        await suppress(session, address, one.reason, now)
        await explain(session, destination_id, UNCONFIRMED, HARD + one.reason, now)


async def _find_address(session: AsyncSession, mail: UUID) -> str | None:
    wanted = (
        select(col(Destination.address))
        .join(Alert, col(Alert.destination_id) == col(Destination.id))
        .where(col(Alert.id) == mail, col(Destination.kind) == "email")
    )
    found: str | None = await session.scalar(wanted)
    return found
