"""The receipt of what ends without being sent."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from service.core.sending.delivery import State
from service.store.delivery.tables import Receipt
from service.store.rows import Clash, insert_rows


async def write_cancelled(
    session: AsyncSession, ended: Iterable[tuple[UUID, int]], reason: str, now: datetime
) -> None:
    """Receipts: `ended` are deliveries and their next attempt, so one less was made."""
    rows = [
        {
            "delivery_id": identity,
            "outcome": State.CANCELLED.value,
            "reason": reason,
            "attempts": attempt - 1,
            "finished_at": now,
            "sha256": "",
        }
        for identity, attempt in ended
    ]
    await insert_rows(session, Receipt, rows, Clash.SKIP)
