"""Finding a destination that a request names, or saying that there is none."""

from sqlalchemy.ext.asyncio import AsyncSession

from service.api.problems import Conflict, NotFound
from service.core.event import Fault
from service.store.following.accounts import DEFAULT
from service.store.following.destinations import (
    DestinationValue,
    find_address,
    find_destination,
    lock_destination,
)


async def demand(session: AsyncSession, destination_id: str) -> DestinationValue:
    """The destination, or a problem."""
    return _there(await find_destination(session, DEFAULT, destination_id), destination_id)


async def demand_locked(session: AsyncSession, destination_id: str) -> DestinationValue:
    """The same, for whoever is about to change it: two changes at once are both kept."""
    return _there(await lock_destination(session, DEFAULT, destination_id), destination_id)


def _there(found: DestinationValue | None, destination_id: str) -> DestinationValue:
    if found is None:
        said = f"there is no destination {destination_id[:80]!r}; GET /v1/destinations lists them"
        raise NotFound(said, [Fault("path", said)])
    return found


async def refuse_taken(session: AsyncSession, value: DestinationValue) -> None:
    """An account has an address once."""
    held = await find_address(session, DEFAULT, value.kind, value.address)
    if held is not None and held.id != value.id:
        said = f"{held.id} has this address already; use it, so that a change is told once"
        raise Conflict(said, [Fault("url" if value.kind == "webhook" else "email", said)])
