"""What readers have said, and what owners have said in their names."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.destination.optin import Act
from service.store.ids import new_id
from service.store.mail.tables import Consent


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """What was said when; `note` is the owner's, where the owner vouched."""

    act: str
    address: str
    note: str
    at: datetime


async def note_consent(session: AsyncSession, destination_id: str, said: ConsentRow) -> None:
    """For whoever asks later on what ground mail was sent, or not."""
    row = {
        "id": new_id("cns", said.at),
        "destination_id": destination_id,
        "address": said.address,
        "act": said.act,
        "note": said.note,
        "at": said.at,
    }
    await session.execute(insert(Consent), [row])


async def has_refused(session: AsyncSession, address: str) -> bool:
    """Whether its reader's last word is a no, at whichever destination, in whatever case.

    What owners say for them, pauses and questions are no word of theirs.
    """
    words = (Act.UNSUBSCRIBE.value, Act.CONFIRM.value)
    wanted = (
        select(col(Consent.act))
        .where(func.lower(col(Consent.address)) == func.lower(address))
        .where(col(Consent.act).in_(words))
        .order_by(col(Consent.at).desc(), col(Consent.act).desc())  # of two at once, the no
        .limit(1)
    )
    return (await session.execute(wanted)).scalar() == Act.UNSUBSCRIBE


async def list_consents(session: AsyncSession, destination_id: str) -> Sequence[ConsentRow]:
    """In the order in which it was said."""
    columns = [col(getattr(Consent, name)) for name in ConsentRow.__slots__]
    wanted = select(*columns).where(col(Consent.destination_id) == destination_id)
    rows = await session.execute(wanted.order_by(col(Consent.at), col(Consent.id)))
    return [ConsentRow(*row) for row in rows]
