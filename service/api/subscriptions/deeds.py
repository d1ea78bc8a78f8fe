"""What the audit says of a subscription."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from service.api.desk import Desk
from service.api.destinations.deeds import record_added
from service.api.steering.forms import doer_of
from service.api.subscriptions.entry import Told
from service.store.following.subscriptions import SubscriptionValue
from service.store.steering.deeds import record_deed

_NAMES = ("name", "external_id", "rule", "labels", "metadata", "destinations", "steps")


async def record(
    session: AsyncSession, desk: Desk, action: str, subscription_id: str, **detail: Any
) -> None:
    """Last in the transaction."""
    await record_deed(session, doer_of(desk), action, f"subscription:{subscription_id}", **detail)


async def record_entered(
    session: AsyncSession, desk: Desk, value: SubscriptionValue, told: Told
) -> None:
    """That it was made, and the destinations that were made with it."""
    await _record_made(session, desk, told)
    said = {"name": value.name, "destinations": value.destinations}
    await record(session, desk, "add_subscription", value.id, **said)


async def record_replaced(
    session: AsyncSession,
    desk: Desk,
    held: SubscriptionValue,
    value: SubscriptionValue,
    told: Told,
) -> None:
    """The names of what is not as it was; nothing where all is."""
    await _record_made(session, desk, told)
    changed = [name for name in _NAMES if getattr(held, name) != getattr(value, name)]
    if changed:
        await record(session, desk, "change_subscription", value.id, changed=changed)


async def _record_made(session: AsyncSession, desk: Desk, told: Told) -> None:
    for one in told.made:
        await record_added(session, desk, one)
