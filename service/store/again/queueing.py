"""Into the queue through the door of all that was held: a stopped destination's stay held."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from service.core.sending.delivery import State
from service.store.delivery.holding import release
from service.store.delivery.tables import Held
from service.store.rows import insert_rows

End = tuple[State, str]
"""How a delivery ends without being sent, and why."""
LISTED: End = (State.LISTED, "its receiver asks for it")


def end_unsent(delivery: UUID, end: End, now: datetime) -> dict[str, Any]:
    """The receipt."""
    state, reason = end
    return {
        "delivery_id": delivery,
        "outcome": state.value,
        "reason": reason,
        "attempts": 0,
        "finished_at": now,
        "sha256": "",
    }


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery that has no live work, and shall have; its destination is locked and there."""

    id: UUID
    destination_id: str
    attempt: int = 1


async def queue(
    session: AsyncSession, owner: str, waiting: Sequence[Waiting], now: datetime
) -> None:
    """Due at once, the oldest first; `owner` names whoever asks, and holds them for an instant."""
    rows = [
        {
            "delivery_id": one.id,
            "owner_id": owner,
            "destination_id": one.destination_id,
            "attempt": one.attempt,
            "held_at": now,
        }
        for one in waiting
    ]
    await insert_rows(session, Held, rows)
    await release(session, owner, now)
