"""Mail that came back after a server had taken it: the delivery says so, and stays honest."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.destination.optin import UNCONFIRMED
from service.core.sending.bounce import Bounce
from service.core.sending.delivery import State
from service.core.sending.sent import sent_to
from service.store.delivery.tables import Alert, Attempt, Receipt
from service.store.following.tables import Destination
from service.store.mail.invitations import find_invited
from service.store.mail.readers import explain
from service.store.mail.suppressed import HARD, stop_address, suppress
from service.store.mail.tables import Returned
from service.store.rows import Clash, insert_rows
from service.store.steering.tables import FormerReceipt


@dataclass(frozen=True, slots=True)
class Return:
    """One of our mails, given up by a server: what that means, and its words."""

    mail: UUID
    kind: Bounce
    reason: str


async def record_return(session: AsyncSession, one: Return, now: datetime) -> bool:
    """Write it down, and stop the address if it is no good. Twice is once.

    What has been sent again since had bounced before. False: no mail of ours has this id, or no
    address any more.
    """
    invited = await find_invited(session, one.mail)
    if invited is not None:
        await _stop_invited(session, invited.destination_id, invited.address, one, now)
        return True
    address = await _find_address(session, one.mail)
    if address is None:
        return False
    if not await _is_of_before(session, one):
        row = {"delivery_id": one.mail, "kind": one.kind, "reason": one.reason[:1000], "at": now}
        await insert_rows(session, Returned, [row], Clash.SKIP)
    if one.kind is Bounce.HARD:
        former = await _find_sent_to(session, one.mail)
        await stop_address(session, former or address, one.reason, now)
    return True


async def _stop_invited(
    session: AsyncSession, destination_id: str, address: str, one: Return, now: datetime
) -> None:
    """Its owner reads why nobody confirms."""
    if one.kind is Bounce.HARD:
        await suppress(session, address, one.reason, now)
        await explain(session, destination_id, UNCONFIRMED, HARD + one.reason, now)


async def _find_address(session: AsyncSession, mail: UUID) -> str | None:
    """Locked, as by whoever sends the mail again meanwhile."""
    wanted = (
        select(col(Destination.address))
        .join(Alert, col(Alert.destination_id) == col(Destination.id))
        .where(col(Alert.id) == mail, col(Destination.kind) == "email")
        .with_for_update(of=Destination)
    )
    found: str | None = await session.scalar(wanted)
    return found


async def _find_sent_to(session: AsyncSession, mail: UUID) -> str | None:
    """Where its last attempt went: the destination may have another address since."""
    wanted = (
        select(col(Attempt.request))
        .where(col(Attempt.delivery_id) == mail, col(Attempt.request) != "")
        .order_by(col(Attempt.number).desc())
        .limit(1)
    )
    sent: str | None = await session.scalar(wanted)
    return sent_to(sent) if sent else None


async def _is_of_before(session: AsyncSession, one: Return) -> bool:
    """Whether what came back was sent before it was sent again, and has not arrived since.

    All its mails have one id, so of one that has arrived since it is the latest that came back.
    """
    ended = select(col(Receipt.outcome)).where(col(Receipt.delivery_id) == one.mail)
    if await session.scalar(ended) == State.DELIVERED:
        return False
    former = (await session.execute(_LATEST, {"of": one.mail})).first()
    if former is None or former.outcome not in _SENT:
        return False
    if former.outcome == State.DELIVERED:
        asked = {"which": one.mail, "end": former.number, "words": one.reason[:1000]}
        await (await session.connection()).execute(_BOUNCE, asked)
    return True


_SENT = frozenset({State.DELIVERED, State.BOUNCED})
_LATEST = (
    select(col(FormerReceipt.number), col(FormerReceipt.outcome))
    .where(col(FormerReceipt.delivery_id) == bindparam("of"))
    .order_by(col(FormerReceipt.number).desc())
    .limit(1)
)
_BOUNCE = (
    update(FormerReceipt)
    .where(
        col(FormerReceipt.delivery_id) == bindparam("which"),
        col(FormerReceipt.number) == bindparam("end"),
    )
    .values(outcome=State.BOUNCED.value, reason=bindparam("words"))
)
